"""Chosen items → a table as CSV (RFC 4180): what each is, where it stands, what it carries.

One header row and nothing above it, so that any reader takes it without options.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from app.datasets.dataset import Dataset
from app.exports.chosen import Chosen, Run, has_several_labels, rows
from app.exports.stream import Export, Size, blocks

JOINT: Final = ";"

# Up to so many rows the size is taken by writing them, which takes some 30 ms.
EXACT_MOST: Final = 20_000

# What a spreadsheet may take for the beginning of a formula (OWASP, CSV Injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001

Cell = str | int


def export(chosen: Chosen) -> Export:
    """Give the table, a run at a time."""
    size = table_size(chosen)
    return Export(blocks(_pieces(chosen)), size.bytes if size.exact else None)


def table_size(chosen: Chosen) -> Size:
    """Give the table's size; of a long one, as its first rows let expect."""
    runs = iter(_pieces(chosen))
    heading = len(next(runs))
    if chosen.total <= EXACT_MOST:
        return Size(heading + sum(map(len, runs)), exact=True)
    (first,) = islice(runs, 1)
    rows_in_first = first.count(b"\r\n")
    return Size(heading + len(first) * chosen.total // rows_in_first, exact=False)


def heading(chosen: Chosen) -> tuple[str, ...]:
    """Name the columns; the dataset has one of its own only where there are several."""
    return (
        *(("dataset",) if chosen.several else ()),
        "split",
        "index",
        "labels",
        "names",
    )


def cells(run: Run, *, several: bool) -> Iterator[tuple[Cell, ...]]:
    """Give the cells of each item under ``heading``; ``several`` datasets are named."""
    texts: dict[tuple[int, ...], tuple[Cell, Cell]] = {}
    front = (safe(run.dataset.id),) if several else ()
    joined = has_several_labels(run.dataset)
    for split, index, values in rows(run):
        found = texts.get(values)
        if found is None:
            found = texts[values] = _label_cells(run.dataset, values, joined=joined)
        yield (*front, split, index, *found)


def written(lines: Iterable[tuple[Cell, ...]]) -> bytes:
    """Write rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def safe(text: str) -> str:
    """Mark as text what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _pieces(chosen: Chosen) -> Iterator[bytes]:
    yield written([heading(chosen)])
    several = chosen.several
    for run in chosen:
        yield written(cells(run, several=several))


def _label_cells(dataset: Dataset, values: tuple[int, ...], *, joined: bool) -> tuple[Cell, Cell]:
    # A name that is only the number again is a number, also below zero.
    names = [
        name if name == str(value) else safe(name)
        for value in values
        for name in (dataset.label_of[value].name,)
    ]
    if joined:
        return JOINT.join(map(str, values)), JOINT.join(names)
    return values[0], names[0]
