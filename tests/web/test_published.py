"""The page of a published set: what it is, how to get it, and a button that gets it."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from httpx2 import Response
from mirror import Mirror, at_work
from starlette.testclient import TestClient

from app.catalogue.downloads import Standing
from app.catalogue.facts import Facts, all_facts, facts_for
from app.web import offers

from .conftest import Serve, Write
from .reading import Page, page, words
from .visiting import visitor

TOKEN = "the-token-of-the-owner"
HERE = "/catalogue/breastmnist"
FAIR = 60.0


@pytest.fixture
def body(write: Write) -> bytes:
    """A small file in BreastMNIST's form, which stands for the published one."""
    path = write(
        "somewhere.npz",
        test_images=np.zeros((156, 28, 28), np.uint8),
        test_labels=np.arange(156, dtype=np.uint8)[:, None] % 2,
    )
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def mirror(body: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A mirror that has it, with a catalogue that publishes it."""
    md5 = hashlib.md5(body).hexdigest()

    def small(facts: Facts) -> Facts:
        files = (replace(facts.files[0], md5s=(md5,), bytes=len(body)), *facts.files[1:])
        return replace(facts, files=files) if facts.id == "breastmnist" else facts

    published = tuple(small(facts) for facts in all_facts())
    monkeypatch.setattr("app.web.published.all_facts", lambda: published)
    monkeypatch.setattr("app.catalogue.downloads._Watch.pause", lambda watch, _: watch._go_on())
    with at_work(Mirror(body)) as state:
        yield state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "datasets"


@pytest.fixture
def owner(serve: Serve, mirror: Mirror, folder: Path) -> TestClient:
    """The browser of who sits at the machine of an open server."""
    return visitor(serve(data_dir=folder, mirror=mirror.address))


def until(browser: TestClient, holds: Callable[[Page], bool]) -> Page:
    deadline = time.monotonic() + FAIR
    while not holds(shown := page(browser, HERE)):
        assert time.monotonic() < deadline, shown.text()
        time.sleep(0.02)
    return shown


def press(browser: TestClient, action: str, size: str = "28") -> Response:
    """Send a form of the page, as its button does."""
    check = {field.get("value") for field in page(browser, HERE).all("input", name="check")}
    (value,) = check
    return browser.post(f"{HERE}/{action}", data={"check": value or "", "size": size})


def is_going_on(shown: Page) -> bool:
    return bool(list(shown.all("progress")))


@pytest.mark.parametrize("facts", all_facts(), ids=lambda facts: facts.id)
def test_each_of_the_eighteen_has_a_page_with_all_that_is_known(
    facts: Facts, real_client: TestClient
) -> None:
    shown = page(real_client, f"/catalogue/{facts.id}")
    text = shown.text()
    assert words(shown.one("h1")) == facts.title
    for known in (facts.task, facts.modality, facts.license, facts.license_terms):
        assert known in text
    for split, count in facts.counts.items():
        assert f"{split} {count:,}" in text
    for label in facts.labels:
        assert label.name in text
    for file in facts.files:
        for md5 in file.md5s:
            assert md5 in text
        assert file.bytes is None or f"{file.bytes:,} bytes" in text
    for note in facts.notes:
        assert " ".join(note.text.split()) in text
    for reference in facts.references:
        assert reference.title in text
        assert f"@{reference.kind}{{{reference.key}" in text


@pytest.mark.parametrize("facts", all_facts(), ids=lambda facts: facts.id)
def test_each_size_that_is_not_here_has_its_command_to_copy(
    facts: Facts, serve: Serve, folder: Path
) -> None:
    shown = page(serve(data_dir=folder), f"/catalogue/{facts.id}")
    commands = [
        each.get("data-copy-text", "")
        for each in shown.having("data-copy-text")
        if each.get("data-copy-text", "").startswith("lightbox")
    ]
    assert commands == [
        f"lightbox get {facts.id}{'' if file.size == 28 else f' --size {file.size}'} --to {folder}"
        for file in facts.files
    ]


def test_a_size_that_is_here_leads_to_its_images(real_client: TestClient) -> None:
    shown = page(real_client, HERE)
    assert {"/d/breastmnist", "/d/breastmnist/about"} <= shown.links()
    assert "On this machine." in shown.text()
    assert "lightbox get breastmnist --to" not in shown.text()
    assert "lightbox get breastmnist --size 64 --to" in shown.text()


def test_a_file_of_that_name_that_cannot_be_served_is_said(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "breastmnist.npz").write_text("nothing")
    text = page(serve(tmp_path), HERE).text()
    assert "Not served." in text
    assert "breastmnist.npz" in text


@pytest.mark.parametrize("address", ["/catalogue/nothing", "/catalogue/immunodemo"])
def test_what_is_not_published_has_no_page(address: str, real_client: TestClient) -> None:
    assert "is published" in page(real_client, address, 404).text()


def test_the_button_brings_the_file_and_the_page_leads_to_the_grid(
    owner: TestClient, mirror: Mirror, folder: Path, body: bytes
) -> None:
    mirror.stall_at = [5]
    assert press(owner, "fetch").status_code == 303
    shown = until(owner, is_going_on)
    assert "breastmnist.npz: being fetched." in str(
        shown.one("div", id="results").get("data-summary")
    )
    assert list(shown.having("data-refresh"))
    assert "/d/breastmnist" not in shown.links()
    mirror.going_on.set()
    shown = until(owner, lambda shown: not is_going_on(shown))
    assert "/d/breastmnist" in shown.links()
    assert len(page(owner, "/d/breastmnist").thumbs()) == 100
    assert (folder / "breastmnist.npz").read_bytes() == body
    assert not list(shown.having("data-refresh"))


def test_progress_is_there_after_any_reload_and_without_javascript(
    owner: TestClient, mirror: Mirror, body: bytes
) -> None:
    mirror.stall_at = [5]
    press(owner, "fetch")

    def has_stalled(shown: Page) -> bool:
        # It waits for the mirror's first word, too, and has nothing yet.
        waits = is_going_on(shown) and "waiting for the" in shown.text()
        return waits and shown.one("progress").get("value") == "5"

    shown = until(owner, has_stalled)
    assert shown.one("progress").get("max") == str(len(body))
    again = page(visitor(owner), HERE)
    assert again.one("progress").get("max") == str(len(body))
    assert 'http-equiv="refresh"' in owner.get(HERE).text
    mirror.going_on.set()
    until(owner, lambda shown: not is_going_on(shown))


def test_a_download_is_cancelled_and_taken_up_again(
    owner: TestClient, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("app.catalogue.transfer._TIMEOUT", 0.5)
    mirror.stall_at = [5, 0, 0]
    press(owner, "fetch")
    until(owner, lambda shown: is_going_on(shown) and "5 bytes of" in shown.text())
    assert "Cancel 28 px" in page(owner, HERE).text()
    assert press(owner, "cancel").status_code == 303
    shown = until(owner, lambda shown: "Cancelled." in shown.text())
    assert "5 bytes of it are kept" in shown.text()
    assert not (folder / "breastmnist.npz").exists()
    mirror.stall_at = []
    assert "Go on fetching 28 px" in shown.text()
    press(owner, "fetch")
    until(owner, lambda shown: "/d/breastmnist" in shown.links())
    assert mirror.ranges[-1] == "bytes=5-"


def web_page(mirror: Mirror) -> None:
    mirror.kind = "text/html"


def short(mirror: Mirror) -> None:
    mirror.body = mirror.body[:-1]


def other(mirror: Mirror) -> None:
    mirror.body = mirror.body[:-1] + b"?"


def gone(mirror: Mirror) -> None:
    mirror.statuses = [404]


def silent(mirror: Mirror) -> None:
    mirror.cut_at = [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (web_page, "is a web page, not the file"),
        (short, "but the published file has"),
        (other, "gave other bytes"),
        (gone, "answers with status 404"),
        (silent, "could not be fetched"),
    ],
)
def test_each_failure_is_a_sentence_on_the_page_and_the_button_is_back(
    spoil: Callable[[Mirror], None],
    sentence: str,
    owner: TestClient,
    mirror: Mirror,
    folder: Path,
) -> None:
    spoil(mirror)
    press(owner, "fetch")
    shown = until(owner, lambda shown: sentence in shown.text())
    assert "Fetch 28 px" in shown.text()
    assert not is_going_on(shown)
    assert not (folder / "breastmnist.npz").exists()


def test_a_full_disk_is_said_on_the_page(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("app.catalogue.fetching.free_bytes", lambda _folder: 7)
    press(owner, "fetch")
    until(owner, lambda shown: "has 7 bytes free" in shown.text())
    assert not list(folder.glob("*.npz"))


def test_a_note_that_cannot_be_made_is_said_at_once(
    serve: Serve, mirror: Mirror, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "downloads").touch()
    browser = visitor(serve(data_dir=folder, mirror=mirror.address))
    answer = press(browser, "fetch")
    assert answer.status_code == 503
    assert "can't be fetched" in Page(answer.text).text()


def test_a_form_of_another_site_begins_nothing(owner: TestClient, mirror: Mirror) -> None:
    assert owner.post(f"{HERE}/fetch", data={"size": "28"}).status_code == 403
    html = owner.get(HERE).text
    assert 'name="check"' in html
    foreign = {"origin": "http://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert owner.post(f"{HERE}/fetch", data={"size": "28"}, headers=foreign).status_code == 403
    assert mirror.ranges == []


@pytest.mark.parametrize("size", ["", "29", "x", "²", "../x", "28\x00"])
def test_a_size_that_is_not_published_is_refused(
    size: str, owner: TestClient, mirror: Mirror
) -> None:
    assert press(owner, "fetch", size).status_code == 404
    assert press(owner, "fetch", "28").status_code == 303
    until(owner, lambda shown: "/d/breastmnist" in shown.links())
    assert len(mirror.ranges) == 1


@pytest.mark.parametrize("access", ["public", "private"])
def test_only_a_server_of_ones_own_has_the_button(
    access: str, serve: Serve, folder: Path, tmp_path: Path, mirror: Mirror
) -> None:
    server = serve(
        data_dir=folder,
        access=access,
        owner_token=TOKEN,
        mirror=mirror.address,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )
    owner = visitor(server)
    assert owner.get(f"/?token={TOKEN}").status_code == 303
    shown = page(owner, HERE)
    assert not list(shown.all("form"))
    (check,) = (owner.cookies[name] for name in owner.cookies if "check" in name)
    german = {"accept-language": "de"}
    answer = owner.post(f"{HERE}/fetch", data={"size": "28", "check": check}, headers=german)
    assert answer.status_code == 403
    assert "„lightbox get“" in answer.text
    assert mirror.ranges == []


def test_who_cannot_put_files_there_is_not_told_where(serve: Serve, folder: Path) -> None:
    server = serve(data_dir=folder, access="public", owner_token=TOKEN, loopback_only=False)
    text = page(server, HERE).text()
    assert str(folder) not in text
    assert "lightbox get breastmnist --size 64" in text


def test_two_servers_of_one_folder_see_the_same_download(
    serve: Serve, mirror: Mirror, folder: Path
) -> None:
    first, second = (visitor(serve(data_dir=folder, mirror=mirror.address)) for _ in range(2))
    mirror.stall_at = [5]
    press(first, "fetch")
    until(second, is_going_on)
    mirror.going_on.set()
    until(second, lambda shown: "/d/breastmnist" in shown.links())


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (
            Standing("running", 12_000_000, 206_000_000, 3_400_000.0),
            "12 MB of 206 MB, 3.4 MB/s, 57 s left",
        ),
        (
            Standing("running", 0, 12_600_000_000, 2_000_000.0),
            "0 bytes of 13 GB, 2.0 MB/s, 1.8 h left",
        ),
        (Standing("running", 1_000_000, 400_000_000, 1_000_000.0), "7 min left"),
        (Standing("running", 500, None, 100.0), "500 bytes, 100 bytes/s"),
        (Standing("running", 500, 1000, None), "500 bytes of 1.0 kB, waiting for the mirror"),
        (Standing("running", 1000, 1000, 5.0), "1.0 kB of 1.0 kB, its MD5 is being checked"),
    ],
)
def test_progress_is_told_with_rate_and_time_left(standing: Standing, text: str) -> None:
    facts = facts_for("pathmnist")
    assert facts
    assert offers._progress(facts.files[0], standing).text.endswith(text)


@pytest.mark.parametrize(
    ("done", "text"),
    [
        (0, "The server was ended meanwhile."),
        (5, "The server was ended meanwhile. 5 bytes of it are kept, and it goes on from there."),
    ],
)
def test_only_what_is_kept_is_told_to_be(done: int, text: str) -> None:
    assert offers._status(Standing("interrupted", done, 1000)) == text
