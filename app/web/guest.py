"""What the holder of a link gets: the pages of its images, and nothing else of this server."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from app.datasets.library import Library
from app.errors import StorageError
from app.reviews import links
from app.reviews.links import Link
from app.web import addresses, guest_grid, guest_pages, unfurl
from app.web.display import parse, values_of
from app.web.door import Door, PassphraseNeededError, is_person
from app.web.forms import Forms, text
from app.web.gathering import PATIENCE_SECONDS, wait_for
from app.web.guest_noted import Said, Shown, said_of, shown
from app.web.item import parse_looking, tidied
from app.web.language import gettext as _
from app.web.language import say
from app.web.notes import Notebook, Writer
from app.web.security import UNDER_A_LINK
from app.web.shared import Shared, open_shared
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
