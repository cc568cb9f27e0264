"""Getting published files, from a mirror of the tests' own on loopback, with each of its faults."""

import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.catalogue.facts import PublishedFile
from app.catalogue.fetching import fetch
from app.errors import FetchError

BODY = bytes(range(256)) * 4_000
NAME = "retinamnist.npz"
FILE = PublishedFile(
    28, NAME, (hashlib.md5(BODY).hexdigest(),), len(BODY), "http://unused.invalid/"
)


@dataclass
class Mirror:
    """What the mirror does next, and what it was asked."""

    address: str = ""
    cut_at: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    body: bytes = BODY
    kind: str = "application/octet-stream"
    knows_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    state = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            if state.statuses:
                self.send_error(state.statuses.pop(0))
                return
            start = 0
            if wanted and state.knows_ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            part = state.body[start:]
            self.send_response(206 if start else 200)
            if start:
                total = len(state.body)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Type", state.kind)
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            self.wfile.write(part[: state.cut_at.pop(0)] if state.cut_at else part)

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    monkeypatch.setattr("app.catalogue.fetching.time.sleep", lambda _seconds: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def nothing(_done: int, _total: int | None) -> None:
    pass


def left_behind(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_arrives_whole_and_alone(mirror: Mirror, tmp_path: Path) -> None:
    told: list[int] = []
    found = fetch(FILE, tmp_path, mirror.address, lambda done, _total: told.append(done))
    assert found.read_bytes() == BODY
    assert left_behind(tmp_path) == {NAME}
    assert told[-1] == len(BODY)


def test_a_cut_download_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_at = [300_000]
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == [None, "bytes=300000-"]


def test_a_later_run_takes_up_what_an_earlier_one_left(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(BODY[:1000])
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == ["bytes=1000-"]


def test_a_mirror_that_ignores_ranges_is_read_from_the_start(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.knows_ranges = False
    (tmp_path / f".{NAME}.part").write_bytes(BODY[:1000])
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY


def test_a_busy_mirror_is_asked_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.statuses = [503, 429]
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY


def test_other_bytes_are_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    mirror.body = BODY[:-1] + b"?"
    with pytest.raises(FetchError, match="other bytes than the published retinamnist"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_a_web_page_is_not_taken_for_the_file(mirror: Mirror, tmp_path: Path) -> None:
    mirror.kind = "text/html; charset=utf-8"
    with pytest.raises(FetchError, match="is a web page, not the file"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_a_missing_file_is_said_with_its_status(mirror: Mirror, tmp_path: Path) -> None:
    mirror.statuses = [404]
    with pytest.raises(FetchError, match="answers with status 404"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert mirror.ranges == [None]


def test_a_mirror_that_never_sends_all_leaves_no_file(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_at = [10, 10, 10, 10]
    with pytest.raises(FetchError, match="goes on where it stopped"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert NAME not in left_behind(tmp_path)


def test_no_network_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalogue.fetching.time.sleep", lambda _seconds: None)
    with pytest.raises(FetchError, match="check the network"):
        fetch(FILE, tmp_path, "http://127.0.0.1:1", nothing)


def test_a_file_that_is_here_is_not_asked_for(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BODY)
    fetch(FILE, tmp_path, mirror.address, nothing)
    assert mirror.ranges == []


def test_another_file_of_that_name_is_left_alone(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(FetchError, match="is not the published file"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert (tmp_path / NAME).read_bytes() == b"mine"


def test_too_little_disk_is_known_before_anything_is_written(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=len(BODY) - 1)
    monkeypatch.setattr("app.catalogue.fetching.shutil.disk_usage", lambda _path: usage)
    with pytest.raises(FetchError, match=f"{len(BODY):,} are needed"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_two_at_the_same_time_ask_once(mirror: Mirror, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=fetch, args=(FILE, tmp_path, mirror.address, nothing))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mirror.ranges == [None]
    assert left_behind(tmp_path) == {NAME}


def test_of_many_at_the_same_time_one_fails_and_only_one_other_asks(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.statuses = [404]
    failed: list[str] = []

    def bring() -> None:
        try:
            fetch(FILE, tmp_path, mirror.address, nothing)
        except FetchError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1
    assert mirror.ranges == [None, None]
    assert left_behind(tmp_path) == {NAME}
