"""Counting what went wrong, so that guessing is slow."""

import logging
import threading
import time
from collections import OrderedDict
from typing import Final

from app.web.language import later

_log: Final = logging.getLogger(__name__)

# Clients that are remembered; the one that was quiet longest is forgotten first.
_CLIENTS_MOST: Final = 10_000
_SECONDS: Final = 60.0

WAIT: Final = later("Too many wrong tries came from your network; wait a minute and try again.")
# What programs are told to wait, in seconds, whenever something came too often.
RETRY_AFTER: Final = str(int(_SECONDS))


class Limiter:
    """At most ``most`` wrong tries by one client in any minute."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._tries: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.RLock()

    def count(self, client: str) -> None:
        """Note a wrong try."""
        now = time.monotonic()
        with self._lock:
            recent = [t for t in self._tries.pop(client, []) if now - t < _SECONDS]
            recent.append(now)
            self._tries[client] = recent[-self._most :]
            if len(self._tries) > _CLIENTS_MOST:
                self._tries.popitem(last=False)
        if len(recent) == self._most:
            _log.warning("too many tokens, links, passphrases or notes from %s", client)

    def take(self, client: str) -> bool:
        """Note a try that may be wrong; False where this client must wait instead."""
        with self._lock:
            if self.is_over(client):
                return False
            self.count(client)
            return True

    def forgive(self, client: str) -> None:
        """Forget a try that was right."""
        with self._lock:
            if self._tries.get(client):
                self._tries[client].pop()

    def is_over(self, client: str) -> bool:
        """Say whether this client must wait."""
        now = time.monotonic()
        with self._lock:
            recent = [t for t in self._tries.get(client, []) if now - t < _SECONDS]
        return len(recent) >= self._most
