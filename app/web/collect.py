"""From a grid into a collection: those ticked, a page, or all that match; or a flag on all."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.library import Library
from app.datasets.selection import PER_PAGE
from app.errors import MalformedError
from app.reviews import collected, collecting, notes
from app.reviews.collected import Matching
from app.reviews.database import Database
from app.reviews.items import ITEMS_MOST, Item
from app.web import addresses, collect_page, display
from app.web.access import owner_only
from app.web.changing import chosen_in, flag_in, found_by, owner_at, undo_done
from app.web.collect_page import Source
from app.web.forms import Forms, text
from app.web.gathering import expander, items_of, runs
from app.web.language import gettext as _
from app.web.lists import first_of, paged
from app.web.noted import Reviewed
from app.web.targets import read_grid
from app.web.words import counted, none_match


def collect(library: Library, database: Database, forms: Forms, reviewed: Reviewed) -> APIRouter:
    """Make the routes; they stand before those of a collection by its number."""
    router = APIRouter(
        prefix=addresses.COLLECT, include_in_schema=False, dependencies=[Depends(owner_only)]
    )
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    def read(request: Request, of: str) -> Source:
        whole = library.dataset(read_grid(of).dataset_id)
        selection = display.selection_at(whole, urlsplit(of).query)
        dataset = reviewed.narrowed(request, whole, selection)
        return Source(dataset, selection, dataset.subset(selection))

    def draw(request: Request, grid: Source, fields: dict[str, list[str]], done: str) -> Response:
        check = forms.check_for(request)
        shown = list(runs(library, grid.on_page()))
        # Sent by buttons, so that what was ticked comes along: an address would be too long for it.
        among = paged(
            urlencode({"page": text(fields, "among") or "1"}), collected.count(database), str
        )
        found = collected.all_collections(database, first_of(among), PER_PAGE)
        view = collect_page.build(grid, shown, found, among, fields, done, check)
        return forms.page(request, "collect", view, check, style=view.style)

    @router.get("")
    def form(request: Request, of: str, done: str = "") -> Response:
        return draw(request, read(request, of), {}, done)

    @router.post("")
    def take(request: Request, fields: Fields) -> Response:
        grid = read(request, text(fields, "of"))
        if text(fields, "among"):
            return draw(request, grid, fields, "")
        _refuse_none(grid, fields)
        if text(fields, "do") == "flag":
            flagged, flag = _meant(grid, fields), flag_in(fields)
            operation = notes.add_many(database, flagged, owner_at(request), flag)
            return RedirectResponse(addresses.collect(grid.address, done=f"flag-{operation}"), 303)
        added = _matching(grid) if _is_selection(grid, fields) else _meant(grid, fields)
        expand = expander(library)
        if text(fields, "to"):
            number = found_by(database, text(fields, "to")).id
            operation = collecting.add(database, number, added, expand)
        else:
            name = text(fields, "name")
            number, operation = collecting.add_to_new(database, name, added, expand)
        return RedirectResponse(addresses.collection(number, done=f"add-{operation}"), 303)

    @router.post("/undo")
    def undo(request: Request, fields: Fields) -> Response:
        grid = read(request, text(fields, "of"))
        undo_done(database, request, text(fields, "done"), expander(library))
        return RedirectResponse(addresses.collect(grid.address), 303)

    return router


def _refuse_none(grid: Source, fields: dict[str, list[str]]) -> None:
    """Refuse what is meant where that is nothing: to say that it was done would be untrue."""
    if text(fields, "which") in ("page", "all") and not grid.subset.total:
        raise MalformedError("which", none_match(volumes=grid.dataset.is_volume))


def _meant(grid: Source, fields: dict[str, list[str]]) -> Sequence[Item]:
    which = text(fields, "which")
    if which == "page":
        return grid.on_page()
    if which != "all":
        return chosen_in(fields)
    if grid.subset.total > ITEMS_MOST:
        raise MalformedError(
            "which",
            _(
                "Choose at most {items_most} images at once; filter first.",
                items_most=counted(ITEMS_MOST),
            ),
        )
    return items_of(grid.dataset, grid.subset.items(0, grid.subset.total))


def _matching(grid: Source) -> Matching:
    dataset, query = grid.dataset, addresses.export_query(grid.selection)
    return Matching(dataset.id, dataset.archive.content, query, grid.subset.total)


def _is_selection(grid: Source, fields: dict[str, list[str]]) -> bool:
    """Say whether all that match is meant, and will still be the same images tomorrow."""
    return text(fields, "which") == "all" and not grid.selection.noted
