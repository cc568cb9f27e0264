"""Several people open the same prepared file at the same moment."""

import threading
from pathlib import Path

import numpy as np

from app.arrays.archive import read_archive
from app.arrays.cache import Cache
from app.arrays.job import SMALL
from app.arrays.store import Store

ITEMS = 100
THREADS = 8


def test_every_thread_finds_a_prepared_member_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.npz"
    np.savez_compressed(path, train_images=np.zeros((ITEMS, SMALL // ITEMS + 1), np.uint8))
    archive = read_archive(path, frozenset({"train_images"}))
    cache = Cache(tmp_path / "cache", 10**10)
    Store(cache).prepare(archive, "train_images")

    seen: list[int] = []
    for _ in range(20):
        store = Store(cache)
        together = threading.Barrier(THREADS)

        def look(store: Store = store, together: threading.Barrier = together) -> None:
            together.wait()
            seen.append(store.open(archive, "train_images").available)

        threads = [threading.Thread(target=look) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(seen) == {ITEMS}
