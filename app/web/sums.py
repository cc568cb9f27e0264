"""Sums of pixels, as pages ask for them: what is there in a moment, else how far it is."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from app.datasets.dataset import Dataset
from app.datasets.query import readable
from app.datasets.selection import NO_LABEL
from app.errors import MalformedError, MissingError, NotReadyError
from app.pictures.tallies import Inquiry, Tallies, fits
from app.pictures.tally import Tally, picture_shape
from app.web.language import gettext as _
from app.web.language import say
from app.web.roles import role_of
from app.web.unpacking import unfinished
from app.web.views import Notice, Stop
from app.web.words import counted

PATIENCE_SECONDS: Final = 1.5
REFRESH_SECONDS: Final = 2
ALL: Final = "all"

_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Seen:
    """The sums, or why they are not here (yet)."""

    tally: Tally | None
    notices: tuple[Notice, ...]
    pending: bool


@dataclass(frozen=True)
class Ending:
    """While all are added up: the owner ends it by a form, others look at the sample meanwhile."""

    stop: Stop | None
    sample: str


def ending(request: Request, check: str, stop: str, sample: str) -> Ending:
    """Offer what whoever asks may do; ``check`` is the form's, the others are addresses."""
    if role_of(request) != "owner":
        return Ending(None, sample)
    return Ending(Stop(stop, check, _("Stop, and look at a sample")), sample)


def look(tallies: Tallies, inquiry: Inquiry, seconds: float) -> Seen:
    """Give the sums if they are there in so many seconds; else say how far it is."""
    deadline = time.monotonic() + seconds
    while waiting := unfinished(inquiry.dataset, inquiry.selection):
        if time.monotonic() > deadline:
            return Seen(None, waiting, pending=True)
        time.sleep(_POLL_SECONDS)
    learned = tallies.ask(inquiry, max(0.0, deadline - time.monotonic()))
    if learned.error:
        return Seen(None, (Notice("warning", say(learned.error.args[0])),), pending=False)
    if learned.value is None:
        done = min(99, 100 * learned.done // max(1, learned.total))
        text = _("The pixels are being added up: {done} % is done.", done=done)
        return Seen(None, (Notice("progress", text),), pending=True)
    return Seen(learned.value, (), pending=False)


def summary(seen: Sequence[Seen]) -> str:
    """Say in one sentence how far all of these are, to be read aloud."""
    if any(each.pending for each in seen):
        return _("Still being computed.")
    if any(each.tally is None for each in seen):
        return _("Some numbers were not computed.")
    return _("All numbers are here.")


def require_tally(tallies: Tallies, inquiry: Inquiry) -> Tally:
    """Give the sums. Raises NotReadyError as long as they aren't there, ArchiveError."""
    if not unfinished(inquiry.dataset, inquiry.selection):
        learned = tallies.ask(inquiry, _POLL_SECONDS)
        if learned.error:
            raise learned.error
        if learned.value is not None:
            return learned.value
    raise NotReadyError(_("The pixels are still being added up; try again in a moment."))


def wants_everything(request: Request) -> bool:
    """Read ``all=1`` from an address. Raises MalformedError for another value."""
    value = next((value for value in request.query_params.getlist("all") if value), "")
    if value not in ("", "1"):
        raise MalformedError(
            "all", _("all must be 1, or left out, not “{value}”.", value=readable(value))
        )
    return value == "1"


def too_large(dataset: Dataset) -> str:
    """Say so where pictures are too large to be added up; else nothing."""
    if fits(dataset):
        return ""
    height, width, _rest = picture_shape(dataset)
    return _(
        "Mean images are not computed of pictures of {width} × {height} pixels.",
        width=counted(width),
        height=counted(height),
    )


def require_fitting(dataset: Dataset) -> None:
    """Raise MissingError for pictures too large to be added up."""
    sentence = too_large(dataset)
    if sentence:
        raise MissingError("size", sentence)


def row_name(label: int | None) -> str:
    """Name a row of the sums in an address."""
    return NO_LABEL if label is None else str(label)


def row_of(inquiry: Inquiry, of: str) -> int:
    """Find a row of the sums by its name in an address. Raises MissingError."""
    # Where nothing matches there is no mean, not even of all.
    names = [ALL, *map(row_name, inquiry.labels)] if inquiry.total else []
    if of not in names:
        raise MissingError(
            "of", _("There is no mean image of “{of}” under these filters.", of=readable(of))
        )
    return names.index(of)
