"""Two to four selections side by side: images in step, label shares, means and differences."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import readable
from app.datasets.selection import Selection
from app.errors import MissingError
from app.pictures.means import difference_png
from app.pictures.tallies import Inquiry, Tallies, inquire
from app.pictures.tally import Tally
from app.web import addresses, differences, picture_addresses
from app.web.access import owner_only
from app.web.comparison import Comparison, given, read
from app.web.forms import Forms
from app.web.frame import Frames
from app.web.language import gettext as _
from app.web.side_by_side import PER_PAGE, Side, build
from app.web.studio import Plan, Studio
from app.web.sums import PATIENCE_SECONDS, Seen, ending, look, require_tally, too_large
from app.web.templating import page
from app.web.transport import ASK_AGAIN
from app.web.views import Notice


def compare(library: Library, tallies: Tallies, studio: Studio, forms: Forms) -> APIRouter:
    """Make the routes of the page and of a difference."""
    router = APIRouter(include_in_schema=False)
    frames = Frames()

    @router.get(addresses.COMPARE)
    def side_by_side(request: Request) -> Response:
        comparison = read(request.url.query, f"{request.url.scheme}://{request.url.netloc}")
        letters = given(request.url.query)
        sides = [_open(library, frames, comparison, *each) for each in enumerate(letters)]
        seen = _look(tallies, sides) if len(sides) > 1 else []
        view = build(comparison, sides, seen, library)
        if not (view.refresh and comparison.everything):
            return page(request, "compare", view, style=view.style)
        check = forms.check_for(request)
        stop_at, sample = addresses.stop_compare(comparison.address), comparison.sampled.address
        view = replace(view, ending=ending(request, check, stop_at, sample))
        return forms.page(request, "compare", view, check, style=view.style)

    @router.post(
        f"{addresses.COMPARE}/stop", dependencies=[Depends(owner_only), Depends(forms.read)]
    )
    def stop(request: Request) -> Response:
        comparison = read(request.url.query)
        for grid in comparison.grids:
            dataset = library.dataset(grid.dataset_id)
            if not too_large(dataset):
                tallies.stop(_inquire(dataset, grid.selection, comparison))
        return RedirectResponse(comparison.sampled.address, 303)

    @router.get(f"{addresses.COMPARE}/difference.png")
    async def difference(request: Request, of: str = "", channel: int = 0) -> Response:
        query = request.url.query
        return await studio.answer(
            request, lambda: _difference(library, tallies, query, of, channel)
        )

    return router


def _open(
    library: Library, frames: Frames, comparison: Comparison, place: int, letter: str
) -> Side:
    """Open a grid, which the address calls by that letter. Raises MissingError, ArchiveError."""
    grid = comparison.grids[place]
    selection = replace(grid.selection, per_page=PER_PAGE, page=comparison.page)
    try:
        dataset = library.dataset(grid.dataset_id)
        frame = frames.get(dataset, selection)
    except MissingError as error:  # which of them it is, so that the others can stay
        raise MissingError(letter, error.args[0]) from None
    inquiry = _inquire(dataset, grid.selection, comparison)
    return Side(addresses.COMPARED[place].upper(), dataset, selection, frame, inquiry)


def _inquire(dataset: Dataset, selection: Selection, comparison: Comparison) -> Inquiry:
    return inquire(dataset, selection, everything=comparison.everything)


def _look(tallies: Tallies, sides: Sequence[Side]) -> list[Seen]:
    """Begin to add up all of them, and wait a moment for all together."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for side in sides:
        _look_at(tallies, side, 0.0)
    return [_look_at(tallies, side, max(0.0, deadline - time.monotonic())) for side in sides]


def _look_at(tallies: Tallies, side: Side, seconds: float) -> Seen:
    sentence = too_large(side.dataset)
    if sentence:
        seen = Seen(None, (Notice("note", sentence),), pending=False)
    else:
        seen = look(tallies, side.inquiry, seconds)
    told = (Notice(notice.kind, f"{side.letter}: {notice.text}") for notice in seen.notices)
    return replace(seen, notices=tuple(told))


def _difference(library: Library, tallies: Tallies, query: str, of: str, channel: int) -> Plan:
    """Plan one channel of the difference between the first mean image and that of grid ``of``.

    Raises MissingError, MalformedError, and ArchiveError for a file that can't be served.
    """
    comparison = read(query)
    inquiries = [
        _inquire(library.dataset(grid.dataset_id), grid.selection, comparison)
        for grid in comparison.grids
    ]
    place = _required(inquiries, of, channel)

    def draw() -> bytes:
        found = differences.from_first(inquiries, [_tally(tallies, each) for each in inquiries])
        values = found[place]
        if values is None:
            raise MissingError("of", _("There is no difference of “{of}”.", of=readable(of)))
        most = differences.scale_of([each for each in found if each is not None])
        return difference_png(values[..., channel], most)

    told = [picture_addresses.content_key(i.dataset) + i.name for i in inquiries]
    digest = hashlib.sha256(" ".join(told).encode()).hexdigest()[:24]
    return Plan(f"{digest}-{of}-{channel}", "image/png", ASK_AGAIN, draw, ())


def _tally(tallies: Tallies, inquiry: Inquiry) -> Tally | None:
    return None if too_large(inquiry.dataset) else require_tally(tallies, inquiry)


def _required(inquiries: Sequence[Inquiry], of: str, channel: int) -> int:
    """Find the place of a difference. Raises MissingError where there is none."""
    names = addresses.COMPARED[1 : len(inquiries)]
    if of not in names:
        raise MissingError("of", _("Nothing here is compared as “{of}”.", of=readable(of)))
    place = addresses.COMPARED.index(of)
    first, other = inquiries[0], inquiries[place]
    reason = too_large(first.dataset) or differences.apart(first, other)
    if reason:
        raise MissingError("of", reason)
    if not 0 <= channel < first.dataset.channels:
        raise MissingError(
            "channel", _("There is no channel {channel} in these pictures.", channel=channel)
        )
    return place
