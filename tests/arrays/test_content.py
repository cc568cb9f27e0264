"""The name of a file's content, by which records refer to it."""

import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.arrays.archive import read_archive

WANTED = frozenset({"train_images", "train_labels"})


def _write(path: Path, pixel: int, **more: npt.NDArray[np.int64]) -> Path:
    images = np.full((3, 2, 2), pixel, np.uint8)
    np.savez(path, allow_pickle=False, train_images=images, train_labels=np.zeros((3, 1)), **more)
    return path


def test_a_copy_with_another_time_and_name_has_the_same_content(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.npz", 1)
    second = Path(shutil.copy(first, tmp_path / "b.npz"))
    os.utime(second, (1, 1))
    one, other = read_archive(first, WANTED), read_archive(second, WANTED)
    assert one.content == other.content
    assert one.key != other.key


def test_other_pixels_are_other_content(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a.npz", 1), _write(tmp_path / "b.npz", 2)
    assert read_archive(first, WANTED).content != read_archive(second, WANTED).content


def test_a_member_that_is_not_part_of_the_layout_does_not_count(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.npz", 1)
    second = _write(tmp_path / "b.npz", 1, extra=np.arange(3))
    assert read_archive(first, WANTED).content == read_archive(second, WANTED).content
