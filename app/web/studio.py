"""Where pictures are drawn: off the event loop, few at a time, each once, for who still waits."""

import asyncio
import hashlib
import math
import os
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
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
_PAGES_MOST: Final = 40  # at once, as many as Starlette draws of others
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
        self._pages = ThreadPoolExecutor(_PAGES_MOST, "pages")
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

    async def page(self, draw: Callable[[ExitStack], Response]) -> Response:
        """Answer with a page, from a thread that then goes on with what was left on the stack.

        The processor deflates a page's sheet while the page is on its way. Deflating it while the
        page is drawn takes as long: what two threads spare they lose by handing over, and by
        sharing a core.
        """
        answer: Future[Response] = Future()
        answer.set_running_or_notify_cancel()  # who has left cancels nothing

        def drawn() -> None:
            with ExitStack() as later:
                try:
                    answer.set_result(draw(later))
                except BaseException as error:
                    answer.set_exception(error)

        self._pages.submit(copy_context().run, drawn)
        return await asyncio.wrap_future(answer)

    def draw_ahead(self, address: str, plan: Callable[[], Plan], later: ExitStack) -> None:
        """Take the pixels of a picture that is asked for in a moment; leave it to be drawn later.

        For what takes about a millisecond, as asking for it takes as long again: whoever asks
        sooner waits until it is kept. Where as many are drawn already as there are cores, it is
        left to the one who asks.
        """
        path, _, query = address.encode().partition(b"?")
        if self._kept.get((path, query)) or not self._ahead.acquire(blocking=False):
            return
        later.callback(self._ahead.release)
        try:
            planned = plan()
            if not planned.begin or planned.caching != FOREVER or not planned.is_checked:
                return
            finish = planned.begin()
        except (LightboxError, OSError):
            return  # whoever asks for it is told what is wrong

        def drawn() -> bytes:
            body = finish()
            answer, holds = _answer(planned, body), _are_current(planned.images)
            kept = Kept(answer.headers["etag"].encode(), answer.raw_headers, body, holds)
            self._kept.put((path, query), kept)
            return body

        later.callback(self._kept.promise((path, query)))
        later.callback(self._drawn, planned.tag, drawn)

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
