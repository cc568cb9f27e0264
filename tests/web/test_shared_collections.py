"""A collection behind a link: its images in its order, each from its dataset, and nothing else."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.reviews import collected
from app.web import targets

from .collections.choosing import change, collect
from .conftest import Serve, Write
from .reading import page, picture, ten_to_a_row, words
from .visiting import fields_of, send, share, visitor

TOKEN = "the-token-of-the-owner"
RANDOM = np.random.default_rng(7)
EYES = RANDOM.integers(0, 256, (150, 9, 9, 3), np.uint8)
BONES = RANDOM.integers(0, 256, (30, 12, 12), np.uint8)
LABELS = (np.arange(150) % 3 + 7_000_000).astype(np.int64)
# What would tell: a label, a split, where an item stands, what the collection is called.
TOLD = (
    r"\b700000\d\b|\b(test|train)\b|data-(index|split)|Suspicious"
    r"|(?<!aria-)(?<!<)(?<!</)label(?!ledby)"
)


@pytest.fixture
def eyes(write: Write) -> Path:
    return write("eyes.npz", test_images=EYES, test_labels=LABELS[:, None])


@pytest.fixture
def owner(serve: Serve, write: Write, eyes: Path) -> TestClient:
    bones = write("bones.npz", train_images=BONES, train_labels=LABELS[:30, None])
    server = serve(eyes, bones, access="private", owner_token=TOKEN)
    browser = visitor(server)
    browser.get(f"/?token={TOKEN}")
    return browser


@pytest.fixture
def mixed(owner: TestClient) -> TestClient:
    """The owner of one collection: an eye, a bone, two more eyes."""
    collect(owner, "/d/eyes", ("eyes", "test", 7), name="Suspicious")
    collect(owner, "/d/bones", ("bones", "train", 3), to="1")
    collect(owner, "/d/eyes", ("eyes", "test", 2), ("eyes", "test", 9), to="1")
    return owner


EXPECTED = [EYES[7], BONES[3], EYES[2], EYES[9]]


def test_a_guest_sees_the_images_in_order_each_from_its_dataset(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1", title="Please look")
    guest = visitor(mixed)
    found = page(guest, link)
    assert words(found.one("h1")) == "Please look"
    assert [(thumb.split, thumb.index) for thumb in found.thumbs()] == [
        ("test", 7),
        ("train", 3),
        ("test", 2),
        ("test", 9),
    ]
    sheets = [picture(guest, sheet) for sheet in found.sheets()]
    runs = [EYES[[7]], BONES[[3]], EYES[[2, 9]]]
    assert all(np.array_equal(a, ten_to_a_row(b)) for a, b in zip(sheets, runs, strict=True))
    for place, pixels in enumerate(EXPECTED, start=1):
        assert np.array_equal(picture(guest, f"{link}/{place}.png"), pixels)
        assert guest.get(f"{link}/{place}").status_code == 200
    assert guest.get(f"{link}/5.png").status_code == 404
    for address in ("/collections", "/collections/1", "/collections/1/export.csv", "/d/eyes"):
        assert guest.get(address).status_code == 401


def test_a_link_to_several_datasets_is_called_the_same_on_every_page(owner: TestClient) -> None:
    collect(owner, "/d/bones", ("bones", "train", 3), name="Suspicious")
    collect(owner, "/d/eyes", *(("eyes", "test", index) for index in range(100)), to="1")
    guest, link = visitor(owner), share(owner, "/collections/1")
    pages = [page(guest, f"{link}?page={number}") for number in (1, 2)]
    assert [len(found.thumbs()) for found in pages] == [100, 1]
    assert {words(found.one("h1")) for found in pages} == {"bones + eyes · 101 images"}
    # Not a second time below it, but where the owner gave another title.
    assert not list(pages[0].all("p", class_="subtitle"))
    titled = page(guest, share(owner, "/collections/1", title="Please look"))
    assert words(titled.one("p", class_="subtitle")) == "bones + eyes"


def test_a_link_ends_with_its_collection_and_comes_back_with_it(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1", title="Please look")
    guest = visitor(mixed)
    deleted = send(mixed, "/collections/1", "/collections/1/delete")
    assert (deleted.status_code, deleted.headers["location"]) == (303, "/collections")
    for address in (link, f"{link}/1", f"{link}/1.png"):
        ended = guest.get(address)
        assert ended.status_code == 410
        assert "Suspicious" not in ended.text
    assert mixed.get("/collections/1").status_code == 404
    # An image that was opened from it stays, and may be written about.
    seen = page(mixed, "/d/eyes/test/7?collection=1&at=1")
    assert "Back to the grid" in seen.text()
    found = page(mixed, "/collections")
    assert "Suspicious" in words(found.one("details"))
    back = send(mixed, "/collections", "/collections/1/restore")
    assert (back.status_code, back.headers["location"]) == (303, "/collections/1")
    assert "Please look" in guest.get(link).text
    assert not list(page(mixed, "/collections").all("details"))


def test_images_of_several_kinds_are_seen_as_they_are(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1")
    found = page(visitor(mixed), f"{link}?window=20-180&invert=1")
    assert not list(found.all("filter"))
    assert not list(found.all("details"))


def test_what_the_owner_calls_it_is_not_told(mixed: TestClient) -> None:
    guest = visitor(mixed)
    link = share(mixed, "/collections/1")
    assert "Suspicious" not in guest.get(link).text
    assert "Suspicious" not in guest.get(f"{link}/1").text
    assert "4 images" in guest.get(link).text


@pytest.mark.parametrize("whole", [True, False])
def test_with_labels_hidden_no_byte_tells_and_every_image_is_shown_once(
    whole: bool, owner: TestClient
) -> None:
    collect(owner, "/d/eyes", which="all", name="Suspicious")
    if not whole:
        # No selection any more, but its images.
        change(owner, "/collections/1", "later", ("eyes", "test", 0))
    link = share(owner, "/collections/1", hide_labels="1")
    guest = visitor(owner)
    order = []
    for number in (1, 2):
        answer = guest.get(f"{link}?page={number}")
        spoken = [answer.text, repr(answer.headers)]
        for sheet in re.findall(r'\sdata-sheet="([^"]+)"', answer.text):
            spoken += [sheet, repr(guest.get(unescape(sheet)).headers)]
        for place in re.findall(rf'href="{re.escape(link)}/(\d+)"', answer.text):
            png = guest.get(f"{link}/{place}.png")
            spoken.append(repr(png.headers))
            pixels = picture(guest, f"{link}/{place}.png")
            (index,) = np.flatnonzero((pixels == EYES).all(axis=(1, 2, 3)))
            order.append(int(index))
        for text in spoken:
            assert not re.search(TOLD, text)
    assert sorted(order) == list(range(150))
    assert abs(np.corrcoef(order, range(150))[0, 1]) < 0.5


def test_a_file_that_changed_shows_words_and_the_others_their_images(
    mixed: TestClient, eyes: Path
) -> None:
    link = share(mixed, "/collections/1")
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    guest = visitor(mixed)
    found = page(guest, link)
    assert found.text().count("This file has changed.") == 3
    assert np.array_equal(picture(guest, f"{link}/2.png"), BONES[3])
    for place in (1, 3, 4):
        assert guest.get(f"{link}/{place}").status_code == 410
        assert guest.get(f"{link}/{place}.png").status_code == 410
    assert guest.get(f"{link}/sheet.png").status_code == 410


def test_a_page_and_its_pictures_are_of_the_same_moment(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1")
    guest = visitor(mixed)
    (first, *_) = page(guest, link).sheets()
    change(mixed, "/collections/1", "remove", ("eyes", "test", 7))
    assert guest.get(first).status_code == 404
    assert len(page(guest, link).thumbs()) == 3


@pytest.mark.parametrize("hidden", ["", "1"])
@pytest.mark.parametrize("form", ["", ".png"])
def test_an_image_taken_out_while_it_is_asked_for_is_gone(
    form: str, hidden: str, mixed: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = share(mixed, "/collections/1", hide_labels=hidden)
    # Counted first, and taken out before it is read.
    monkeypatch.setattr(collected, "items", lambda *_: ())
    answer = visitor(mixed).get(f"{link}/1{form}")
    assert (answer.status_code, "not here any more" in answer.text) == (410, True)


def test_a_guests_note_comes_to_the_image_that_was_shown(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1", may_comment="1", hide_labels="1")
    guest = visitor(mixed)
    pictures = {place: picture(guest, f"{link}/{place}.png") for place in range(1, 5)}
    (bone,) = (place for place, pixels in pictures.items() if np.array_equal(pixels, BONES[3]))
    answer = send(guest, f"{link}/{bone}", f"{link}/{bone}/notes", note="seen", name="G")
    assert answer.status_code == 303
    assert "seen" in words(page(mixed, "/d/bones/train/3").one("section", id="notes"))
    assert "seen" in words(page(guest, f"{link}/{bone}").one("section", id="notes"))


def test_a_collection_of_too_many_images_is_shared_with_its_labels_only(
    mixed: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "HIDDEN_MOST", len(EXPECTED))
    assert visitor(mixed).get(share(mixed, "/collections/1", hide_labels="1")).status_code == 200
    monkeypatch.setattr(targets, "HIDDEN_MOST", len(EXPECTED) - 1)
    given = {"days": "30", "hide_labels": "1"}
    refused = send(mixed, "/share?of=/collections/1", "/share", **given)
    assert refused.status_code == 422
    assert "A collection of more than 3 images can only be shared with its labels" in refused.text
    assert re.findall(r"/links/\d+/revoke", mixed.get("/links").text) == ["/links/1/revoke"]
    assert visitor(mixed).get(share(mixed, "/collections/1")).status_code == 200
    # One that is a selection is put in order without being listed.
    collect(mixed, "/d/eyes", which="all", name="All")
    assert visitor(mixed).get(share(mixed, "/collections/2", hide_labels="1")).status_code == 200


def test_a_blinded_link_ends_where_its_collection_grows_beyond_what_may_be_blinded(
    mixed: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "HIDDEN_MOST", len(EXPECTED))
    hidden = share(mixed, "/collections/1", hide_labels="1")
    open_one = share(mixed, "/collections/1")
    collect(mixed, "/d/eyes", which="all", name="All")
    selection = share(mixed, "/collections/2", hide_labels="1")
    guest = visitor(mixed)
    assert {guest.get(link).status_code for link in (hidden, open_one, selection)} == {200}
    collect(mixed, "/d/eyes", ("eyes", "test", 11), to="1")
    change(mixed, "/collections/2", "remove", ("eyes", "test", 0))
    for link in (hidden, selection):
        for address in (link, f"{link}/1", f"{link}/1.png", f"{link}/sheet.png"):
            ended = guest.get(address)
            assert ended.status_code == 410
            assert "More images were put in than this link can show" in ended.text
            assert not re.search(TOLD, ended.text)
    assert len(page(guest, open_one).thumbs()) == 5
    change(mixed, "/collections/1", "remove", ("eyes", "test", 7))
    assert guest.get(hidden).status_code == 200


NOTHING_IN_IT = "There are no images in this collection; put some into it first."


def test_an_empty_collection_is_not_shared(mixed: TestClient) -> None:
    send(mixed, "/collections", "/collections", name="Empty")
    assert "/share?of=%2Fcollections%2F1" in page(mixed, "/collections/1").links()
    assert not [href for href in page(mixed, "/collections/2").links() if "share" in href]
    assert NOTHING_IN_IT in page(mixed, "/share?of=/collections/2", 422).text()
    given = {"of": "/collections/2", "days": "30"}
    answer = send(mixed, "/share?of=/collections/1", "/share", **given)
    assert answer.status_code == 422
    assert NOTHING_IN_IT in answer.text
    assert "No link has been made" in page(mixed, "/links").text()


@pytest.mark.parametrize("hidden", [{}, {"hide_labels": "1"}])
def test_a_shared_collection_that_was_emptied_says_so(
    hidden: dict[str, str], owner: TestClient
) -> None:
    collect(owner, "/d/eyes", ("eyes", "test", 7), name="Suspicious")
    link = share(owner, "/collections/1", **hidden)
    guest = visitor(owner)
    assert "no images" not in page(guest, link).text()
    change(owner, "/collections/1", "remove", ("eyes", "test", 7))
    assert "There are no images to see by this link at the moment" in page(guest, link).text()
    assert guest.get(f"{link}/1").status_code == 404
    assert guest.get(f"{link}/sheet.png").status_code == 404


@pytest.mark.parametrize(
    "of", ["/collections/9", "/collections/x", "/collections/", "/collections/1/export.csv"]
)
def test_only_a_collection_that_is_there_is_shared(of: str, mixed: TestClient) -> None:
    assert mixed.get(f"/share?of={of}").status_code == 404


def test_before_there_is_any_collection_none_is_shared(owner: TestClient, tmp_path: Path) -> None:
    refused = page(owner, "/share?of=/collections/1", 404)
    assert "There is no collection 1" in refused.text()
    assert not list(tmp_path.rglob("*.sqlite"))


def test_links_to_collections_are_listed_and_withdrawn(mixed: TestClient) -> None:
    link = share(mixed, "/collections/1", title="Please look")
    assert words(page(mixed, "/links").one("a", href="/collections/1")) == "Suspicious"
    listed = page(mixed, "/links").one("li", class_="card link-open")
    assert "Open; made" in words(listed)
    send(mixed, "/collections/1", "/collections/1/delete")
    gone = words(page(mixed, "/links").one("li", class_="card link-gone"))
    assert "Open" not in gone
    # As its guest is told.
    told = "showed is not on this server any more"
    assert told in gone
    assert told in visitor(mixed).get(link).text
    send(mixed, "/collections", "/collections/1/restore")
    assert words(page(mixed, "/links").one("li", class_="card link-open")) == words(listed)
    send(mixed, "/links", "/links/1/revoke")
    for path in (link, f"{link}/1", f"{link}/1.png", f"{link}/sheet.png"):
        assert visitor(mixed).get(path).status_code == 410


@pytest.mark.parametrize("hidden", [{}, {"hide_labels": "1"}])
def test_a_note_reaches_the_image_that_was_seen_or_none(
    hidden: dict[str, str], owner: TestClient
) -> None:
    seen = [("eyes", "test", n) for n in range(6)]
    collect(owner, "/d/eyes", *seen, name="Suspicious")
    link = share(owner, "/collections/1", may_comment="1", **hidden)
    guest = visitor(owner)
    forms = {n: fields_of(guest.get(f"{link}/{n}").text, f"{link}/{n}/notes") for n in range(1, 6)}
    pixels = {n: picture(guest, f"{link}/{n}.png") for n in forms}
    change(owner, "/collections/1", "remove", seen[0])
    kept = []
    for n, form in forms.items():
        answer = guest.post(f"{link}/{n}/notes", data={**form, "note": "zebra", "name": "G"})
        still = np.array_equal(picture(guest, f"{link}/{n}.png"), pixels[n])
        assert answer.status_code == (303 if still else 410)
        kept += [n] if still else []
    noted = [n for n in range(6) if "zebra" in owner.get(f"/d/eyes/test/{n}").text]
    assert len(noted) == len(kept) < 5
    assert all(any(np.array_equal(EYES[index], pixels[n]) for n in kept) for index in noted)
