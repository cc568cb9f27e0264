"""The owner's collections: made, looked at, changed many at a time, and undone."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.datasets.selection import PER_PAGE, parse
from app.errors import GoneError, MissingError
from app.pictures import sheet
from app.reviews import collected
from app.reviews.collected import Collection, Expand
from app.reviews.database import Database
from app.web import addresses, collection_pages
from app.web.access import owner_only
from app.web.changing import changed, collection_number, found_by, last_done, undo_done
from app.web.forms import Forms, text
from app.web.gathering import Run, expander, hold_volumes, matched, runs
from app.web.language import gettext as _
from app.web.language import later
from app.web.lists import first_of, paged, required_pages
from app.web.pager import pages_of
from app.web.studio import Plan, Studio
from app.web.templating import anew
from app.web.transport import ASK_AGAIN
from app.web.words import images

_NO_PAGE: Final = later("There is no page {number}; this collection has {pages}.")


def collections(library: Library, database: Database, forms: Forms) -> APIRouter:
    """Make the routes that list, name, make and delete them."""
    router = APIRouter(
        prefix=addresses.COLLECTIONS, include_in_schema=False, dependencies=[Depends(owner_only)]
    )
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    @router.get("")
    def overview(request: Request) -> Response:
        check = forms.check_for(request)
        here, gone = (collected.count(database, deleted=deleted) for deleted in (False, True))
        to = partial(addresses.listed, addresses.COLLECTIONS)
        # Both begin on the first page: behind all others, nobody would find the deleted ones.
        pager = paged(request.url.query, max(here, gone), to)
        start = first_of(pager)
        found = collected.all_collections(database, start, PER_PAGE)
        deleted = collected.all_collections(database, start, PER_PAGE, deleted=True)
        files = collected.files_of(database, (*found, *deleted))
        counts = {
            each.id: images(each.count, volumes=hold_volumes(library, files[each.id]))
            for each in (*found, *deleted)
        }
        view = collection_pages.overview(found, deleted, counts, pager, check)
        anew(request)
        return forms.page(request, "collections", view, check)

    @router.post("")
    def create(fields: Fields) -> Response:
        made = collected.create(database, text(fields, "name"))
        return RedirectResponse(addresses.collection(made.id), 303)

    @router.post("/{collection_id}/rename")
    def rename(collection_id: str, fields: Fields) -> Response:
        found = found_by(database, collection_id)
        number = _page_of(fields)
        collected.rename(database, found.id, text(fields, "name"))
        return _back(database, found, number)

    @router.post("/{collection_id}/delete", dependencies=[Depends(forms.read)])
    def delete(collection_id: str) -> Response:
        collected.delete(database, found_by(database, collection_id).id)
        return RedirectResponse(addresses.COLLECTIONS, 303)

    @router.post("/{collection_id}/restore", dependencies=[Depends(forms.read)])
    def restore(collection_id: str) -> Response:
        number = collection_number(collection_id)
        collected.restore(database, number)
        return RedirectResponse(addresses.collection(number), 303)

    return router


def collection(library: Library, database: Database, forms: Forms, studio: Studio) -> APIRouter:
    """Make the routes of what is in one."""
    router = APIRouter(
        prefix=addresses.COLLECTIONS, include_in_schema=False, dependencies=[Depends(owner_only)]
    )
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)
    expand = expander(library)

    @router.get("/{collection_id}")
    def one(request: Request, collection_id: str, done: str = "") -> Response:
        found = found_by(database, collection_id)
        number = parse(request.url.query).page
        shown, problem, dataset = _page(library, database, expand, found, number)
        check = forms.check_for(request)
        done = last_done(database, found, done)
        files = collected.files(database, found)
        volumes = hold_volumes(library, files)
        view = collection_pages.one(
            found, shown, number, problem, dataset, done, check, files, volumes=volumes
        )
        anew(request)
        return forms.page(request, "collection", view, check, style=view.style)

    @router.post("/{collection_id}/change")
    def change(request: Request, collection_id: str, fields: Fields) -> Response:
        found = found_by(database, collection_id)
        number = _page_of(fields)
        done = changed(database, request, found, number, fields, expand)
        return _back(database, found, number, done)

    @router.post("/{collection_id}/undo")
    def undo(request: Request, collection_id: str, fields: Fields) -> Response:
        found = found_by(database, collection_id)
        number = _page_of(fields)
        undo_done(database, request, text(fields, "done"), expand)
        return _back(database, found, number)

    @router.get("/{collection_id}/sheet.png")
    async def picture(
        request: Request, collection_id: str, run: str = "1", of: str = ""
    ) -> Response:
        query = request.url.query

        def plan() -> Plan:
            found = found_by(database, collection_id)
            number = parse(query).page
            shown, _problem, _dataset = _page(library, database, expand, found, number)
            at = whole_number("run", run) - 1
            if 0 <= at < len(shown):
                return _plan(shown[at], of)
            raise _changed()

        return await studio.answer(request, plan)

    return router


def _page_of(fields: dict[str, list[str]]) -> int:
    """Give the number of the page that a form was on."""
    return whole_number("page", text(fields, "page") or "1")


def _back(database: Database, found: Collection, number: int, done: str = "") -> Response:
    """Lead back to the page one was on, or to the last there is by now."""
    left = pages_of(collected.find(database, found.id).count, PER_PAGE)
    return RedirectResponse(addresses.collection(found.id, page=min(number, left), done=done), 303)


def _changed() -> MissingError:
    return MissingError("run", _("This collection has changed; reload its page."))


def _plan(run: Run, tag: str) -> Plan:
    """Plan the picture of a run, if it still is what its page named.

    Raises GoneError where its file is not, MissingError where its items are not.
    """
    dataset = run.dataset
    if dataset is None:
        raise GoneError(run.why)
    if collection_pages.digest(run) != tag:
        raise _changed()
    arrays = [dataset.images[split] for split in {item.split for item in run.items}]
    return Plan(
        tag,
        "image/png",
        ASK_AGAIN,
        lambda: sheet.encode(dataset, run.places, sheet.window_of(dataset)),
        arrays,
    )


def _page(
    library: Library, database: Database, expand: Expand, found: Collection, number: int
) -> tuple[list[Run], str, Dataset | None]:
    """Give what stands on a page, why it can't be shown, and the dataset of a selection.

    Raises MissingError for a page behind the last.
    """
    required_pages(number, found.count, _NO_PAGE)
    first = (number - 1) * PER_PAGE
    dataset = None
    try:
        if found.matching:
            dataset, _rest = matched(library, found.matching)
        items = collected.items(database, found.id, first, first + PER_PAGE, expand)
    except GoneError as error:
        return [], str(error), None
    return list(runs(library, items)), "", dataset
