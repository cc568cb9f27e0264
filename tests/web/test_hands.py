"""What stands behind the keys: the search, a page by its number, an image looked at closer."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Truth, page, picture
from .visiting import share, visitor

PART = {"HX-Request-Type": "partial"}
Find = Callable[..., tuple[int, str]]


@pytest.fixture
def find(real_client: TestClient) -> Find:
    """Send what is typed into a search; give the status, and where it leads or what it says."""

    def ask(typed: str, name: str = "retinamnist", **kept: str) -> tuple[int, str]:
        address = f"/d/{name}/find?{urlencode({'find': typed, **kept})}"
        answer = real_client.get(address, follow_redirects=False)
        return answer.status_code, answer.headers.get("location", answer.text)

    return ask


@pytest.mark.parametrize("typed", ["test 17", "Test17", " test / 17 ", "test #17", "TEST:17"])
def test_a_split_and_an_index_lead_to_that_image(typed: str, find: Find) -> None:
    assert find(typed) == (303, "/d/retinamnist/test/17")


def test_the_way_to_an_image_keeps_the_selection(find: Find) -> None:
    there = find("val 3", order="random", seed="4", page="2")
    assert there == (303, "/d/retinamnist/val/3?order=random&seed=4")


@pytest.mark.parametrize(
    ("typed", "label"), [("malig", 0), ("MALIGNANT", 0), ("1", 1), ("normal, benign", 1)]
)
def test_part_of_a_name_leads_to_the_grid_of_its_label(typed: str, label: int, find: Find) -> None:
    there = find(typed, "breastmnist", split="test", page="2")
    assert there == (303, f"/d/breastmnist?split=test&label={label}")


def test_words_in_several_names_lead_to_all_of_these(find: Find) -> None:
    # As the American Academy of Ophthalmology names grades 1 to 3; 4 is proliferative.
    assert find("non-proliferative") == (303, "/d/retinamnist?label=1&label=2&label=3")


def test_a_label_is_found_though_another_was_to_be_on_none(find: Find) -> None:
    there = find("malignant", "breastmnist", label="1", match="none")
    assert there == (303, "/d/breastmnist?label=0")


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("test 400", 404, "There is no test image 400"),
        ("test -1", 404, "There is no test image -1"),
        ("test " + "9" * 30, 404, "There is no test image"),
        ("kidney", 404, "No label of RetinaMNIST has “kidney” in its name"),
        ("", 422, "Write a split and an index"),
        (" ", 422, "Write a split and an index"),
        ("<b>", 404, "“&lt;b&gt;”"),
    ],
)
def test_what_is_not_there_is_said(typed: str, status: int, said: str, find: Find) -> None:
    answered, text = find(typed)
    assert answered == status
    assert said in re.sub(r"\s+", " ", text)


def test_the_pager_asks_for_a_page_of_the_same_selection(real_client: TestClient) -> None:
    shown = page(real_client, "/d/retinamnist?split=val&label=0&per_page=20&order=label")
    (field,) = shown.all("input", name="page", aria_label="Go to page")
    (form,) = (each for each in shown.all("form") if field in each.iter())
    hidden = {each.get("name"): each.get("value") for each in form.iter() if each is not field}
    given = urlencode({name: value for name, value in hidden.items() if name} | {"page": "2"})
    there = page(real_client, f"{form.get('action')}?{given}")
    assert (
        there.thumbs()
        == page(
            real_client, "/d/retinamnist?split=val&label=0&per_page=20&order=label&page=2"
        ).thumbs()
    )


def closer(client: TestClient, address: str) -> tuple[str, list[str], list[str]]:
    """The part of an image's page that is shown over its grid: its HTML, pictures and ways on."""
    answer = client.get(address, headers=PART)
    assert answer.status_code == 200
    pictures = re.findall(r'<img src="([^"]+)"', answer.text)
    ways = re.findall(r'href="([^"]+)"[^>]*data-over', answer.text)
    return answer.text, pictures, [way.replace("&amp;", "&") for way in ways]


def test_an_image_looked_at_closer_is_the_pixels_of_the_file(
    real_client: TestClient, truth: Callable[[str], Truth]
) -> None:
    text, (src,), ways = closer(real_client, "/d/retinamnist/test/17?split=test")
    assert "<html" not in text
    np.testing.assert_array_equal(
        picture(real_client, src), truth("retinamnist").images("test")[17]
    )
    assert ways == ["/d/retinamnist/test/16?split=test", "/d/retinamnist/test/18?split=test"]


def test_a_volume_looked_at_closer_is_its_middle_slice(
    real_client: TestClient, truth: Callable[[str], Truth]
) -> None:
    _, (src,), _ = closer(real_client, "/d/adrenalmnist3d/val/7")
    middle = truth("adrenalmnist3d").images("val")[7][14]
    np.testing.assert_array_equal(picture(real_client, src.replace("&amp;", "&")), middle)


def test_looking_closer_goes_on_over_the_ends_of_a_page(real_client: TestClient) -> None:
    _, _, ways = closer(real_client, "/d/retinamnist/test/19?split=test&per_page=20")
    assert ways[-1] == "/d/retinamnist/test/20?split=test&per_page=20"


def test_a_blinded_image_looked_at_closer_tells_no_label_split_or_index(
    serve: Serve, write: Write, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 9, 9), np.uint8)
    labels = (np.arange(40) % 2 + 8_800).astype(np.int64)[:, None]
    path = write("atlas.npz", test_images=pixels, test_labels=labels)
    owner = serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")
    link = share(owner, "/d/atlas", hide_labels="1")
    guest = visitor(owner)
    seen = set()
    for place in range(1, 41):
        text, (src,), ways = closer(guest, f"{link}/{place}")
        assert not re.search(r"\b880[01]\b|\b(train|val|test)\b|data-(index|split)", text)
        assert set(ways) <= {f"{link}/{place - 1}", f"{link}/{place + 1}"}
        seen.add(picture(guest, src).tobytes())
    assert seen == {each.tobytes() for each in pixels}


def test_the_keys_are_told_to_everybody_as_a_page_and_as_part_of_one(serve: Serve) -> None:
    private = serve(access="private", owner_token="t" * 32)
    assert page(visitor(private), "/keys").one("h1").text == "Keys"
    part = visitor(private).get("/keys", headers=PART).text
    assert "<html" not in part
    assert part.count("<kbd>") == len(list(page(private, "/keys").all("kbd")))


def test_a_script_that_asks_for_json_is_told_what_is_wrong_in_json(
    real_client: TestClient,
) -> None:
    asked = {"accept": "application/json"}
    answer = real_client.get("/d/retinamnist?page=x", headers=asked)
    assert answer.status_code == 422
    assert answer.json() == {"error": "page must be a whole number, not “x”.", "part": "page"}
