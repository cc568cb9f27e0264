"""A dataset that can be asked: its splits, labels, task and identity."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from app.arrays.archive import Archive
from app.arrays.store import Array
from app.catalogue.facts import Facts, title_of
from app.datasets.index import Ints, SplitIndex
from app.datasets.query import short
from app.datasets.selection import SPLITS, Selection, Split
from app.datasets.subset import Items, Subset, passing
from app.errors import ArchiveError, MissingError
from app.phrases import Phrase, listed

# Pages and sheets of one selection follow one another.
_SUBSETS_MOST: Final = 64
# Of all selections kept, some 30 MB: with many labels, each may have as many groups as items.
_GROUPS_MOST: Final = 1_000_000


@dataclass(frozen=True)
class Label:
    """A class value and what it is called, here and in words (``meaning``, often empty).

    ``place`` counts the dataset's labels from 0, by value; where they are in order, as grades are,
    ``grades`` is their number, else 0.
    """

    place: int
    value: int
    name: str
    meaning: str = ""
    grades: int = 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """One `.npz` file, opened. ``images[split]`` has shape (N, *shape).

    It may have a channel axis of one where ``shape`` has none, or none where that has one; an empty
    one may differ in all. ``shape`` is that of one item: (H, W), (H, W, 1), (H, W, 3) or (D, H, W).
    ``refused`` holds why a split, or a member, is not served; ``ignored`` names the members that
    are not part of the layout. ``subsets`` keeps the last selections that were resolved.
    ``narrowed_to`` names the items that it was narrowed to, if it was.
    """

    id: str
    archive: Archive
    facts: Facts | None
    shape: tuple[int, ...]
    task: str
    labels: tuple[Label, ...]
    images: Mapping[Split, Array]
    indexes: Mapping[Split, SplitIndex]
    refused: tuple[ArchiveError, ...]
    ignored: tuple[str, ...]
    subsets: dict[Selection, Subset] = field(default_factory=dict, repr=False)
    narrowed_to: str = ""

    @property
    def title(self) -> str:
        """The published name, or the file's own."""
        return title_of(self.id) or self.id

    @property
    def modality(self) -> str:
        """As MedMNIST names it; a file that is not in the catalogue does not say."""
        return self.facts.modality if self.facts else Phrase("Unknown")

    @property
    def is_volume(self) -> bool:
        """Say whether an item is a volume, to be looked at slice by slice."""
        return is_volume(self.shape)

    @property
    def channels(self) -> int:
        """3 for colour, 1 for grey."""
        return 3 if len(self.shape) == 3 and not self.is_volume and self.shape[2] == 3 else 1

    @property
    def is_multi_label(self) -> bool:
        """Say whether an item may carry several labels, or none."""
        return self.task.startswith("multi-label")

    @cached_property
    def types(self) -> frozenset[np.dtype[Any]]:
        """The types of its values: those of images that are there, not what an empty split has."""
        filled = [array for array in self.images.values() if array.shape[0]]
        return frozenset(array.dtype for array in filled or self.images.values())

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that are served, in the fixed order."""
        return tuple(self.images)

    @property
    def total(self) -> int:
        """Number of items in all splits."""
        return sum(split.total for split in self.indexes.values())

    @cached_property
    def label_of(self) -> Mapping[int, Label]:
        """The labels by their values."""
        return {label.value: label for label in self.labels}

    def labels_of(self, items: Items) -> list[tuple[int, ...]]:
        """Give the label values that each item carries, in the items' order."""
        if len(items) and (items.splits == items.splits[0]).all():
            return self.indexes[SPLITS[items.splits[0]]].labels_of(items.positions)
        found: list[tuple[int, ...]] = [()] * len(items)
        for number in np.unique(items.splits).tolist():
            places = np.flatnonzero(items.splits == number)
            rows = self.indexes[SPLITS[number]].labels_of(items.positions[places])
            for place, values in zip(places.tolist(), rows, strict=True):
                found[place] = values
        return found

    def subset(self, selection: Selection) -> Subset:
        """Resolve a selection. Raises MissingError for a split or label that is not here."""
        items = replace(
            selection, page=1, per_page=Selection.per_page, bars=Selection.bars, display=""
        )
        found = self.subsets.get(items)
        if found is None:
            found = self._resolve(items)
            kept = self.subsets.copy()
            groups = found.groups + sum(subset.groups for subset in kept.values())
            for number, (oldest, subset) in enumerate(kept.items()):
                if len(kept) - number < _SUBSETS_MOST and groups <= _GROUPS_MOST:
                    break
                groups -= subset.groups
                self.subsets.pop(oldest, None)
            self.subsets[items] = found
        return found

    def _resolve(self, selection: Selection) -> Subset:
        for split in selection.splits:
            self.require_split(split)
        for value in selection.labels:
            if value not in self.label_of:
                raise MissingError(
                    "label",
                    Phrase(
                        "{title} has no label {value}; its labels are {listed}.",
                        title=self.title,
                        value=short(str(value)),
                        listed=listed(str(label.value) for label in self.labels),
                    )
                    if self.labels
                    else Phrase("{title} has no labels.", title=self.title),
                )
        return Subset(dict(self.indexes), selection)

    def narrowed(self, only: Mapping[Split, Ints]) -> "Dataset":
        """Give this dataset with some items alone to be selected and counted (ascending indexes).

        All else is as before: an item's page, and how many a split has.
        """
        digest = hashlib.sha256()
        indexes = {}
        for split, index_of_split in self.indexes.items():
            positions = only.get(split, np.empty(0, np.int64))
            indexes[split] = index_of_split.within(positions)
            digest.update(split.encode() + positions.astype("<i8").tobytes())
        return replace(self, indexes=indexes, narrowed_to=digest.hexdigest()[:24], subsets={})

    def require_split(self, split: str) -> Split:
        """Give the split of that name.

        Raises MissingError if it is not served, ArchiveError if that may soon be over.
        """
        for served in self.splits:
            if served == split:
                return served
        for refusal in self.refused:
            # Of its images, its labels, or (train, train.index) of what is made of them.
            if refusal.member and re.split(r"[_.]", refusal.member)[0] == split:
                if refusal.passing:
                    raise refusal.with_traceback(None)
                raise MissingError("split", refusal.args[0])
        raise MissingError(
            "split",
            Phrase(
                "{title} has no such split here; it has {splits}.",
                title=self.title,
                splits=", ".join(self.splits),
            ),
        )

    def counts(self, selection: Selection) -> dict[Split, dict[int, int]]:
        """Count items by split and label under the selection's filters.

        A split that is filtered out is left out. An item with several labels counts once for each,
        also for those that were not asked for; one without any for none.
        """
        found: dict[Split, dict[int, int]] = {}
        for split, split_index in self.indexes.items():
            if selection.wants_split(split):
                tally = split_index.label_counts(passing(split_index, selection))
                found[split] = {label.value: tally.get(label.value, 0) for label in self.labels}
        return found


def is_volume(shape: tuple[int, ...]) -> bool:
    """Tell (D, H, W) from (H, W, 1) and (H, W, 3): colour is always the last axis."""
    return len(shape) == 3 and shape[2] not in (1, 3)
