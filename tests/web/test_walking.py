"""An image opened from a collection goes on through it, whatever datasets it is made of."""

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from .collections.choosing import change, collect, eye
from .conftest import Serve, Write
from .reading import page, words
from .visiting import share, visitor

EYES = np.arange(150 * 25, dtype=np.uint16).astype(np.uint8).reshape(150, 5, 5)
BONES = np.zeros((9, 4, 4), np.uint8)
FORMER = ("bones", "train", 3)

Stop = tuple[str, str]


@pytest.fixture
def eyes(write: Write) -> Path:
    labels = (np.arange(150) % 4).astype(np.uint8)
    return write("eyes.npz", test_images=EYES, test_labels=labels[:, None])


@pytest.fixture
def bones(write: Write) -> Path:
    return write("bones.npz", train_images=BONES, train_labels=np.zeros((9, 1), np.uint8))


@pytest.fixture
def client(serve: Serve, eyes: Path, bones: Path) -> TestClient:
    """A server with a collection of five: eyes 7, 30, a bone, eyes 2 and 9."""
    server = serve(eyes, bones)
    collect(server, "/d/eyes", *eye(7), name="Ward")
    collect(server, "/d/eyes", *eye(30), to="1")
    collect(server, "/d/bones", FORMER, to="1")
    collect(server, "/d/eyes", *eye(2), to="1")
    collect(server, "/d/eyes", *eye(9), to="1")
    return server


def first_of(client: TestClient, address: str = "/collections/1") -> str:
    return page(client, address).thumbs()[0].href


def step(client: TestClient, address: str, rel: str) -> str | None:
    found = [a.get("href") for a in page(client, address).all("a", rel=rel)]
    return found[0] if found else None


def walked(client: TestClient, address: str, rel: str) -> list[Stop]:
    """The images from here on (each by its page's path) and what is said of their places."""
    stops = []
    there: str | None = address
    while there:
        *_, place = page(client, there).one("nav", class_="bar").iter("span")
        stops.append((there.partition("?")[0], words(place)))
        there = step(client, there, rel)
    return stops


WARD = ["/d/eyes/test/7", "/d/eyes/test/30", "/d/bones/train/3", "/d/eyes/test/2", "/d/eyes/test/9"]
STOPS = [(path, f"{place} of 5") for place, path in enumerate(WARD, start=1)]


def test_one_goes_through_the_collection_and_back_to_it(client: TestClient) -> None:
    assert walked(client, first_of(client), "next") == STOPS
    last = page(client, "/collections/1").thumbs()[-1].href
    assert walked(client, last, "prev") == STOPS[::-1]
    seen = page(client, last)
    back = seen.one("a", class_="button back")
    assert (words(back), back.get("href")) == ("Back to the collection", "/collections/1")
    crumbs = [words(li) for li in seen.one("nav", class_="crumbs").iter("li")]
    assert crumbs == ["All datasets", "Collections", "Ward", "test 9"]


def test_back_leads_to_the_page_that_it_stands_on(client: TestClient) -> None:
    collect(client, "/d/eyes", which="all", name="All")
    there = page(client, "/collections/2?page=2").thumbs()[0].href
    assert there == "/d/eyes/test/100?collection=2&at=101"
    assert page(client, there).one("a", class_="button back").get("href") == "/collections/2?page=2"
    before = step(client, there, "prev")
    assert before
    assert page(client, before).one("a", class_="button back").get("href") == "/collections/2"


def test_all_that_match_are_walked_in_their_order(client: TestClient) -> None:
    collect(client, "/d/eyes?label=3&order=random&seed=5", which="all", name="Threes")
    grid = [f"/d/eyes/test/{t.index}" for t in page(client, "/collections/2").thumbs()]
    assert len(grid) == 37
    stops = walked(client, first_of(client, "/collections/2"), "next")
    assert stops == [(path, f"{place} of 37") for place, path in enumerate(grid, start=1)]


def test_how_one_looks_goes_along_but_not_into_another_dataset(client: TestClient) -> None:
    seen = f"{first_of(client)}&window=20-180&zoom=2"
    second = step(client, seen, "next")
    assert second
    assert second.endswith("collection=1&at=2&window=20-180&zoom=2")
    third = step(client, second, "next")
    assert third == "/d/bones/train/3?collection=1&at=3"
    # Zoom and display keep the collection.
    inside = page(client, second)
    zooms = [a.get("href") or "" for a in inside.all("a") if "zoom=4" in (a.get("href") or "")]
    assert zooms
    assert all("collection=1&at=2" in href for href in zooms)
    fields = {i.get("name"): i.get("value") for i in inside.all("input", type="hidden")}
    assert (fields["collection"], fields["at"]) == ("1", "2")


def test_it_is_found_again_where_the_collection_was_changed(client: TestClient) -> None:
    last = page(client, "/collections/1").thumbs()[-1].href
    change(client, "/collections/1", "remove", *eye(7, 30))
    assert walked(client, last, "prev") == [
        (path, f"{place} of 3") for place, path in reversed(list(enumerate(WARD[2:], start=1)))
    ]
    change(client, "/collections/1", "remove", *eye(9))
    (stop,) = walked(client, last, "next")
    assert stop == ("/d/eyes/test/9", "Not in the collection you came from")
    assert "Back to the collection" in page(client, last).text()


def test_what_is_not_here_any_more_is_stepped_over(client: TestClient, bones: Path) -> None:
    bones.unlink()
    kept = [stop for stop in STOPS if "bones" not in stop[0]]
    assert walked(client, first_of(client), "next") == kept


def test_a_selection_whose_file_has_changed_leads_back(client: TestClient, eyes: Path) -> None:
    collect(client, "/d/eyes?label=3", which="all", name="Threes")
    there = first_of(client, "/collections/2")
    labels = (np.arange(150) % 4).astype(np.uint8)
    np.savez_compressed(eyes, test_images=255 - EYES, test_labels=labels[:, None])
    (stop,) = walked(client, there, "next")
    assert stop[1] == "Not in the collection you came from"


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("collection=9&at=1", 200, "8 of 150"),
        ("collection=x&at=1", 200, "8 of 150"),
        ("collection=99999999999999999999", 200, "8 of 150"),
        ("collection=1&at=x", 422, "at"),
        ("collection=1&at=99999999", 200, "Not in the collection you came from"),
        ("collection=1&at=-4", 200, "1 of 5"),
        ("collection=1", 200, "1 of 5"),
        ("collection=", 200, "8 of 150"),
    ],
)
def test_what_the_address_names_wrongly(
    query: str, status: int, part: str, client: TestClient
) -> None:
    assert part in page(client, f"/d/eyes/test/7?{query}", status).text()


def test_others_are_told_nothing_of_a_collection(serve: Serve, eyes: Path, tmp_path: Path) -> None:
    server = serve(
        eyes,
        access="public",
        owner_token="o" * 30,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )
    owner, guest = visitor(server), visitor(server)
    owner.get(f"/?token={'o' * 30}")
    collect(owner, "/d/eyes", *eye(7, 30), name="Secret ward")
    there = first_of(owner)
    assert "Secret ward" in owner.get(there).text
    told = guest.get(there)
    assert told.status_code == 200
    assert "Secret" not in told.text
    assert "8 of 150" in page(guest, there).text()
    # Whether there is such a collection is not told either.
    assert guest.get("/d/eyes/test/7?collection=9").status_code == 200


def test_without_its_database_one_goes_on_through_the_dataset(
    client: TestClient, tmp_path: Path
) -> None:
    there = first_of(client)
    assert "1 of 5" in page(client, there).text()
    for file in tmp_path.rglob("*.sqlite*"):
        file.write_bytes(b"no database any more" * 500)
    assert "8 of 150" in page(client, there).text()


def test_slices_go_along_within_a_dataset_only(serve: Serve, write: Write) -> None:
    labels = np.zeros((3, 1), np.uint8)
    large = write("large.npz", test_images=np.zeros((3, 9, 9, 9), np.uint8), test_labels=labels)
    small = write("small.npz", test_images=np.zeros((3, 4, 4, 4), np.uint8), test_labels=labels)
    owner = serve(large, small)
    collect(owner, "/d/large", ("large", "test", 0), ("large", "test", 1), name="Both")
    collect(owner, "/d/small", ("small", "test", 2), to="1")
    link = share(owner, "/collections/1")
    for there in (first_of(owner), f"{link}/1"):
        seen = f"{there}{'&' if '?' in there else '?'}z=8&window=20-180"
        (second,) = page(owner, seen).all("a", rel="next")
        address = second.get("href") or ""
        assert second.get("data-keeps") is not None
        assert {"z=8", "window=20-180"} <= set(address.partition("?")[2].split("&"))
        (third,) = page(owner, address).all("a", rel="next")
        assert third.get("data-keeps") is None
        assert "z=8" not in (third.get("href") or "")
        assert "window" not in (third.get("href") or "")
        page(owner, third.get("href") or "")
