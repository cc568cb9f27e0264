"""What was flagged or noted by a link, as a filter of its pages."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from app.datasets.library import Library
from app.datasets.query import one_of, parameters
from app.datasets.selection import PER_PAGE, Noted, Selection
from app.errors import ForbiddenError
from app.phrases import capital
from app.reviews import notes
from app.reviews.database import Database
from app.reviews.items import Item
from app.web import addresses
from app.web.filters import Tab
from app.web.gathering import Run, runs
from app.web.language import gettext as _
from app.web.shared import Shared
from app.web.words import NOTED_WORDS, counted

Said = Mapping[Noted, Mapping[int, Item]]
"""The items that were flagged, and those written of, each by its place in the link (from 0)."""


@dataclass(frozen=True)
class Shown:
    """Those of a link's items that its pages go through: all of them, or what was ``noted``.

    ``places`` are theirs in the link (from 0, ascending), and ``fetch`` gives them by their ranks
    among these, from one up to, not including, another.
    """

    places: Sequence[int]
    fetch: Callable[[int, int], Sequence[Run]]
    noted: Noted | None = None

    def query(self, page: int = 1) -> str:
        """Print what the address of a page carries of this."""
        return Selection(noted=self.noted, page=page).query()

    def around(self, place: int) -> tuple[int, int]:
        """Give the ranks before and after a place, whether or not it is one of these.

        They lie outside of the ranks, where there is none.
        """
        return bisect_left(self.places, place) - 1, bisect_right(self.places, place)

    def rank(self, place: int) -> int | None:
        """Give the rank of a place, if it is one of these."""
        before, after = self.around(place)
        return before + 1 if after - before == 2 else None

    def page_of(self, place: int) -> int:
        """Give the page (from 1) that a place is on, or would be."""
        before, _after = self.around(place)
        return min(before + 1, max(0, len(self.places) - 1)) // PER_PAGE + 1


def said_of(database: Database, shared: Shared) -> Said:
    """Give what was said something of by a link: nothing, where nothing can be.

    Raises StorageError.
    """
    if shared.only or not shared.link.may_comment:
        return {}
    said = notes.said_by(database, shared.link.id)
    places = shared.find(list({item for items in said.values() for item in items}))
    return {
        kind: dict(sorted((places[item], item) for item in items if item in places))
        for kind, items in said.items()
    }


def shown(library: Library, database: Database, shared: Shared, query: str) -> Shown:
    """Give what a page with this query goes through.

    Raises MalformedError, ForbiddenError where nothing can be said, StorageError.
    """
    noted: Noted | None = one_of(parameters(query), "noted", get_args(Noted), None)
    if noted is None or shared.only:
        return Shown(range(shared.total), shared.fetch)
    said = said_of(database, shared)
    if noted not in said:
        raise ForbiddenError(_("This link shows images; no notes can be added by it."))
    items = tuple(said[noted].values())

    def fetch(first: int, last: int) -> list[Run]:
        return list(runs(library, items[first:last]))

    return Shown(tuple(said[noted]), fetch, noted)


def tabs(shared: Shared, shown: Shown, said: Said, token: str, seen: str) -> tuple[Tab, ...]:
    """Give a tab to all and one to each kind, once something was said; ``seen`` goes along."""
    if not shown.noted and not any(said.values()):
        return ()

    def tab(kind: Noted | None, text: str, total: int) -> Tab:
        query = addresses.joined(Selection(noted=kind).query(), seen)
        href = addresses.with_query(f"/s/{token}", query)
        return Tab(f"noted-{kind or 'all'}", text, counted(total), href, kind == shown.noted)

    return (
        tab(None, _("All"), shared.total),
        *(tab(kind, capital(_(NOTED_WORDS[kind])), len(found)) for kind, found in said.items()),
    )
