"""A file that is made while it is sent: off the event loop, few blocks at a time."""

import logging
import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import anyio
from anyio import to_thread
from starlette.responses import StreamingResponse
from starlette.types import Send

from app.errors import LightboxError
from app.exports.stream import Export

_log: Final = logging.getLogger(__name__)

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


class Places:
    """How many blocks are made at once, over all downloads.

    A download holds a place only while a block is made, not while its reader is slow. Making holds
    the interpreter for part of its time: more at once than half the cores would starve the pages.
    """

    def __init__(self) -> None:
        self.limiter = anyio.CapacityLimiter(max(1, (os.cpu_count() or 2) // 2))


class Download(StreamingResponse):
    """Sends an export; stops when its reader leaves, or when it can't be gone on with.

    A connection that is closed before the last byte is how HTTP says that a file is not whole.
    """

    def __init__(
        self, export: Export, places: Places, kind: str, headers: Mapping[str, str]
    ) -> None:
        length = {} if export.size is None else {"Content-Length": str(export.size)}
        super().__init__(export.blocks, headers={**headers, **length}, media_type=kind)
        self._blocks = export.blocks
        self._places = places

    async def stream_response(self, send: Send) -> None:
        """Send block after block."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            await send(start)
            while block := await self._next():
                await send({"type": "http.response.body", "body": block, "more_body": True})
        except LightboxError as error:
            # No last message follows, so the server closes the connection.
            _log.warning("an export was cut off: %s", error)
            return
        finally:
            self._blocks.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> bytes:
        return await to_thread.run_sync(next, self._blocks, b"", limiter=self._places.limiter)


def attachment(name: str) -> str:
    """Write the header that has a browser save the answer under this name."""
    plain = "".join(character if character in _PLAIN else "-" for character in name)
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'
