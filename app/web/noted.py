"""What people have flagged or written of, as a filter of the grid; for the owner only."""

import os
import time
from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from starlette.requests import Request

from app.datasets.dataset import Dataset
from app.datasets.selection import Noted, Selection
from app.errors import ForbiddenError, MalformedError, StorageError
from app.reviews import notes
from app.reviews.database import Database
from app.web import addresses
from app.web.filters import Facet, FacetValue
from app.web.language import gettext as _
from app.web.roles import role_of
from app.web.words import NOTED_WORDS, counted

# A file's time is told in ticks: two changes within one look like one.
_TICK_NS: Final = 50_000_000
# After a failure, pages are drawn without the filter for so long, instead of waiting each.
_QUIET_SECONDS: Final = 10.0

_Narrowed = dict[Noted, Dataset]


class Reviewed:
    """Narrows a dataset to what was said something of."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: WeakKeyDictionary[Dataset, tuple[object, _Narrowed]] = WeakKeyDictionary()
        self._quiet_until = 0.0

    def narrowed(self, request: Request, dataset: Dataset, selection: Selection) -> Dataset:
        """Give the dataset that a selection chooses from: itself, or what was noted of it.

        Raises ForbiddenError for who is not the owner, StorageError.
        """
        if selection.noted is None:
            return dataset
        if role_of(request) != "owner":
            raise ForbiddenError(
                _("What was flagged or noted is for the owner of this server only."), "noted"
            )
        return self._noted(dataset)[selection.noted]

    def facet(self, request: Request, dataset: Dataset, selection: Selection) -> Facet | None:
        """Draw up the filter for the owner; None where nothing was said, or it can't be known.

        ``dataset`` is the whole one.
        """
        if role_of(request) != "owner":
            return None
        try:
            noted = self._noted(dataset) if time.monotonic() > self._quiet_until else {}
        except StorageError:
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            noted = {}
        if not selection.noted and not any(_total(found) for found in noted.values()):
            return None
        others = replace(selection, noted=None)
        totals = {kind: noted[kind].subset(others).total for kind in noted}
        values = tuple(
            FacetValue(
                value=kind,
                text=_(NOTED_WORDS[kind]),
                count=counted(total),
                href=addresses.grid(dataset.id, selection.toggle_noted(kind)),
                on=selection.noted == kind,
            )
            for kind, total in totals.items()
        )
        clear = addresses.grid(dataset.id, replace(others, page=1))
        return Facet("noted", _("Review"), _("review"), values, clear if selection.noted else None)

    def mark(self) -> object:
        """Give what is equal as long as nothing new was said, without asking the database.

        Of PostgreSQL, and of a file that was changed this moment, nothing is known that way.
        """
        if not self._database.file:
            return object()
        times = []
        for end in ("", "-wal"):
            try:
                found = os.stat(f"{self._database.file}{end}")  # noqa: PTH116 (a third of the time)
            except OSError:
                times.append((0, 0, 0))
            else:
                times.append((found.st_mtime_ns, found.st_size, found.st_ino))
        if time.time_ns() - max(times)[0] < _TICK_NS:
            return object()
        return tuple(times)

    def _noted(self, dataset: Dataset) -> _Narrowed:
        mark = self.mark()
        known = self._known.get(dataset)
        if known and known[0] == mark:
            return known[1]
        found: _Narrowed = {
            kind: dataset.narrowed(
                notes.noted(self._database, dataset.id, dataset.archive.content, kind)
                # Who only looks leaves no file behind.
                if not self._database.is_new()
                else {}
            )
            for kind in NOTED_WORDS
        }
        self._known[dataset] = mark, found
        return found


def plainly(selection: Selection) -> Selection:
    """Give the selection, if it asks for nothing that people said. Raises MalformedError."""
    if selection.noted:
        raise MalformedError(
            "noted",
            _(
                "What is flagged or noted changes from day to day; put these images into a "
                "collection, or take that filter away."
            ),
        )
    return selection


def _total(narrowed: Dataset) -> int:
    return sum(len(index.places) for index in narrowed.indexes.values())
