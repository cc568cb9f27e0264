"""A collection, walked image by image: where in it an image stands that was opened from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from app.datasets.library import Library
from app.datasets.query import whole_number
from app.datasets.selection import PER_PAGE
from app.errors import GoneError, MissingError, StorageError
from app.reviews import collected
from app.reviews.collected import Collection
from app.reviews.database import Database
from app.reviews.items import Item
from app.web import addresses
from app.web.changing import found_by
from app.web.gathering import expander, runs
from app.web.roles import role_of

# How far an image is looked for where the collection was changed, and over how many that are not
# here any more a step leads.
_REACH: Final = 50


@dataclass(frozen=True)
class Walk:
    """The collection that an image was opened from, and its place there (from 1).

    ``place`` is None where the image is not near it any more. ``before`` and ``after`` are the
    nearest images that can be shown, with their places.
    """

    collection: Collection
    place: int | None = None
    before: tuple[int, Item] | None = None
    after: tuple[int, Item] | None = None

    @property
    def query(self) -> str:
        """What the address of an image of the walk carries."""
        return query(self.collection.id, self.place or 1)

    @property
    def back(self) -> str:
        """The page of the collection that the image stands on."""
        return addresses.collection(
            self.collection.id, page=((self.place or 1) - 1) // PER_PAGE + 1
        )


def query(collection_id: int, place: int) -> str:
    """Write what an image's address carries of the collection that it is opened from."""
    return urlencode({"collection": collection_id, "at": place})


def walk(request: Request, library: Library, database: Database, here: Item) -> Walk | None:
    """Read from an image's address which collection it was opened from; None if from none.

    Collections are the owner's: of others' addresses nothing is read. Of one that was deleted there
    is nothing to walk. Raises MalformedError.
    """
    given = dict(parse_qsl(request.url.query))
    if "collection" not in given or role_of(request) != "owner":
        return None
    at = max(1, whole_number("at", given.get("at", "1")))
    first = max(0, at - 1 - _REACH)
    try:
        found = found_by(database, given["collection"])
        items = collected.items(database, found.id, first, at + _REACH, expander(library))
    except GoneError:
        return Walk(found)
    except (MissingError, StorageError):
        return None  # the image is there without it
    if here not in items:
        return Walk(found)
    place = first + items.index(here) + 1
    shown = _shown(library, items, first)
    before = [each for each in shown if each[0] < place]
    after = [each for each in shown if each[0] > place]
    return Walk(found, place, before[-1] if before else None, after[0] if after else None)


def _shown(library: Library, items: Sequence[Item], first: int) -> list[tuple[int, Item]]:
    """Give those that can be shown, with their places."""
    is_here = [run.dataset is not None for run in runs(library, items) for _ in run.items]
    numbered = enumerate(items, start=first + 1)
    return [each for each, here in zip(numbered, is_here, strict=True) if here]
