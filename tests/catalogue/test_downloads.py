"""Downloads beside the server: seen, cancelled and counted by all of its processes.

Two ``Downloads`` of one folder share nothing but files, as two processes do.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mirror import Mirror, at_work

from app.catalogue import downloads
from app.catalogue.downloads import Downloads, Standing
from app.catalogue.facts import PublishedFile
from app.errors import FetchError

BODY = bytes(range(256)) * 4_000
NAME = "retinamnist.npz"
FILE = PublishedFile(
    28, NAME, (hashlib.md5(BODY).hexdigest(),), len(BODY), "http://unused.invalid/"
)
FAIR = 60.0

Make = Callable[[], Downloads]


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with at_work(Mirror(BODY)) as state:
        yield state


@pytest.fixture
def make(mirror: Mirror, tmp_path: Path) -> Iterator[Make]:
    """Make one process's view; no thread outlives the test."""
    before = set(threading.enumerate())
    yield lambda: Downloads(tmp_path / "data", tmp_path / "notes", mirror.address)
    mirror.going_on.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("fetch "):
            thread.join(FAIR)


def until(seen_by: Downloads, file: PublishedFile, *states: str) -> Standing:
    deadline = time.monotonic() + FAIR
    while (found := seen_by.look(file)).state not in states:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def other(name: str) -> PublishedFile:
    return replace(FILE, name=name)


def test_it_is_seen_by_all_and_leaves_no_note_when_done(make: Make, mirror: Mirror) -> None:
    mirror.stall_at = [300_000]
    here, there = make(), make()
    here.begin(FILE)
    for each in (here, there):
        found = until(each, FILE, "running")
        assert found.total == len(BODY)
        assert found.is_going_on
    mirror.going_on.set()
    assert until(there, FILE, "none") == Standing("none", 0, len(BODY))
    assert (here.folder / NAME).read_bytes() == BODY


def test_a_second_beginning_changes_nothing(make: Make, mirror: Mirror) -> None:
    mirror.stall_at = [10]
    here, there = make(), make()
    here.begin(FILE)
    until(here, FILE, "running")
    here.begin(FILE)
    there.begin(FILE)
    mirror.going_on.set()
    until(there, FILE, "none")
    assert mirror.ranges == [None, "bytes=10-"]  # the second is the rest of the first


def test_another_process_can_cancel_and_what_has_come_is_kept(
    make: Make, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalogue.transfer._TIMEOUT", 0.5)
    mirror.stall_at = [300_000, 0, 0]
    here, there = make(), make()
    here.begin(FILE)
    until(there, FILE, "running")
    there.cancel(FILE)
    found = until(there, FILE, "cancelled")
    assert found.done == 300_000
    assert not (here.folder / NAME).exists()
    mirror.stall_at = []
    there.begin(FILE)
    until(here, FILE, "none")
    assert mirror.ranges[-1] == "bytes=300000-"


def test_a_download_that_stalls_is_said_to_be_stopping(make: Make, mirror: Mirror) -> None:
    mirror.stall_at = [300_000]
    here = make()
    here.begin(FILE)
    until(here, FILE, "running")
    here.cancel(FILE)
    assert here.look(FILE).state == "stopping"


def test_cancelling_what_does_not_run_does_nothing(make: Make) -> None:
    here = make()
    here.cancel(FILE)
    here.begin(FILE)
    until(here, FILE, "none")
    here.cancel(FILE)
    assert (here.folder / NAME).read_bytes() == BODY


def test_a_failure_is_told_to_all_until_it_is_begun_again(make: Make, mirror: Mirror) -> None:
    mirror.kind = "text/html"
    here, there = make(), make()
    here.begin(FILE)
    found = until(there, FILE, "failed")
    assert found.sentence.endswith("is a web page, not the file; try another mirror.")
    mirror.kind = "application/zip"
    there.begin(FILE)
    assert until(here, FILE, "none", "failed").state == "none"


def test_only_two_run_at_once_in_all_processes(make: Make, mirror: Mirror) -> None:
    mirror.stall_at = [1_000, 1_000]
    here, there = make(), make()
    for process, name in ((here, "a.npz"), (there, "b.npz")):
        process.begin(other(name))
        until(process, other(name), "running")
    there.begin(other("c.npz"))
    time.sleep(0.3)
    assert here.look(other("c.npz")).state == "waiting"
    assert len(mirror.ranges) == 2
    here.cancel(other("c.npz"))
    until(here, other("c.npz"), "cancelled")
    there.begin(other("c.npz"))
    mirror.going_on.set()
    for name in "abc":
        until(here, other(f"{name}.npz"), "none")
        assert (here.folder / f"{name}.npz").read_bytes() == BODY


def test_a_file_that_another_program_brings_is_not_brought_twice(
    make: Make, mirror: Mirror
) -> None:
    mirror.stall_at = [1_000]
    here = make()
    code = (
        "from pathlib import Path; import sys; from app.catalogue.facts import PublishedFile;"
        "from app.catalogue.fetching import fetch;"
        f"fetch(PublishedFile(28, {NAME!r}, {FILE.md5s!r}, {len(BODY)}, ''), Path(sys.argv[1]),"
        "sys.argv[2], lambda *_: None)"
    )
    program = subprocess.Popen([sys.executable, "-c", code, here.folder, mirror.address])
    found = until(here, FILE, "elsewhere")
    assert found.is_going_on
    here.begin(FILE)
    assert here.look(FILE).state == "elsewhere"
    mirror.going_on.set()
    assert program.wait(FAIR) == 0
    assert here.look(FILE).state == "none"


def test_a_server_that_is_killed_takes_its_downloads_with_it(
    make: Make, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.stall_at = [300_000]
    here = make()
    code = (
        "from pathlib import Path; import sys, time; from app.catalogue.facts import PublishedFile;"
        "from app.catalogue.downloads import Downloads;"
        f"Downloads(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).begin("
        f"PublishedFile(28, {NAME!r}, {FILE.md5s!r}, {len(BODY)}, '')); time.sleep(600)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code, here.folder, tmp_path / "notes", mirror.address]
    )
    until(here, FILE, "running")
    deadline = time.monotonic() + FAIR
    while here.look(FILE).done < 300_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    assert here.look(FILE) == Standing("interrupted", 300_000, len(BODY))
    here.begin(FILE)
    until(here, FILE, "none")
    assert mirror.ranges == [None, "bytes=300000-"]


@pytest.mark.parametrize(
    "note", ["", "{", "[]", '{"state": "odd"}', '{"x": 1}', '{"done": "x"}', "\xff" * 20_000]
)
def test_a_note_that_cannot_be_read_was_not_made(note: str, make: Make, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / f"{NAME}.json").write_text(note)
    assert make().look(FILE) == Standing("none", 0, len(BODY))


def test_a_note_that_is_old_promises_no_rate(make: Make, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    note = tmp_path / "notes" / f"{NAME}.json"
    told = {"state": "failed", "done": 5, "total": 10, "rate": 5.0, "sentence": "It broke."}
    note.write_text(json.dumps(told))
    os.utime(note, (0, 0))
    assert make().look(FILE) == Standing("failed", 0, 10, None, "It broke.")


def test_a_folder_for_notes_that_cannot_be_written_is_said(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    unusable = Downloads(tmp_path / "data", tmp_path / "notes", mirror.address)
    with pytest.raises(FetchError, match=r"can't be fetched: .*notes can't be written"):
        unusable.begin(FILE)
    assert unusable.look(FILE).state == "none"
    assert mirror.ranges == []


def test_a_rate_promises_the_rest() -> None:
    assert Standing("running", 400, 1000, 50.0).seconds_left == 12
    assert Standing("running", 400, 1000, 0.0).seconds_left is None
    assert Standing("running", 400, None, 50.0).seconds_left is None


def test_the_rate_is_what_came_in_the_last_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[Standing] = []
    watch = downloads._Watch(tmp_path / "stop", told.append)
    clock = iter(range(100, 130))
    monkeypatch.setattr("app.catalogue.downloads.time.monotonic", lambda: next(clock))
    for second in range(25):
        watch.report(1_000 * second if second < 10 else 10_000 + 50 * (second - 10), 99_999)
    assert told[3].rate == 1_000
    assert told[-1].rate == pytest.approx(50)
