"""What pixels to add up, and where that is done: a bounded sample at once, all in the background.

What was added up of a sample stays in memory for a while; what was added up of all is kept in the
cache, as it may have taken long.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.arrays.derived import derived
from app.arrays.store import Store
from app.datasets.cooccurrence import carried_under
from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.datasets.subset import Items
from app.datasets.survey import Learned, Surveys
from app.pictures import sheet
from app.pictures.tally import (
    Bins,
    Report,
    Tally,
    bins_of,
    holds_reals,
    measure,
    picture_bytes,
    picture_shape,
)

# Reading and adding up so much takes about a second.
SAMPLE_ITEMS: Final = 20_000
SAMPLE_BYTES: Final = 64 * 1024 * 1024

# More labels than this nobody looks through, and their sums must stay small in memory.
ROWS_MOST: Final = 41
_SUMS_BYTES: Final = 16 * 1024 * 1024

_RUN_ITEMS: Final = 4096
# Raise it when the same pixels are added up otherwise.
_FORM: Final = 2


@dataclass(frozen=True)
class Inquiry:
    """Which pixels are added up: of ``number`` items out of the ``total`` that a selection means.

    Fewer than all are a random sample by the selection's ``seed``. ``labels`` are those that are
    told apart (None: no label), ``left_out`` says how many more there would be. What takes long is
    done in the ``background``, and kept.
    """

    dataset: Dataset
    selection: Selection
    number: int
    total: int
    labels: tuple[int | None, ...]
    left_out: int
    bins: Bins
    background: bool

    @property
    def is_whole(self) -> bool:
        """Say whether all items are added up, not a sample."""
        return self.number == self.total

    @cached_property
    def name(self) -> str:
        """What tells its numbers from all others of the same file, short enough for a file name."""
        told = f"{_FORM} {self.number} {self.selection.query()}"
        return f"pixels-{hashlib.sha256(told.encode()).hexdigest()[:24]}"

    @cached_property
    def nbytes(self) -> int:
        """How many bytes of pixels are read."""
        sizes = (picture_bytes(self.dataset, array) for array in self.dataset.images.values())
        return self.number * max(sizes)

    def runs(self) -> Iterator[Items]:
        """Give the items, a few thousand at a time, in the order in which they lie in the file."""
        if self.is_whole:
            subset = self.dataset.subset(replace(self.selection, order="index", seed=0))
            for first in range(0, subset.total, _RUN_ITEMS):
                yield subset.items(first, first + _RUN_ITEMS)
            return
        subset = self.dataset.subset(replace(self.selection, order="random"))
        drawn = subset.items(0, self.number)
        order = np.lexsort((drawn.positions, drawn.splits))
        yield Items(drawn.splits[order], drawn.positions[order])


def fits(dataset: Dataset) -> bool:
    """Say whether pictures of this size can be added up at all."""
    return _rows(dataset) > 0


def inquire(dataset: Dataset, selection: Selection, *, everything: bool = False) -> Inquiry:
    """Plan what to add up of a selection. Raises MissingError for what isn't there, ArchiveError.

    Past the bounds above a sample is taken, unless ``everything`` is asked for.
    """
    subset = dataset.subset(selection)
    labels = _labels(dataset, selection)
    most = max(0, _rows(dataset) - 1)
    largest = max(picture_bytes(dataset, array) for array in dataset.images.values())
    most_items = min(SAMPLE_ITEMS, max(1, SAMPLE_BYTES // largest))
    number = subset.total if everything else min(subset.total, most_items)
    return Inquiry(
        dataset,
        _deciding(selection, sampled=number < subset.total),
        number=number,
        total=subset.total,
        labels=labels[:most],
        left_out=len(labels[most:]),
        bins=bins_of(dataset, sheet.window_of(dataset)),
        background=number > most_items,
    )


def _deciding(selection: Selection, *, sampled: bool) -> Selection:
    """Give what decides which pixels are added up: the filters, and the seed of a sample."""
    return Selection(
        splits=selection.splits,
        labels=selection.labels,
        unlabelled=selection.unlabelled,
        match=selection.match,
        seed=selection.seed if sampled else 0,
    )


class Tallies:
    """Adds up pixels; samples never wait behind whole files."""

    def __init__(self, store: Store, surveys: Surveys) -> None:
        self._store = store
        self._samples = Surveys(store)
        self._surveys = surveys

    def ask(self, inquiry: Inquiry, seconds: float) -> Learned[Tally]:
        """Give the sums, or how far they are after waiting for so many seconds.

        Raises TooManyError where too many others wait.
        """
        dataset, name = inquiry.dataset, inquiry.name

        def add_up(report: Report) -> Tally:
            return measure(dataset, inquiry.runs(), inquiry.labels, inquiry.bins, report)

        def kept(report: Report) -> Tally:
            made: list[Tally] = []

            def build(file: BinaryIO) -> None:
                made.append(add_up(report))
                # Of stored pictures, those are read too that may yet prove damaged.
                for split, images in dataset.images.items():
                    if inquiry.selection.wants_split(split):
                        images.finish()
                _write(made[0], file)

            def load(file: BinaryIO) -> Tally:
                return made[0] if made else _read(inquiry, file)

            return derived(self._store, dataset.archive, name, _size(inquiry), build, load)

        surveys, learn = (self._surveys, kept) if inquiry.background else (self._samples, add_up)
        return surveys.learn(dataset, name, inquiry.nbytes, learn, seconds, may_be_many=True)

    def stop(self, inquiry: Inquiry) -> None:
        """Stop adding these up, if that is under way in the background."""
        if inquiry.background:
            self._surveys.stop(inquiry.dataset, inquiry.name)


def _rows(dataset: Dataset) -> int:
    """How many mean images fit into the bound, that of all images among them."""
    height, width, channels = picture_shape(dataset)
    size = height * width * channels * np.dtype(np.float64).itemsize
    return min(ROWS_MOST, _SUMS_BYTES // size)


def _labels(dataset: Dataset, selection: Selection) -> tuple[int | None, ...]:
    """Give the labels counted that images under the filter carry, and None if some carry none."""
    counts = dataset.counts(selection).values()
    labels: list[int | None] = [
        label.value
        for label in dataset.labels
        if selection.counts_label(label.value) and any(split[label.value] for split in counts)
    ]
    bare = any(split.with_none for split in carried_under(dataset, selection).values())
    return (*labels, None) if bare else tuple(labels)


def _arrays(tally: Tally) -> tuple[NDArray[Any], ...]:
    return tally.images, tally.sums, tally.counts, tally.outside, tally.left_out


def _size(inquiry: Inquiry) -> int:
    """Bytes that the file of an inquiry takes, about."""
    height, width, channels = picture_shape(inquiry.dataset)
    pixels = height * width * (2 if holds_reals(inquiry.dataset) else 1)
    row = 8 * channels * (pixels + inquiry.bins.number + 3) + 16
    return 1024 + (1 + len(inquiry.labels)) * row


def _write(tally: Tally, file: BinaryIO) -> None:
    for array in _arrays(tally):
        npy.write_array(file, array, allow_pickle=False)


def _read(inquiry: Inquiry, file: BinaryIO) -> Tally:
    return Tally(
        inquiry.labels,
        inquiry.bins,
        *(npy.read_array(file, allow_pickle=False) for _ in range(5)),
    )
