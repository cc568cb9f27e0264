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

from .conftest import Serve, Write
from .reading import page
from .visiting import share, visitor


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


@pytest.mark.parametrize("fields", [{}, {"hide_labels": "1"}])
def test_a_guest_is_told_that_images_are_missing_only_where_they_were_meant(
    fields: dict[str, str], serve: Serve, write: Write, tmp_path: Path
) -> None:
    path = write(
        "made.npz",
        train_images=np.zeros((5, 6, 6), np.uint8),
        train_labels=np.zeros(4, np.uint8),  # one is missing: this split is refused
        test_images=np.zeros((7, 6, 6), np.uint8),
        test_labels=np.zeros(7, np.uint8),
    )
    owner = serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")
    missing = "A part of this dataset can't be read, so its images are missing here"
    for address, is_told in (("/d/made", True), ("/d/made?split=test", False)):
        shown = page(visitor(owner), share(owner, address, **fields)).text()
        assert "7 images" in shown
        assert (missing in shown) == is_told
        assert "train" not in shown
