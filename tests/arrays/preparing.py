"""A process that prepares one member, in children of its own.

``preparing.py FILE MEMBER CACHE SECONDS`` prints ``up`` and reads lines. On ``go`` it starts a
child; on ``wait`` it waits until the child is gone, and prints ``gone``. The child prints ``child``
with its number, ``made`` if it unpacks, ``early N …`` when it can read N items before the end, with
values of the last of them, ``ready`` when all is on disk, and ``over`` when it says no more, if it
was not killed. ``SECONDS`` is how long each block of the work is held up.
"""

import os
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.arrays import inflate, unpacking
from app.arrays.archive import read_archive
from app.arrays.cache import Cache
from app.arrays.store import Store


def say(*words: object) -> None:
    # One write each, so that the lines of several processes do not mix.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def unpack_slowly(seconds: float, archive: Any, member: Any, file: Any, report: Any) -> None:
    say("made")

    def late(done: int) -> None:
        report(done)
        time.sleep(seconds)

    inflate.unpack(archive, member, file, late)


def prepare(path: Path, name: str, cache: Path) -> None:
    store = Store(Cache(cache, 10**10))
    archive = read_archive(path, frozenset({name}))
    array = store.open(archive, name)
    array.wait(1, 30)
    early = array.available
    if 0 < early < array.shape[0]:
        last = array.take(np.array([early - 1], np.int64))
        say("early", early, int(last.flat[0]), int(last.flat[-1]))
    store.prepare(archive, name)
    say("ready")


def main() -> None:
    path, name, cache, seconds = sys.argv[1:]
    setattr(unpacking, "unpack", partial(unpack_slowly, float(seconds)))  # noqa: B010
    child = 0
    say("up")
    for line in sys.stdin:
        if line == "wait\n":
            os.waitpid(child, 0)
            say("gone")
            continue
        child = os.fork()
        if not child:
            try:
                say("child", os.getpid())
                prepare(Path(path), name, Path(cache))
            except BaseException:
                traceback.print_exc()
            finally:
                say("over")
                os._exit(0)


main()
