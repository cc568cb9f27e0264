"""Selection → positions: the items that pass the filters, in order, without listing them.

A subset is some *groups* (one pattern of one split, see ``index``), each a sorted run of positions
on disk: a handful, but with many labels nearly as many as items. Ranks (places in the subset, from
0) and items are turned into one another by arithmetic and binary search, so that the last page
costs what the first does.
"""

from collections.abc import Iterator, Mapping
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
class _Groups:
    """Patterns of splits, as columns (G,): numbers of splits and patterns, and how they lie.

    The items of a group are ``places[start : start + length]`` of its split's index.
    """

    splits: NDArray[np.int8]
    patterns: NDArray[np.uint16]
    starts: Ints
    lengths: Ints

    def __getitem__(self, which: Ints | NDArray[np.bool_]) -> "_Groups":
        """Give some of the groups."""
        return _Groups(
            self.splits[which], self.patterns[which], self.starts[which], self.lengths[which]
        )


class Subset:
    """The items of a dataset that a selection means, in the order it asks for."""

    def __init__(self, indexes: dict[Split, SplitIndex], selection: Selection) -> None:
        self._indexes = {SPLITS.index(split): index for split, index in indexes.items()}
        self._order: Order = selection.order
        self._seed = selection.seed
        whole = all(index.is_whole for index in indexes.values())
        self._unfiltered = whole and not selection.filters_labels
        self._groups = _groups(self._indexes, selection)
        self._firsts: Ints = np.concatenate(([0], np.cumsum(self._groups.lengths, dtype=np.int64)))

    @property
    def groups(self) -> int:
        """How many groups there are, by which its memory grows."""
        return len(self._groups.starts)

    @property
    def total(self) -> int:
        """How many items there are."""
        return int(self._firsts[-1])

    def items(self, first: int, last: int) -> Items:
        """Give the items at ranks ``first`` up to, not including, ``last`` (both clipped)."""
        first, last = max(0, first), min(last, self.total)
        with self._released():
            if self._order == "index":
                return self._in_index_order(first, last)
            ranks = np.arange(first, max(first, last), dtype=np.int64)
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

    def before(self, split: Split, position: int) -> int | None:
        """Count the items before one that need not be among them; None where no order tells."""
        if self._order != "index":
            return None
        number = SPLITS.index(split)
        with self._released():
            return sum(
                run.below(position) if run.split == number else run.total
                for run in self._runs
                if run.split <= number
            )

    @contextmanager
    def _released(self) -> Iterator[None]:
        """Give back the pages of the indexes that were looked at."""
        yield
        for index in self._indexes.values():
            index.release()

    def _rank(self, number: int, position: int, index: SplitIndex) -> int | None:
        groups = self._groups
        found = np.flatnonzero(
            (groups.splits == number) & (groups.patterns == index.codes[position])
        )
        if not len(found):
            return None
        start, length = int(groups.starts[found[0]]), int(groups.lengths[found[0]])
        run = index.places[start : start + length]
        at = int(np.searchsorted(run, np.uint32(position)))
        if at == len(run) or run[at] != position:
            return None
        if self._order == "index":
            return self._run_of(number).first + self._run_of(number).below(position)
        rank = int(self._firsts[found[0]]) + at
        if self._order == "label":
            return rank
        return int(bijection.gather(np.array([rank]), self.total, self._seed)[0])

    def _in_group_order(self, ranks: Ints) -> Items:
        which = np.searchsorted(self._firsts, ranks, side="right") - 1
        splits = self._groups.splits[which]
        offsets = ranks - self._firsts[which] + self._groups.starts[which]
        positions = np.empty(len(ranks), np.int64)
        for number, index in self._indexes.items():
            mine = splits == number
            positions[mine] = index.places[offsets[mine]]
        return Items(splits, positions)

    def _in_index_order(self, first: int, last: int) -> Items:
        splits, positions = [np.empty(0, np.int8)], [np.empty(0, np.int64)]
        for run in self._runs:
            begin, end = max(0, first - run.first), min(last - run.first, run.total)
            if begin >= end:
                continue
            found = (
                np.arange(begin, end, dtype=np.int64)
                if self._unfiltered
                else run.between(begin, end)
            )
            splits.append(np.full(len(found), run.split, np.int8))
            positions.append(found)
        return Items(np.concatenate(splits), np.concatenate(positions))

    @cached_property
    def _runs(self) -> list["_Run"]:
        """The groups of each split taken together, in the order of the splits."""
        runs: list[_Run] = []
        first = 0
        for split in np.unique(self._groups.splits).tolist():
            groups = self._groups[self._groups.splits == split]
            run = _Run(split, first, self._indexes[split], groups)
            runs.append(run)
            first += run.total
        return runs

    def _run_of(self, split: int) -> "_Run":
        return next(run for run in self._runs if run.split == split)


class _Run:
    """Several disjoint sorted groups of one split, seen as one sorted list of positions."""

    def __init__(self, split: int, first: int, index: SplitIndex, groups: _Groups) -> None:
        self.split = split
        self.first = first
        self._index = index
        self._starts = groups.starts
        self._stops = groups.starts + groups.lengths
        self.total = int(groups.lengths.sum())

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


def _groups(indexes: Mapping[int, SplitIndex], selection: Selection) -> _Groups:
    """Give the groups that pass the filters: by split for the order of indexes, else by labels."""
    splits, patterns = [np.empty(0, np.int8)], [np.empty(0, np.uint16)]
    starts, lengths = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    labels: list[tuple[int, ...]] = []
    for split, index in sorted(indexes.items()):
        if not selection.wants_split(SPLITS[split]):
            continue
        found = np.flatnonzero(passing(index, selection) & (index.counts > 0))
        splits.append(np.full(len(found), split, np.int8))
        patterns.append(found.astype(np.uint16))
        lengths.append(index.counts[found])
        starts.append(np.cumsum(index.counts)[found] - index.counts[found])
        if selection.order != "index":
            labels += [index.patterns[pattern] for pattern in found.tolist()]
    groups = _Groups(
        np.concatenate(splits),
        np.concatenate(patterns),
        np.concatenate(starts),
        np.concatenate(lengths),
    )
    if selection.order == "index":
        return groups
    # Groups with the same labels stay in the order of their splits.
    return groups[np.array(sorted(range(len(labels)), key=labels.__getitem__), np.int64)]
