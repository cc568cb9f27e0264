"""Ahead of the application: HEAD requests, and pictures that are still in memory.

An address with a content key always means the same bytes, so a picture once drawn is answered from
here, without routes, threads or middleware. Measured in ``docs/performance.md``.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Some 150 sheets of a hundred thumbnails, and as many pages: bounded at any size of data.
PICTURE_BYTES: Final = 24 * 1024 * 1024
PAGE_BYTES: Final = 8 * 1024 * 1024
# For addresses that change with their content, for those that do not, and for what may be wrong.
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
NOT_AT_ALL: Final = "no-store"

_KEYED: Final = ("/sheets/", "/pictures/")

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Kept:
    """An answer as it goes out. ``headers`` include the length, ``tag`` is the ETag's value."""

    tag: bytes
    headers: RawHeaders
    body: bytes


class Answers:
    """Answers kept by address, bounded in bytes; the least recently used goes first."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._size = 0
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, address: bytes) -> Kept | None:
        """Give what was kept for an address."""
        with self._lock:
            kept = self._kept.get(address)
            if kept:
                self._kept.move_to_end(address)
            return kept

    def put(self, address: bytes, kept: Kept) -> None:
        """Keep an answer, and let others go for it; one larger than the bound is not kept."""
        if len(kept.body) > self._bound:
            return
        with self._lock:
            old = self._kept.pop(address, None)
            self._size += len(kept.body) - (len(old.body) if old else 0)
            self._kept[address] = kept
            while self._size > self._bound:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone.body)


def address_of(scope: Scope) -> bytes:
    """Give path and query of a request as they came."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query


class CachedPictures:
    """ASGI middleware that answers from the cache what it can."""

    def __init__(self, app: ASGIApp, *, kept: Answers, answered: Counter) -> None:
        self._app = app
        self._kept = kept
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a picture that is kept; pass all else on."""
        if scope["type"] == "http" and scope["path"].startswith(_KEYED):
            kept = self._kept.get(address_of(scope)) if scope["method"] == "GET" else None
            if kept:
                self._answered.inc()
                known = any(
                    name == b"if-none-match" and kept.tag in value
                    for name, value in scope["headers"]
                )
                await _send(send, 304 if known else 200, kept)
                return
        await self._app(scope, receive, send)


async def _send(send: Send, status: int, kept: Kept) -> None:
    headers = kept.headers
    if status == 304:
        headers = [pair for pair in headers if pair[0] != b"content-length"]
    # A copy: what stands around us adds to the list.
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if status == 304 else kept.body})


class HeadAsGet:
    """ASGI middleware that answers HEAD as GET without the body, on every route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET, and drop what must not be sent."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


def raw(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    """Write headers as ASGI sends them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
