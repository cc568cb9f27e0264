"""What a link shows: a run of items under places of its own, numbered from 1.

With labels hidden the order is the link's own, and a place says nothing about split or index.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit

import numpy as np

from app.arrays.store import Array
from app.datasets import bijection
from app.datasets.dataset import Dataset
from app.datasets.library import Library, is_id
from app.datasets.selection import SPLITS, Selection, Split, View, number_in_path, parse, shown
from app.errors import GoneError, LightboxError, MalformedError, MissingError, StorageError
from app.reviews import collected, links
from app.reviews.collected import Collection
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.links import Kind, Link
from app.web import addresses, display
from app.web.display import BYTES, values_of
from app.web.gathering import Run, dataset_with, expander, items_of, matched, runs
from app.web.item import parse_looking
from app.web.language import gettext as _
from app.web.language import later
from app.web.noted import plainly
from app.web.words import NO_PAGE, counted

# Its images are listed at each request, to be put into the link's own order.
HIDDEN_MOST: Final = 20_000

# The seed of an order has 32 bits (eight hex digits of the link's secret).
_SEED_DIGITS: Final = 8
_GONE: Final = later("What this link showed is not on this server any more.")


@dataclass(frozen=True)
class Target:
    """What an address names: a grid, or one image (then ``split`` and ``index`` are given)."""

    dataset_id: str
    selection: Selection
    split: Split | None = None
    index: int = 0

    @property
    def address(self) -> str:
        """The canonical address."""
        if self.split:
            return addresses.item(self.dataset_id, self.split, self.index)
        return addresses.grid(self.dataset_id, replace(self.selection, page=1))

    @property
    def kind(self) -> Kind:
        """What a link to it is."""
        return "image" if self.split else "grid"


@dataclass(frozen=True)
class Found:
    """One item of a link: its place counted from 0, and what it is."""

    number: int
    dataset: Dataset
    item: Item


@dataclass(frozen=True)
class Shared:
    """The items of a link, in the order its holder sees them.

    ``fetch`` gives those from one place (from 0) up to, not including, another. ``selection`` is
    what a grid was selected by. A collection may be of several datasets, and change: ``datasets``
    gives those that are here.
    """

    link: Link
    total: int
    fetch: Callable[[int, int], Sequence[Run]]
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
                "place", _("This link shows {total} images, from 1 on.", total=counted(self.total))
            )
        (run,) = self.fetch(number, number + 1)
        if run.dataset is None:
            raise GoneError(run.why)
        return Found(number, run.dataset, run.items[0])


def read_target(address: str) -> Target:
    """Read the address of a grid or an image. Raises MissingError or MalformedError."""
    target = _target(address)
    if not target.split:
        plainly(target.selection)
    return target


def read_collection(address: str) -> int | None:
    """Read the number of a collection from its address; None where it is no such address."""
    path = urlsplit(address).path if address.startswith(f"{addresses.COLLECTIONS}/") else ""
    number = path.removeprefix(f"{addresses.COLLECTIONS}/")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None


def read_grid(address: str) -> Target:
    """Read the address of a grid, also of what was noted. Raises MissingError, MalformedError."""
    target = _target(address)
    if target.split:
        raise MissingError("address", _("This is an image's address, not a grid's."))
    return target


def _target(address: str) -> Target:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    selection = parse(parts.query)
    # An address of another place has the same path.
    path = "" if parts.netloc or parts.scheme else parts.path
    match [unquote(part) for part in path.split("/")]:
        case ["", "d", dataset_id] if is_id(dataset_id):
            return Target(dataset_id, selection)
        case ["", "d", dataset_id, split, index] if is_id(dataset_id) and split in SPLITS:
            named = next(each for each in SPLITS if each == split)
            number = number_in_path(index)
            if number < 0:
                raise _no_image(named, index)
            return Target(dataset_id, selection, named, number)
    raise MissingError(
        "address", _("Only a grid or an image can be shared, such as /d/breastmnist?split=test.")
    )


def content_at(library: Library, target: Target) -> str | None:
    """Give the content key of what an address names, checked to be there.

    A data set that isn't here may be on the server that the link is made for: then None, and the
    link shows what that one has when it is first opened, and no other file later. Raises
    MissingError for what it does not have, ArchiveError for a file that can't be served.
    """
    try:
        dataset = library.dataset(target.dataset_id)
    except MissingError:
        return None
    require_target(dataset, target)
    return dataset.archive.content


def seen_at(library: Library, address: str) -> str:
    """Give the query by which an address's images are seen, for a link to carry it along.

    It is no part of what the link shows: its holder may see it otherwise. Raises MalformedError,
    or MissingError for a slice that is not there.
    """
    if read_collection(address) is not None:
        return ""
    target, query = read_target(address), urlsplit(address).query
    try:
        dataset = library.dataset(target.dataset_id)
    except LightboxError:
        return display.parse(query, BYTES).query()
    seen = display.parse(query, values_of(dataset)).query()
    looked = parse_looking(dataset, query).query(dataset) if target.split else ""
    return addresses.joined(seen, looked)


def require_target(dataset: Dataset, target: Target) -> None:
    """Raise MissingError unless the dataset has what the address names."""
    dataset.subset(target.selection)
    if target.split:
        total = dataset.indexes[dataset.require_split(target.split)].total
        if not 0 <= target.index < total:
            raise _no_image(target.split, str(target.index))


def _no_image(split: Split, index: str) -> MissingError:
    return MissingError(
        "index", _("There is no {split} image {index} there.", split=split, index=shown(index))
    )


def collection_at(database: Database, number: int, *, hide_labels: bool) -> Collection:
    """Give a collection that can be shared. Raises MissingError, MalformedError, StorageError."""
    if database.is_new():
        raise collected.missing(number)
    found = collected.find(database, number)
    if not found.count:
        raise MalformedError(
            "of", _("There are no images in this collection; put some into it first.")
        )
    if hide_labels and not found.matching and found.count > HIDDEN_MOST:
        raise MalformedError(
            "hide_labels",
            _(
                "A collection of more than {hidden_most} images can only be shared with its "
                "labels; take some out, or share a grid.",
                hidden_most=counted(HIDDEN_MOST),
            ),
        )
    return found


def open_shared(library: Library, database: Database, link: Link) -> Shared:
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
    if link.content is None:
        # Pages are shown whether or not this can be kept.
        with suppress(StorageError):
            links.settle(database, link, dataset.archive.content)
    if not target.split:
        return _of_selection(library, link, dataset, target.selection)
    try:
        require_target(dataset, target)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None
    item = Item(dataset.id, dataset.archive.content, target.split, target.index)
    return Shared(
        link, 1, lambda _first, _last: list(runs(library, [item])), lambda: [dataset], only=True
    )


def _of_selection(library: Library, link: Link, dataset: Dataset, selection: Selection) -> Shared:
    selection = replace(selection, page=1)
    if link.hide_labels:
        selection = replace(selection, order="random", seed=_seed(link))
    try:
        subset = dataset.subset(selection)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None

    def fetch(first: int, last: int) -> list[Run]:
        return list(runs(library, items_of(dataset, subset.items(first, last))))

    return Shared(link, subset.total, fetch, lambda: [dataset], selection)


def _of_collection(library: Library, database: Database, link: Link) -> Shared:
    number = read_collection(link.target)
    try:
        found = collected.find(database, number or 0)
    except MissingError:
        raise GoneError(_(_GONE), "link") from None
    if found.matching:
        dataset, _rest = matched(library, found.matching)
        return _of_selection(library, link, dataset, parse(found.matching.query))
    if link.hide_labels and found.count > HIDDEN_MOST:  # it has grown since
        raise GoneError(
            _(
                "More images were put in than this link can show; ask the person who sent it for "
                "a new one."
            ),
            "link",
        )
    expand = expander(library)

    def fetch(first: int, last: int) -> list[Run]:
        first, last = max(0, first), min(last, found.count)
        if not link.hide_labels:
            return list(runs(library, collected.items(database, found.id, first, last, expand)))
        items = collected.items(database, found.id, 0, found.count, expand)
        ranks = bijection.scatter(np.arange(first, last), found.count, _seed(link))
        # Fewer, if some were taken out this moment.
        return list(runs(library, [items[rank] for rank in ranks if rank < len(items)]))

    def datasets() -> list[Dataset]:
        here = []
        for dataset_id, content in collected.files(database, found):
            with suppress(GoneError):
                here.append(dataset_with(library, dataset_id, content))
        return here

    return Shared(link, found.count, fetch, datasets)


def _seed(link: Link) -> int:
    return int(link.secret[:_SEED_DIGITS], 16)
