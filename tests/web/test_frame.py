"""What is kept of pages stays bounded, however many files and selections are looked at."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import write_arrays

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import Selection, parse
from app.web.frame import Frame, Frames, cells


@pytest.fixture
def chest(tmp_path: Path) -> Dataset:
    """Three thousand images, each with a combination of labels of its own."""
    codes = np.arange(3_000)[:, None] >> np.arange(12) & 1
    members = {
        "train_images": np.zeros((3_000, 2, 2), np.uint8),
        "train_labels": codes.astype(np.uint8),
    }
    path = write_arrays(tmp_path / "chest.npz", members)
    return open_dataset(path, Store(Cache(tmp_path / "cache", 10**9)))


def kept_after(dataset: Dataset, seen: list[Dataset]) -> bool:
    """Say whether a dataset's frame is still there when others have been seen."""
    frames = Frames()

    def first() -> weakref.ref[Frame]:
        return weakref.ref(frames.get(dataset, Selection()))

    frame = first()
    for other in seen:
        frames.get(other, Selection())
    gc.collect()
    return frame() is not None


def test_frames_are_kept_of_the_datasets_seen_last(chest: Dataset, tmp_path: Path) -> None:
    store = Store(Cache(tmp_path / "cache", 10**9))
    others = [open_dataset(chest.archive.path, store) for _ in range(60)]
    assert kept_after(chest, others[:10])
    assert not kept_after(chest, others)
    # Who is seen again and again stays.
    assert kept_after(chest, [each for other in others for each in (other, chest)])


def test_few_are_kept_of_the_cells_that_were_drawn(chest: Dataset) -> None:
    selection = Selection()
    frame = Frames().get(chest, selection)
    for first in range(0, 3_000, 500):
        items = frame.subset.items(first, first + 500)
        places = [
            (0, position, values)
            for position, values in zip(
                items.positions.tolist(), chest.labels_of(items), strict=True
            )
        ]
        drawn = cells(frame, chest, selection, places)
        assert drawn.count("data-index=") == 500
        assert len(frame.stamps) <= 1_000


def test_all_selections_of_a_dataset_share_its_cells(chest: Dataset) -> None:
    frames = Frames()
    kept = {
        id(frames.get(chest, Selection(order="random", seed=seed)).stamps) for seed in range(100)
    }
    assert len(kept) == 1


def test_shared_cells_lead_on_within_their_own_selection(chest: Dataset) -> None:
    frames = Frames()
    for query in ("", "label=1&amp;order=random&amp;seed=4", ""):
        selection = parse(query.replace("&amp;", "&"))
        (*_, link) = cells(frames.get(chest, selection), chest, selection, [(0, 7, (1, 2))]).split(
            'href="'
        )
        assert link.partition('"')[0] == "/d/chest/train/7" + (f"?{query}" if query else "")
