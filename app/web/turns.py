"""Turns to write: where the database keeps writers waiting, they hold up no page.

A writer waits in a thread and with a connection, of which pages need some too. So few do, and the
others wait for their turn without either.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.errors import StorageError
from app.reviews.engines import PATIENCE
from app.web.language import gettext as _

# Of 40 threads, and 15 connections. A database takes one at a time anyway.
_MOST: Final = 6
_AGAIN_SECONDS: Final = 0.01


class Turns:
    """The turns of one process."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_MOST)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for a turn, as long as for the database itself. Raises StorageError."""
        until = time.monotonic() + PATIENCE
        while not self._free.acquire(blocking=False):
            if time.monotonic() > until:
                raise StorageError(
                    _("Too much is being saved at once; nothing was saved. Try again in a moment.")
                )
            await asyncio.sleep(_AGAIN_SECONDS)
        try:
            yield
        finally:
            self._free.release()
