"""Work that stops where a test wants it to, so that what happens meanwhile can be looked at."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from app.arrays import inflate

PATIENCE = 20.0


class Gate:
    """Lets unpacking go until so many array bytes are done, then until it is opened.

    ``begun`` counts how often the unpacking of any member was begun, ``done`` is how many bytes
    were last said to be done.
    """

    def __init__(self, stop_at: int) -> None:
        self.stop_at = stop_at
        self.begun = 0
        self.done = 0
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def unpack(self, archive: Any, member: Any, file: Any, report: Any) -> None:
        self.begun += 1
        inflate.unpack(archive, member, file, partial(self._stopping, report))

    def verify(self, archive: Any, member: Any, report: Any) -> None:
        inflate.verify(archive, member, partial(self._stopping, report))

    def _stopping(self, report: Any, done: int) -> None:
        report(done)
        self.done = done
        if done >= self.stop_at and not self._opened.is_set():
            self.reached.set()
            assert self._opened.wait(PATIENCE)


@contextmanager
def gated(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> Iterator[Gate]:
    """Take every member for a large one, unpack it in small blocks, and stop on the way."""
    gate = Gate(stop_at)
    others = set(threading.enumerate())  # of tests that left some stopped: these never end
    monkeypatch.setattr("app.arrays.job.SMALL", -1)
    monkeypatch.setattr("app.arrays.store.SMALL", -1)
    monkeypatch.setattr("app.arrays.inflate.WRITE", 1_000)
    monkeypatch.setattr("app.arrays.unpacking.unpack", gate.unpack)
    try:
        yield gate
    finally:
        gate.open()
        # Else what this test began would stop at the next test's gate.
        for thread in set(threading.enumerate()) - others:
            if thread.name.startswith("unpack "):
                thread.join(PATIENCE)
