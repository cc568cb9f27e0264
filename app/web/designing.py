"""A form → a study: which images, which question, which answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import SPLITS, whole_number
from app.datasets.subset import Items
from app.errors import MalformedError
from app.reviews import collected, orders
from app.reviews.database import Database
from app.reviews.designs import Choice, Design
from app.web.forms import text
from app.web.gathering import dataset_with, expander
from app.web.language import gettext as _
from app.web.language import later
from app.web.shared import read_collection, read_target
from app.web.words import counted, label_text

YES_NO: Final = ("yes", "no")
QUESTION: Final = later("What does this image show?")
# Beyond this many a sample is drawn from the first; nobody reads a tenth of them.
DRAWN_FROM_MOST: Final = 1_000_000
_PERCENT_MOST: Final = 50


@dataclass(frozen=True)
class Source:
    """The images that a study is drawn from: those of a grid, or of a collection."""

    dataset: Dataset
    items: Items


@dataclass(frozen=True)
class Drawn:
    """The images of a study, with the stored label of each (None where it has not just one)."""

    items: Items
    labels: Sequence[int | None]


def default_design(dataset: Dataset, title: str) -> Design:
    """Ask for the data set's own labels, as a link made on the terminal does."""
    return Design(
        title=title or dataset.title,
        dataset=dataset.id,
        content=dataset.archive.content,
        question=_(QUESTION),
        choices=label_choices(dataset),
        ordinal=is_ordinal(dataset),
    )


def read_design(dataset: Dataset, fields: dict[str, list[str]]) -> Design:
    """Read the form. Raises MalformedError."""
    scale = text(fields, "scale")
    if scale == "labels":
        choices = label_choices(dataset)
    elif scale == "yes-no":
        choices = tuple(Choice(name) for name in YES_NO)
    elif scale == "own":
        lines = text(fields, "choices").splitlines()
        choices = tuple(Choice(line.strip()) for line in lines if line.strip())
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
        practice=_number(fields, "practice", 50),
        seed=_number(fields, "seed", 2**32 - 1),
    )


def source_at(library: Library, database: Database, address: str) -> Source:
    """Give the images of a grid or a collection.

    Raises MissingError; MalformedError for more than can be drawn from, or for images of several
    datasets; GoneError where a collection's file has changed; StorageError.
    """
    number = read_collection(address)
    if number is None:
        target = read_target(address)
        dataset = library.dataset(target.dataset_id)
        subset = dataset.subset(target.selection)
        _refuse_too_many(subset.total)
        return Source(dataset, subset.items(0, subset.total))
    found = collected.find(database, number)
    _refuse_too_many(found.count)
    items = collected.items(database, number, 0, found.count, expander(library))
    files = {(item.dataset, item.content) for item in items}
    if len(files) != 1:
        raise MalformedError(
            "items", _("A study shows images of one dataset; this collection has none, or several.")
        )
    splits = np.array([SPLITS.index(item.split) for item in items], np.int8)
    positions = np.array([item.index for item in items], np.int64)
    return Source(dataset_with(library, *files.pop()), Items(splits, positions))


def _refuse_too_many(total: int) -> None:
    if total > DRAWN_FROM_MOST:
        raise MalformedError(
            "items",
            _(
                "A study is drawn from at most {most} images; filter first.",
                most=counted(DRAWN_FROM_MOST),
            ),
        )


def draw(source: Source, per_label: int, seed: int) -> Drawn:
    """Give all images, or, with ``per_label``, so many of each label at random."""
    dataset, items = source.dataset, source.items
    carried = dataset.labels_of(items)
    if per_label:
        # By the first label; multi-label images are few enough of each combination.
        first = np.array([values[0] if values else -1 for values in carried], np.int64)
        places = orders.sample(first, per_label, seed)
        items = Items(items.splits[places], items.positions[places])
        carried = [carried[place] for place in places.tolist()]
    return Drawn(items, [values[0] if len(values) == 1 else None for values in carried])


def per_label(fields: dict[str, list[str]]) -> int:
    """Read how many images of each label are to be drawn; 0 means all."""
    return _number(fields, "per_label", 10_000)


def label_choices(dataset: Dataset) -> tuple[Choice, ...]:
    """The data set's labels as answers."""
    return tuple(Choice(label_text(label), label.value) for label in dataset.labels)


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
