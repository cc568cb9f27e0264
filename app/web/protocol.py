"""How answers leave: by Uvicorn's HTTP, kept pictures at once, and answers in one piece."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RawHeaders = list[tuple[bytes, bytes]]
_Dated = tuple[tuple[bytes, bytes], ...]
AtOnce = tuple[bytes, bytes, bool]
"""The head of an answer (without its date), its body, and if it was given before."""

AT_ONCE: Final = "lightbox.at_once"
"""Key of the lifespan's state: gives the answer to a GET of this target with these headers, if it
is known already, and nothing more is to be asked."""

# More than that would not leave in one piece.
_WHOLE_MOST: Final = 64 * 1024


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, with two shorter ways for what is asked for most.

    A picture that is kept is given from here: neither a task nor the application is begun for it,
    which would take longer than all the rest. And an answer's head is written together with its
    body, unless that is large: one system call less, and a process that is killed has sent a page
    or nothing. A proxy can ask another one again for nothing, but not for the rest of what has
    begun.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(_Holding(transport))  # type: ignore[arg-type]

    def on_headers_complete(self) -> None:
        """Answer at once, or begin the application."""
        if not self._answered_at_once():
            # What came in one piece with it and was answered began the wait for the next one.
            self._unset_keepalive_if_required()
            super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Send a head that no body came for, as of HEAD."""
        self.transport.release()  # type: ignore[attr-defined]
        super().on_response_complete()

    def _answered_at_once(self) -> bool:
        at_once: Callable[[bytes, RawHeaders], AtOnce | None] | None = self.app_state.get(AT_ONCE)
        # From a connection's second request on: Uvicorn takes the end of a request to be that of
        # the one before, which it has answered.
        is_next = self.cycle is not None and self.cycle.response_complete and not self.pipeline
        if (
            at_once is None
            or not is_next
            or self.flow.write_paused
            or self.parser.get_method() != b"GET"
            or self.parser.get_http_version() != "1.1"
            or not self.parser.should_keep_alive()
        ):
            return False
        found = at_once(self.url, self.headers)
        if found is None:
            return False
        dated = tuple(self.server_state.default_headers)
        head, body, again = found
        if not again:
            # Making ready for the next ones takes longer than to write it once.
            self.transport.write(_first(dated, head) + body)
        elif len(body) <= _WHOLE_MOST or not self._sent_from_file(dated, head, body):
            self.transport.write(_whole(dated, head, body))
        self.on_response_complete()
        return True

    def _sent_from_file(self, dated: _Dated, head: bytes, body: bytes) -> bool:
        """Have the kernel send what it takes of an answer, uncopied; say whether it could."""
        if sys.platform != "linux" or self.transport.get_write_buffer_size():
            return False
        try:
            answer = _filed(dated, head, body)
        except OSError:  # no memory, or no more files
            return False
        sent = 0
        # Where the client takes nothing now, or has gone, the transport finds that out.
        with contextlib.suppress(OSError):
            connection = self.transport.get_extra_info("socket").fileno()
            sent = os.sendfile(connection, answer.number, 0, answer.size)
        if sent < answer.size:
            self.transport.write(os.pread(answer.number, answer.size - sent, sent))
        return True


class _Filed:
    """A file in memory that has no name, and ends with this object."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.size = size

    def __del__(self) -> None:
        os.close(self.number)


@lru_cache(maxsize=32)
def _filed(dated: _Dated, head: bytes, body: bytes) -> _Filed:
    parts = _first(dated, head), body
    filed = _Filed(os.memfd_create("lightbox-answer"), sum(map(len, parts)))
    with open(filed.number, "wb", closefd=False) as file:
        file.writelines(parts)
    return filed


@lru_cache(maxsize=32)
def _whole(dated: _Dated, head: bytes, body: bytes) -> bytes:
    """Put an answer together; what many ask for in a second is put together once in it."""
    return _first(dated, head) + body


def _first(dated: _Dated, head: bytes) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % header for header in dated)
    return b"".join((b"HTTP/1.1 200 OK\r\n", lines, head, b"\r\n"))


class _Holding:
    """A transport that holds back an answer's head until something follows.

    To who has gone nothing is written any more: Uvicorn tells only the last of several requests
    that came in one piece of that, and uvloop's transports then raise an error, as a fault of ours.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            self._head = b""
        elif self._head and len(data) <= _WHOLE_MOST:
            self._transport.write(self._head + data)
            self._head = b""
        elif self._head:
            self.release()
            self._transport.write(data)
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        else:
            self._transport.write(data)

    def release(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

    def close(self) -> None:
        self.release()
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
