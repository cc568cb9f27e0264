"""What the owner does to many images of a collection at once."""

from starlette.requests import Request

from app.datasets.query import digits, whole_number
from app.datasets.selection import PER_PAGE
from app.errors import MalformedError, MissingError
from app.reviews import collected, collecting, notes
from app.reviews.collected import Collection, Expand
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.notes import FLAGS
from app.web.forms import text
from app.web.gathering import from_values
from app.web.language import gettext as _
from app.web.notes import Writer


def changed(
    database: Database,
    request: Request,
    found: Collection,
    number: int,
    fields: dict[str, list[str]],
    expand: Expand,
) -> str:
    """Do to the ticked images of page ``number`` what a form asks; say what, to undo it.

    Raises MalformedError, MissingError, StorageError, and what ``expand`` raises.
    """
    chosen = chosen_in(fields)
    match text(fields, "do"):
        case "remove":
            return f"remove-{collecting.remove(database, found.id, chosen, expand)}"
        case "flag":
            return f"flag-{notes.add_many(database, chosen, owner_at(request), flag_in(fields))}"
        case "earlier" | "later" | "place" as where:
            places = _places(database, found, chosen, number, expand)
            start = _start(places, where, text(fields, "place"))
            before = _item_behind(database, found, places, start, expand)
            return f"move-{collecting.reorder(database, found.id, chosen, before, expand)}"
    raise MalformedError("do", _("Choose what to do with these images."))


def found_by(database: Database, collection_id: str) -> Collection:
    """Give the collection that an address names. Raises MissingError or StorageError."""
    return collected.find(database, collection_number(collection_id))


def collection_number(collection_id: str) -> int:
    """Read the number of a collection from its address. Raises MissingError."""
    number = digits(collection_id, 9)
    if number is None:
        raise MissingError("collection", _("There is no such collection."))
    return number


def chosen_in(fields: dict[str, list[str]]) -> list[Item]:
    """Read the images that were ticked. Raises MalformedError for none."""
    chosen = from_values(fields.get("item", []))
    if not chosen:
        raise MalformedError("item", _("No image was chosen; tick the box of each image you want."))
    return chosen


def flag_in(fields: dict[str, list[str]]) -> notes.Flag:
    """Read the reason to flag. Raises MalformedError."""
    for flag in FLAGS:
        if flag == text(fields, "flag"):
            return flag
    raise MalformedError("flag", _("A flag is one of: {flags}.", flags=", ".join(FLAGS)))


def owner_at(request: Request) -> notes.Author:
    """Give the owner as the author of flags, by the name last used in this browser."""
    owner = Writer()
    return owner.author(owner.name(request))


def undo_done(database: Database, request: Request, done: str, expand: Expand) -> None:
    """Undo what an address says was done. Raises as ``collecting.undo`` does."""
    kind, _sign, number = done.partition("-")
    operation = digits(number, 18)
    if operation is None:
        raise MissingError("done", _("There is nothing to undo."))
    if kind == "flag":
        notes.undo_many(database, operation, owner_at(request))
    else:
        collecting.undo(database, operation, expand)


def last_done(database: Database, found: Collection, done: str) -> str:
    """Give what an address says was done, unless the collection was changed since.

    An address that was kept would else offer to undo what nobody remembers.
    """
    kind, _sign, number = done.partition("-")
    return done if kind == "flag" or number == str(collecting.newest(database, found.id)) else ""


def _places(
    database: Database, found: Collection, chosen: list[Item], number: int, expand: Expand
) -> list[int]:
    """Give where the chosen images stand, ascending; they are on the page that was seen.

    Raises MalformedError where none is there any more.
    """
    first = (number - 1) * PER_PAGE
    there = collected.items(database, found.id, first, first + PER_PAGE, expand)
    wanted = set(chosen)
    places = [first + place for place, item in enumerate(there) if item in wanted]
    if not places:
        raise MalformedError("item", _("These images have moved meanwhile; reload the page."))
    return places


def _start(places: list[int], where: str, to: str) -> int:
    """Give the place (from 0) at which the chosen images are to stand, one behind the other."""
    if where == "earlier":
        return max(0, places[0] - 1)
    if where == "later":
        return places[-1] + 2 - len(places)
    place = whole_number("place", to)
    if place < 1:
        raise MalformedError("place", _("Places are numbered from 1."))
    return place - 1


def _item_behind(
    database: Database, found: Collection, places: list[int], start: int, expand: Expand
) -> Item | None:
    """Give the image before which to put those at ``places``, so that they begin at ``start``."""
    at = start
    for place in places:
        if place <= at:
            at += 1
    return next(iter(collected.items(database, found.id, at, at + 1, expand)), None)
