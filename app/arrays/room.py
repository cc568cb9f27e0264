"""Is there room in the cache for what must be unpacked? If not, the sentence that says so."""

from collections.abc import Callable
from pathlib import Path

from app.arrays.archive import Archive
from app.arrays.cache import FULL, Cache
from app.errors import ArchiveError
from app.phrases import Amount, Phrase


def fits(cache: Cache, needed: int) -> bool:
    """Say whether the folder takes a file of that size, if need be with all else evicted.

    Raises OSError where it can't be looked at.
    """
    return cache.writable and needed <= cache.bound and _disk_has(cache, needed)


def require_room(cache: Cache, archive: Archive, name: str, needed: int) -> None:
    """Raise ArchiveError if ``needed`` bytes can't be had, not even by evicting all else.

    Raises OSError where the folder can't be looked at.
    """
    if not cache.writable:
        raise ArchiveError(
            archive.path,
            Phrase(
                "needs {needed} bytes in the cache folder, which can't be written to",
                needed=Amount(needed),
            ),
            Phrase("set LIGHTBOX_CACHE_DIR to a folder that can"),
            name,
        )
    if needed > cache.bound:
        raise ArchiveError(
            archive.path,
            Phrase(
                "needs {needed} bytes in the cache folder, whose bound is {bound}",
                needed=Amount(needed),
                bound=Amount(cache.bound),
            ),
            Phrase("set LIGHTBOX_CACHE_BYTES to more"),
            name,
        )
    if not _disk_has(cache, needed):
        raise _too_little(cache, archive, name, needed)


def make_room(
    cache: Cache, archive: Archive, path: Path, needed: int, let_go: Callable[[list[Path]], None]
) -> None:
    """Evict what must go for ``needed`` bytes at ``path``, and unmap it.

    Raises ArchiveError, or OSError where the folder can't be looked at.
    """
    require_room(cache, archive, path.stem, needed)
    let_go(cache.evict(needed, path))
    if needed > cache.free():
        raise _too_little(cache, archive, path.stem, needed)


def is_lasting(error: OSError | ArchiveError) -> bool:
    """Say whether what kept a file from being made is in its archive, not in the cache folder."""
    return isinstance(error, ArchiveError) and not error.passing


def disk_refusal(
    cache: Cache, archive: Archive, name: str, needed: int, error: OSError
) -> ArchiveError:
    """Turn what the system says when we write to the cache into a refusal."""
    if error.errno in FULL:
        return _too_little(cache, archive, name, needed)
    return ArchiveError(
        archive.path,
        Phrase(
            "can't be unpacked into the cache folder ({reason})",
            reason=(error.strerror or "unknown reason").lower(),
        ),
        Phrase("check that folder, or set LIGHTBOX_CACHE_DIR to another"),
        name,
        passing=True,
    )


def _disk_has(cache: Cache, needed: int) -> bool:
    return needed <= cache.free() or needed <= cache.free() + cache.size()


def _too_little(cache: Cache, archive: Archive, name: str, needed: int) -> ArchiveError:
    return ArchiveError(
        archive.path,
        Phrase(
            "needs {needed} bytes in the cache folder, where {free} are free",
            needed=Amount(needed),
            free=Amount(cache.free()),
        ),
        Phrase("make room there, or set LIGHTBOX_CACHE_DIR to a larger disk"),
        name,
        passing=True,
    )
