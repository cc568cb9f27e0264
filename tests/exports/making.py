"""Whole exports in memory, and what NumPy says should be in them."""

from pathlib import Path
from typing import Any

import numpy as np
from corpus.writers import write_arrays
from numpy.typing import NDArray

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import SPLITS, parse
from app.exports.chosen import Chosen, Selected
from app.exports.origin import Origin
from app.exports.stream import Export

Arrays = dict[str, NDArray[Any]]
QUERIES = (
    "",
    "split=test",
    "split=test&label=0",
    "label=1&order=label",
    "order=random&seed=7",
    "split=train&split=val&label=0&label=1&order=random&seed=1",
)


def origin(chosen: Chosen) -> Origin:
    return Origin("A title", "some images", "in some order", "/d/some?where", chosen.datasets)


def select(dataset: Dataset, query: str) -> Selected:
    return Selected(dataset, parse(query))


def whole(export: Export) -> bytes:
    """All bytes of an export; as many as were announced, if they were."""
    found = b"".join(export.blocks)
    assert export.size in (None, len(found))
    return found


def source(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def places(chosen: Chosen) -> list[tuple[str, int]]:
    """Split and index of each item, in order."""
    return [
        (SPLITS[split], position)
        for run in chosen
        for split, position in zip(
            run.items.splits.tolist(), run.items.positions.tolist(), strict=True
        )
    ]


def made(path: Path, store: Store, **arrays: NDArray[Any]) -> Dataset:
    write_arrays(path, arrays)
    return open_dataset(path, store)


def several_labels(number: int = 60) -> NDArray[np.uint8]:
    """Synthetic: fourteen columns, as ChestMNIST's; some items carry none."""
    random = np.random.default_rng(3)
    return (random.random((number, 14)) < 0.1).astype(np.uint8)
