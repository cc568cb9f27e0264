"""Answers kept in memory, given ahead of the application: no routes, threads or templates.

What says that it never changes (a picture under its content key, a file under its digest) is kept
by its address. A page or a picture is kept with a question that must still be answered with yes.
Measured in ``docs/performance.md``.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import preferences
from app.web.language import current
from app.web.protocol import AtOnce, RawHeaders
from app.web.roles import ROLE
from app.web.security import with_policy
from app.web.transport import FOREVER, is_known

# Some 150 sheets of a hundred thumbnails, and a thousand pages: bounded at any size of data.
PICTURE_BYTES: Final = 24 * 1024 * 1024
_PAGE_BYTES: Final = 8 * 1024 * 1024
# What an answer takes besides its body: address and headers. A picture may have fewer bytes.
_BESIDES: Final = 2_000

_PICTURES: Final = ("/sheets/", "/pictures/")
_OTHERS: Final = ("/d/", "/static/", "/vendor/")
# What else than its address, who asks and what they prefer an answer may depend on. Pictures
# depend on their address alone.
_ASKED: Final = (b"accept-encoding", b"hx-request-type", b"hx-history-restore-request")
_FOREVER: Final = (b"cache-control", FOREVER.encode())
# A page says on which day it was given, for when it is printed.
_DAY: Final = 24 * 3600
_HOLDS: Final = "lightbox.holds"


@dataclass(eq=False)
class Kept:
    """An answer as it goes out. ``tag`` is the ETag's value, ``holds`` asks if it is still true.

    ``given`` says that it was given at once before, ahead of the application.
    """

    tag: bytes
    headers: RawHeaders
    body: bytes
    holds: Callable[[], bool] | None
    given: bool = False

    @cached_property
    def head(self) -> bytes:
        """All its headers as they are written."""
        return b"".join(b"%b: %b\r\n" % header for header in with_policy(self.headers))


class Answers:
    """Answers kept by what was asked, bounded in bytes; the least recently used goes first."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._size = 0
        self._kept: OrderedDict[object, Kept] = OrderedDict()
        self._coming: dict[object, Future[None]] = {}
        self._lock = threading.Lock()

    def get(self, asked: object) -> Kept | None:
        """Give what was kept for a request; forget it if it is no longer true."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept:
                self._kept.move_to_end(asked)
        if kept is None or kept.holds is None or kept.holds():
            return kept
        with self._lock:
            if self._kept.get(asked) is kept:
                del self._kept[asked]
                self._size -= _weight(kept)
        return None

    def promise(self, asked: object) -> Callable[[], None]:
        """Have whoever asks wait for an answer that comes at once; gives what ends the wait."""
        coming: Future[None] = Future()
        coming.set_running_or_notify_cancel()  # who no longer waits cancels nothing
        self._coming[asked] = coming

        def kept() -> None:
            if self._coming.get(asked) is coming:
                del self._coming[asked]
            coming.set_result(None)

        return kept

    async def wait_for(self, asked: object) -> Kept | None:
        """Give what was kept for a request, once it is there if it was promised."""
        if coming := self._coming.get(asked):
            await asyncio.wrap_future(coming)
        return self.get(asked)

    def put(self, asked: object, kept: Kept) -> None:
        """Keep an answer, and let others go for it; one larger than the bound is not kept."""
        if _weight(kept) > self._bound:
            return
        with self._lock:
            old = self._kept.pop(asked, None)
            self._size += _weight(kept) - (_weight(old) if old else 0)
            self._kept[asked] = kept
            while self._size > self._bound:
                _, gone = self._kept.popitem(last=False)
                self._size -= _weight(gone)


def _weight(kept: Kept) -> int:
    return len(kept.body) + _BESIDES


class Memory:
    """ASGI middleware that answers from memory what it can, and keeps what may be kept."""

    def __init__(self, app: ASGIApp, pictures: Answers, *, answered: Counter) -> None:
        self._app = app
        self._answered = answered
        self._pictures = pictures
        self._pages = Answers(_PAGE_BYTES)

    def picture(self, target: bytes) -> AtOnce | None:
        """Give the answer with the picture of an address, if it is kept."""
        path, _, query = target.partition(b"?")
        kept = self._pictures.get((path, query))
        if kept is None:
            return None
        self._answered.inc()
        again, kept.given = kept.given, True
        return kept.head, kept.body, again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is kept; pass all else on, and keep what comes back if it may be."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        asked: object = scope.get("raw_path") or path, scope["query_string"]
        if path.startswith(_PICTURES):
            bank = self._pictures
        elif path.startswith(_OTHERS):
            bank = self._pages
            wanted = preferences.of(scope)
            day = int(time.time() // _DAY)
            asked = (
                asked,
                scope.get(ROLE),
                current().tag,
                wanted.look,
                wanted.keys,
                day,
                tuple(pair for pair in scope["headers"] if pair[0] in _ASKED),
            )
        else:
            await self._app(scope, receive, send)
            return
        kept = await bank.wait_for(asked)
        if kept:
            self._answered.inc()
            await _send(scope, send, kept)
            return
        await self._app(scope, receive, _keeping(scope, send, bank, asked))


def keep_while(request: Request, holds: Callable[[], bool]) -> None:
    """Let the answer to this request be given again as long as ``holds()``, which must be quick."""
    request.scope[_HOLDS] = holds


def _keeping(scope: Scope, send: Send, bank: Answers, asked: object) -> Send:
    """Send on, and keep a whole answer that may be given again."""
    headers: RawHeaders | None = None
    parts: list[bytes] = []

    async def keeping(message: Message) -> None:
        nonlocal headers
        if message["type"] == "http.response.start":
            lasts = _FOREVER in message["headers"] or _HOLDS in scope
            # A copy: what stands around us adds to the list.
            headers = list(message["headers"]) if message["status"] == 200 and lasts else None
        elif headers is not None:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                tag = next((value for name, value in headers if name == b"etag"), b"")
                bank.put(asked, Kept(tag, headers, b"".join(parts), scope.get(_HOLDS)))
        await send(message)

    return keeping


async def _send(scope: Scope, send: Send, kept: Kept) -> None:
    status, headers, body = 200, list(kept.headers), kept.body
    asked = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    if kept.tag and is_known(asked.decode("latin-1"), kept.tag.decode("latin-1")):
        status, body = 304, b""
        headers = [pair for pair in headers if pair[0] != b"content-length"]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
