"""Address → what it names: a grid, one image or a collection, as it is shared or compared."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit

from app.datasets.dataset import Dataset
from app.datasets.files import is_id
from app.datasets.library import Library
from app.datasets.query import digits, number_in_path, readable
from app.datasets.selection import SPLITS, Selection, Split, parse
from app.errors import LightboxError, MalformedError, MissingError
from app.reviews import collected
from app.reviews.collected import Collection
from app.reviews.database import Database
from app.reviews.links import Kind
from app.web import addresses, display
from app.web.display import BYTES, values_of
from app.web.item import parse_looking
from app.web.language import gettext as _
from app.web.noted import plainly
from app.web.words import counted

# Its images are listed at each request, to be put into the link's own order.
HIDDEN_MOST: Final = 20_000


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


def read_target(address: str) -> Target:
    """Read the address of a grid or an image. Raises MissingError or MalformedError."""
    target = _target(address)
    if not target.split:
        plainly(target.selection)
    return target


def read_collection(address: str) -> int | None:
    """Read the number of a collection from its address; None where it is no such address."""
    path = urlsplit(address).path if address.startswith(f"{addresses.COLLECTIONS}/") else ""
    return digits(path.removeprefix(f"{addresses.COLLECTIONS}/"), 9)


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
        "address",
        _(
            "“{address}” is not the address of a grid, an image or a collection, such as "
            "/d/breastmnist?split=test.",
            address=readable(address),
        ),
    )


def content_at(library: Library, target: Target) -> str | None:
    """Give the content key of what an address names, checked to be there.

    A data set that isn't here may be on the server that the link is made for: then None, and the
    link shows what that one has when it is first opened, and no other file later. Raises
    MissingError for what it does not have, MalformedError for a selection of nothing, ArchiveError
    for a file that can't be served.
    """
    try:
        dataset = library.dataset(target.dataset_id)
    except MissingError:
        return None
    require_images(dataset, target)
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


def require_images(dataset: Dataset, target: Target) -> None:
    """Raise as ``require_target`` does, and MalformedError where there is nothing to be seen."""
    require_target(dataset, target)
    if not target.split and not dataset.subset(target.selection).total:
        raise MalformedError("of", _("There are no images in this selection."))


def _no_image(split: Split, index: str) -> MissingError:
    return MissingError(
        "index", _("There is no {split} image {index} there.", split=split, index=readable(index))
    )


def collection_at(database: Database, number: int, *, hide_labels: bool) -> Collection:
    """Give a collection that can be shared. Raises MissingError, MalformedError, StorageError."""
    found = collected.find(database, number)
    if not found.count:
        raise MalformedError(
            "of", _("There are no images in this collection; put some into it first.")
        )
    if hide_labels and not may_be_hidden(found):
        raise MalformedError(
            "hide_labels",
            _(
                "A collection of more than {hidden_most} images can only be shared with its "
                "labels; take some out, or share a grid.",
                hidden_most=counted(HIDDEN_MOST),
            ),
        )
    return found


def may_be_hidden(found: Collection) -> bool:
    """Say whether a link can show this in an order of its own, as it always can a selection."""
    return bool(found.matching) or found.count <= HIDDEN_MOST
