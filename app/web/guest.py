"""What the holder of a link gets: the images it names, and nothing else of this server."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.errors import GoneError, MissingError, StorageError
from app.pictures import atlas, exact, sheet
from app.reviews import links
from app.reviews.items import Item
from app.reviews.links import Link
from app.web import addresses, guest_grid, guest_pages, unfurl
from app.web.access import signed
from app.web.display import parse, values_of
from app.web.door import Door, PassphraseNeededError, is_person
from app.web.forms import Forms, text
from app.web.gathering import PATIENCE_SECONDS, Run, require_whole, to_value, wait_for
from app.web.guest_noted import Said, Shown, said_of, shown
from app.web.item import (
    atlas_for,
    cut_for,
    drawn,
    drawn_through,
    parse_looking,
    require_form,
    tidied,
)
from app.web.language import gettext as _
from app.web.language import say
from app.web.notes import Notebook, Writer
from app.web.security import UNDER_A_LINK
from app.web.shared import Shared, open_shared
from app.web.studio import Plan, Studio
from app.web.templating import page, wants_part
from app.web.transport import NOT_AT_ALL
from app.web.turns import Turns

# A browser asks again each time, so that a withdrawn link shows nothing more.
CACHING: Final = "private, no-cache"
Begin = Callable[[Request, str, Link, Door, Library], Response]

# Which image was asked for, in the query of the page that asks for a passphrase.
_PLACE: Final = "place"


def guest(
    library: Library, door: Door, forms: Forms, notebook: Notebook, turns: Turns, begin: Begin
) -> APIRouter:
    """Make the routes of the pages under a link; ``begin`` shows a study's reader the first one."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    @router.get("")
    def start(request: Request, token: str) -> Response:
        try:
            link = door.open(request, token)
        except PassphraseNeededError:
            return _ask(request, token, forms, request.url.query)
        if _PLACE in request.query_params:  # asked for the passphrase here, and is let in by now
            return finish(RedirectResponse(_asked_for(token, request.url.query), 303))
        unfurl.tell_of_link(request, link, link.title)
        if link.kind == "study":
            answer = begin(request, token, link, door, library)
        else:
            shared = open_shared(library, door.database, link)
            part = shown(library, door.database, shared, request.url.query)
            answer = (
                _item(request, token, shared, part, "1", notebook)
                if shared.only
                else _grid(request, token, shared, part, said_of(door.database, shared))
            )
        # What leads on to another address is counted there.
        is_opened = answer.status_code == 200 and not _goes_on(request) and is_person(request)
        return finish(answer, _opening(door, link, turns) if is_opened else None)

    @router.post("/unlock")
    def unlock(request: Request, token: str, fields: Fields) -> Response:
        wanted = request.url.query
        answer = RedirectResponse(_asked_for(token, wanted), 303)
        if link := door.unlock(request, token, text(fields, "passphrase"), answer):
            # Where the browser tells nothing, the page that this leads to is counted.
            return finish(answer, _opening(door, link, turns) if _goes_on(request) else None)
        try:
            door.open(request, token)
        except PassphraseNeededError:
            return _ask(request, token, forms, wanted, wrong=True)
        return finish(answer)

    @router.get("/{place}")
    def item(request: Request, token: str, place: str) -> Response:
        try:
            shared = open_shared(library, door.database, door.open(request, token))
        except PassphraseNeededError:
            wanted = addresses.joined(urlencode({_PLACE: place}), request.url.query)
            return finish(RedirectResponse(addresses.with_query(f"/s/{token}", wanted), 303))
        part = shown(library, door.database, shared, request.url.query)
        return finish(_item(request, token, shared, part, place, notebook))

    return router


def guest_pictures(library: Library, studio: Studio, door: Door) -> APIRouter:
    """Make the routes of the pictures under a link."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)

    def opened(request: Request, token: str) -> Shared:
        return open_shared(library, door.database, door.open_unlocked(request, token))

    @router.get("/sheet.png")
    async def tile(request: Request, token: str) -> Response:
        query = request.url.query

        def plan() -> Plan:
            shared = opened(request, token)
            return _sheet(shared, shown(library, door.database, shared, query), query)

        return finish(await studio.answer(request, plan))

    @router.get("/{place}/atlas-{axis}.png")
    async def slices(request: Request, token: str, place: str, axis: str) -> Response:
        def plan() -> Plan:
            return _atlas(opened(request, token), place, axis, request.url.query)

        return finish(await studio.answer(request, plan))

    @router.get("/{place}.{form}")
    async def pixels(request: Request, token: str, place: str, form: str) -> Response:
        def plan() -> Plan:
            return _pixels(opened(request, token), place, form, request.url.query)

        return finish(await studio.answer(request, plan))

    return router


def _sheet(shared: Shared, part: Shown, query: str) -> Plan:
    """Plan the thumbnails of one run of a page."""
    run = _run(shared, part, query)
    dataset = run.dataset
    if dataset is None:
        raise GoneError(run.why)

    def draw() -> bytes:
        return sheet.encode(dataset, run.places, sheet.window_of(dataset), shared.view)

    what = f"sheet {guest_grid.run_key(shared, run)} {shared.view}"
    return _plan(shared, dataset, run.items, what, "image/png", draw)


def _run(shared: Shared, part: Shown, query: str) -> Run:
    """Find the run of a page that a picture's address names. Raises MissingError."""
    runs = guest_grid.page_runs(part, guest_grid.page_number(query))
    given = dict(parse_qsl(query))
    at = whole_number("run", given.get("run", "1")) - 1
    if not 0 <= at < len(runs):
        raise MissingError("run", _("This page has no such picture."))
    if given.get("of", "") not in ("", guest_grid.run_key(shared, runs[at])):
        raise MissingError("of", _("These images have changed; reload the page."))
    return runs[at]


def _item(
    request: Request, token: str, shared: Shared, part: Shown, place: str, notebook: Notebook
) -> Response:
    found = shared.item(place)
    query = request.url.query
    looking = parse_looking(found.dataset, query)
    display = parse(query, values_of(found.dataset))
    if there := tidied(request, found.dataset, looking, display):
        return RedirectResponse(there, 303)
    if shared.link.hide_labels:
        wait_for(shared.awaited(found.dataset, [found.item]))
    else:
        found.dataset.images[found.item.split].wait(found.item.index + 1, PATIENCE_SECONDS)
    view = guest_pages.item(shared, part, token, found, looking, display)
    if wants_part(request):
        return page(request, "look", view)
    (plane, *_rest) = view.planes
    picture = plane.alone or plane.src
    unfurl.tell_of_link(request, shared.link, view.title, say(found.dataset.modality), picture)
    writer = Writer(f"/s/{token}", shared.link)
    seen = view.address.partition("?")[2]
    address = addresses.with_query(f"/s/{token}/{found.number + 1}", seen)
    return notebook.page(request, "guest_item", view, found.item, writer, address)


def _pixels(shared: Shared, place: str, form: str, query: str) -> Plan:
    """Plan the picture as it is shown (.png), or its values (.npy), of a volume all of them."""
    require_form(form)
    found = shared.item(place)
    dataset, item = found.dataset, found.item
    window = drawn_through(dataset, query)
    plane: Plane | None = cut_for(dataset, query)
    if form == "npy" and not {"axis", "slice"} & set(dict(parse_qsl(query))):
        plane = None

    def draw() -> bytes:
        if form == "npy":
            values = exact.item_values(dataset, item.split, item.index, plane)
            if shared.link.hide_labels:
                # Of splits of several types, the type would tell which it is.
                values = values.astype(np.result_type(*dataset.types), copy=False)
            return exact.as_npy(values)
        pixels = exact.item_pixels(dataset, item.split, item.index, plane)
        return exact.as_png(drawn(dataset, pixels, window))

    kind = "image/png" if form == "png" else "application/octet-stream"
    what = f"{to_value(item)} {plane} {window} {form}"
    return _plan(shared, dataset, [item], what, kind, draw)


def _atlas(shared: Shared, place: str, axis: str, query: str) -> Plan:
    """Plan one picture of all slices of a volume along an axis."""
    found = shared.item(place)
    dataset, item = found.dataset, found.item
    window = drawn_through(dataset, query)
    number_of_axis, layout = atlas_for(dataset, axis)

    def draw() -> bytes:
        volume = exact.item_pixels(dataset, item.split, item.index)
        return atlas.encode(drawn(dataset, volume, window), number_of_axis, layout)

    what = f"{to_value(item)} atlas {axis} {window}"
    return _plan(shared, dataset, [item], what, "image/png", draw)


def _plan(
    shared: Shared,
    dataset: Dataset,
    items: Sequence[Item],
    what: str,
    kind: str,
    draw: Callable[[], bytes],
) -> Plan:
    tag = signed(shared.link.secret, "picture", f"{dataset.archive.key} {what}")[:32]
    images = shared.awaited(dataset, items)
    if shared.link.hide_labels:
        require_whole(images)
    return Plan(tag, kind, CACHING, draw, images)


def _grid(request: Request, token: str, shared: Shared, part: Shown, said: Said) -> Response:
    view = guest_grid.grid(shared, part, said, token, request.url.query)
    first = next((tile.sheet for tile in view.tiles), "")
    unfurl.tell_of_link(request, shared.link, view.heading, view.subtitle, first)
    return page(request, "guest_grid", view, style=view.style)


def _ask(
    request: Request, token: str, forms: Forms, wanted: str, *, wrong: bool = False
) -> Response:
    """Ask for the passphrase; the form carries the query that names what is shown after it."""
    check = forms.check_for(request)
    action = addresses.with_query(f"/s/{token}/unlock", wanted)
    view = guest_pages.Passphrase(action, check, wrong)
    unfurl.tell(request, _("Images shared with Lightbox"))
    status = 403 if wrong else 200
    return finish(forms.page(request, "passphrase", view, check, status=status))


def _asked_for(token: str, wanted: str) -> str:
    """Give the page of this link that was asked for before its passphrase was.

    Whatever the query says, the path is one of the link's own.
    """
    pairs = parse_qsl(wanted, keep_blank_values=True)
    place = next((value for name, value in pairs if name == _PLACE), "")
    path = f"/s/{token}/{place}" if place.isascii() and place.isdecimal() else f"/s/{token}"
    return addresses.with_query(path, urlencode([pair for pair in pairs if pair[0] != _PLACE]))


def _opening(door: Door, link: Link, turns: Turns) -> BackgroundTask:
    """Count an opening after the answer has gone; a page must not wait for that, or fail by it."""

    async def count() -> None:
        with suppress(StorageError):
            async with turns.taken():
                await run_in_threadpool(links.touch, door.database, link)

    return BackgroundTask(count)


def _goes_on(request: Request) -> bool:
    """Whether one comes from a page of ours, where the browser tells (by TLS, or on this machine).

    Going on from page to page of a link is no opening.
    """
    return request.headers.get("sec-fetch-site") == "same-origin"


def finish(answer: Response, task: BackgroundTask | None = None) -> Response:
    """Let only the browser keep an answer under a link, and no page elsewhere see the link.

    What nobody is to keep, as it may yet turn out to be damaged, the browser does not keep either.
    """
    answer.headers.update(UNDER_A_LINK)
    if answer.headers.get("Cache-Control") != NOT_AT_ALL:
        answer.headers["Cache-Control"] = CACHING
    answer.background = task
    return answer
