"""Errors → answers: one table of statuses, the same words on a page and in the API."""

from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.datasets.selection import require_readable
from app.errors import ArchiveError, LightboxError, MissingError, NotReadyError, status_of
from app.web import addresses
from app.web.language import gettext as _
from app.web.language import later, say
from app.web.security import UNDER_A_LINK
from app.web.templating import page
from app.web.views import Link, Problem

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
_FOR_GUESTS: Final = later(
    "This can't be shown right now; try again later, or tell the person who sent you the link."
)
_UNKNOWN_ADDRESS: Final = later("There is no page at this address.")


async def readable_query(request: Request) -> None:
    """Refuse an absurd query on every route, also on those that take no parameters."""
    require_readable(request.url.query)


def install(app: FastAPI) -> None:
    """Answer every error of this application in one form."""

    @app.exception_handler(LightboxError)
    async def known(request: Request, error: LightboxError) -> Response:
        return _answer(request, status_of(error), say(error.args[0]), part_of(error), error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        sentence = _(_UNKNOWN_ADDRESS) if error.status_code == 404 else f"{error.detail}."
        answer = _answer(request, error.status_code, sentence, "address")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        part = str(first["loc"][-1])
        return _answer(request, 422, f"{part}: {first['msg']}.", part)

    @app.exception_handler(Exception)
    async def unknown(request: Request, _error: Exception) -> Response:
        sentence = _("Something went wrong here; the server's log says what.")
        return _answer(request, 500, sentence, "")


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
    path = request.url.path
    answer: Response
    for_guest = path.startswith("/s/")
    if for_guest:
        headers |= UNDER_A_LINK
        if isinstance(error, ArchiveError | NotReadyError):
            # These name files and splits, which who holds a link was told nothing of.
            sentence, part = _(_FOR_GUESTS), ""
    for_program = path.startswith("/api/") and path != addresses.API_DOCS
    if for_program or request.headers.get("accept") == "application/json":
        answer = JSONResponse({"error": sentence, "part": part}, status)
    else:
        view = Problem(
            status=status,
            heading=_("Not ready yet") if waiting else _(_HEADINGS.get(status, _ERROR)),
            sentence=sentence,
            part=part,
            links=() if for_guest else tuple(_ways_back(request, error)),
            refresh=_RETRY_SECONDS if waiting else None,
            for_guest=for_guest,
        )
        answer = page(request, "problem", view, status=status)
    answer.headers.update(headers)
    return answer


def _ways_back(request: Request, error: LightboxError | None) -> list[Link]:
    links = []
    dataset_id = request.path_params.get("dataset_id")
    is_missing = isinstance(error, MissingError) and error.part == "dataset"
    if dataset_id and error and not is_missing and not isinstance(error, ArchiveError):
        links.append(Link(_("Back to this dataset"), f"/d/{addresses.segment(dataset_id)}"))
    links.append(Link(_("All datasets"), addresses.HOME))
    return links
