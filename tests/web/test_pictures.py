"""One image's pixels: as PNG and as npy they are what NumPy reads, value for value."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import pytest
from running import PATIENCE
from starlette.testclient import TestClient

from app.datasets.dataset import Dataset
from app.datasets.subset import Items
from app.pictures import png, sheet
from app.web.noted import Reviewed

from .conftest import Serve, Write
from .reading import SPLITS, Pixels, Truth, numbers, page, picture, ten_to_a_row

Read = Callable[[str], Truth]
Ten = tuple[TestClient, Pixels]

FLAT = pytest.mark.parametrize("name", ["retinamnist", "breastmnist"])
EACH_SPLIT = pytest.mark.parametrize("split", SPLITS)


@EACH_SPLIT
@FLAT
def test_every_third_png_is_exact(
    name: str, split: str, real_client: TestClient, truth: Read
) -> None:
    images = truth(name).images(split)
    for index in {*range(0, len(images), 3), len(images) - 1}:
        shown = picture(real_client, f"/d/{name}/{split}/{index}.png")
        np.testing.assert_array_equal(shown, images[index], f"{split} {index}")


@EACH_SPLIT
@FLAT
def test_an_npy_is_exact(name: str, split: str, real_client: TestClient, truth: Read) -> None:
    images = truth(name).images(split)
    for index in (0, 1, len(images) // 2, len(images) - 1):
        given = numbers(real_client, f"/d/{name}/{split}/{index}.npy")
        np.testing.assert_array_equal(given, images[index], strict=True)


@EACH_SPLIT
def test_every_slice_of_a_volume_is_exact_along_each_axis(
    split: str, real_client: TestClient, truth: Read
) -> None:
    volumes = truth("adrenalmnist3d").images(split)
    for index in (0, len(volumes) // 2, len(volumes) - 1):
        for number, axis in enumerate("zyx"):
            for place in range(28):
                address = f"/d/adrenalmnist3d/{split}/{index}.png?axis={axis}&slice={place}"
                expected = np.take(volumes[index], place, axis=number)
                np.testing.assert_array_equal(picture(real_client, address), expected, address)


def test_a_volume_is_shown_by_its_middle_slice_along_z(
    real_client: TestClient, truth: Read
) -> None:
    expected = truth("adrenalmnist3d").images("test")[5][14]
    np.testing.assert_array_equal(picture(real_client, "/d/adrenalmnist3d/test/5.png"), expected)


def test_the_npy_of_a_volume_is_the_whole_volume(real_client: TestClient, truth: Read) -> None:
    given = numbers(real_client, "/d/adrenalmnist3d/val/3.npy")
    np.testing.assert_array_equal(given, truth("adrenalmnist3d").images("val")[3], strict=True)


def test_a_parameter_of_another_name_does_not_cut_the_volume(
    real_client: TestClient, truth: Read
) -> None:
    given = numbers(real_client, "/d/adrenalmnist3d/val/3.npy?note=axis-slice")
    np.testing.assert_array_equal(given, truth("adrenalmnist3d").images("val")[3], strict=True)


def test_the_npy_of_a_slice_is_that_slice(real_client: TestClient, truth: Read) -> None:
    given = numbers(real_client, "/d/adrenalmnist3d/val/3.npy?axis=x&slice=9")
    expected = truth("adrenalmnist3d").images("val")[3][:, :, 9]
    np.testing.assert_array_equal(given, expected, strict=True)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/d/adrenalmnist3d/test/0.png?axis=z&slice=28", 404),
        ("/d/adrenalmnist3d/test/0.png?axis=z&slice=-1", 404),
        ("/d/adrenalmnist3d/test/0.png?axis=w&slice=1", 422),
        ("/d/adrenalmnist3d/test/0.png?axis=z&slice=one", 422),
        # A picture has neither, but what can't be read is no less malformed there.
        ("/d/retinamnist/test/0.png?axis=w", 422),
        ("/d/retinamnist/test/0.png?slice=one", 422),
        ("/d/retinamnist/test/400.png", 404),
        ("/d/retinamnist/test/-1.png", 404),
        ("/d/retinamnist/test/1.5.png", 404),
        ("/d/retinamnist/dev/1.png", 404),
        ("/d/retina/test/1.png", 404),
    ],
)
def test_a_picture_that_is_not_there_is_refused_in_words(
    address: str, status: int, real_client: TestClient
) -> None:
    assert page(real_client, address, status).text()


@pytest.mark.parametrize("page_address", ["/d/retinamnist/train/17", "/d/breastmnist/val/77"])
def test_the_picture_on_an_items_page_is_exact(
    page_address: str, real_client: TestClient, truth: Read
) -> None:
    _, _, name, split, index = page_address.split("/")
    pixels = truth(name).images(split)[int(index)]
    stage = page(real_client, page_address).one("figure", class_="stage")
    shown = next(stage.iter("img")).get("src", "")
    np.testing.assert_array_equal(picture(real_client, shown), pixels)
    given = numbers(real_client, stage.get("data-values", ""))
    np.testing.assert_array_equal(given, pixels)


def test_a_picture_that_the_browser_has_is_not_sent_again(real_client: TestClient) -> None:
    first = real_client.get("/d/retinamnist/test/1.png")
    again = real_client.get(
        "/d/retinamnist/test/1.png", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


DEEP = np.random.default_rng(4).integers(-500, 3000, (2, 6, 7, 8), dtype=np.int16)
OF_A_VOLUME = ["png?axis=z&slice=1", "npy?axis=y&slice=2", "npy", "nii.gz"]


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', '{tag} ,W/"a,b"', "*"])
def test_pictures_that_the_browser_has_are_known_however_it_says_so(
    form: str, serve: Serve, write: Write
) -> None:
    made = write(test_images=np.abs(DEEP), test_labels=np.array([[0], [1]]))
    flat = write("flat.npz", test_images=DEEP[:, 0], test_labels=np.array([[0], [1]]))
    first = serve(made, flat)
    windowed = "?window=0-900"
    (*_rest, atlas) = page(first, f"/d/made/test/1{windowed}").having("data-src")
    (stage,) = page(first, f"/d/flat/test/1{windowed}").all("figure", class_="stage")
    slices = atlas.get("data-src", "")
    plane = re.sub(r"/atlas-.\.png\?", ".png?axis=x&slice=2&", slices)
    flat_one = next(stage.iter("img")).get("src", "")
    assert all("window=" in src for src in (slices, plane, flat_one))
    (sheet,) = page(first, "/d/made?label=0&label=1").sheets()
    # Another server has nothing in memory yet.
    second = serve(made, flat)
    for address in (
        slices,
        plane,
        flat_one,
        sheet,
        *(f"/d/made/test/1.{each}" for each in OF_A_VOLUME),
    ):
        answer = first.get(address)
        assert answer.status_code == 200, address
        known = {"If-None-Match": form.format(tag=answer.headers["etag"])}
        for client in (second, first):
            again = client.get(address, headers=known)
            assert (again.status_code, again.content) == (304, b""), address
            assert again.headers["etag"] == answer.headers["etag"]
        # Nor is that empty answer given to who has nothing.
        whole = second.get(address)
        assert (whole.status_code, whole.content) == (200, answer.content), address


def test_a_picture_is_sent_to_who_has_another_one(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=DEEP[:, 0], test_labels=np.array([[0], [1]])))
    other = client.get("/d/made/test/0.npy").headers["etag"]
    for known in (other, f'W/{other}, "{other}"', '"*"', ""):
        answer = client.get("/d/made/test/1.npy", headers={"If-None-Match": known})
        assert answer.status_code == 200
    # What is refused is not known to anybody.
    assert client.get("/d/made/test/1.png", headers={"If-None-Match": "*"}).status_code == 406


def test_another_picture_has_another_tag(real_client: TestClient) -> None:
    tags = {
        real_client.get(f"/d/adrenalmnist3d/test/1.{form}").headers["etag"]
        for form in ("png?axis=z&slice=1", "png?axis=y&slice=1", "png?axis=z&slice=2", "npy")
    }
    assert len(tags) == 4


def test_the_strip_shows_the_first_pictures_of_the_smallest_split(
    real_client: TestClient, truth: Read
) -> None:
    card = next(
        element
        for element in page(real_client, "/").all("img")
        if "RetinaMNIST" in element.get("alt", "")
    )
    pictures = truth("retinamnist").images("val")[:8]
    shown = picture(real_client, card.get("src", ""))
    np.testing.assert_array_equal(shown, np.concatenate(list(pictures), axis=1))


@pytest.mark.parametrize(("side", "is_drawn"), [(28, True), (128, False)])
def test_only_what_takes_a_moment_is_drawn_with_its_page(
    side: int, is_drawn: bool, serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (100, side, side, 3), np.uint8)
    labels = np.zeros((100, 1), np.uint8)
    client = serve(write("made.npz", test_images=pixels, test_labels=labels))
    begun: list[Items] = []

    def noting(dataset: Dataset, items: Items, *rest: Any) -> Callable[[], bytes]:
        begun.append(items)
        return begin(dataset, items, *rest)

    begin = sheet.begin
    monkeypatch.setattr(sheet, "begin", noting)
    address = sheet_of(client, "/d/made")
    assert len(begun) == is_drawn
    drawn = picture(client, address)
    assert len(begun) == 1  # and not once more
    np.testing.assert_array_equal(drawn, ten_to_a_row(pixels))


@pytest.fixture
def ten(serve: Serve, write: Write) -> Ten:
    """A server of ten pictures of noise, and their pixels."""
    pixels = np.random.default_rng(4).integers(0, 256, (10, 28, 28), np.uint8)
    labels = np.zeros((10, 1), np.uint8)
    return serve(write("made.npz", test_images=pixels, test_labels=labels)), pixels


def test_a_page_does_not_wait_for_its_sheet_to_be_deflated(
    ten: Ten, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, pixels = ten
    may_go_on = threading.Event()
    deflated = []

    def slowly(rows: Any, level: int) -> tuple[bytes, ...]:
        deflated.append(rows)
        assert may_go_on.wait(PATIENCE)
        return at_once(rows, level)

    at_once = png._deflated
    monkeypatch.setattr(png, "_deflated", slowly)
    address = sheet_of(client, "/d/made")
    with ThreadPoolExecutor(2) as visitors:
        asked = [visitors.submit(picture, client, address) for _ in range(2)]
        assert not wait(asked, timeout=0.2).done  # they wait for what is under way
        may_go_on.set()
        drawn = [each.result(PATIENCE) for each in asked]
    for each in drawn:
        np.testing.assert_array_equal(each, ten_to_a_row(pixels))
    assert len(deflated) == 1


def test_a_sheet_is_given_to_who_asks_while_its_page_waits_for_the_database(
    ten: Ten, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, pixels = ten
    (results,) = page(client, "/d/made?per_page=5").having("data-prefetch")
    waits, may_go_on = threading.Event(), threading.Event()

    def slowly(self: Reviewed, *asked: Any) -> Any:
        waits.set()
        assert may_go_on.wait(PATIENCE)
        return facet(self, *asked)

    facet = Reviewed.facet
    monkeypatch.setattr(Reviewed, "facet", slowly)
    with ThreadPoolExecutor(1) as visitor:
        asked = visitor.submit(page, client, "/d/made?per_page=5&page=2")
        try:
            assert waits.wait(PATIENCE)
            shown = picture(client, results.get("data-prefetch", ""))
            assert not asked.done()
        finally:
            may_go_on.set()
        assert asked.result(PATIENCE).sheets() == [results.get("data-prefetch")]
    np.testing.assert_array_equal(shown, ten_to_a_row(pixels[5:]))


def test_a_sheet_that_was_not_drawn_when_its_page_went_out_is_drawn_when_asked_for(
    ten: Ten, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, pixels = ten
    failed = threading.Event()

    def failing(rows: Any, level: int) -> tuple[bytes, ...]:
        if not failed.is_set():
            failed.set()
            raise MemoryError
        return at_once(rows, level)

    at_once = png._deflated
    monkeypatch.setattr(png, "_deflated", failing)
    for number in range(5):  # on up to four cores, more than are drawn ahead at once
        failed.clear()
        address = sheet_of(client, f"/d/made?per_page=2&page={number + 1}")
        assert failed.wait(PATIENCE)
        shown = ten_to_a_row(pixels[2 * number : 2 * number + 2])
        np.testing.assert_array_equal(picture(client, address), shown)


def sheet_of(client: TestClient, address: str) -> str:
    found = re.search(r'data-sheet="([^"]+)"', client.get(address).text)
    assert found
    return found[1].replace("&amp;", "&")
