"""The same file, as NumPy reads it and as the store does."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.arrays.archive import Archive, read_archive
from app.arrays.store import Array, Store


def oracle(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def archive_of(path: Path, *names: str) -> Archive:
    """The archive with these members; without names, with all."""
    with zipfile.ZipFile(path) as file:
        found = names or [name.removesuffix(".npy") for name in file.namelist()]
    return read_archive(path, frozenset(found))


def whole(array: Array) -> NDArray[Any]:
    """All items, when there are no more to come."""
    array.wait(array.shape[0], math.inf)
    return array.take(np.arange(array.shape[0], dtype=np.int64))


def read(store: Store, path: Path, name: str) -> NDArray[Any]:
    return whole(store.open(archive_of(path, name), name))


def assert_same(found: NDArray[Any], expected: NDArray[Any]) -> None:
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    # Bytes, for NaN equals nothing.
    assert found.tobytes() == expected.tobytes()
