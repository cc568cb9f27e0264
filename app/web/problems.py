"""Errors → answers: one table of statuses, the same words on a page and in the API."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from app.datasets.query import require_readable
from app.errors import (
    ArchiveError,
    ForbiddenError,
    GoneError,
    LightboxError,
    MalformedError,
    MissingError,
    NotReadyError,
    StorageError,
    UncertainError,
    status_of,
)
from app.web import addresses, display
from app.web.language import gettext as _
from app.web.language import is_for_programs, later, say
from app.web.limits import RETRY_AFTER
from app.web.roles import role_of
from app.web.security import UNDER_A_LINK
from app.web.templating import page
from app.web.views import Link
from app.web.words import FOR_GUESTS, NO_PAGE

_RETRY_SECONDS: Final = 2
_HEADINGS: Final = {
    403: later("Not permitted"),
    404: later("Not found"),
    405: later("Not allowed"),
    410: later("No longer here"),
    429: later("Too many tries"),
    406: later("Not possible exactly"),
    422: later("Can't be read"),
    501: later("Not installed here"),
    503: later("Not available"),
}
_ERROR: Final = later("Error")
# Whatever else the address asks for was there.
_FILTERS_STAND: Final = ("page", "find")
_NOT_TAKEN: Final = later(
    "This can't be taken right now, and nothing was saved; try again later, or tell the person who "
    "sent you the link."
)
_MAY_BE_TAKEN: Final = later(
    "This may have been saved, or not; look for it before you send it again, or tell the person "
    "who sent you the link."
)
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """A page that says what is wrong, and leads back."""

    status: int
    heading: str
    sentence: str
    part: str
    links: tuple[Link, ...]
    refresh: int | None = None
    for_guest: bool = False  # who holds a link has no way to the rest of the server
    filled_in: bool = False  # a form was, which the browser still has


async def readable_address(request: Request) -> None:
    """Refuse an absurd query on every route, and a path with a slash that was escaped.

    That one is part of a name, which none here has; once unescaped it separates names.
    """
    if b"%2f" in (request.scope.get("raw_path") or b"").lower():
        raise MissingError("address", _(NO_PAGE))
    require_readable(request.scope["query_string"].decode("latin-1"))


def install(app: FastAPI) -> None:
    """Answer every error of this application in one form."""

    @app.exception_handler(LightboxError)
    async def known(request: Request, error: LightboxError) -> Response:
        return _answer(request, status_of(error), say(error.args[0]), part_of(error), error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        sentence = f"{error.detail}."
        if error.status_code == 404:
            if there := _without_slash(app, request):
                headers = UNDER_A_LINK if there.startswith("/s/") else {}
                return RedirectResponse(there, 307, headers)
            sentence = _(NO_PAGE)
        elif error.status_code == 405 and not _is_program(request):
            sentence = _not_allowed((error.headers or {}).get("Allow", ""))
        answer = _answer(request, error.status_code, sentence, "address")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        part = str(first["loc"][-1])
        sentence = f"{part}: {first['msg']}."
        if first["type"] == "missing" and not _is_program(request):
            sentence = _(
                "The address lacks “{part}”, without which this page can show nothing.", part=part
            )
        return _answer(request, 422, sentence, part)

    @app.exception_handler(Exception)
    async def unknown(request: Request, _error: Exception) -> Response:
        sentence = _("Something went wrong here; the server's log says what.")
        return _answer(request, 500, sentence, "")


def _without_slash(app: FastAPI, request: Request) -> str:
    """Give the address that one with a slash at its end stands for; empty if it is none of ours.

    Starlette's own redirect names the scheme, by which a link would leave TLS where the proxy does
    not tell of it, and has no headers of ours.
    """
    path = "/" + request.scope["path"].strip("/")
    scope = {**request.scope, "path": path, "raw_path": None}
    if path == request.scope["path"] or all(
        route.matches(scope)[0] is Match.NONE for route in app.routes
    ):
        return ""
    return addresses.with_query(quote(path), request.url.query)


def _is_program(request: Request) -> bool:
    asked = request.headers.get("accept")
    return is_for_programs(request.url.path) or asked == "application/json"


def _not_allowed(allowed: str) -> str:
    if "POST" in allowed:
        return _("There is nothing to see at this address: it takes what a form sends.")
    return _("Nothing can be sent to this address.")


def part_of(error: LightboxError) -> str:
    """Name the part of the address, or of the file, that is wrong."""
    if isinstance(error, ArchiveError):
        return error.member or error.file
    return str(getattr(error, "part", ""))


def _answer(
    request: Request,
    status: int,
    sentence: str,
    part: str,
    error: LightboxError | None = None,
) -> Response:
    waiting = isinstance(error, NotReadyError)
    headers = {"Cache-Control": "no-store"}
    if waiting:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    elif status == 429:
        headers["Retry-After"] = RETRY_AFTER
    path = request.url.path
    answer: Response
    for_guest = path.startswith("/s/")
    if for_guest:
        headers |= UNDER_A_LINK
        if isinstance(error, ArchiveError | NotReadyError | StorageError):
            # These name files and splits, which who holds a link was told nothing of; and the
            # database, to anybody who makes up a link.
            if isinstance(error, StorageError):
                _log.warning("%s", error)  # its owner may not see a page of it for long
            taken = _MAY_BE_TAKEN if isinstance(error, UncertainError) else _NOT_TAKEN
            is_sent = request.method == "POST"
            sentence, part = _(taken if is_sent else FOR_GUESTS), ""
        elif isinstance(error, GoneError) and request.method == "POST":
            sentence = " ".join((sentence, _("Nothing was saved.")))
    for_program = path.startswith("/api/") and path != addresses.API_DOCS
    if for_program or request.headers.get("accept") == "application/json":
        back = {"back": addresses.API_DATASETS} if for_program else {}
        answer = JSONResponse({"error": sentence, "part": part, **back}, status)
    else:
        view = Problem(
            status=status,
            heading=_("Not ready yet") if waiting else _(_HEADINGS.get(status, _ERROR)),
            sentence=sentence,
            part="" if part == "link" else part,  # the whole of an address, as the sentence says
            links=tuple(_ways_back(request, error, for_guest=for_guest)),
            refresh=_RETRY_SECONDS if waiting else None,
            for_guest=for_guest,
            filled_in=request.method == "POST" and isinstance(error, MalformedError),
        )
        answer = page(request, "problem", view, status=status)
    answer.headers.update(headers)
    return answer


def _grid_before(request: Request, dataset_id: str, error: LightboxError) -> str:
    """Give the dataset's grid; with the filters, where only a page or a search was wrong."""
    path = addresses.dataset(dataset_id)
    part = part_of(error)
    if part not in _FILTERS_STAND:
        return path
    return addresses.with_query(path, _query_without(request, (part,)))


def _unseen(request: Request, error: LightboxError | None) -> str:
    """Give the address without how pictures are seen, where that is what is wrong; else nothing."""
    if request.method != "GET" or not isinstance(error, MalformedError):
        return ""
    if error.part not in display.FIELDS:
        return ""
    query = _query_without(request, display.FIELDS)
    return addresses.with_query(addresses.path_of(request), query)


def _query_without(request: Request, names: tuple[str, ...]) -> str:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return urlencode([pair for pair in pairs if pair[0] not in names])


def _same_without(request: Request, part: str) -> Iterator[Link]:
    """Give the way to a comparison without the part of it that is wrong, or to a first page."""
    is_comparison = request.url.path == addresses.COMPARE
    if part == "page" or (is_comparison and part in addresses.COMPARED):
        there = addresses.with_query(addresses.path_of(request), _query_without(request, (part,)))
        if is_comparison:
            yield Link(_("Back to the comparison"), there)
        elif part in request.query_params and there != addresses.HOME:
            yield Link(_("Back"), there)


def _ways_back(request: Request, error: LightboxError | None, *, for_guest: bool) -> Iterator[Link]:
    unseen = _unseen(request, error)
    if unseen:
        yield Link(_("Back"), unseen)
    ways = _ways_under_a_link if for_guest else _ways_on_the_server
    yield from ways(request, error, unseen)


def _ways_under_a_link(
    request: Request, error: LightboxError | None, unseen: str
) -> Iterator[Link]:
    """Give the way to the link's first page, which is known by its address alone.

    So it tells nothing of what is under the link.
    """
    if error and part_of(error) == "link":
        return
    first = addresses.link_of(request.url.path)
    here = addresses.with_query(addresses.path_of(request), request.url.query)
    part = request.url.path.removeprefix(f"{first}/").partition("/")[0]
    is_reading = part in ("read", "practice", "answers")
    is_named = bool(is_reading and unseen)  # two ways of one name would lead apart
    if first in ("", here, unseen) or is_named:
        return
    if part == "unlock":  # its query says what is asked for behind the passphrase
        first = addresses.with_query(first, request.url.query)
    yield Link(_("Back") if is_reading else _("Back to the images"), first)


def _ways_on_the_server(
    request: Request, error: LightboxError | None, unseen: str
) -> Iterator[Link]:
    dataset_id = request.path_params.get("dataset_id")
    is_missing = isinstance(error, MissingError) and error.part == "dataset"
    if dataset_id and error and not is_missing and not isinstance(error, ArchiveError):
        grid = _grid_before(request, dataset_id, error)
        if grid != unseen:
            yield Link(_("Back to this dataset"), grid)
    part = part_of(error) if error else ""
    if request.method == "GET" and not dataset_id:
        yield from _same_without(request, part)
    study = request.path_params.get("study_id")
    kinds = MalformedError, MissingError, GoneError
    if study and isinstance(error, kinds) and part not in ("id", "study"):
        there = f"{addresses.STUDIES}/{addresses.segment(study)}"  # whatever stands for its number
        yield Link(_("Back to the study"), there)
    if isinstance(error, ForbiddenError) and role_of(request) != "owner":
        yield Link(_("Enter as the owner"), addresses.ENTER)
    yield Link(_("All datasets"), addresses.HOME)
