"""Selection → positions: the items that pass the filters, in order, without listing them.

A subset is a handful of *groups* (one pattern of one split, see ``index``), each a sorted run of
positions on disk. Ranks (places in the subset, from 0) and items are turned into one another by
arithmetic and binary search, so that the last page costs what the first does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.datasets import bijection
from app.datasets.index import SplitIndex
from app.datasets.selection import SPLITS, Order, Selection, Split

Ints = NDArray[np.int64]

# Below this many groups a search in each is faster than one search through all at once.
_FEW: Final = 32


@dataclass(frozen=True)
class Items:
    """Items in order: ``splits`` (n,) int8 numbers into SPLITS, ``positions`` (n,) int64."""

    splits: NDArray[np.int8]
    positions: Ints

    def __len__(self) -> int:
        """Number of items."""
        return len(self.positions)

    def __getitem__(self, part: slice) -> "Items":
        """Give some of the items, in the same order."""
        return Items(self.splits[part], self.positions[part])


@dataclass(frozen=True)
class _Group:
    """One pattern of one split: ``places[start:stop]`` of that split's index."""

    split: int
    labels: tuple[int, ...]
    start: int
    stop: int


class Subset:
    """The items of a dataset that a selection means, in the order it asks for."""

    def __init__(self, indexes: dict[Split, SplitIndex], selection: Selection) -> None:
        self._indexes = {SPLITS.index(split): index for split, index in indexes.items()}
        self._order: Order = selection.order
        self._seed = selection.seed
        whole = all(index.is_whole for index in indexes.values())
        self._unfiltered = whole and not selection.filters_labels
        groups = [
            group
            for split, index in indexes.items()
            if selection.wants_split(split)
            for group in _groups(SPLITS.index(split), index, selection)
        ]
        if self._order != "index":
            groups.sort(key=lambda group: (group.labels, group.split))
        self._groups = groups
        lengths = [group.stop - group.start for group in groups]
        self._firsts: Ints = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))

    @property
    def total(self) -> int:
        """How many items there are."""
        return int(self._firsts[-1])

    def items(self, first: int, last: int) -> Items:
        """Give the items at ranks ``first`` up to, not including, ``last`` (both clipped)."""
        first, last = max(0, first), min(last, self.total)
        ranks = np.arange(first, max(first, last), dtype=np.int64)
        with self._released():
            if self._order == "index":
                return self._in_index_order(ranks)
            if self._order == "random":
                ranks = bijection.scatter(ranks, self.total, self._seed)
            return self._in_group_order(ranks)

    def rank(self, split: Split, position: int) -> int | None:
        """Give the place of an item in this subset, or None if it does not pass the filters."""
        number = SPLITS.index(split)
        index = self._indexes.get(number)
        if index is None or not 0 <= position < index.total:
            return None
        with self._released():
            return self._rank(number, position, index)

    @contextmanager
    def _released(self) -> Iterator[None]:
        """Give back the pages of the indexes that were looked at."""
        yield
        for index in self._indexes.values():
            index.release()

    def _rank(self, number: int, position: int, index: SplitIndex) -> int | None:
        for which, group in enumerate(self._groups):
            if group.split != number:
                continue
            run = index.places[group.start : group.stop]
            at = int(np.searchsorted(run, np.uint32(position)))
            if at == len(run) or run[at] != position:
                continue
            if self._order == "index":
                return self._run_of(number).first + self._run_of(number).below(position)
            rank = int(self._firsts[which]) + at
            if self._order == "label":
                return rank
            return int(bijection.gather(np.array([rank]), self.total, self._seed)[0])
        return None

    def _in_group_order(self, ranks: Ints) -> Items:
        which = np.searchsorted(self._firsts, ranks, side="right") - 1
        splits = np.empty(len(ranks), np.int8)
        positions = np.empty(len(ranks), np.int64)
        for number in np.unique(which):
            group = self._groups[number]
            mine = which == number
            offsets = ranks[mine] - self._firsts[number] + group.start
            splits[mine] = group.split
            positions[mine] = self._indexes[group.split].places[offsets]
        return Items(splits, positions)

    def _in_index_order(self, ranks: Ints) -> Items:
        splits, positions = [np.empty(0, np.int8)], [np.empty(0, np.int64)]
        for run in self._runs:
            mine = ranks[(ranks >= run.first) & (ranks < run.first + run.total)] - run.first
            if not len(mine):
                continue
            found = mine if self._unfiltered else run.between(int(mine[0]), int(mine[-1]) + 1)
            splits.append(np.full(len(found), run.split, np.int8))
            positions.append(found)
        return Items(np.concatenate(splits), np.concatenate(positions))

    @cached_property
    def _runs(self) -> list["_Run"]:
        """The groups of each split taken together, in the order of the splits."""
        runs: list[_Run] = []
        first = 0
        for split in sorted({group.split for group in self._groups}):
            groups = [group for group in self._groups if group.split == split]
            run = _Run(split, first, self._indexes[split], groups)
            runs.append(run)
            first += run.total
        return runs

    def _run_of(self, split: int) -> "_Run":
        return next(run for run in self._runs if run.split == split)


class _Run:
    """Several disjoint sorted groups of one split, seen as one sorted list of positions."""

    def __init__(self, split: int, first: int, index: SplitIndex, groups: list[_Group]) -> None:
        self.split = split
        self.first = first
        self._index = index
        self._starts = np.array([group.start for group in groups], np.int64)
        self._stops = np.array([group.stop for group in groups], np.int64)
        self.total = int((self._stops - self._starts).sum())

    def below(self, position: int) -> int:
        """Count the items that stand before this position."""
        return int((self._cuts(position) - self._starts).sum())

    def between(self, first: int, last: int) -> Ints:
        """Give the positions at ranks first … last-1, ascending."""
        starts, stops = self._cuts(self._cut_for(first)), self._cuts(self._cut_for(last))
        parts = [self._index.places[a:b] for a, b in zip(starts, stops, strict=True) if a < b]
        return np.sort(np.concatenate(parts)).astype(np.int64)

    def _cut_for(self, rank: int) -> int:
        """Find the least position with exactly ``rank`` items before it."""
        low, high = 0, self._index.total
        while low < high:
            middle = (low + high) // 2
            if self.below(middle) < rank:
                low = middle + 1
            else:
                high = middle
        return low

    def _cuts(self, position: int) -> Ints:
        """Give, for each group, where in ``places`` the first item at or after this stands."""
        places = self._index.places
        if len(self._starts) <= _FEW:
            # Of the same dtype as the places: else NumPy would convert all of them first.
            sought = np.uint32(position)
            return np.array(
                [
                    start + np.searchsorted(places[start:stop], sought)
                    for start, stop in zip(self._starts, self._stops, strict=True)
                ],
                dtype=np.int64,
            )
        low, high = self._starts.copy(), self._stops.copy()
        while (open_ := low < high).any():
            middle = (low + high) // 2
            after = np.zeros(len(low), np.bool_)
            after[open_] = places[middle[open_]] < position
            low = np.where(after, middle + 1, low)
            high = np.where(open_ & ~after, middle, high)
        return low


def passing(index: SplitIndex, selection: Selection) -> NDArray[np.bool_]:
    """Say of each pattern of an index whether its items pass the filter of labels: (P,)."""
    if not selection.filters_labels:
        return np.ones(len(index.counts), np.bool_)
    wanted = np.isin(index.values, selection.labels)
    bare = ~index.carries.any(axis=1)
    some = index.carries[:, wanted]
    if selection.match != "all":
        found = some.any(axis=1) | (bare & selection.unlabelled)
        return np.asarray(found if selection.match == "any" else ~found)
    # Where a label is on no item of the split, no item has all of them.
    passes = some.all(axis=1) & (wanted.sum() == len(selection.labels))
    return np.asarray(passes & (bare | (not selection.unlabelled)))


def _groups(split: int, index: SplitIndex, selection: Selection) -> list[_Group]:
    stops = np.cumsum(index.counts)
    groups = []
    for pattern in np.flatnonzero(passing(index, selection) & (index.counts > 0)).tolist():
        stop = int(stops[pattern])
        start = stop - int(index.counts[pattern])
        groups.append(_Group(split, index.patterns[pattern], start, stop))
    return groups
