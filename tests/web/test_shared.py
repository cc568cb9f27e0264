"""What a link shows."""

from pathlib import Path

import numpy as np
import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.library import Library
from app.errors import StorageError
from app.reviews import links
from app.reviews.database import Database
from app.web.shared import open_shared

from .conftest import Write


def test_a_link_shows_its_images_though_what_it_shows_can_not_be_kept(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.zeros((7, 5, 5), np.uint8)
    path = write("made.npz", test_images=images, test_labels=np.zeros(7, np.uint8))
    library = Library([path], Store(Cache(tmp_path / "cache", 10**9)))
    database = Database(f"sqlite:///{tmp_path}/reviews.sqlite")
    _token, link = links.make(database, "grid", "/d/made", dataset="made")

    def refuse(*_: object) -> None:
        raise StorageError("The database can't be written.")

    monkeypatch.setattr(links, "settle", refuse)
    assert open_shared(library, database, link).total == len(images)
