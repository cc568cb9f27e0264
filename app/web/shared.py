"""What a link shows: a run of items under places of its own, numbered from 1.

With labels hidden the order is the link's own, and a place says nothing about split or index.
"""

from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import SPLITS, Selection, Split, parse, whole_number
from app.datasets.subset import Items, Subset
from app.errors import GoneError, LightboxError, MissingError
from app.reviews.links import Kind, Link
from app.web import addresses
from app.web.noted import plainly

# The seed of an order has 32 bits (eight hex digits of the link's secret).
_SEED_DIGITS = 8


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
class Shared:
    """The items of a link, in the order its holder sees them."""

    link: Link
    dataset: Dataset
    selection: Selection
    subset: Subset
    only: Items | None

    @property
    def total(self) -> int:
        """Number of items."""
        return 1 if self.only else self.subset.total

    def items(self, first: int, last: int) -> Items:
        """Give the items from place ``first`` (from 0) up to, not including, ``last``."""
        return self.only[first:last] if self.only else self.subset.items(first, last)

    def item(self, place: str) -> tuple[int, Split, int]:
        """Give number (from 0), split and index of a place as it stands in an address."""
        number = whole_number("place", place) - 1
        if not 0 <= number < self.total:
            raise MissingError("place", f"This link shows {self.total:,} images, from 1 on.")
        found = self.items(number, number + 1)
        return number, SPLITS[int(found.splits[0])], int(found.positions[0])


def read_target(address: str) -> Target:
    """Read the address of a grid or an image. Raises MissingError or MalformedError."""
    target = _target(address)
    plainly(target.selection)
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
        case ["", "d", dataset_id]:
            return Target(dataset_id, selection)
        case ["", "d", dataset_id, split, index] if split in SPLITS:
            named = next(each for each in SPLITS if each == split)
            return Target(dataset_id, selection, named, whole_number("index", index))
    raise MissingError(
        "address", "Only a grid or an image can be shared, such as /d/breastmnist?split=test."
    )


def read_grid(address: str) -> Target:
    """Read the address of a grid, also of what was noted. Raises MissingError, MalformedError."""
    target = _target(address)
    if target.split:
        raise MissingError("address", "This is an image's address, not a grid's.")
    return target


def content_at(library: Library, target: Target) -> str | None:
    """Give the content key of what an address names, checked to be there.

    A data set that isn't here may be on the server that the link is made for: then None, and the
    link shows whatever that one has. Raises MissingError.
    """
    try:
        dataset = library.dataset(target.dataset_id)
    except LightboxError:
        return None
    require_target(dataset, target)
    return dataset.archive.content


def require_target(dataset: Dataset, target: Target) -> None:
    """Raise MissingError unless the dataset has what the address names."""
    dataset.subset(target.selection)
    if target.split:
        total = dataset.indexes[dataset.require_split(target.split)].total
        if not 0 <= target.index < total:
            raise MissingError("index", f"There is no {target.split} image {target.index} there.")


def open_shared(library: Library, link: Link) -> Shared:
    """Find what a link shows. Raises GoneError where that is no longer here."""
    target = read_target(link.target)
    try:
        dataset = library.dataset(target.dataset_id)
    except LightboxError:
        # In words that don't name a file: whoever holds the link was not told of any.
        raise GoneError("What this link showed is not on this server any more.") from None
    if link.content and dataset.archive.content != link.content:
        raise GoneError(
            "The file behind this link has changed since it was made; ask who sent it for another."
        )
    selection = replace(target.selection, page=1)
    if link.hide_labels:
        seed = int(link.secret[:_SEED_DIGITS], 16)
        selection = replace(selection, order="random", seed=seed)
    try:
        subset = dataset.subset(selection)
        only = None
        if target.split:
            chosen = dataset.subset(Selection(splits=(target.split,)))
            only = chosen.items(target.index, target.index + 1)
    except MissingError:
        raise GoneError("What this link showed is not on this server any more.") from None
    if only is not None and not len(only):
        raise GoneError("What this link showed is not on this server any more.")
    return Shared(link, dataset, selection, subset, only)
