"""A process that exports a large dataset in each form and prints how much memory that took.

``exporting_all.py FILE CACHE FOLDER`` writes the exports to FOLDER and prints JSON: for each form
the most private bytes over the process that has opened the file.
"""

import json
import math
import sys
from pathlib import Path

# What importing them takes is not an export's; where pandas is installed, pyarrow imports it.
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.opening import open_dataset
from app.datasets.selection import parse
from app.exports import folder, npz, parquet, table
from app.exports.chosen import Selected
from app.exports.origin import Origin
from app.exports.stream import Export


def private() -> int:
    """Private bytes of this process; mapped file pages that only we look at are among them."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    found = (line.split() for line in lines)
    return 1024 * sum(
        int(row[1]) for row in found if row[0] in ("Private_Clean:", "Private_Dirty:")
    )


def write(export: Export, path: Path, idle: int) -> int:
    """Write an export; the most memory that it took."""
    most = 0
    with path.open("wb") as file:
        for block in export.blocks:
            file.write(block)
            most = max(most, private() - idle)
    return most


def main() -> None:
    path, cache, out = map(Path, sys.argv[1:])
    store = Store(Cache(cache, 10**10))
    dataset = open_dataset(path, store)
    for images in dataset.images.values():
        images.wait(images.shape[0], math.inf)

    def chosen(query: str) -> tuple[Selected, Origin]:
        found = Selected(dataset, parse(query))
        return found, Origin("title", "count", "order", "/d/synthetic", (dataset,))

    rows, origin = chosen("order=random&seed=1")
    some, _ = chosen("label=0")
    idle = private()
    peaks = {
        "csv": write(table.export(rows), out / "rows.csv", idle),
        "parquet": write(parquet.export(rows, origin), out / "rows.parquet", idle),
        "npz": write(npz.export(rows, origin, store), out / "some.npz", idle),
        "zip": write(folder.export(some, origin), out / "some.zip", idle),
    }
    json.dump(peaks, sys.stdout)


main()
