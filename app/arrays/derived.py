"""Files made from an archive's arrays and kept in the cache: indexes, statistics, checksums.

One is made by whoever needs it first, and waited for by all others, in any process; what is small
is made in memory where the cache has no room.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, TypeVar

from app.arrays.archive import Archive
from app.arrays.job import SMALL
from app.arrays.room import disk_refusal, fits, is_lasting, make_room
from app.arrays.store import Store
from app.arrays.unpacking import unnamed
from app.errors import ArchiveError

_T = TypeVar("_T")

_POLL_SECONDS: Final = 0.02


def derived(
    store: Store,
    archive: Archive,
    name: str,
    size: int,
    build: Callable[[BinaryIO], None],
    load: Callable[[BinaryIO], _T],
) -> _T:
    """Give what ``load`` reads from a file of some ``size`` in bytes that ``build`` writes, once.

    One that ``load`` raises ValueError for was damaged in the cache, and is written anew.
    Raises ArchiveError, also where there is no room for it.
    """
    try:
        with _opened(store, archive, name, size, build) as file:
            return load(file)
    except ValueError:
        with contextlib.suppress(OSError):
            store.cache.path(archive.key, name).unlink()
    with _opened(store, archive, name, size, build) as file:
        return load(file)


@contextlib.contextmanager
def _opened(
    store: Store, archive: Archive, name: str, size: int, build: Callable[[BinaryIO], None]
) -> Iterator[BinaryIO]:
    with contextlib.ExitStack() as stack:
        try:
            file = _found_or_made(store, archive, name, size, build, stack)
        except OSError as error:
            raise disk_refusal(store.cache, archive, name, size, error) from None
        yield file


def _found_or_made(
    store: Store,
    archive: Archive,
    name: str,
    size: int,
    build: Callable[[BinaryIO], None],
    stack: contextlib.ExitStack,
) -> BinaryIO:
    cache = store.cache
    path = cache.path(archive.key, name)
    has_room = True
    while True:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found = stack.enter_context(path.open("rb"))
            cache.touch(path)
            return found
        if size <= SMALL and not (has_room and fits(cache, size)):
            made = stack.enter_context(unnamed(name))
            build(made)
            made.flush()
            made.seek(0)
            return made
        try:
            with cache.lock(path) as lock:
                if lock and not cache.has(path):
                    make_room(cache, archive, path, size, store.let_go)
                    with cache.making(path) as (part, _):
                        build(part)
            if not lock:
                time.sleep(_POLL_SECONDS)
        except (OSError, ArchiveError) as error:
            if size > SMALL or is_lasting(error):
                raise
            has_room = False  # others write, too: what was free a moment ago may be gone
