"""Is a file the published one? Certain by its MD5; doubtful at a glance by what it holds.

``differences`` costs nothing and is asked for by every page; ``md5`` reads the whole file.
"""

import hashlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from app.arrays.archive import Archive, stamp_of
from app.arrays.derived import derived
from app.arrays.store import Store
from app.catalogue.facts import Facts, PublishedFile, published_as, size_of, title_of
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS
from app.errors import ArchiveError
from app.phrases import Amount, Phrase

Standing = Literal["official", "different", "unpublished", "checking", "unknown"]

_BLOCK: Final = 1024 * 1024
_MD5_CHARACTERS: Final = 32
_LISTED_MOST: Final = 5


@dataclass(frozen=True)
class Identity:
    """How a file stands to what is published.

    ``official``     its MD5 is a published one
    ``different``    it has a published name, but other content than that name promises
    ``unpublished``  neither its name nor its content is published
    ``checking``     its MD5 is not known yet
    ``unknown``      its MD5 can't be known: the file can't be read to its end

    ``sentence`` says so in words. ``differences`` are from what its name promises, each a sentence
    part. ``published`` is the file whose MD5 it has.
    """

    standing: Standing
    sentence: str
    md5: str | None
    differences: tuple[str, ...]
    published: PublishedFile | None = None

    @property
    def line(self) -> str:
        """All of it on one line: the sentence, the differences, the MD5."""
        apart = f" It differs: {'; '.join(self.differences)}." if self.differences else ""
        return f"{self.sentence}{apart}" + (f" MD5 {self.md5}" if self.md5 else "")

    @property
    def is_earlier(self) -> bool:
        """Say whether it is the earlier record's file, where that differs from the current one."""
        return self.published is not None and self.md5 != self.published.md5s[0]


def identify(dataset: Dataset, md5: str | None, error: ArchiveError | None = None) -> Identity:
    """Say how a file stands to what is published, by its MD5 (None while that is not known)."""
    name, facts = dataset.archive.path.name, dataset.facts
    promised = facts is not None and not facts.is_demo
    apart = differences(dataset)
    if error:
        return Identity(
            "unknown", Phrase("Its MD5 is not known: {error}", error=error.args[0]), None, apart
        )
    if md5 is None:
        return Identity(
            "checking",
            Phrase("Whether it is a published file is being checked by its MD5."),
            None,
            apart,
        )
    found = published_as(md5)
    if found is None:
        if promised:
            sentence = Phrase(
                "It is named {name}, but its MD5 is not that of the published file.", name=name
            )
            if not apart:
                sentence = Phrase(
                    "{before} Its counts, shape and labels are as published.", before=sentence
                )
            return Identity("different", sentence, md5, apart)
        sentence = Phrase("It is not a published file of MedMNIST: no published file has its MD5.")
        return Identity("unpublished", sentence, md5, apart)
    _, file = found
    stem = file.name.removesuffix(".npz")
    what = title_of(stem)
    if promised and stem != dataset.id:
        sentence = Phrase(
            "It is named {name}, but its MD5 is that of the published {what}.", name=name, what=what
        )
        return Identity("different", sentence, md5, apart, file)
    sentence = (
        Phrase("Official: its MD5 is that of {what} in the current record", what=what)
        if md5 == file.md5s[0]
        else Phrase("Official: its MD5 is that of {what} in the earlier record (2022)", what=what)
    )
    renamed = Phrase(", under another name") if stem != dataset.id else ""
    sentence = Phrase("{sentence}{renamed}.", sentence=sentence, renamed=renamed)
    return Identity("official", sentence, md5, apart, file)


def differences(dataset: Dataset) -> tuple[str, ...]:
    """List what of a file contradicts the facts that its name promises, each as a sentence part.

    Of a name that is not published nothing is promised. Reads nothing.
    """
    facts = dataset.facts
    if facts is None:
        return ()
    return (
        *_count_differences(dataset, facts),
        *_shape_differences(dataset, facts),
        *_label_differences(dataset, facts),
    )


def _count_differences(dataset: Dataset, facts: Facts) -> list[str]:
    here = {split: dataset.indexes[split].total for split in dataset.splits}
    if here in (dict(facts.counts), dict(facts.earlier_counts)):
        return []
    apart: list[str] = []
    for split in SPLITS:
        count = here.get(split)
        promised = {facts.counts[split], facts.earlier_counts.get(split, facts.counts[split])}
        if count is None:
            apart.append(
                Phrase(
                    "{split} is not served here, and {number} are published",
                    split=split,
                    number=Amount(facts.counts[split]),
                )
            )
        elif count not in promised:
            apart.append(_counted(split, count, sorted(promised)))
    # Each split is as in one of the two records, but not all as in the same.
    return apart or [Phrase("its splits have counts of two different records")]


def _counted(split: str, count: int, promised: list[int]) -> Phrase:
    if len(promised) == 1:
        return Phrase(
            "{split} has {count} instead of {promised}",
            split=split,
            count=Amount(count),
            promised=Amount(promised[0]),
        )
    return Phrase(
        "{split} has {count} instead of {one} or {other}",
        split=split,
        count=Amount(count),
        one=Amount(promised[0]),
        other=Amount(promised[1]),
    )


def _shape_differences(dataset: Dataset, facts: Facts) -> list[str]:
    size = size_of(dataset.id)
    if size is None:
        return []
    sides = (size,) * facts.dimensions
    promised = (*sides, 3) if facts.channels == 3 else sides
    if dataset.shape in (promised, (*sides, facts.channels)):
        return []
    return [
        Phrase(
            "an item has shape {shape}, not {promised}",
            shape=_sides(dataset.shape),
            promised=_sides(promised),
        )
    ]


def _label_differences(dataset: Dataset, facts: Facts) -> list[str]:
    columns = len(facts.labels) if facts.task.startswith("multi-label") else 1
    promised = {label.value for label in facts.labels}
    apart: list[str] = []
    strange = set[int]()
    for split in dataset.splits:
        shape = dataset.archive.members[f"{split}_labels"].shape
        here = math.prod(shape[1:])
        if here != columns:
            apart.append(
                Phrase.plural(
                    "{split} has labels in {number} column, not in {columns}",
                    "{split} has labels in {number} columns, not in {columns}",
                    here,
                    split=split,
                    columns=str(columns),
                )
            )
        elif columns == 1:
            strange.update(set(dataset.indexes[split].values.tolist()) - promised)
    if strange:
        listed = ", ".join(map(str, sorted(strange)[:_LISTED_MOST]))
        more = " …" if len(strange) > _LISTED_MOST else ""
        apart.append(Phrase("it has labels that are not published: {listed}", listed=listed + more))
    return apart


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def md5(archive: Archive, store: Store, report: Callable[[int], None]) -> str:
    """Give the MD5 of a file, read once to its end, then kept in the cache.

    ``report`` is told how many bytes have been read. Raises ArchiveError or OSError.
    """

    def build(file: BinaryIO) -> None:
        file.write(_read_md5(archive, report).encode())

    # Of this very file: one of the same content key may have been damaged since.
    stamp = hashlib.sha256(repr(archive.stamp).encode()).hexdigest()[:16]
    return derived(store, archive, f"{stamp}.md5", _MD5_CHARACTERS, build, _kept_md5)


def _kept_md5(file: BinaryIO) -> str:
    found = file.read().decode()
    if 2 * len(bytes.fromhex(found)) != _MD5_CHARACTERS:
        raise ValueError
    return found


def _read_md5(archive: Archive, report: Callable[[int], None]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    done = 0
    with archive.path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            if stamp_of(os.fstat(file.fileno())) != archive.stamp:
                raise ArchiveError(
                    archive.path,
                    Phrase("was changed while it was being read"),
                    Phrase("reload the page"),
                    passing=True,
                )
            digest.update(block)
            done += len(block)
            report(done)
    return digest.hexdigest()
