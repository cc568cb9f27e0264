"""Which sizes of a dataset are here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.library import Library
from app.datasets.sizes import sizes_here

Make = Callable[..., Library]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Serve small files of these names."""

    def write(*stems: str) -> Library:
        for stem in stems:
            np.savez(
                tmp_path / f"{stem}.npz",
                test_images=np.zeros((2, 4, 4), np.uint8),
                test_labels=np.zeros(2, np.uint8),
            )
        return Library([tmp_path], Store(Cache(tmp_path / "cache", 10**9)))

    return write


def names(library: Library, dataset_id: str) -> list[str]:
    return [each.id for each in sizes_here(library, library.dataset(dataset_id))]


def test_all_sizes_that_are_served_come_from_the_smallest(make: Make) -> None:
    library = make("breastmnist_224", "breastmnist", "breastmnist_64", "bloodmnist_64")
    expected = ["breastmnist", "breastmnist_64", "breastmnist_224"]
    assert names(library, "breastmnist") == expected
    assert names(library, "breastmnist_224") == expected
    assert names(library, "bloodmnist_64") == ["bloodmnist_64"]


def test_the_dataset_asked_about_is_itself_among_them(make: Make) -> None:
    library = make("breastmnist", "breastmnist_64")
    dataset = library.dataset("breastmnist_64")
    assert sizes_here(library, dataset)[1] is dataset


def test_a_size_that_cannot_be_served_is_left_out(make: Make, tmp_path: Path) -> None:
    library = make("breastmnist", "breastmnist_64")
    (tmp_path / "breastmnist_128.npz").write_text("nothing")
    assert names(library, "breastmnist") == ["breastmnist", "breastmnist_64"]


@pytest.mark.parametrize("stem", ["own", "own_64", "immunodemo", "breastmnist_65"])
def test_what_is_not_published_in_sizes_stands_alone(stem: str, make: Make) -> None:
    assert names(make(stem, "own_28", "breastmnist"), stem) == [stem]
