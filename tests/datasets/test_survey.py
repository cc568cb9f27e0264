"""What takes reading a whole file is learned once, in the background, and said how far it is."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from corpus.writers import dataset, write_arrays

from app.arrays import job
from app.arrays.archive import Archive
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.survey import Surveys
from app.errors import ArchiveError

PATIENCE = 20.0


@pytest.fixture
def opened(tmp_path: Path, store: Store) -> Dataset:
    return open_dataset(write_arrays(tmp_path / "mine.npz", dataset()), store)


class Reading:
    """Stands in for reading a file: waits half-way, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.together = 0
        self.most_together = 0
        self.go_on = threading.Event()
        self.fails: list[Exception] = []

    def __call__(self, archive: Archive, _store: Store, report: Callable[[int], None]) -> str:
        self.begun += 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        report(archive.stamp[0] // 2)
        assert self.go_on.wait(PATIENCE)
        self.together -= 1
        if self.fails:
            raise self.fails.pop(0)
        return "an MD5"


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    stand_in = Reading()
    monkeypatch.setattr("app.datasets.identity.md5", stand_in)
    yield stand_in
    stand_in.go_on.set()


def test_it_says_how_far_it_is_and_then_what_it_found(
    opened: Dataset, store: Store, reading: Reading
) -> None:
    surveys = Surveys(store)
    total = opened.archive.stamp[0]
    deadline = time.monotonic() + PATIENCE
    while not (found := surveys.md5(opened)).done:
        assert time.monotonic() < deadline
    assert found.pending
    assert (found.done, found.total) == (total // 2, total)
    reading.go_on.set()
    assert surveys.md5(opened, PATIENCE).value == "an MD5"
    assert not surveys.md5(opened).pending


def test_many_who_ask_at_once_have_it_read_once(
    opened: Dataset, store: Store, reading: Reading
) -> None:
    surveys = Surveys(store)
    reading.go_on.set()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: surveys.md5(opened, PATIENCE).value, range(24)))
    assert set(found) == {"an MD5"}
    assert reading.begun == 1


def test_what_is_stopped_ends_at_its_next_report_and_begins_anew_when_asked_again(
    opened: Dataset, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reports, ended = threading.Semaphore(0), threading.Event()

    def md5(_archive: Archive, _store: Store, report: Callable[[int], None]) -> str:
        try:
            while True:
                assert reports.acquire(timeout=PATIENCE)
                report(1)
        finally:
            ended.set()

    monkeypatch.setattr("app.datasets.identity.md5", md5)
    surveys = Surveys(store)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(surveys.md5, opened, PATIENCE)
        reports.release()
        while not surveys.md5(opened).done:
            pass
        surveys.stop(opened, "md5")
        reports.release()
        assert ended.wait(PATIENCE)
        found = waiting.result(PATIENCE)
    assert (found.value, found.error, found.pending) == (None, None, True)
    assert not caplog.records
    monkeypatch.setattr("app.datasets.identity.md5", lambda *_: "an MD5")
    assert surveys.md5(opened, PATIENCE).value == "an MD5"


def test_what_still_waits_is_stopped_without_being_begun(
    tmp_path: Path, store: Store, reading: Reading
) -> None:
    surveys = Surveys(store)
    files = [
        open_dataset(write_arrays(tmp_path / f"{number}.npz", dataset()), store)
        for number in range(3)
    ]
    for file in files:
        surveys.md5(file)
    surveys.stop(files[2], "md5")
    reading.go_on.set()
    assert [surveys.md5(file, PATIENCE).value for file in files[:2]] == ["an MD5"] * 2
    assert surveys.md5(files[2], PATIENCE).value == "an MD5"
    assert reading.begun == 3


def test_few_files_are_read_at_once(tmp_path: Path, store: Store, reading: Reading) -> None:
    surveys = Surveys(store)
    files = [
        open_dataset(write_arrays(tmp_path / f"{number}.npz", dataset()), store)
        for number in range(6)
    ]
    for file in files:
        assert surveys.md5(file).pending
    reading.go_on.set()
    assert [surveys.md5(file, PATIENCE).value for file in files] == ["an MD5"] * 6
    assert reading.most_together <= 2


def test_a_changed_file_is_read_again(opened: Dataset, store: Store, reading: Reading) -> None:
    surveys = Surveys(store)
    reading.go_on.set()
    surveys.md5(opened, PATIENCE)
    path = write_arrays(opened.archive.path, dataset(seed=1))
    surveys.md5(open_dataset(path, store), PATIENCE)
    assert reading.begun == 2


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_learned_does_not_keep_the_dataset(
    tmp_path: Path, store: Store, reading: Reading, *, fails: bool
) -> None:
    surveys = Surveys(store)
    reading.go_on.set()
    opened = open_dataset(write_arrays(tmp_path / "mine.npz", dataset()), store)
    reading.fails = [ArchiveError(opened.archive.path, "is damaged", "fetch it")] if fails else []
    surveys.statistics(opened, "test", PATIENCE)
    assert bool(surveys.md5(opened, PATIENCE).error) == fails
    kept = weakref.ref(opened)
    del opened
    deadline = time.monotonic() + PATIENCE
    while kept():  # the thread that read it is just about to end
        assert time.monotonic() < deadline
        gc.collect()


def test_what_may_pass_is_tried_again_and_what_will_not_is_told(
    opened: Dataset, store: Store, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_RETRY_SECONDS", -1.0)
    surveys = Surveys(store)
    reading.go_on.set()
    path = opened.archive.path
    reading.fails = [
        ArchiveError(path, "finds no room", "make some", passing=True),
        OSError(5, "Input/output error"),
        ArchiveError(path, "is damaged", "fetch it again"),
    ]
    assert "finds no room" in str(surveys.md5(opened, PATIENCE).error)
    assert "finds no room" in str(surveys.md5(opened, PATIENCE, begin=False).error)
    assert "input/output error" in str(surveys.md5(opened, PATIENCE).error)
    for _ in range(2):
        assert "is damaged" in str(surveys.md5(opened, PATIENCE).error)
    assert reading.begun == 3


def test_a_fault_of_ours_is_one_sentence_and_the_work_goes_on(
    opened: Dataset, store: Store, reading: Reading
) -> None:
    surveys = Surveys(store)
    reading.go_on.set()
    reading.fails = [RuntimeError("ours")]
    assert str(surveys.md5(opened, PATIENCE).error) == (
        "mine.npz could not be read to its end (RuntimeError); report this as a fault."
    )
    assert surveys.statistics(opened, "test", PATIENCE).value
