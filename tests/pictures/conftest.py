"""A store of one's own for each test."""

from pathlib import Path

import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Cache(tmp_path / "cache", 10**10))
