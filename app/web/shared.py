"""What a link shows: a run of items under places of its own, numbered from 1.

With labels hidden the order is the link's own, and a place says nothing about split or index.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.arrays.store import Array
from app.datasets import bijection
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import number_in_path
from app.datasets.selection import Selection, Split, View, parse
from app.errors import GoneError, LightboxError, MissingError, StorageError
from app.reviews import collected, links
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.links import Link
from app.web.gathering import NOT_HERE, Run, are_volumes, expander, here_of, items_of, matched, runs
from app.web.language import gettext as _
from app.web.language import later, ngettext
from app.web.targets import may_be_hidden, read_collection, read_target, require_target
from app.web.words import NO_PAGE, images

# The seed of an order has 32 bits (eight hex digits of the link's secret).
_SEED_DIGITS: Final = 8
_GONE: Final = later("What this link showed is not on this server any more.")


@dataclass(frozen=True)
class Found:
    """One item of a link: its place counted from 0, and what it is."""

    number: int
    dataset: Dataset
    item: Item


@dataclass(frozen=True)
class Shared:
    """The items of a link, in the order its holder sees them.

    ``fetch`` gives those from one place (from 0) up to, not including, another; ``find`` the places
    of those of some items that are among them. ``selection`` is what a grid was selected by. A
    collection may be of several datasets, and change: ``datasets`` gives those that are here.
    ``only`` says that the link is to one image, whose page is its first.
    """

    link: Link
    total: int
    fetch: Callable[[int, int], Sequence[Run]]
    find: Callable[[Sequence[Item]], Mapping[Item, int]]
    datasets: Callable[[], Sequence[Dataset]]
    selection: Selection | None = None
    only: bool = False

    @property
    def view(self) -> View:
        """How volumes are shown."""
        return self.selection.view if self.selection else "middle"

    def awaited(self, dataset: Dataset, items: Iterable[Item]) -> list[Array]:
        """Give what must have been checked before a picture of these items is kept.

        With labels hidden that is the same for every picture of a link, or it would tell its split.
        """
        splits: Iterable[Split] = {item.split for item in items}
        if self.selection:
            splits = self.selection.splits or dataset.splits
        elif self.link.hide_labels and not self.only:
            splits = dataset.splits
        return [dataset.images[split] for split in splits]

    def item(self, place: str) -> Found:
        """Give the item of a place as it stands in an address. Raises MissingError, GoneError."""
        number = number_in_path(place) - 1
        if not 0 <= number < self.total:
            raise MissingError(
                "place",
                ngettext(
                    "This link shows {noun} and no other.",
                    "This link shows {noun}, from 1 on.",
                    self.total,
                    noun=images(self.total, volumes=are_volumes(self.datasets())),
                ),
            )
        found = self.fetch(number, number + 1)
        if not found:  # it was taken out this moment
            raise GoneError(_(NOT_HERE))
        (run,) = found
        if run.dataset is None:
            raise GoneError(run.why)
        return Found(number, run.dataset, run.items[0])


def open_shared(library: Library, database: Database, link: Link) -> Shared:
    """Find what a link shows to who opens it; from then on it shows that, and no other file.

    Raises as ``found_shared`` does.
    """
    shared = found_shared(library, database, link)
    if link.content is None and link.kind != "collection":
        (dataset,) = shared.datasets()
        # Pages are shown whether or not this can be kept.
        with suppress(StorageError):
            links.settle(database, link, dataset.archive.content)
    return shared


def found_shared(library: Library, database: Database, link: Link) -> Shared:
    """Find what a link shows.

    Raises MissingError for a study's, whose pages are others (``web/reading.py``), GoneError where
    what it showed is no longer here, StorageError.
    """
    if link.kind == "study":
        raise MissingError("address", _(NO_PAGE))
    if link.kind == "collection":
        return _of_collection(library, database, link)
    target = read_target(link.target)
    try:
        dataset = library.dataset(target.dataset_id)
    except LightboxError:
        # In words that don't name a file: whoever holds the link was not told of any.
        raise GoneError(_(_GONE), "link") from None
    if link.content and dataset.archive.content != link.content:
        raise GoneError(
            _(
                "The file behind this link has changed since it was made; ask the person who "
                "sent it for a new one."
            ),
            "link",
        )
    if not target.split:
        return _of_selection(library, link, dataset, target.selection)
    try:
        require_target(dataset, target)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None
    item = Item(dataset.id, dataset.archive.content, target.split, target.index)
    return Shared(
        link,
        1,
        lambda _first, _last: list(runs(library, [item])),
        lambda items: {item: 0} if item in items else {},
        lambda: [dataset],
        only=True,
    )


def _of_selection(library: Library, link: Link, dataset: Dataset, selection: Selection) -> Shared:
    if link.hide_labels:
        selection = replace(selection, order="random", seed=_seed(link))
    try:
        subset = dataset.subset(selection)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None

    def fetch(first: int, last: int) -> list[Run]:
        return list(runs(library, items_of(dataset, subset.items(first, last))))

    def find(items: Sequence[Item]) -> dict[Item, int]:
        content = dataset.archive.content
        of_this = [item for item in items if (item.dataset, item.content) == (dataset.id, content)]
        ranks = {item: subset.rank(item.split, item.index) for item in of_this}
        return {item: rank for item, rank in ranks.items() if rank is not None}

    return Shared(link, subset.total, fetch, find, lambda: [dataset], selection)


def _of_collection(library: Library, database: Database, link: Link) -> Shared:
    number = read_collection(link.target)
    try:
        found = collected.find(database, number or 0)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None
    if found.matching:
        dataset, _rest = matched(library, found.matching)
        return _of_selection(library, link, dataset, parse(found.matching.query))
    if link.hide_labels and not may_be_hidden(found):  # it has grown since
        raise GoneError(
            _(
                "More images were put in than this link can show; ask the person who sent it for "
                "a new one."
            ),
            "link",
        )
    expand = expander(library)

    def fetch(first: int, last: int) -> list[Run]:
        last = min(last, found.count)
        if not link.hide_labels:
            return list(runs(library, collected.items(database, found.id, first, last, expand)))
        items = collected.items(database, found.id, 0, found.count, expand)
        ranks = bijection.scatter(np.arange(first, last), found.count, _seed(link))
        # Fewer, if some were taken out this moment.
        return list(runs(library, [items[rank] for rank in ranks if rank < len(items)]))

    def find(items: Sequence[Item]) -> dict[Item, int]:
        ranks = collected.ranks(database, found.id, items)
        # One that was put in this moment has no place yet.
        ranks = {item: rank for item, rank in ranks.items() if rank < found.count}
        if not link.hide_labels:
            return ranks
        places = bijection.gather(np.array([*ranks.values()], np.int64), found.count, _seed(link))
        return dict(zip(ranks, places.tolist(), strict=True))

    def datasets() -> list[Dataset]:
        return here_of(library, collected.files(database, found))

    return Shared(link, found.count, fetch, find, datasets)


def _seed(link: Link) -> int:
    return int(link.secret[:_SEED_DIGITS], 16)
