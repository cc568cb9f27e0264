"""Where pictures are drawn: off the event loop, few at a time, and only for who still waits."""

import os
import time
from collections.abc import Callable
from typing import Final

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from app.web.transport import NOT_AT_ALL

# Nobody reads this answer; the number is nginx's for a client that has left.
_LEFT: Final = 499
_WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05


class Studio:
    """Draws pictures.

    Drawing holds the interpreter for part of its time, so more at once than there are cores would
    only starve the pages.
    """

    def __init__(self) -> None:
        self._places = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))

    async def answer(
        self,
        request: Request,
        tag: str,
        kind: str,
        caching: str,
        draw: Callable[[], bytes],
        *,
        ready: Callable[[], bool],
        checked: Callable[[], bool],
    ) -> Response:
        """Answer with the picture that ``draw`` makes, or with 304 where the browser has it.

        Waits a while until ``ready``; then ``draw`` itself says what is missing. What was drawn
        before its pixels were ``checked`` is kept by nobody.
        """
        headers = {"ETag": f'"{tag}"', "Cache-Control": caching}
        known = request.headers.get("if-none-match", "")
        if headers["ETag"] in (part.strip().removeprefix("W/") for part in known.split(",")):
            return Response(status_code=304, headers=headers)
        deadline = time.monotonic() + _WAIT_SECONDS
        while not ready() and time.monotonic() < deadline:
            if await request.is_disconnected():
                return Response(status_code=_LEFT)
            await anyio.sleep(_POLL_SECONDS)
        async with self._places:
            if await request.is_disconnected():
                return Response(status_code=_LEFT)
            if not checked():
                headers = {"Cache-Control": NOT_AT_ALL}
            body = await to_thread.run_sync(draw)
        return Response(body, media_type=kind, headers=headers)
