"""A form → a study: which images, which question, which answers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.datasets.selection import SEED_MOST, SPLITS, Selection
from app.datasets.subset import Items
from app.errors import GoneError, MalformedError
from app.reviews import collected, orders
from app.reviews.database import Database
from app.reviews.designs import (
    CANNOT_TELL_NAME,
    ITEMS_MOST,
    PRACTICE_MOST,
    Choice,
    Design,
    as_heard,
)
from app.web import addresses
from app.web.forms import text
from app.web.gathering import dataset_with, expander, runs
from app.web.language import gettext as _
from app.web.language import in_every_language, later
from app.web.reading_options import CANNOT_TEXT
from app.web.targets import read_collection, read_target, require_target
from app.web.words import counted, label_text

YES_NO: Final = (later("yes"), later("no"))
# Beyond this many a sample is drawn from the first; nobody reads a tenth of them.
DRAWN_FROM_MOST: Final = 1_000_000
_PERCENT_MOST: Final = 50


@dataclass(frozen=True)
class Source:
    """The images that a study is drawn from: those of a grid or a collection, or one.

    ``address`` is where they are seen, without what changes no more than their order.
    """

    address: str
    dataset: Dataset
    items: Items


@dataclass(frozen=True)
class Drawn:
    """The images of a study, with the stored label of each (None where it has not just one)."""

    items: Items
    labels: Sequence[int | None]


def default_design(source: Source, title: str) -> Design:
    """Ask for the data set's own labels, of all images, as a link made on the terminal does."""
    dataset = source.dataset
    return Design(
        title=title or dataset.title,
        dataset=dataset.id,
        content=dataset.archive.content,
        question=question_for(dataset),
        choices=label_choices(dataset),
        ordinal=is_ordinal(dataset),
        seed=new_seed(),
        source=source.address,
        drawn_from=len(source.items),
        per_label=0,
    )


def question_for(dataset: Dataset) -> str:
    """Propose what readers are asked."""
    if dataset.is_volume:
        return _("What does this volume show?")
    return _("What does this image show?")


def read_design(source: Source, fields: dict[str, list[str]]) -> Design:
    """Read the form. Raises MalformedError."""
    dataset = source.dataset
    scale = text(fields, "scale")
    if scale == "labels":
        choices = label_choices(dataset)
    elif scale == "yes-no":
        # Kept as data, in the language in which the study is made, as its question is.
        choices = tuple(Choice(_(name)) for name in YES_NO)
    elif scale == "own":
        lines = text(fields, "choices").splitlines()
        choices = tuple(Choice(line.strip()) for line in lines if line.strip())
        _refuse_cannot_tell(choices)
    else:
        raise MalformedError("scale", _("Choose what can be answered."))
    return Design(
        title=text(fields, "title"),
        dataset=dataset.id,
        content=dataset.archive.content,
        question=text(fields, "question"),
        choices=choices,
        ordinal=bool(text(fields, "ordinal")),
        ask_confidence=bool(text(fields, "confidence")),
        repeats=_number(fields, "repeats", _PERCENT_MOST) / 100,
        practice=_number(fields, "practice", PRACTICE_MOST),
        seed=_number(fields, "seed", SEED_MOST),
        source=source.address,
        drawn_from=len(source.items),
        per_label=_number(fields, "per_label", ITEMS_MOST),
    )


def _refuse_cannot_tell(choices: Sequence[Choice]) -> None:
    """Refuse, in the words of any language, the answer that can always be given.

    Readers see it in their own language, whichever the study was made in.
    """
    words = (CANNOT_TELL_NAME, CANNOT_TEXT)
    taken = {as_heard(name) for each in words for name in in_every_language(each)}
    for choice in choices:
        if as_heard(choice.name) in taken:
            raise MalformedError(
                "choices",
                _(
                    "“{cannot_tell_name}” can always be answered; leave it out.",
                    cannot_tell_name=choice.name,
                ),
            )


def source_at(library: Library, database: Database, address: str) -> Source:
    """Give the images of a grid or a collection, or the one of an image's address.

    Raises MissingError; MalformedError for more than can be drawn from, or for images of several
    datasets; GoneError where a collection's images are not what they were; StorageError.
    """
    number = read_collection(address)
    if number is None:
        target = read_target(address)
        dataset = library.dataset(target.dataset_id)
        require_target(dataset, target)
        if target.split:
            one = np.array([SPLITS.index(target.split)], np.int8), np.array([target.index])
            return Source(target.address, dataset, Items(*one))
        asked = target.selection
        filters = Selection(asked.splits, asked.labels, asked.unlabelled, asked.match)
        subset = dataset.subset(filters)
        _refuse_too_many(subset.total)
        there = addresses.grid(dataset.id, filters)
        return Source(there, dataset, subset.items(0, subset.total))
    found = collected.find(database, number)
    _refuse_too_many(found.count)
    items = collected.items(database, number, 0, found.count, expander(library))
    datasets = {item.dataset for item in items}
    if len(datasets) != 1:
        raise MalformedError(
            "items", _("A study shows images of one dataset; this collection has none, or several.")
        )
    for run in runs(library, items):
        if run.dataset is None:
            raise GoneError(run.why)
    splits = np.array([SPLITS.index(item.split) for item in items], np.int8)
    positions = np.array([item.index for item in items], np.int64)
    # All of one file: those of an earlier one were refused.
    dataset = dataset_with(library, datasets.pop(), items[0].content)
    return Source(addresses.collection(number), dataset, Items(splits, positions))


def _refuse_too_many(total: int) -> None:
    if total > DRAWN_FROM_MOST:
        raise MalformedError(
            "items",
            _(
                "A study is drawn from at most {most} images; filter first.",
                most=counted(DRAWN_FROM_MOST),
            ),
        )


def draw(source: Source, design: Design) -> Drawn:
    """Give all images, or so many of each label at random."""
    dataset, items = source.dataset, source.items
    carried = dataset.labels_of(items)
    if design.per_label:
        # By the first label; multi-label images are few enough of each combination.
        first = np.array([values[0] if values else -1 for values in carried], np.int64)
        places = orders.sample(first, design.per_label, design.seed)
        items = Items(items.splits[places], items.positions[places])
        carried = [carried[place] for place in places.tolist()]
    return Drawn(items, [values[0] if len(values) == 1 else None for values in carried])


def label_choices(dataset: Dataset) -> tuple[Choice, ...]:
    """The data set's labels as answers."""
    return tuple(Choice(label_text(label), label.value) for label in dataset.labels)


def new_seed() -> int:
    """Draw a seed: from one that readers could guess, orders and repeats can be worked out."""
    return secrets.randbelow(SEED_MOST + 1)


def is_ordinal(dataset: Dataset) -> bool:
    """Say whether the data set's labels have an order."""
    return dataset.task == "ordinal-regression"


def _number(fields: dict[str, list[str]], name: str, most: int) -> int:
    given = text(fields, name)
    number = whole_number(name, given) if given else 0
    if not 0 <= number <= most:
        raise MalformedError(
            name, _("{name} must be from 0 to {most}.", name=name, most=counted(most))
        )
    return number
