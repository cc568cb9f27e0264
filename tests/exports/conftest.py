"""Datasets to export from, and a store of one's own for each test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Cache(tmp_path / "cache", 10**10))


@pytest.fixture
def opened(store: Store, real: Callable[[str], Path]) -> Callable[[str], Dataset]:
    """Open a real dataset."""
    return lambda name: open_dataset(real(name), store)
