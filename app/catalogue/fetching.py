"""A published file → on disk, whole and checked, or not there at all.

It is written beside its final name, so that a cut download is taken up again, and renamed when its
MD5 is the published one.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx2

from app.catalogue.facts import PublishedFile
from app.errors import FetchError

PART: Final = ".part"
_TRIES: Final = 4
_TIMEOUT: Final = httpx2.Timeout(30.0)
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

Report = Callable[[int, int | None], None]  # bytes here, bytes in all if known


class _InterruptedError(Exception):
    """The transfer broke off; what has come is kept and can be taken up again."""


def fetch(file: PublishedFile, folder: Path, base_url: str | None, report: Report) -> Path:
    """Bring a file into the folder. Raises FetchError, and then leaves nothing under its name.

    ``base_url`` is another mirror, asked for ``base_url/{file name}``. A second call for the same
    file, in any process, waits for the first and takes what that has brought.
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder / f".{file.name}.lock"):
            if target.exists():
                if md5_of(target) in file.md5s:
                    return target
                raise FetchError(
                    f"{target} is there already and is not the published file; move it away."
                )
            address = f"{base_url.rstrip('/')}/{file.name}" if base_url else file.url
            part = folder / f".{file.name}{PART}"
            _transfer(address, part, report)
            _check(file, part, address)
            part.rename(target)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FetchError(f"{file.name} can't be written into {folder} ({why}).") from None
    return target


def md5_of(path: Path) -> str:
    """Give the MD5 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _transfer(address: str, part: Path, report: Report) -> None:
    """Write what the address gives to ``part``, taking up where an earlier try broke off."""
    reason = ""
    with httpx2.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(2 ** (attempt - 1))
            try:
                _one_try(client, address, part, report)
            except (_InterruptedError, httpx2.TransportError) as error:
                reason = str(error) or type(error).__name__
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
                raise FetchError(f"{address} is not an address that can be asked.") from None
            else:
                return
    raise FetchError(
        f"{address} could not be fetched ({reason}); check the network and run this again: "
        "it goes on where it stopped."
    )


def _one_try(client: httpx2.Client, address: str, part: Path, report: Report) -> None:
    here = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={here}-"} if here else {}
    with client.stream("GET", address, headers=headers) as answer:
        if answer.status_code == 416:
            part.unlink(missing_ok=True)
            raise _InterruptedError("the mirror has less than what is here")
        if answer.status_code in _PASSING:
            raise _InterruptedError(f"status {answer.status_code}")
        if answer.status_code not in (200, 206):
            raise FetchError(f"{address} answers with status {answer.status_code}.")
        if answer.headers.get("content-type", "").startswith("text/html"):
            raise FetchError(f"{address} is a web page, not the file; try another mirror.")
        resumed = answer.headers.get("content-range", "").startswith(f"bytes {here}-")
        if not resumed:
            here = 0  # the mirror sends all of it, whatever was asked
        length = answer.headers.get("content-length")
        total = here + int(length) if length and length.isdigit() else None
        _refuse_full_disk(part, total, here)
        with part.open("ab" if resumed else "wb") as file:
            for block in answer.iter_raw():
                file.write(block)
                here += len(block)
                report(here, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and here != total:
            raise _InterruptedError(f"{here:,} of {total:,} bytes came")


def _refuse_full_disk(part: Path, total: int | None, here: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - here > free:
        raise FetchError(
            f"{part.parent} has {free:,} bytes free, but {total - here:,} are needed; make room."
        )


def _check(file: PublishedFile, part: Path, address: str) -> None:
    found = md5_of(part)
    if found not in file.md5s:
        part.unlink(missing_ok=True)
        raise FetchError(
            f"{address} gave other bytes than the published {file.name} "
            f"(MD5 {found}, not {file.md5s[0]}); they were thrown away."
        )


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait until no other process brings the same file."""
    with contextlib.ExitStack() as stack:
        while True:
            lock = stack.enter_context(path.open("ab"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Who had it before has removed the name: then it is the next one's lock that counts.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    break
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
