"""The catalogue's page: all eighteen published sets, searched and filtered by the address alone."""

from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.catalogue.facts import all_facts, facts_for
from app.datasets.library import Library
from app.web import wanted

from .conftest import Serve, Write
from .reading import Page, page, words

BREAST = {
    "test_images": np.zeros((3, 28, 28), np.uint8),
    "test_labels": np.arange(3, dtype=np.uint8)[:, None] % 2,
}


@pytest.fixture
def client(serve: Serve, write: Write) -> TestClient:
    """One published set, one volume of the user's own; nothing else."""
    write("own.npz", test_images=np.zeros((2, 4, 6, 6), np.uint8), test_labels=np.arange(2))
    return serve(write("breastmnist.npz", **BREAST).parent)


def titles(client: TestClient, **asked: str) -> set[str]:
    """What the page shows under this filter, here or not."""
    shown = page(client, f"/?{urlencode(asked)}")
    found = set()
    for link in shown.all("a"):
        href = link.get("href", "")
        if href.startswith(("/d/", "/catalogue/")) and not link.get("aria-label"):
            found.add(words(link))
    return found


def test_every_published_set_is_on_the_page_here_or_with_a_way_to_get_it(
    client: TestClient,
) -> None:
    shown = page(client, "/")
    assert titles(client) == {"own", *(facts.title for facts in all_facts())}
    for facts in all_facts():
        assert f"/catalogue/{facts.id}" in shown.links()
    assert "Of the 18 that MedMNIST publishes, 17 are not here yet." in shown.text()


def test_of_many_new_files_the_page_tells_how_many_are_still_to_come(
    client: TestClient, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("retinamnist.npz", **BREAST)
    monkeypatch.setattr("app.web.catalogue.PATIENCE_SECONDS", 0)
    for opened, sentence in (
        ("breastmnist", "2 more files are being opened; they appear here one after another."),
        ("own", "1 more file is being opened."),
    ):
        shown = page(client, "/")
        assert f"/d/{opened}" in shown.links()
        assert "/d/retinamnist" not in shown.links()
        assert sentence in shown.text()
        # What is there, though not opened yet, is not said to be missing.
        assert "/catalogue/retinamnist" not in shown.links()
        assert shown.one("div", id="results").get("data-refresh") == "1"
    shown = page(client, "/")
    assert {"/d/breastmnist", "/d/own", "/d/retinamnist"} <= shown.links()
    assert "being opened" not in shown.text()
    assert shown.one("div", id="results").get("data-refresh") is None


def test_a_search_among_files_still_to_come_says_not_yet_that_none_matches(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.catalogue.PATIENCE_SECONDS", 0)
    text = page(client, "/?q=nothing+like+it").text()
    assert "1 more file is being opened." in text
    assert "No dataset matches" not in text


def test_the_founding_sets_come_with_their_command(client: TestClient) -> None:
    text = page(client, "/").text()
    assert "lightbox get retinamnist --to " in text
    assert "lightbox get pathmnist --to " in text
    assert "lightbox get chestmnist" not in text


def test_each_card_leads_to_what_the_dataset_is(client: TestClient) -> None:
    links = page(client, "/").links()
    assert {"/d/breastmnist/about", "/d/own/about", "/catalogue/breastmnist"} <= links
    assert "/catalogue/own" not in links


@pytest.mark.parametrize("modality", sorted({facts.modality for facts in all_facts()}))
def test_a_modality_shows_its_sets_and_no_other(modality: str, client: TestClient) -> None:
    expected = {facts.title for facts in all_facts() if facts.modality == modality}
    assert titles(client, modality=modality) == expected


@pytest.mark.parametrize("task", sorted({facts.task for facts in all_facts()}))
def test_a_task_shows_its_sets_and_no_other(task: str, client: TestClient) -> None:
    expected = {facts.title for facts in all_facts() if facts.task == task}
    assert titles(client, task=task) - {"own"} == expected


def test_volumes_are_told_from_pictures(client: TestClient) -> None:
    volumes = {facts.title for facts in all_facts() if facts.dimensions == 3}
    assert len(volumes) == 6
    assert titles(client, dimensions="3") == volumes | {"own"}
    assert titles(client, dimensions="2") == {f.title for f in all_facts()} - volumes


def test_what_is_here_is_told_from_what_is_not(client: TestClient) -> None:
    assert titles(client, here="yes") == {"BreastMNIST", "own"}
    assert titles(client, here="no") == {f.title for f in all_facts()} - {"BreastMNIST"}


def test_a_file_of_another_size_is_that_set_too(serve: Serve, write: Write) -> None:
    client = serve(write("breastmnist_64.npz", **BREAST))
    assert titles(client, here="yes") == {"BreastMNIST (64 px)"}
    assert "BreastMNIST" not in titles(client, here="no")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ULTRASOUND", {"BreastMNIST"}),
        ("ct liver", {"OrganAMNIST", "OrganCMNIST", "OrganSMNIST", "OrganMNIST3D"}),
        ("  melanoma ", {"DermaMNIST"}),
        ("pneumonia binary", {"PneumoniaMNIST", "ChestMNIST"}),
        ("own", {"own"}),
        ("no such thing", set()),
    ],
)
def test_words_are_found_in_titles_modalities_tasks_and_labels(
    typed: str, found: set[str], client: TestClient
) -> None:
    assert titles(client, q=typed) == found


def test_what_a_dataset_is_found_by_is_put_together_once_and_anew_for_another_file(
    client: TestClient, write: Write, tmp_path: Path
) -> None:
    path = write("mine.npz", **BREAST)
    library = Library([path], Store(Cache(tmp_path / "cache", 10**9)))
    assert wanted.of_dataset(library.dataset("mine")) is wanted.of_dataset(library.dataset("mine"))
    assert titles(client, q="mine pathology") == set()
    assert titles(client, q="mine multi-class", dimensions="2") == set()
    assert titles(client, q="mine binary-class", dimensions="2") == {"mine"}
    four = np.arange(8, dtype=np.uint8)[:, None] % 4
    write("mine.npz", test_images=np.zeros((8, 4, 6, 6), np.uint8), test_labels=four)
    assert titles(client, q="mine binary-class") == set()
    assert titles(client, q="mine multi-class", dimensions="3") == {"mine"}


def test_filters_go_together_and_the_page_counts(client: TestClient) -> None:
    asked = {"modality": "Abdominal CT", "dimensions": "2", "here": "no"}
    assert titles(client, **asked) == {"OrganAMNIST", "OrganCMNIST", "OrganSMNIST"}
    shown = page(client, f"/?{urlencode(asked)}")
    assert "3 found: 0 here, 3 not here yet." in shown.text()
    assert "No dataset matches" not in shown.text()
    assert "No dataset matches this search." in page(client, "/?q=nothing").text()


def test_the_address_carries_the_filter_in_one_order(client: TestClient) -> None:
    typed = "/?here=no&task=multi-class&x=1&q=++colon++pathology&dimensions=&modality="
    shown = page(client, typed)
    address = shown.one("div", id="results").get("data-address")
    assert address == "/?q=colon+pathology&task=multi-class&here=no"
    form = shown.one("form", id="filters")
    assert (form.get("method"), form.get("action")) == ("get", "/")
    chosen = {
        select.get("name"): [
            o.get("value") for o in select.iter("option") if o.get("selected") is not None
        ]
        for select in form.iter("select")
    }
    assert chosen == {
        "modality": [""],
        "task": ["multi-class"],
        "dimensions": [""],
        "here": ["no"],
    }
    (field,) = form.iter("input")
    assert field.get("value") == "colon pathology"
    assert page(client, str(address)).links() == shown.links()
    assert shown.one("a", id="clear").get("href") == "/"
    assert not list(page(client, "/").all("a", id="clear"))


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("modality=MRI", 404, "modality"),
        ("task=guessing", 404, "task"),
        ("dimensions=4", 422, "dimensions"),
        ("here=maybe", 422, "here"),
        ("q=" + "x" * 101, 422, "q"),
    ],
)
def test_a_filter_that_cannot_be_is_named(
    query: str, status: int, part: str, client: TestClient
) -> None:
    shown = page(client, f"/?{query}", status)
    assert part in shown.text()
    assert "/" in shown.links()


def test_hostile_words_are_shown_as_words(client: TestClient) -> None:
    typed = '<script>alert(1)</script>"\u202e\x00'
    answer = client.get("/", params={"q": typed})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<script>alert(1)</script>" in unescape(answer.text)
    assert "\u202e" not in answer.text


def test_htmx_gets_the_results_alone(client: TestClient) -> None:
    answer = client.get("/?here=yes", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert "<html" not in answer.text
    assert 'id="results"' in answer.text
    assert "BreastMNIST" in answer.text


def test_sizes_of_one_set_stand_from_the_smallest(serve: Serve, write: Write) -> None:
    for stem in ("breastmnist_128", "breastmnist_64", "another"):
        write(f"{stem}.npz", **BREAST)
    shown = page(serve(write("breastmnist.npz", **BREAST).parent), "/?here=yes")
    order = [words(link) for link in shown.all("a", class_="cover")]
    assert order == ["another", "BreastMNIST", "BreastMNIST (64 px)", "BreastMNIST (128 px)"]


def test_one_picture_is_no_pictures(serve: Serve, write: Write) -> None:
    one = {"test_images": np.zeros((1, 8, 8), np.uint8), "test_labels": np.zeros((1, 1), np.uint8)}
    shown = page(serve(write("single.npz", **one)), "/")
    assert "1 picture of single" in [image.get("alt") for image in shown.all("img")]


def test_the_demo_is_no_published_set(serve: Serve, write: Write) -> None:
    client = serve(data_dir=write(**BREAST).parent / "nothing")
    shown = page(client, "/")
    assert "/catalogue/immunodemo" not in shown.links()
    assert "Of the 18 that MedMNIST publishes, 18 are not here yet." in shown.text()
    assert facts_for("immunodemo")


@pytest.fixture
def many(serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A server of 205 sets, every other one of volumes, and of 130 files that are none."""
    monkeypatch.setattr("app.web.catalogue.PATIENCE_SECONDS", 1e6)
    kinds = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 4), np.uint8)
    for number in range(205):
        images = kinds[number % 2]
        folder = write(f"set{number:03}.npz", test_images=images, test_labels=np.arange(2)).parent
    for number in range(130):
        (folder / f"broken{number:03}.npz").write_text("nothing")
    return serve(folder)


def sets(shown: Page) -> list[int]:
    cards = [words(link) for link in shown.all("a", class_="cover")]
    return [int(name.removeprefix("set")) for name in cards if name.startswith("set")]


def test_each_set_is_on_one_page_of_a_hundred(many: TestClient) -> None:
    pages = [page(many, f"/?page={number}") for number in (1, 2, 3)]
    assert [sets(each) for each in pages] == [
        [*range(100)],
        [*range(100, 200)],
        [*range(200, 205)],
    ]
    for shown in pages:
        assert "223 datasets: 205 here, 18 not here yet." in shown.text()
        # No strip of a set that is elsewhere is asked for.
        strips = {image.get("src", "").split("/")[2] for image in shown.all("img")}
        assert strips == {f"set{number:03}" for number in sets(shown)}
    broken = [{n for n in range(200) if f"broken{n:03}.npz" in each.text()} for each in pages]
    assert broken == [{*range(100)}, {*range(100, 130)}, set()]
    published = [sum(f"/catalogue/{f.id}" in each.links() for f in all_facts()) for each in pages]
    assert published == [18, 0, 0]
    assert {"/", "/?page=3"} <= pages[1].links()
    assert pages[1].one("div", id="results").get("data-address") == "/?page=2"


def test_pages_are_of_what_was_found(many: TestClient) -> None:
    shown = page(many, "/?here=yes&dimensions=3&page=2")
    assert sets(shown) == [201, 203]
    assert "102 found: 102 here, 0 not here yet." in shown.text()
    assert "/?dimensions=3&here=yes" in shown.links()
    # A search begins at its first page.
    assert {field.get("name") for field in shown.one("form", id="filters").iter("input")} == {"q"}
    only = page(many, "/?q=set20")
    assert sets(only) == [200, 201, 202, 203, 204]
    assert "broken" not in only.text()
    broken = page(many, "/?q=broken&page=2")
    assert sets(broken) == []
    assert {n for n in range(130) if f"broken{n:03}.npz" in broken.text()} == {*range(100, 130)}


def test_files_that_are_refused_are_searched_and_filtered_as_all_others(
    client: TestClient, write: Write
) -> None:
    partly = write("pathmnist.npz", **BREAST, val_images=BREAST["test_images"], val_labels=[[0]])
    for name in ("dermamnist_64.NPZ", "mine.npz"):
        partly.with_name(name).write_text("nothing")

    def refused(**asked: str) -> set[str]:
        shown = page(client, f"/?{urlencode(asked)}")
        return {
            words(name) for list_ in shown.all("dl", class_="refused") for name in list_.iter("dt")
        }

    assert "/d/pathmnist" in page(client, "/").links()
    assert refused() == {"pathmnist.npz", "dermamnist_64.NPZ", "mine.npz"}
    assert refused(q="mine.npz") == {"mine.npz"}
    assert refused(q="Melanoma") == {"dermamnist_64.NPZ"}
    assert refused(modality="Colon Pathology") == {"pathmnist.npz"}
    assert refused(here="no") == refused(q="nothing like it") == set()
    assert refused(here="yes", dimensions="2") == {"pathmnist.npz", "dermamnist_64.NPZ"}
    nothing = "No dataset matches this search."
    assert nothing in page(client, "/?q=nothing+like+it").text()
    assert nothing not in page(client, "/?q=mine.npz").text()


@pytest.mark.parametrize(
    ("query", "status", "sentence", "back"),
    [
        ("page=4", 404, "There is no page 4; this list has 3.", "/"),
        ("q=set1&page=4", 404, "There is no page 4; this list has 1.", "/?q=set1"),
        ("here=yes&page=x", 422, "page must be a whole number", "/?here=yes"),
        ("page=0", 404, "pages are numbered from 1", "/"),
    ],
)
def test_a_page_of_the_catalogue_that_is_not_there_is_named(
    query: str, status: int, sentence: str, back: str, many: TestClient
) -> None:
    shown = page(many, f"/?{query}", status)
    assert sentence in shown.text()
    assert back in shown.links()


def test_a_catalogue_of_one_page_has_no_ways_to_others(client: TestClient) -> None:
    shown = page(client, "/")
    assert not {"pager", "steps"} & {each.get("class") for each in shown.all("nav")}
    assert shown.text() == page(client, "/?page=1").text()
