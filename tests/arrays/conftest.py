"""A store of one's own for each test."""

from pathlib import Path

import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", 10**10)


@pytest.fixture
def store(cache: Cache) -> Store:
    return Store(cache)
