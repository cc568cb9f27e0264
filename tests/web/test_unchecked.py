"""Pages of a large member whose checksum is not known yet: shown, said so, and kept by nobody."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from corpus.writers import patch_entry
from starlette.testclient import TestClient

from app.arrays import inflate
from app.arrays.store import Array

from .conftest import Serve
from .reading import page, picture, ten_to_a_row, words
from .visiting import send, share, visitor

PATIENCE = 20.0
PIXELS = np.random.default_rng(3).integers(0, 256, (120, 28, 28), np.uint8)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Work on large members (here: over 5 kB) stops half-way until this is set."""
    go_on = threading.Event()

    def slowly(work: Any, *told: Any) -> None:
        *given, report = told

        def stopping(done: int) -> None:
            report(done)
            if done >= PIXELS.nbytes // 2:
                assert go_on.wait(PATIENCE)

        work(*given, stopping)

    for pages in ("gathering", "guest", "pages"):
        monkeypatch.setattr(f"app.web.{pages}.PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr("app.arrays.job.SMALL", 5_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 5_000)
    monkeypatch.setattr("app.arrays.inflate.WRITE", 1_000)
    monkeypatch.setattr("app.arrays.inflate.READ", 1_000)
    for place, work in (
        ("app.arrays.unpacking.unpack", inflate.unpack),
        ("app.arrays.checking.verify", inflate.verify),
    ):
        monkeypatch.setattr(place, lambda *told, work=work: slowly(work, *told))
    yield go_on
    go_on.set()


@pytest.fixture(params=["stored", "deflated"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    save = np.savez if request.param == "stored" else np.savez_compressed
    found = tmp_path / "large.npz"
    save(found, train_images=PIXELS, train_labels=np.arange(120, dtype=np.uint8) % 3)
    return found


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A file whose splits are unpacked before they are seen."""
    found = tmp_path / "parts.npz"
    _write_parts(np.savez_compressed, found)
    return found


@pytest.fixture(params=["stored", "deflated"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file whose train is large here, and whose test is small."""
    found = tmp_path / "parts.npz"
    _write_parts(np.savez if request.param == "stored" else np.savez_compressed, found)
    return found


@pytest.fixture
def owner(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, parts: Path, serve: Serve
) -> TestClient:
    """Who owns those parts; of their images train alone is waited for, as long as it is held."""
    assert not held.is_set()
    for module in ("job", "store"):
        monkeypatch.setattr(f"app.arrays.{module}.SMALL", 50_000)
    return serve(parts, database_url=f"sqlite:///{parts.parent}/reviews.sqlite")


def _write_parts(save: Callable[..., None], path: Path) -> None:
    labels = np.arange(130, dtype=np.uint8) % 3
    save(
        path,
        train_images=PIXELS,
        train_labels=labels[:120],
        test_images=PIXELS[:10],
        test_labels=labels[120:],
    )


def until_half(client: TestClient) -> str:
    """The first page, as soon as half of the work is done."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        text = words(page(client, "/d/large?per_page=20").one("main"))
        if "50 % is done" in text:
            return text
    raise AssertionError(text)


def sheet_of(client: TestClient) -> str:
    (tile,) = page(client, "/d/large?per_page=20").having("data-sheet")
    return tile.get("data-sheet", "")


@pytest.mark.usefixtures("held")
def test_a_page_says_what_is_not_checked_and_is_kept_by_nobody(
    path: Path, request: pytest.FixtureRequest, serve: Serve
) -> None:
    client = serve(path)
    work = "checked" if "stored" in request.node.name else "unpacked and checked"
    assert f"train is being {work}: 50 % is done" in until_half(client)
    assert "may turn out to be damaged" in words(page(client, "/d/large/train/3").one("main"))
    for address in (sheet_of(client), "/d/large/train/3.png", "/d/large/train/3.npy"):
        assert client.get(address).headers["cache-control"] == "no-store"
    assert (picture(client, sheet_of(client)) == ten_to_a_row(PIXELS[:20])).all()


@pytest.mark.usefixtures("held")
def test_what_is_not_checked_is_kept_by_no_guest_either(path: Path, serve: Serve) -> None:
    owner = serve(path)
    until_half(owner)
    link = share(owner, "/d/large?per_page=20")
    for address in (f"{link}/1.png", f"{link}/1.npy"):
        assert visitor(owner).get(address).headers["cache-control"] == "no-store"


def test_what_is_checked_is_kept(path: Path, held: threading.Event, serve: Serve) -> None:
    client = serve(path)
    until_half(client)
    client.get(sheet_of(client))
    held.set()
    deadline = time.monotonic() + PATIENCE
    while "% is done" in client.get("/d/large?per_page=20").text:
        assert time.monotonic() < deadline
    assert "immutable" in client.get(sheet_of(client)).headers["cache-control"]


def test_what_was_shown_of_a_member_that_fails_is_gone_with_it(
    path: Path, held: threading.Event, serve: Serve
) -> None:
    patch_entry(path, "train_images.npy", crc=7)
    client = serve(path)
    until_half(client)
    sheet = sheet_of(client)
    assert client.get(sheet).status_code == 200
    held.set()
    deadline = time.monotonic() + PATIENCE
    while client.get("/d/large").status_code != 404:
        assert time.monotonic() < deadline
    assert "fails its checksum" in client.get("/d/large").text
    assert client.get(sheet).status_code == 404


def test_the_owner_stops_it_and_goes_on(
    path: Path, request: pytest.FixtureRequest, held: threading.Event, serve: Serve
) -> None:
    client = serve(path)
    until_half(client)
    (button,) = page(client, "/d/large?per_page=20").all("button", id="stop")
    assert words(button) == "Stop"
    assert press(client, "stop") == "/d/large?per_page=20"
    held.set()
    work = "Checking" if "stored" in request.node.name else "Unpacking"
    for _again in range(5):
        shown = page(client, "/d/large?per_page=20")
        # The block that was under way is still told of.
        told = rf"{work} train was stopped when 5[01] % was done"
        assert re.search(told, words(shown.one("main")))
        time.sleep(0.1)
    (button,) = shown.all("button", id="stop")
    assert words(button) == "Go on"
    assert (picture(client, sheet_of(client)) == ten_to_a_row(PIXELS[:20])).all()
    assert press(client, "go-on") == "/d/large?per_page=20"
    deadline = time.monotonic() + PATIENCE
    while "% is done" in words(page(client, "/d/large?per_page=20").one("main")):
        assert time.monotonic() < deadline
    assert not list(page(client, "/d/large?per_page=20").all("button", id="stop"))


def test_an_export_of_what_was_stopped_says_so_at_once(
    path: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    monkeypatch.setattr("app.web.exports._WAIT_SECONDS", PATIENCE)
    client = serve(path)
    until_half(client)
    press(client, "stop")
    held.set()
    answer = client.get("/d/large/export.npz")
    assert answer.status_code == 503
    assert "unpacking and checking train_images was stopped" in answer.text
    press(client, "go-on")
    answer = client.get("/d/large/export.npz")
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK")


@pytest.mark.usefixtures("held")
def test_who_may_only_look_stops_nothing(path: Path, serve: Serve) -> None:
    client = serve(path, access="public", owner_token="the-token-of-the-owner")
    until_half(client)
    assert not list(page(client, "/d/large").all("button", id="stop"))
    for what in ("stop", "go-on"):
        assert client.post(f"/d/large/unpacking/{what}").status_code == 403


@pytest.mark.parametrize("fields", [{}, {"hide_labels": "1"}])
@pytest.mark.parametrize("address", ["/d/parts?split=test", "/d/parts/test/3"])
def test_who_holds_a_link_to_one_split_waits_for_no_other(
    address: str, fields: dict[str, str], owner: TestClient
) -> None:
    link = share(owner, address, **fields)
    for picture_of in (f"{link}/sheet.png", f"{link}/1.png", f"{link}/1.npy"):
        deadline = time.monotonic() + PATIENCE
        while not (tag := owner.get(picture_of).headers.get("etag", "")):
            assert time.monotonic() < deadline, picture_of
        assert owner.get(picture_of, headers={"if-none-match": tag}).status_code == 304


def test_a_collections_images_wait_for_no_other_split_where_labels_are_shown(
    owner: TestClient,
) -> None:
    grid = "/collections/add?of=/d/parts%3Fsplit%3Dtest"
    send(owner, grid, "/collections/add", which="page", name="Some")
    link = share(owner, "/collections/1")
    assert visitor(owner).get(f"{link}/1.png").headers["etag"]


def test_how_much_is_unpacked_does_not_tell_a_reader_where_an_image_stands(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, owner: TestClient
) -> None:
    all_are_alike(owner, f"{seat(owner)}/read", held, monkeypatch)


@pytest.mark.parametrize("address", ["/d/parts", "/collections/1"])
def test_how_much_is_unpacked_does_not_tell_a_guest_where_a_blinded_image_stands(
    address: str, held: threading.Event, monkeypatch: pytest.MonkeyPatch, owner: TestClient
) -> None:
    grid = "/collections/add?of=/d/parts%3Fper_page%3D130"
    send(owner, grid, "/collections/add", which="page", name="Some")
    link = share(owner, address, hide_labels="1")
    # Where the pictures of a page are not named until they are there, that would tell, too.
    for number in (1, 2):
        shown = page(visitor(owner), f"{link}?page={number}")
        assert all(tile.get("data-sheet") for tile in shown.having("data-sheet"))
        assert not re.search(r"\b(train|test)\b", shown.text())
    all_are_alike(owner, link, held, monkeypatch)


@pytest.mark.parametrize("address", ["/d/parts", "/collections/1", "/d/parts/train/3"])
def test_a_guest_whose_blinded_images_wait_is_told_so(
    address: str, held: threading.Event, packed: Path, serve: Serve
) -> None:
    owner = serve(packed, database_url=f"sqlite:///{packed.parent}/reviews.sqlite")
    grid = "/collections/add?of=/d/parts%3Fper_page%3D130"
    send(owner, grid, "/collections/add", which="page", name="Some")
    link = share(owner, address, hide_labels="1")
    are_told(owner, [link, f"{link}/1"], held)


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("address", "told"),
    [("/collections/1", "parts: train is being"), ("/d/parts", "train is being")],
)
def test_a_guest_who_sees_labels_is_told_of_what_is_not_checked(
    address: str, told: str, owner: TestClient
) -> None:
    grid = "/collections/add?of=/d/parts%3Fper_page%3D130"
    send(owner, grid, "/collections/add", which="page", name="Some")
    link = share(owner, address)
    for shown, said in ((link, told), (f"{link}/1", "train is being")):
        text = words(page(visitor(owner), shown).one("main"))
        assert said in text
        assert "may turn out to be damaged" in text


@pytest.mark.usefixtures("held")
def test_the_owner_of_a_collection_is_told_how_far_its_images_are(
    packed: Path, serve: Serve
) -> None:
    owner = serve(packed, database_url=f"sqlite:///{packed.parent}/reviews.sqlite")
    grid = "/collections/add?of=/d/parts%3Fper_page%3D130"
    assert "train is being unpacked and checked" in page(owner, grid).text()
    send(owner, grid, "/collections/add", which="page", name="Some")
    assert "parts: train is being unpacked and checked" in page(owner, "/collections/1").text()
    send(
        owner, "/collections/add?of=/d/parts?split=test", "/collections/add", which="page", name="T"
    )
    assert "train is being unpacked" not in page(owner, "/collections/2").text()


def test_who_waits_for_what_was_stopped_is_told_so(
    held: threading.Event, packed: Path, serve: Serve
) -> None:
    owner = serve(packed, database_url=f"sqlite:///{packed.parent}/reviews.sqlite")
    blinded, open_ = (share(owner, "/d/parts", **f) for f in ({"hide_labels": "1"}, {}))
    reader = seat(owner)
    send(owner, "/d/parts?split=train", "/d/parts/unpacking/stop?split=train")
    held.set()
    guest = visitor(owner)
    for address in (blinded, f"{blinded}/1", f"{open_}/120", f"{reader}/read/1"):
        shown = words(page(guest, address).one("main"))
        assert "Unpacking these images was stopped" in shown, address
        assert "still being" not in shown


def test_a_reader_whose_images_wait_is_told_so(
    held: threading.Event, packed: Path, serve: Serve
) -> None:
    owner = serve(packed, database_url=f"sqlite:///{packed.parent}/reviews.sqlite")
    link = seat(owner, practice="1")
    are_told(owner, [f"{link}/read/1", f"{link}/practice/1"], held)


def test_who_waits_for_several_splits_waits_no_longer_than_for_one(
    packed: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    now = 0.0

    def wait(_array: Array, _items: int, seconds: float) -> None:
        nonlocal now
        now += max(0.0, seconds)

    owner = serve(packed, database_url=f"sqlite:///{packed.parent}/reviews.sqlite")
    pages = [f"{share(owner, '/d/parts', hide_labels='1')}/1", f"{seat(owner)}/read/1"]
    monkeypatch.setattr("app.web.gathering.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(Array, "wait", wait)
    for address in pages:
        assert owner.get(address).status_code == 200
    assert now == 2.0 * len(pages)


def are_told(owner: TestClient, pages: list[str], held: threading.Event) -> None:
    """These pages say that their images are still to come, until they are there."""
    guest = visitor(owner)
    for address in pages:
        assert "These images are still being unpacked" in guest.get(address).text
    held.set()
    deadline = time.monotonic() + PATIENCE
    while any("being unpacked" in guest.get(address).text for address in pages):
        assert time.monotonic() < deadline


def seat(owner: TestClient, **fields: str) -> str:
    """Make a study of all images, and give the link of its reader."""
    study = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", **fields}
    send(owner, "/studies/new?of=/d/parts", "/studies", **study)
    made = send(owner, "/studies/1", "/studies/1/readers", name="A", days="30").text
    link: str
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    return link


def all_are_alike(
    owner: TestClient, images: str, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of train could be seen, unchecked, and test is whole: what is shown doesn't tell."""
    monkeypatch.setattr("app.web.studio._WAIT_SECONDS", 0.01)
    asked = [f"{images}/{place}" for place in range(1, 31)]
    guest = visitor(owner)
    answers = [guest.get(f"{address}.png") for address in asked]
    assert len({(answer.status_code, "etag" in answer.headers) for answer in answers}) == 1
    held.set()
    deadline = time.monotonic() + PATIENCE
    while not all("etag" in guest.get(f"{address}.png").headers for address in asked):
        assert time.monotonic() < deadline
    assert guest.get(asked[0]).status_code == 200


def press(client: TestClient, what: str) -> str:
    """Send the form of a page that is not whole; give where it leads."""
    shown = page(client, "/d/large?per_page=20")
    form = shown.one("form", method="post")
    assert form.get("action") == f"/d/large/unpacking/{what}?per_page=20"
    check = shown.one("input", name="check").get("value", "")
    answer = client.post(form.get("action", ""), data={"check": check}, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]
