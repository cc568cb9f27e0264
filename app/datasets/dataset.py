"""A dataset that can be asked: its splits, labels, task and identity.

Opening one reads the archive's directory, the labels, and small images; large images are begun
when somebody looks, so that a folder of them opens at once.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from app.arrays.archive import Archive, read_archive
from app.arrays.member import Member
from app.arrays.store import Array, Store
from app.catalogue.facts import Facts, facts_for, title_of
from app.datasets import index, indexing
from app.datasets.index import Ints, SplitIndex
from app.datasets.selection import SPLITS, Selection, Split
from app.datasets.subset import Items, Subset, passing
from app.errors import ArchiveError, MissingError
from app.phrases import Phrase

MEMBERS: Final = frozenset(f"{split}_{part}" for split in SPLITS for part in ("images", "labels"))

# Images smaller or larger than this are no pictures to look at, but a mistake or an attack.
SIDE_MOST: Final = 16_384

# Pages and sheets of one selection follow one another.
_SUBSETS_MOST: Final = 64


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
    """One `.npz` file, opened. ``images[split]`` has shape (N, *shape); an empty one may differ.

    ``shape`` is that of one item: (H, W), (H, W, 1), (H, W, 3) or (D, H, W).
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
            for oldest in list(self.subsets)[: max(0, len(self.subsets) - _SUBSETS_MOST + 1)]:
                self.subsets.pop(oldest, None)
            self.subsets[items] = found
        return found

    def _resolve(self, selection: Selection) -> Subset:
        for split in selection.splits:
            self.require_split(split)
        for value in selection.labels:
            if value not in self.label_of:
                listed = ", ".join(str(label.value) for label in self.labels[:20])
                raise MissingError(
                    "label",
                    Phrase(
                        "{title} has no label {value}; its labels are {listed}.",
                        title=self.title,
                        value=value,
                        listed=listed,
                    ),
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
        """Give the split of that name. Raises MissingError if it is not served."""
        for served in self.splits:
            if served == split:
                return served
        for refusal in self.refused:
            if refusal.member and refusal.member.startswith(f"{split}_"):
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

        A split that is filtered out is left out; a label that is filtered out counts 0. An item
        with several labels counts once for each, one without any for none.
        """
        found: dict[Split, dict[int, int]] = {}
        for split, split_index in self.indexes.items():
            if selection.wants_split(split):
                tally = split_index.label_counts(passing(split_index, selection))
                found[split] = {
                    label.value: tally.get(label.value, 0)
                    if selection.counts_label(label.value)
                    else 0
                    for label in self.labels
                }
        return found


def is_volume(shape: tuple[int, ...]) -> bool:
    """Tell (D, H, W) from (H, W, 1) and (H, W, 3): colour is always the last axis."""
    return len(shape) == 3 and shape[2] not in (1, 3)


def open_dataset(path: Path, store: Store) -> Dataset:
    """Open an ``.npz`` file in MedMNIST's layout.

    Raises ArchiveError when not one split of it can be served.
    """
    archive = read_archive(path, MEMBERS)
    refused = dict(archive.refused)
    pairs = _pairs(archive, refused)
    images: dict[Split, Array] = {}
    indexes: dict[Split, SplitIndex] = {}
    shape: tuple[int, ...] | None = None
    # Empty splits last: they fit whatever the others hold.
    for split in sorted(pairs, key=lambda split: not pairs[split][0].shape[0]):
        stack, labels = pairs[split]
        try:
            _check_images(path, stack, shape)
            index_of_split = _indexed(archive, store, split, labels)
            images[split] = store.open(archive, stack.name)
            indexes[split] = index_of_split
            shape = shape or stack.shape[1:]
        except ArchiveError as error:
            refused[error.member or split] = error
    if shape is None:
        raise _nothing_to_serve(path, refused)
    facts = facts_for(path.stem)
    names, task = _labels_and_task(indexes, facts)
    return Dataset(
        id=path.stem,
        archive=archive,
        facts=facts,
        shape=shape,
        task=task,
        labels=names,
        images={split: images[split] for split in SPLITS if split in images},
        indexes={split: indexes[split] for split in SPLITS if split in indexes},
        refused=tuple(refused[name] for name in sorted(refused)),
        ignored=archive.ignored,
    )


def _pairs(
    archive: Archive, refused: dict[str, ArchiveError]
) -> dict[Split, tuple[Member, Member]]:
    """Give the images and labels of each split that has both; note why others have not."""
    pairs: dict[Split, tuple[Member, Member]] = {}
    for split in SPLITS:
        try:
            pair = _pair(archive, split)
            if pair:
                pairs[split] = pair
        except ArchiveError as error:
            refused[error.member or split] = error
    return pairs


def _nothing_to_serve(path: Path, refused: Mapping[str, ArchiveError]) -> ArchiveError:
    if refused:
        return refused[min(refused)]
    return ArchiveError(
        path,
        Phrase("holds no split of a MedMNIST dataset"),
        Phrase("it needs members named train_images and train_labels, or the same for val or test"),
    )


def _pair(archive: Archive, split: Split) -> tuple[Member, Member] | None:
    names = f"{split}_images", f"{split}_labels"
    if any(name in archive.refused for name in names):
        return None
    members = [archive.members.get(name) for name in names]
    match members:
        case [None, None]:
            return None
        case [Member() as images, Member() as labels]:
            if labels.shape[0] == images.shape[0]:
                return images, labels
            raise ArchiveError(
                archive.path,
                Phrase(
                    "has shape {shape}, but {labels} has shape {other}",
                    shape=images.shape,
                    labels=names[1],
                    other=labels.shape,
                ),
                Phrase("store exactly one row of labels for each image"),
                names[0],
            )
        case _:
            here, absent = names if members[0] else names[::-1]
            raise ArchiveError(
                archive.path,
                Phrase("has no {absent} beside it", absent=absent),
                Phrase("store both under one split"),
                here,
            )


def _check_images(path: Path, member: Member, expected: tuple[int, ...] | None) -> None:
    number, *item = member.shape
    if not number and expected:
        return
    if len(item) not in (2, 3) or not all(0 < side <= SIDE_MOST for side in item):
        raise ArchiveError(
            path,
            Phrase("has shape {shape}, which is not a stack of pictures", shape=member.shape),
            Phrase("store images as (N, H, W), (N, H, W, 1), (N, H, W, 3) or (N, D, H, W)"),
            member.name,
        )
    if expected and tuple(item) != expected:
        raise ArchiveError(
            path,
            Phrase(
                "has pictures of shape {item}, but another split has {expected}",
                item=tuple(item),
                expected=expected,
            ),
            Phrase("store all splits at one size"),
            member.name,
        )


def _indexed(archive: Archive, store: Store, split: Split, labels: Member) -> SplitIndex:
    def build(file: BinaryIO) -> None:
        array = store.open(archive, labels.name)
        array.wait(labels.shape[0], math.inf)
        indexing.build(array, file, archive.path, labels.name)
        store.drop(archive, labels.name)

    size = indexing.size(labels.shape[0])
    with store.derived(archive, f"{split}.index", size, build) as file:
        return index.load(file)


def _labels_and_task(
    indexes: Mapping[Split, SplitIndex], facts: Facts | None
) -> tuple[tuple[Label, ...], str]:
    seen: set[int] = set()
    several = False
    for split_index in indexes.values():
        if not split_index.total:
            continue
        seen.update(split_index.values.tolist())
        single = np.eye(len(split_index.values), dtype=np.bool_)
        several = several or not np.array_equal(split_index.carries, single)
    known = {label.value: label for label in facts.labels} if facts else {}
    values = sorted(seen | set(known))
    grades = len(values) if facts and facts.task == "ordinal-regression" else 0
    labels = tuple(
        Label(place, value, known[value].name, known[value].meaning, grades)
        if value in known
        else Label(place, value, str(value), grades=grades)
        for place, value in enumerate(values)
    )
    if facts:
        return labels, facts.task
    if several:
        return labels, "multi-label, binary-class"
    return labels, "binary-class" if len(labels) == 2 else "multi-class"
