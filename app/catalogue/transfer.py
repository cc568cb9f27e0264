"""What an address gives → a part file: taken up where it broke off, asked again where that helps.

Which bytes came is not judged here, only that all came that were announced.
"""

import email.utils
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from app.errors import FetchError, plain

Report = Callable[[int, int | None], None]  # bytes here, bytes in all if known

_TRIES: Final = 4
# Who brought so much since the last break is not refused because of the breaks before.
_PROGRESS: Final = 8 * 1024 * 1024
# A read that brings nothing for so long is a stall; a mirror that works hard answers sooner.
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_ASKING_TIMEOUT: Final = httpx2.Timeout(10.0)
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# Longer than this nobody sits waiting.
_RETRY_AFTER_MOST: Final = 120.0
# The published bytes themselves: the MD5 is of these, not of a packed form.
_HEADERS: Final = {"Accept-Encoding": "identity"}
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_BEYOND: Final = re.compile(r"bytes \*/(\d{1,18})", re.ASCII)
_ERROR_NUMBER: Final = re.compile(r"^\[Errno -?\d+\] ")


class _InterruptedError(Exception):
    """The transfer broke off; what has come is kept and can be taken up again."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        self.wait = wait
        super().__init__(reason)


@dataclass(frozen=True)
class Source:
    """Where a file is brought from. ``bytes`` is its length, where that is certain.

    ``room`` is asked before so many more bytes are written, and raises FetchError where the disk
    has not got it; ``pause`` waits between two tries.
    """

    address: str
    bytes: int | None
    room: Callable[[int], None]
    pause: Callable[[float], None]


def transfer(source: Source, part: Path, report: Report) -> None:
    """Write what the address gives to ``part``, after what is there. Raises FetchError, OSError."""
    host = _host(source.address)
    tries, began = 0, _length(part)
    with _client() as client:
        while True:
            try:
                _one_try(client, source, part, report)
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
                raise _unaskable(source.address) from None
            except httpx2.TooManyRedirects:
                raise FetchError(
                    f"{source.address} leads in a circle; try another mirror."
                ) from None
            except (_InterruptedError, httpx2.TransportError) as error:
                tries = 1 if _length(part) - began >= _PROGRESS else tries + 1
                began = _length(part)
                if tries >= _TRIES:
                    raise _given_up(source.address, host, error) from None
                asked = error.wait if isinstance(error, _InterruptedError) else None
                source.pause(2.0 ** (tries - 1) if asked is None else asked)
            else:
                return


def _client() -> httpx2.Client:
    """Make what asks, by the proxy and certificates of the environment. Raises FetchError."""
    try:
        return httpx2.Client(timeout=_TIMEOUT, follow_redirects=True, headers=_HEADERS)
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise FetchError(
            f"No connection can be made as the environment asks ({why}); look at the proxy and "
            "certificate settings, such as HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE."
        ) from None


def length_at(address: str) -> int | None:
    """Ask how many bytes an address would give; None where it does not say."""
    try:
        with _client() as client:
            answer = client.head(address, timeout=_ASKING_TIMEOUT)
    except (FetchError, httpx2.HTTPError, httpx2.InvalidURL):
        return None
    return _number(answer.headers.get("content-length")) if answer.status_code == 200 else None


def _one_try(client: httpx2.Client, source: Source, part: Path, report: Report) -> None:
    here = _length(part)
    headers = {"Range": f"bytes={here}-"} if here else {}
    with client.stream("GET", source.address, headers=headers) as answer:
        if answer.status_code == 416:
            beyond = _BEYOND.fullmatch(answer.headers.get("content-range", ""))
            if beyond and int(beyond[1]) == here:
                return  # all of it is here already
            part.unlink(missing_ok=True)
            raise _InterruptedError("the mirror has less than what is here")
        _refuse_other_answers(source.address, answer)
        here, total = _extent(answer, here, part)
        _refuse_other_length(source, total)
        total = total or source.bytes
        if total is not None:
            source.room(total - here)
        report(here, total)
        with part.open("ab" if here else "wb") as file:
            for block in answer.iter_raw():
                if not here and _is_page(block):
                    part.unlink(missing_ok=True)
                    raise FetchError(_web_page(source.address))
                if total is not None and here + len(block) > total:
                    # Told by nobody before, where the length was not: it might fill the disk.
                    part.unlink(missing_ok=True)
                    raise FetchError(
                        f"{source.address} gives more than the {total:,} bytes of the published "
                        "file; try another mirror."
                    )
                file.write(block)
                file.flush()  # others see by its length how far it is
                here += len(block)
                report(here, total)
            os.fsync(file.fileno())
        if total is not None and here < total:
            raise _InterruptedError(f"{here:,} of {total:,} bytes came")


def _refuse_other_answers(address: str, answer: httpx2.Response) -> None:
    status = answer.status_code
    if status in _PASSING:
        wait = _retry_after(answer.headers.get("retry-after", ""))
        if wait is not None and wait > _RETRY_AFTER_MOST:
            raise FetchError(
                f"{address} is busy and asks to be left alone for {wait:,.0f} seconds; run this "
                "again then, or try another mirror."
            )
        raise _InterruptedError(f"status {status}", wait)
    if status not in (200, 206):
        raise FetchError(f"{address} answers with status {status}; try another mirror.")
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        raise FetchError(_web_page(address))


def _extent(answer: httpx2.Response, here: int, part: Path) -> tuple[int, int | None]:
    """Give where the body begins, and how long the whole file is, if the answer says so."""
    length = _number(answer.headers.get("content-length"))
    if answer.status_code == 200:
        return 0, length  # the mirror sends all of it, whatever was asked
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    if not found or int(found[1]) != here:
        part.unlink(missing_ok=True)
        raise _InterruptedError("the mirror sent another part than was asked for")
    return here, _number(found[2]) or (here + length if length is not None else None)


def _refuse_other_length(source: Source, total: int | None) -> None:
    if source.bytes is not None and total is not None and total != source.bytes:
        raise FetchError(
            f"{source.address} has {total:,} bytes, but the published file has "
            f"{source.bytes:,}; try another mirror."
        )


def _host(address: str) -> str:
    """Give the host that an address names. Raises FetchError if it names none."""
    try:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.netloc
    except ValueError:
        pass
    raise _unaskable(address)


def _unaskable(address: str) -> FetchError:
    return FetchError(f"{plain(address)} is not an address that can be asked; try another mirror.")


def _given_up(address: str, host: str, error: Exception) -> FetchError:
    reason = _ERROR_NUMBER.sub("", plain(str(error))).rstrip(".")
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return FetchError(
            f"{host} can't be reached ({reason or 'no answer'}); check the network, or name "
            "another mirror."
        )
    if isinstance(error, httpx2.TimeoutException):
        reason = "nothing more came"
    return FetchError(
        f"{address} could not be fetched ({reason or type(error).__name__}); check the network and "
        "run this again: it goes on where it stopped."
    )


def _is_page(block: bytes) -> bool:
    """Say whether a body begins as a web page does, whatever its headers call it."""
    start = block[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head"))


def _web_page(address: str) -> str:
    return f"{address} is a web page, not the file; try another mirror."


def _retry_after(value: str) -> float | None:
    """Read seconds or a date (RFC 9110, 10.2.3); None where there is none to be read."""
    seconds = _number(value.strip())
    if seconds is not None:
        return float(seconds)
    try:
        then = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
