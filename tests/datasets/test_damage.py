"""Byte flips, cuts and swaps of a real file: what is served is right, and nothing crashes."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import data_at, flip
from numpy.typing import NDArray
from running import PATIENCE

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets import identity, statistics
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import Selection, Split
from app.errors import ArchiveError

BATCHES, TIMES = 20, 100
Truth = dict[str, NDArray[Any]]
Damage = Callable[[bytearray, np.random.Generator], None]


@pytest.fixture(scope="module", params=["deflated", "stored"])
def original(request: Any, real: Callable[[str], Path], tmp_path_factory: Any) -> Path:
    """A real file as it was published, and the same saved without packing."""
    published = real("breastmnist")
    if request.param == "deflated":
        return published
    path = tmp_path_factory.mktemp("stored") / "breastmnist.npz"
    np.savez(path, allow_pickle=False, **truth_of(published))
    return Path(path)


def truth_of(path: Path) -> Truth:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def flip_a_bit(data: bytearray, random: np.random.Generator) -> None:
    data[random.integers(len(data))] ^= 1 << random.integers(8)


def change_a_byte_of_a_header(data: bytearray, random: np.random.Generator) -> None:
    """In the directory, a local header or the first bytes behind it, where everything counts."""
    spots = [len(data) - 700]
    at = data.find(b"PK\x03\x04")
    while at >= 0:
        spots.append(at)
        at = data.find(b"PK\x03\x04", at + 4)
    start = spots[random.integers(len(spots))]
    reach = int(random.integers(700 if start == spots[0] else 200))
    data[min(start + reach, len(data) - 1)] = int(random.integers(256))


def cut_the_end(data: bytearray, random: np.random.Generator) -> None:
    del data[random.integers(len(data)) :]


def cut_a_piece(data: bytearray, random: np.random.Generator) -> None:
    at = random.integers(len(data))
    del data[at : at + random.integers(1, 5_000)]


def copy_a_piece_elsewhere(data: bytearray, random: np.random.Generator) -> None:
    length = random.integers(1, 5_000)
    source, target = random.integers(len(data) - length, size=2)
    data[target : target + length] = data[source : source + length]


def insert_noise(data: bytearray, random: np.random.Generator) -> None:
    at = random.integers(len(data))
    data[at:at] = random.bytes(int(random.integers(1, 50)))


DAMAGES: list[Damage] = [
    flip_a_bit,
    flip_a_bit,
    change_a_byte_of_a_header,
    change_a_byte_of_a_header,
    cut_the_end,
    cut_a_piece,
    copy_a_piece_elsewhere,
    insert_noise,
]


@pytest.mark.parametrize("batch", range(BATCHES // 2))
def test_a_damaged_file_is_served_right_or_refused(
    batch: int, original: Path, tmp_path: Path
) -> None:
    expected = truth_of(original)
    content = original.read_bytes()
    random = np.random.default_rng(batch)
    # Without a cache folder: it would only be filled with a thousand copies.
    store = Store(Cache(original / "no folder", 0))
    path = tmp_path / "breastmnist.npz"
    refused = 0
    for number in range(TIMES):
        data = bytearray(content)
        DAMAGES[number % len(DAMAGES)](data, random)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        refused += not _is_served_right(path, store, expected)
    assert refused > TIMES // 2  # or the damage did no harm, and nothing was tested


def _is_served_right(path: Path, store: Store, expected: Truth) -> bool:
    """Compare all that is served; False if anything is refused."""
    try:
        found = open_dataset(path, store)
        for split in found.splits:
            assert_right(found, split, expected)
    except ArchiveError:
        return False
    return not found.refused


def assert_right(found: Dataset, split: Split, expected: Truth) -> None:
    images, labels = expected[f"{split}_images"], expected[f"{split}_labels"]
    everything = np.arange(len(images), dtype=np.int64)
    pixels = found.images[split].take(everything)
    assert pixels.dtype == images.dtype
    np.testing.assert_array_equal(pixels, images)
    items = found.subset(Selection(splits=(split,))).items(0, len(images) + 1)
    np.testing.assert_array_equal(items.positions, everything)
    np.testing.assert_array_equal(np.array(found.labels_of(items)), labels)


def cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(_: bytes) -> bytes:
    return b""


def without_its_end(content: bytes) -> bytes:
    return content[:-1]


def overwritten(content: bytes) -> bytes:
    return b"\xff" * len(content)


def zeros(content: bytes) -> bytes:
    """What a file may hold after power has failed."""
    return bytes(len(content))


@pytest.mark.parametrize("packed", [True, False], ids=["deflated", "stored"])
@pytest.mark.parametrize("damage", [cut_short, emptied, without_its_end, overwritten, zeros])
def test_what_was_damaged_in_the_cache_is_made_again(
    damage: Callable[[bytes], bytes], packed: bool, tmp_path: Path
) -> None:
    images = np.random.default_rng(4).integers(0, 256, (50, 8, 8), np.uint8)
    labels = np.arange(50) % 3
    path = tmp_path / "a.npz"
    save = np.savez_compressed if packed else np.savez
    save(path, test_images=images, test_labels=labels)
    for _ in range(2):
        store = Store(Cache(tmp_path / "cache", 10**9))
        found = open_dataset(path, store)
        assert found.counts(Selection()) == {"test": {0: 17, 1: 17, 2: 16}}
        np.testing.assert_array_equal(found.images["test"].take(np.arange(50)), images)
        assert (
            identity.md5(found.archive, store, lambda _: None)
            == hashlib.md5(path.read_bytes()).hexdigest()
        )
        [channel] = statistics.of_split(found, "test", store, lambda _: None)
        assert channel.mean == pytest.approx(images.mean())
        deadline = time.monotonic() + PATIENCE
        while list(store.cache.folder.glob("*/*.lock")) and time.monotonic() < deadline:
            time.sleep(0.01)  # what can be read may still be on its way to the disk
        kept = list(store.cache.folder.glob("*/*"))
        assert len(kept) == 5
        for file in kept:
            content = file.read_bytes()
            file.unlink()  # what is mapped of it stays whole
            file.write_bytes(damage(content))


def test_no_index_is_made_of_stored_labels_that_fail_their_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large members that are stored are read in place while they are being checked.
    for module in ("job", "store"):
        monkeypatch.setattr(f"app.arrays.{module}.SMALL", 5_000)
    path, labels = tmp_path / "a.npz", np.arange(20_000) % 3
    np.savez(path, test_images=np.zeros((20_000, 2, 2), np.uint8), test_labels=labels)
    flip(path, data_at(path.read_bytes(), "test_labels.npy") + 100_000, bits=1)
    for _ in range(2):
        with pytest.raises(ArchiveError, match="test_labels fails its checksum"):
            open_dataset(path, Store(Cache(tmp_path / "cache", 10**9)))
