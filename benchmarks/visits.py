"""A visitor without a browser: asks for a page, then for its pictures over several connections."""

import asyncio
import html
import time
import zlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httptools
import uvloop
import zstandard

CONNECTIONS = 6  # what browsers open to one server
CHROMIUM = "gzip, deflate, br, zstd"  # its Accept-Encoding
_PICTURES = b"/sheets/", b"/pictures/", b"/image/", b"/d/"

_T = TypeVar("_T")


class WrongAnswerError(RuntimeError):
    """An answer that is not 200, or not there."""


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._answer: asyncio.Future[tuple[str, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is not one by type

    async def get(self, path: str) -> bytes:
        """Ask, and give the body as it was before compression."""
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._coding = ""
        self._answer = asyncio.get_running_loop().create_future()
        lines = f"GET {path} HTTP/1.1", f"Host: {self._host}", f"Accept-Encoding: {CHROMIUM}"
        self.transport.write("\r\n".join((*lines, "", "")).encode())
        coding, body = await self._answer
        if coding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        if coding == "gzip":
            return zlib.decompress(body, wbits=31)
        if coding:
            raise WrongAnswerError(f"{path}: {coding} is not read here")
        return body

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or WrongAnswerError("the connection was closed"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-encoding":
            self._coding = value.decode()

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        assert self._answer
        status = self._parser.get_status_code()
        if status == 200:
            self._answer.set_result((self._coding, b"".join(self._parts)))
        else:
            self._answer.set_exception(WrongAnswerError(f"status {status}"))


@asynccontextmanager
async def connected(address: str, number: int = CONNECTIONS) -> AsyncIterator[list[Connection]]:
    """Open connections to a server."""
    server = urlsplit(address)
    assert server.hostname
    assert server.port
    opened = []
    for _ in range(number):
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(server.netloc), server.hostname, server.port
        )
        opened.append(connection)
    try:
        yield opened
    finally:
        for connection in opened:
            connection.transport.close()


def pictures_of(page: bytes) -> list[bytes]:
    """Find the addresses of a page's pictures, in 0.01 ms: the visitor must cost little."""
    return [
        behind.partition(b'"')[0]
        for attribute in (b' src="', b' data-sheet="')
        for behind in page.split(attribute)[1:]
        if behind.startswith(_PICTURES)
    ]


async def visit(connections: list[Connection], path: str) -> float:
    """Fetch a page and all its pictures; gives the seconds until the last of them is there."""
    began = time.perf_counter()
    page = await connections[0].get(path)
    # A browser asks once for what stands twice on the page.
    pictures = dict.fromkeys(pictures_of(page))
    if not pictures:
        raise WrongAnswerError(f"{path} shows no picture")
    waiting = iter(pictures)

    async def fetch(connection: Connection) -> None:
        for picture in waiting:
            await connection.get(html.unescape(picture.decode()))

    if len(pictures) == 1:
        await fetch(connections[0])
    else:
        await asyncio.gather(*map(fetch, connections))
    return time.perf_counter() - began


async def visits(address: str, paths: list[str]) -> list[float]:
    """Visit one page after the other."""
    async with connected(address) as connections:
        return [await visit(connections, path) for path in paths]


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run it on the fastest event loop at hand, so that the visitor costs little."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
