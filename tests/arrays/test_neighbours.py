"""Items that follow one another are seen where they lie; how much of a map stays mapped."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.arrays.cache import Cache
from app.arrays.store import Array, Store

from .reading import archive_of

ITEMS = 300


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """19 MB, more than is unpacked in memory alone."""
    return np.random.default_rng(8).integers(0, 256, (ITEMS, 250, 251), dtype=np.uint8)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, images: NDArray[np.uint8]) -> Path:
    path = tmp_path_factory.mktemp("neighbours") / "file.npz"
    np.savez_compressed(path, train_images=images)
    return path


@pytest.fixture
def array(file: Path, store: Store) -> Array:
    found = store.open(archive_of(file, "train_images"), "train_images")
    found.finish()
    return found


@pytest.mark.parametrize(
    "positions",
    [
        range(4, 9),
        range(8, 3, -1),
        range(4, 12, 2),
        [7],
        [7, 7],
        [3, 5, 4, 6],
        range(ITEMS),
        [],
    ],
    ids=str,
)
@pytest.mark.parametrize("plane", [None, (0, 100), (1, 250)], ids=str)
def test_neighbours_and_others_are_what_numpy_takes(
    array: Array, images: NDArray[np.uint8], positions: list[int], plane: tuple[int, int] | None
) -> None:
    found = array.take(np.array([*positions], np.int64), plane)
    expected = images[[*positions]]
    if plane:
        expected = np.take(expected, plane[1], axis=1 + plane[0])
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_what_is_seen_where_it_lies_cannot_be_written_to(array: Array) -> None:
    found = array.take(np.arange(4, 9))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_what_was_seen_stays_when_the_cache_is_emptied(
    array: Array, images: NDArray[np.uint8], cache: Cache
) -> None:
    found = array.take(np.arange(4, 9))
    shutil.rmtree(cache.folder)
    np.testing.assert_array_equal(found, images[4:9])


def mapped(under: Path) -> int:
    """Kilobytes of the files of a folder that this process has mapped."""
    _, *maps = Path("/proc/self/smaps").read_text().split(str(under))
    found = [re.search(r"^Rss: +(\d+) kB", each, re.MULTILINE) for each in maps]
    assert found
    return sum(int(each[1]) for each in found if each)


def test_of_a_map_little_stays_mapped(
    tmp_path: Path, array: Array, images: NDArray[np.uint8]
) -> None:
    for first in range(0, ITEMS - 5, 5):  # 300 KB each
        assert array.take(np.arange(first, first + 5)).sum() == images[first : first + 5].sum()
    # A megabyte, what is seen next, and what the system maps around both.
    assert mapped(tmp_path) <= 2048


def test_of_a_map_that_is_looked_at_here_and_there_little_stays_mapped(
    tmp_path: Path, store: Store
) -> None:
    images = np.random.default_rng(9).integers(0, 256, (600_000, 28), dtype=np.uint8)
    np.savez_compressed(tmp_path / "file.npz", train_images=images)
    array = store.open(archive_of(tmp_path / "file.npz", "train_images"), "train_images")
    array.finish()
    for place in range(0, len(images), 3_000):  # 84 KB apart
        assert array.take(np.array([place])).tolist() == images[place : place + 1].tolist()
    assert mapped(tmp_path) <= 2048
