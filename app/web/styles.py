"""The style sheet of every page: the files of ``static/css`` as one.

One address is one request ahead of the first picture; measured in ``docs/performance.md``.
"""

import hashlib
import re
from functools import cache
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.web.bundled import bundled
from app.web.transport import ASK_AGAIN, FOREVER

ADDRESS: Final = "/static/lightbox.css"
# Where two rules of a layer are equally strong, the later one holds. The style guide's own file is
# for its page alone.
FILES: Final = (
    *("foundation", "layout", "controls", "labels", "parts", "pager", "over", "utilities"),
    *("grid", "filters", "distribution", "item", "about", "catalogue", "reviews", "display"),
)


# Comments and indentation are for the files' readers: a fifth of the bytes, compressed.
_FOR_READERS: Final = re.compile(r"/\*.*?\*/|^\s+", re.DOTALL | re.MULTILINE)


@cache
def stylesheet() -> str:
    """Give all rules, in order."""
    folder = bundled("static") / "css"
    files = "".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in FILES)
    return _FOR_READERS.sub("", files)


@cache
def digest() -> str:
    """Give what changes with the rules."""
    return hashlib.sha256(stylesheet().encode()).hexdigest()[:10]


def address() -> str:
    """Give the sheet's address, which changes with the rules."""
    return f"{ADDRESS}?v={digest()}"


def styles() -> APIRouter:
    """Make the route of the style sheet."""
    router = APIRouter(include_in_schema=False)

    @router.get(ADDRESS)
    async def sheet(request: Request) -> Response:
        """Answer for ever under the address of these rules, else until it is asked for again."""
        is_this = request.scope["query_string"] == f"v={digest()}".encode()
        kept = FOREVER if is_this else ASK_AGAIN
        headers = {"Cache-Control": kept, "ETag": f'"{digest()}"'}
        return Response(stylesheet(), media_type="text/css", headers=headers)

    return router
