"""An ``.npz`` file → a dataset that can be asked, with why parts of it are not served.

Opening one reads the archive's directory, the labels, and small images; large images are begun
when somebody looks, so that a folder of them opens at once.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from app.arrays.archive import Archive, read_archive
from app.arrays.derived import derived
from app.arrays.member import Member
from app.arrays.store import Array, Store
from app.catalogue.facts import Facts, facts_for
from app.datasets import index, indexing
from app.datasets.dataset import Dataset, Label
from app.datasets.index import SplitIndex
from app.datasets.selection import SPLITS, Split
from app.errors import ArchiveError
from app.phrases import Amount, Phrase

MEMBERS: Final = frozenset(f"{split}_{part}" for split in SPLITS for part in ("images", "labels"))

# Images smaller or larger than this are no pictures to look at, but a mistake or an attack.
IMAGE_SIDE_MOST: Final = 16_384
# A page of one image or volume takes several times its bytes in memory.
ITEM_BYTES_MOST: Final = 1024 * 1024 * 1024


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
    labelled: tuple[int, ...] | None = None
    # Empty splits last: they fit whatever the others hold.
    for split in sorted(pairs, key=lambda split: not pairs[split][0].shape[0]):
        stack, labels = pairs[split]
        try:
            _check_images(path, stack, shape)
            _check_labels(path, labels, labelled)
            index_of_split = _indexed(archive, store, split, labels)
            images[split] = store.open(archive, stack.name)
            indexes[split] = index_of_split
            shape, labelled = shape or stack.shape[1:], labelled or labels.shape
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
    if len(item) not in (2, 3) or not all(0 < side <= IMAGE_SIDE_MOST for side in item):
        raise ArchiveError(
            path,
            Phrase("has shape {shape}, which is not a stack of pictures", shape=member.shape),
            Phrase(
                "store images as (N, H, W), (N, H, W, 1), (N, H, W, 3) or (N, D, H, W), of at most "
                "{side_most} pixels a side",
                side_most=Amount(IMAGE_SIDE_MOST),
            ),
            member.name,
        )
    if member.item > ITEM_BYTES_MOST:
        raise ArchiveError(
            path,
            Phrase("has pictures or volumes of {size} bytes each", size=Amount(member.item)),
            Phrase(
                "store smaller ones, of at most {most} bytes each", most=Amount(ITEM_BYTES_MOST)
            ),
            member.name,
        )
    if expected and _sides(*item) != _sides(*expected):
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


def _sides(*item: int) -> tuple[int, ...]:
    """Leave out a channel axis of one: (H, W) and (H, W, 1) are the same pictures."""
    return item[:2] if item[2:] == (1,) else item


def _check_labels(path: Path, member: Member, others: tuple[int, ...] | None) -> None:
    """Refuse columns beside class values: the number of one would pass for the other."""
    if not (member.shape[0] and others):
        return
    if math.prod(member.shape[1:]) != math.prod(others[1:]):
        raise ArchiveError(
            path,
            Phrase(
                "has labels of shape {shape}, but another split has {expected}",
                shape=member.shape,
                expected=others,
            ),
            Phrase("store the labels of all splits in the same way"),
            member.name,
        )


def _indexed(archive: Archive, store: Store, split: Split, labels: Member) -> SplitIndex:
    def build(file: BinaryIO) -> None:
        indexing.build(store.open(archive, labels.name), file, archive.path, labels.name)
        store.drop(archive, labels.name)

    size = indexing.size(labels.shape[0])
    return derived(store, archive, f"{split}.index", size, build, index.load)


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
    task = _task(facts, len(values), several=several, empty=not seen)
    grades = len(values) if task == "ordinal-regression" else 0
    labels = tuple(
        Label(place, value, known[value].name, known[value].meaning, grades)
        if value in known
        else Label(place, value, str(value), grades=grades)
        for place, value in enumerate(values)
    )
    return labels, task


def _task(facts: Facts | None, values: int, *, several: bool, empty: bool) -> str:
    own = "binary-class" if values == 2 else "multi-class"
    own = "multi-label, binary-class" if several else own
    if not facts or empty:
        return facts.task if facts else own
    # What only bears a published name may have labels of another kind.
    fits = several == facts.task.startswith("multi-label")
    return facts.task if fits and (facts.task != "binary-class" or values == 2) else own
