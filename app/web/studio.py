"""Where pictures are drawn: off the event loop, few at a time, each once, for who still waits."""

import asyncio
import hashlib
import math
import os
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.arrays.store import Array
from app.errors import LightboxError, NotReadyError
from app.web.memory import Answers, Kept, keep_while
from app.web.transport import FOREVER, NOT_AT_ALL, is_known

# Nobody reads this answer; the number is nginx's for a client that has left.
_LEFT: Final = 499
_WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
# Asking a file system takes as long as giving a kept picture, or longer over a network.
_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Plan:
    """A picture that could be drawn. ``tag`` names its content, ``kind`` is its media type.

    What is drawn before all of ``images`` were checked is kept by nobody. ``begin`` takes the
    pixels of one that may be drawn ahead, and gives what makes the picture of them.
    """

    tag: str
    kind: str
    caching: str
    draw: Callable[[], bytes]
    images: Collection[Array]
    begin: Callable[[], Callable[[], bytes]] | None = None

    @property
    def is_checked(self) -> bool:
        """Say whether all the pixels have passed their checksums."""
        return all(array.progress().finished for array in self.images)

    @property
    def etag(self) -> str:
        """The tag as a header, where commas, quotes and others than ASCII would mislead."""
        return f'"{hashlib.sha256(self.tag.encode()).hexdigest()[:32]}"'


class Studio:
    """Draws pictures.

    Drawing holds the interpreter for part of its time, so more at once than there are cores would
    only starve the pages.
    """

    def __init__(self, kept: Answers) -> None:
        self._kept = kept
        places = max(2, os.cpu_count() or 2)
        self._pool = ThreadPoolExecutor(places, "studio")
        self._beside = ThreadPoolExecutor(places, "beside")
        self._ahead = threading.BoundedSemaphore(places)
        self._under_way: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()

    async def answer(self, request: Request, plan: Callable[[], Plan]) -> Response:
        """Answer with the picture that is planned, or with 304 where the browser has it.

        ``plan`` and drawing may raise a LightboxError; while it is NotReadyError, waits a while.
        """
        known = ",".join(request.headers.getlist("if-none-match"))

        def make() -> Response:
            planned = plan()
            answer = self._make(planned, known)
            if answer.headers["Cache-Control"] == FOREVER:
                keep_while(request, _are_current(planned.images))
            return answer

        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            # In the language of who asks.
            drawing = self._pool.submit(copy_context().run, make)
            future = asyncio.wrap_future(drawing)
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

    def draw_ahead(self, address: str, plan: Callable[[], Plan]) -> None:
        """Begin a picture that is asked for in a moment, and keep it when it is drawn.

        For what takes about a millisecond, as asking for it takes as long again: its pixels are
        taken here and now, and deflated in another thread while the caller goes on. Where as many
        are drawn already as there are cores, it is left to the one who asks.
        """
        path, _, query = address.encode().partition(b"?")
        if self._kept.get((path, query)) or not self._ahead.acquire(blocking=False):
            return
        # Who has the interpreter keeps it for a while: the other thread would begin when the
        # caller is done, unless the caller waits for it to begin.
        is_begun = threading.Lock()
        is_begun.acquire()

        def go_on(planned: Plan, finish: Callable[[], bytes]) -> None:
            is_begun.release()

            def drawn() -> bytes:
                body = finish()
                answer, holds = _answer(planned, body), _are_current(planned.images)
                kept = Kept(answer.headers["etag"].encode(), answer.raw_headers, body, holds)
                self._kept.put((path, query), kept)
                return body

            try:
                self._drawn(planned.tag, drawn)
            finally:
                self._ahead.release()

        handed_over = False
        try:
            planned = plan()
            if planned.begin and planned.caching == FOREVER and planned.is_checked:
                self._beside.submit(go_on, planned, planned.begin())
                handed_over = True
                is_begun.acquire()
        except (LightboxError, OSError):
            pass  # whoever asks for it is told what is wrong
        finally:
            if not handed_over:
                self._ahead.release()

    def _make(self, plan: Plan, known: str) -> Response:
        unchanged = Response(
            status_code=304, headers={"ETag": plan.etag, "Cache-Control": plan.caching}
        )
        if known != "*" and is_known(known, plan.etag):
            return unchanged
        if not plan.is_checked:
            headers = {"Cache-Control": NOT_AT_ALL}
            return Response(plan.draw(), media_type=plan.kind, headers=headers)
        # Whether there is anything to be known is only found by drawing it.
        body = self._drawn(plan.tag, plan.draw)
        return unchanged if known == "*" else _answer(plan, body)

    def _drawn(self, tag: str, draw: Callable[[], bytes]) -> bytes:
        with self._lock:
            under_way = self._under_way.get(tag)
            if under_way is None:
                mine: Future[bytes] = Future()
                self._under_way[tag] = mine
        if under_way:
            return under_way.result()
        try:
            body = draw()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(body)
            return body
        finally:
            with self._lock:
                del self._under_way[tag]


def _answer(plan: Plan, body: bytes) -> Response:
    headers = {"ETag": plan.etag, "Cache-Control": plan.caching}
    return Response(body, media_type=plan.kind, headers=headers)


def _are_current(images: Collection[Array]) -> Callable[[], bool]:
    """Ask, at most once a second, if the file of these images is still there and the same.

    One that was taken away may be one that nobody is to see any more.
    """
    answer, asked = True, -math.inf

    def are_current() -> bool:
        nonlocal answer, asked
        if time.monotonic() - asked >= _AGAIN_SECONDS:
            answer, asked = all(array.is_current for array in images), time.monotonic()
        return answer

    return are_current
