"""Getting published files, from a mirror of the tests' own on loopback, with each of its faults."""

import errno
import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mirror import Mirror, at_work
from running import anybody

from app.catalogue.facts import PublishedFile
from app.catalogue.fetching import bytes_here, fetch, is_being_fetched, needed, refuse_full_disk
from app.errors import FetchError

BODY = bytes(range(256)) * 4_000
NAME = "retinamnist.npz"
FILE = PublishedFile(
    28, NAME, (hashlib.md5(BODY).hexdigest(),), len(BODY), "http://unused.invalid/"
)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr("app.catalogue.fetching.time.sleep", lambda _seconds: None)
    with at_work(Mirror(BODY)) as state:
        yield state


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


@pytest.mark.parametrize("name", ["retinamnist.NPZ", "retinamnist.Npz"])
def test_a_file_with_capitals_in_its_ending_is_not_fetched_again(
    name: str, mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(BODY)
    assert needed([FILE], tmp_path, mirror.address).bytes == 0
    assert fetch(FILE, tmp_path, mirror.address, nothing).name == name
    assert left_behind(tmp_path) == {name}
    assert mirror.ranges == []
    (tmp_path / name).write_bytes(BODY[1:])
    with pytest.raises(FetchError, match=rf"{name} is there already and is not the published"):
        fetch(FILE, tmp_path, mirror.address, nothing)


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


def test_a_file_that_is_here_may_be_in_a_folder_that_can_not_be_written(open_folder: Path) -> None:
    (open_folder / NAME).write_bytes(BODY)
    open_folder.chmod(0o555)
    with anybody():
        assert fetch(FILE, open_folder, None, nothing) == open_folder / NAME
        with pytest.raises(FetchError, match=r"can't be written .*\(permission denied\)"):
            fetch(replace(FILE, name="other.npz"), open_folder, None, nothing)


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


def test_a_mirror_that_stalls_is_left_and_asked_for_the_rest(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalogue.transfer._TIMEOUT", 0.2)
    mirror.stall_at = [300_000]
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == [None, "bytes=300000-"]


def test_a_mirror_that_always_stalls_is_given_up_with_a_sentence(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalogue.transfer._TIMEOUT", 0.2)
    mirror.stall_at = [10, 10, 10, 10]
    with pytest.raises(FetchError, match=r"nothing more came.*goes on where it stopped"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == {f".{NAME}.part"}
    assert bytes_here(FILE, tmp_path) == 40


def test_too_few_bytes_are_known_before_they_are_brought(mirror: Mirror, tmp_path: Path) -> None:
    mirror.body = BODY[:-1]
    with pytest.raises(FetchError, match="has 1,023,999 bytes, but the published file has"):
        fetch(FILE, tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_too_few_bytes_of_unknown_length_are_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    mirror.body = BODY[:-1]
    with pytest.raises(FetchError, match="gave other bytes"):
        fetch(replace(FILE, bytes=None), tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_no_more_is_written_than_the_published_file_has(mirror: Mirror, tmp_path: Path) -> None:
    mirror.body, mirror.tells_length = BODY * 3, False
    told: list[int] = []
    with pytest.raises(FetchError, match=r"gives more than the 1,024,000 bytes of the published"):
        fetch(FILE, tmp_path, mirror.address, lambda done, _total: told.append(done))
    assert max(told) <= len(BODY)
    assert left_behind(tmp_path) == set()


def test_a_file_of_two_records_may_have_either_length(mirror: Mirror, tmp_path: Path) -> None:
    file = replace(FILE, md5s=("0" * 32, *FILE.md5s), bytes=7)
    assert fetch(file, tmp_path, mirror.address, nothing).read_bytes() == BODY


def test_a_mirror_that_does_not_tell_the_length_is_read_to_its_end(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.tells_length = False
    told: list[int | None] = []
    fetch(FILE, tmp_path, mirror.address, lambda _done, total: told.append(total))
    assert left_behind(tmp_path) == {NAME}
    assert set(told) == {len(BODY)}


def test_the_bytes_are_asked_for_as_they_are(mirror: Mirror, tmp_path: Path) -> None:
    fetch(FILE, tmp_path, mirror.address, nothing)
    assert mirror.encodings == {"identity"}


def test_a_web_page_that_calls_itself_a_file_is_not_taken_for_it(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.body = b"\n<!DOCTYPE html><title>Sign in</title>"
    with pytest.raises(FetchError, match="is a web page, not the file"):
        fetch(replace(FILE, bytes=None), tmp_path, mirror.address, nothing)
    assert left_behind(tmp_path) == set()


def test_what_another_run_left_is_thrown_away_when_it_does_not_fit(
    mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(b"?" * 1000)
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == ["bytes=1000-", None]


def test_a_file_that_came_whole_and_was_never_renamed_is_not_brought_again(
    mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(BODY)
    fetch(FILE, tmp_path, mirror.address, nothing)
    assert mirror.ranges == []
    assert left_behind(tmp_path) == {NAME}


def test_the_mirror_says_that_all_of_it_is_here(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(BODY)
    fetch(replace(FILE, bytes=None), tmp_path, mirror.address, nothing)
    assert mirror.ranges == [f"bytes={len(BODY)}-"]
    assert left_behind(tmp_path) == {NAME}


def test_more_than_there_is_to_have_is_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.part").write_bytes(BODY + b"more")
    fetch(FILE, tmp_path, mirror.address, nothing)
    assert mirror.ranges == [f"bytes={len(BODY) + 4}-", None]


def test_a_range_that_was_not_asked_for_is_not_put_together(mirror: Mirror, tmp_path: Path) -> None:
    mirror.shift = 5
    (tmp_path / f".{NAME}.part").write_bytes(BODY[:1000])
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY


def test_a_range_that_comes_in_pieces_is_asked_for_piece_by_piece(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.at_most = 400_000
    (tmp_path / f".{NAME}.part").write_bytes(BODY[:1000])
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == ["bytes=1000-", "bytes=401000-", "bytes=801000-"]


@pytest.mark.parametrize("value", ["7", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", ""])
def test_a_mirror_that_says_when_to_come_again_is_believed(
    value: str, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.statuses, mirror.retry_after = [503], value
    waited: list[float] = []
    fetch(FILE, tmp_path, mirror.address, nothing, waited.append)
    assert waited == [{"7": 7.0, "soon": 1.0, "": 1.0}.get(value, 0.0)]


def test_nobody_waits_for_an_hour(mirror: Mirror, tmp_path: Path) -> None:
    mirror.statuses, mirror.retry_after = [503], "3600"
    with pytest.raises(FetchError, match="left alone for 3,600 seconds"):
        fetch(FILE, tmp_path, mirror.address, nothing)


def test_each_wait_is_longer_than_the_one_before(mirror: Mirror, tmp_path: Path) -> None:
    mirror.statuses = [500, 502, 504, 503]
    waited: list[float] = []
    with pytest.raises(FetchError, match="status 503"):
        fetch(FILE, tmp_path, mirror.address, nothing, waited.append)
    assert waited == [1.0, 2.0, 4.0]


def test_breaks_are_forgiven_to_a_mirror_that_brings_much_between_them(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalogue.transfer._PROGRESS", 100_000)
    mirror.cut_at = [100_000] * 8
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "nowhere", "http://[bad", "http://a\x00b"])
def test_an_address_that_cannot_be_asked_is_said_at_once(address: str, tmp_path: Path) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError

    with pytest.raises(FetchError, match="can be asked; try another mirror"):
        fetch(FILE, tmp_path, address, nothing, never)


def test_a_disk_that_fills_up_meanwhile_is_said_and_what_came_is_kept(
    mirror: Mirror, tmp_path: Path
) -> None:
    def full(done: int, _total: int | None) -> None:
        if done > 1000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FetchError, match=r"no space left on device.*make room"):
        fetch(FILE, tmp_path, mirror.address, full)
    assert left_behind(tmp_path) == {f".{NAME}.part"}


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_is_a_file_is_said_in_a_sentence(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FetchError, match=r"can't be written into .*file"):
        fetch(FILE, tmp_path / place, None, nothing)


def test_who_stops_a_download_can_take_it_up_again(mirror: Mirror, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, _total: int | None) -> None:
        if done:
            raise StoppedError

    with pytest.raises(StoppedError):
        fetch(FILE, tmp_path, mirror.address, stop)
    assert not is_being_fetched(FILE, tmp_path)
    here = bytes_here(FILE, tmp_path)
    assert 0 < here < len(BODY)
    assert fetch(FILE, tmp_path, mirror.address, nothing).read_bytes() == BODY
    assert mirror.ranges == [None, f"bytes={here}-"]


def test_others_are_told_that_it_is_being_fetched(mirror: Mirror, tmp_path: Path) -> None:
    told = []
    assert not is_being_fetched(FILE, tmp_path)
    fetch(FILE, tmp_path, mirror.address, lambda *_: told.append(is_being_fetched(FILE, tmp_path)))
    assert set(told) == {True}
    assert not is_being_fetched(FILE, tmp_path)


def test_what_is_still_to_come_is_known_without_asking_where_the_catalogue_says_it(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is really free changes with every other program's file.
    usage = shutil.disk_usage(tmp_path)._replace(free=12_345)
    monkeypatch.setattr("app.catalogue.fetching.shutil.disk_usage", lambda _path: usage)
    (tmp_path / f".{NAME}.part").write_bytes(BODY[:1000])
    need = needed([FILE], tmp_path, mirror.address)
    assert need.bytes == len(BODY) - 1000
    assert need.free == 12_345
    assert (mirror.heads, mirror.ranges) == (0, [])


def test_a_length_that_the_catalogue_does_not_know_is_asked_for(
    mirror: Mirror, tmp_path: Path
) -> None:
    file = replace(FILE, bytes=None)
    assert needed([file], tmp_path / "not" / "there", mirror.address).bytes == len(BODY)
    mirror.tells_length = False
    assert needed([file], tmp_path, mirror.address).unknown == (NAME,)
    assert needed([file], tmp_path, "http://127.0.0.1:1").unknown == (NAME,)
    assert left_behind(tmp_path) == set()


def test_a_file_that_is_here_needs_nothing(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BODY)
    assert needed([FILE], tmp_path, mirror.address).bytes == 0


def test_files_that_fit_one_by_one_but_not_together_are_refused_together(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    files = [replace(FILE, name=name, bytes=free * 2 // 3) for name in ("a.npz", "b.npz")]
    refuse_full_disk(tmp_path, needed(files[:1], tmp_path, None).bytes)
    with pytest.raises(FetchError, match="are needed; make room"):
        refuse_full_disk(tmp_path, needed(files, tmp_path, None).bytes)
