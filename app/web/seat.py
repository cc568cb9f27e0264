"""A study's reader at work: who they are, and the only way from a place to an item.

Splits and indexes stay behind it: pages and addresses of readers name places alone.
"""

from dataclasses import dataclass

from fastapi import Request

from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import number_in_path
from app.errors import GoneError, MissingError
from app.reviews import studies
from app.reviews.database import Database
from app.reviews.links import Link
from app.reviews.orders import Place
from app.reviews.studies import Reader, Study, StudyItem
from app.web.door import Door
from app.web.gathering import NOT_HERE, lost_items, read_from
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.words import NO_PAGE


@dataclass(frozen=True)
class Seat:
    """A reader at work: who, on which study, in which order, under which link."""

    token: str
    link: Link
    study: Study
    reader: Reader
    order: tuple[Place, ...]

    def place(self, number: int) -> Place:
        """Give a place by its number from 1. Raises MissingError."""
        at = number - 1
        if not 0 <= at < len(self.order):
            raise MissingError(
                "place",
                ngettext(
                    "There is {number} image to read and no other.",
                    "There are {number} images to read, from 1 on.",
                    len(self.order),
                ),
            )
        return self.order[at]


def seat_at(door: Door, request: Request, token: str) -> Seat:
    """Give the seat behind a token. Raises MissingError for other links, and as the door does."""
    link = door.open_unlocked(request, token)
    if link.kind != "study":
        raise MissingError("address", _(NO_PAGE))
    return seat_of(door.database, token, link)


def seat_of(database: Database, token: str, link: Link) -> Seat:
    """Give the seat that a reader's link leads to. Raises MissingError, StorageError."""
    study = studies.find(database, link.study_id or 0)
    reader = studies.find_reader(database, link.reader_id or 0)
    return Seat(token, link, study, reader, studies.order(study, reader))


def practised(database: Database, study: Study, number: str) -> tuple[int, StudyItem]:
    """Give which of the images to practise on, from 0, an address names. Raises MissingError."""
    at = number_in_path(number) - 1
    aside = study.practice_items
    if not 0 <= at < len(aside):
        raise MissingError(
            "place",
            ngettext(
                "There is {number} image to practise on.",
                "There are {number} images to practise on.",
                len(aside),
            ),
        )
    return at, studies.item_of(database, study, aside[at])


def dataset_of(library: Library, study: Study, item: StudyItem) -> Dataset:
    """Give the study's dataset. Raises GoneError, also where it has lost this item."""
    dataset = read_from(library, study.design.dataset, study.design.content)
    # Damage may be found only while a file is unpacked; its other splits are served on.
    if item.split not in dataset.images:
        raise GoneError(_(NOT_HERE))
    return dataset


def images_of(database: Database, study: Study, dataset: Dataset) -> list[Array]:
    """Give what all of a study's images are in.

    Whether one can be seen by now, or may be kept, would else tell its split.
    """
    splits = studies.splits_of(database, study.id)
    return [dataset.images[split] for split in splits if split in dataset.images]


def lost_numbers(library: Library, database: Database, study: Study) -> frozenset[int]:
    """Give the numbers of the items that can't be shown; a reader goes on with the others."""
    return frozenset(item.number for item in lost_items(library, database, study))
