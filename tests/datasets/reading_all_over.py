"""A process that opens a dataset, looks all over it, and prints how much memory that took.

``reading_all_over.py FILE CACHE`` prints JSON: ``opening`` and ``reading``, the most private bytes
over the idle process, ``describing`` for pixel statistics, ``adding up`` for mean images, and
``pages``, how many pages were read.
"""

import json
import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets import statistics
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import ORDERS, SPLITS, Selection
from app.pictures.tallies import inquire
from app.pictures.tally import measure

CHUNK = 50


def private() -> int:
    """Private bytes of this process; mapped file pages that only we look at are among them."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    found = (line.split() for line in lines)
    return 1024 * sum(
        int(row[1]) for row in found if row[0] in ("Private_Clean:", "Private_Dirty:")
    )


@contextmanager
def most(peaks: dict[str, int], name: str, idle: int) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            peaks[name] = max(peaks.get(name, 0), private() - idle)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def look(dataset: Dataset, selection: Selection) -> int:
    """Read pages from the first to the last; how many."""
    subset = dataset.subset(selection)
    step = max(CHUNK, subset.total // 60)
    for first in [*range(0, subset.total, step), subset.total - CHUNK]:
        items = subset.items(first, first + CHUNK)
        dataset.labels_of(items)
        for number in np.unique(items.splits).tolist():
            places = items.positions[items.splits == number]
            dataset.images[SPLITS[number]].take(places)
            subset.rank(SPLITS[number], int(places[0]))
    return 1 + math.ceil(subset.total / step)


def main() -> None:
    path, cache = map(Path, sys.argv[1:])
    store = Store(Cache(cache, 10**10))
    time.sleep(0.2)
    idle = private()
    peaks: dict[str, int] = {}
    with most(peaks, "opening", idle):
        dataset = open_dataset(path, store)
        for images in dataset.images.values():
            images.wait(images.shape[0], math.inf)
    with most(peaks, "reading", idle):
        pages = sum(
            look(dataset, Selection(order=order, labels=labels, seed=1))
            for order in ORDERS
            for labels in ((), (1,), (0, 2))
        )
    with most(peaks, "describing", idle):
        for split in dataset.splits:
            statistics.of_split(dataset, split, store, lambda _done: None)
    with most(peaks, "adding up", idle):
        for everything in (False, True):
            asked = inquire(dataset, Selection(), everything=everything)
            measure(dataset, asked.runs(), asked.labels, asked.bins, lambda _done: None)
    refused = [str(error) for error in dataset.refused]
    json.dump(peaks | {"pages": pages, "refused": refused}, sys.stdout)


main()
