"""Where pictures are drawn: off the event loop, few at a time, each once, for who still waits."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from app.errors import LightboxError, NotReadyError
from app.web.memory import Answers, Kept
from app.web.transport import NOT_AT_ALL

_T = TypeVar("_T")

# Nobody reads this answer; the number is nginx's for a client that has left.
_LEFT: Final = 499
_WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
# What several ask for at once, or was begun before it was asked for, is drawn once.
_RECENT_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """A picture that could be drawn. ``tag`` names its content, ``kind`` is its media type.

    What is drawn before its pixels were ``checked`` is kept by nobody.
    """

    tag: str
    kind: str
    caching: str
    draw: Callable[[], bytes]
    checked: Callable[[], bool]


class Studio:
    """Draws pictures.

    Drawing holds the interpreter for part of its time, so more at once than there are cores would
    only starve the pages.
    """

    def __init__(self) -> None:
        self._places = max(2, os.cpu_count() or 2)
        self._pool = ThreadPoolExecutor(self._places, "studio")
        self._recent = Answers(_RECENT_BYTES)
        self._under_way: dict[str, Future[bytes]] = {}
        self._taken = 0
        self._lock = threading.Lock()

    async def answer(self, request: Request, plan: Callable[[], Plan]) -> Response:
        """Answer with the picture that is planned, or with 304 where the browser has it.

        ``plan`` and drawing may raise a LightboxError; while it is NotReadyError, waits a while.
        """
        known = request.headers.get("if-none-match", "")
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            future = asyncio.wrap_future(self._submit(lambda: self._make(plan(), known)))
            while not (await asyncio.wait({future}, timeout=_POLL_SECONDS))[0]:
                if await request.is_disconnected():
                    future.cancel()
                    return Response(status_code=_LEFT)
            try:
                return future.result()
            except NotReadyError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_POLL_SECONDS)
            if await request.is_disconnected():
                return Response(status_code=_LEFT)

    async def ahead(self, plan: Callable[[], Plan]) -> None:
        """Begin a picture that will be asked for in a moment, unless others wait for a place."""
        if self._taken < self._places:
            self._submit(lambda: self._begin(plan))

    def _submit(self, work: Callable[[], _T]) -> Future[_T]:
        self._count(1)
        # In the language of who asks.
        future = self._pool.submit(copy_context().run, work)
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def _count(self, change: int) -> None:
        with self._lock:
            self._taken += change

    def _begin(self, plan: Callable[[], Plan]) -> None:
        # Whoever asks for it is told what is wrong.
        with suppress(LightboxError):
            planned = plan()
            if planned.checked():
                self._drawn(planned)

    def _make(self, plan: Plan, known: str) -> Response:
        headers = {"ETag": f'"{plan.tag}"', "Cache-Control": plan.caching}
        if headers["ETag"] in (part.strip().removeprefix("W/") for part in known.split(",")):
            return Response(status_code=304, headers=headers)
        if plan.checked():
            body = self._drawn(plan)
        else:
            body = plan.draw()
            headers = {"Cache-Control": NOT_AT_ALL}
        return Response(body, media_type=plan.kind, headers=headers)

    def _drawn(self, plan: Plan) -> bytes:
        with self._lock:
            recent = self._recent.get(plan.tag)
            if recent:
                return recent.body
            under_way = self._under_way.get(plan.tag)
            if under_way is None:
                mine: Future[bytes] = Future()
                self._under_way[plan.tag] = mine
        if under_way:
            return under_way.result()
        try:
            body = plan.draw()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            self._recent.put(plan.tag, Kept(b"", [], body, None))
            mine.set_result(body)
            return body
        finally:
            with self._lock:
                del self._under_way[plan.tag]
