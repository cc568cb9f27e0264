"""Archives written in one pass are what zipfile reads, at any size and number."""

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.exports.zipping import Zip, zip_size

BLOCK = bytes(64 * 1024 * 1024)


def write(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file; long runs of nothing take no place on the disk."""
    with path.open("wb") as file:
        for piece in pieces:
            if piece is BLOCK:
                file.seek(len(piece), 1)
            else:
                file.write(piece)


def test_a_member_beyond_4_gb_and_one_behind_it_are_read_back(tmp_path: Path) -> None:
    path, number = tmp_path / "large.zip", 65
    size, crc = number * len(BLOCK), 0
    with Zip() as archive:
        pieces = [
            *archive.streamed("large", size, [BLOCK] * number),
            *archive.streamed("größe", 3, [b"a", b"bc"]),
            *archive.end(),
        ]
    write(path, pieces)
    assert path.stat().st_size == zip_size([("large", size), ("größe", 3)], streamed=True)
    for _ in range(number):
        crc = zlib.crc32(BLOCK, crc)
    with zipfile.ZipFile(path) as read:
        large, small = read.infolist()
        assert small.filename == "größe"
        assert (large.filename, large.file_size, large.CRC) == ("large", size, crc)
        assert read.open(large).read(9) == bytes(9)
        assert read.read(small) == b"abc"


@pytest.mark.parametrize("number", [0, 1, 65_534, 65_535, 70_000])
def test_any_number_of_members_is_read_back(number: int, tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    names = [f"{place}.txt" for place in range(number)]
    with Zip() as archive, path.open("wb") as file:
        for name in names:
            file.writelines(archive.member(name, name.encode()))
        file.writelines(archive.end())
    assert path.stat().st_size == zip_size(((name, len(name)) for name in names), streamed=False)
    with zipfile.ZipFile(path) as read:
        assert read.namelist() == names
        # Else who unpacks it may not read them.
        assert {each.external_attr >> 16 for each in read.infolist()} <= {0o100644}
        assert all(read.read(name) == name.encode() for name in names[-3:])


def test_a_member_of_another_size_than_promised_is_a_fault() -> None:
    with Zip() as archive, pytest.raises(ValueError, match="has 2 bytes, not 3"):
        list(archive.streamed("short", 3, [b"ab"]))
