"""Answers given at once wait for their turn: the protocol alone, on a pair of sockets."""

import asyncio
import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from running import PATIENCE
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.web.protocol import AT_ONCE, Protocol


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_nothing_overtakes_what_waits_for_a_slow_reader() -> None:
    """What is asked for in the very moment in which the kernel takes more again comes last."""
    # Each more than leaves in one piece, and a little more than the one before.
    bodies = [bytes([number]) * (70_000 + 20_000 * number) for number in range(50)]
    heads = [b"content-length: %d\r\n" % len(body) for body in bodies]
    asked: list[int] = []

    def at_once(target: bytes, _headers: object) -> tuple[bytes, bytes, bool]:
        asked.append(int(target[1:]))
        # By turns from a file in memory, and written as it is.
        return heads[asked[-1]], bodies[asked[-1]], asked[-1] % 2 == 0

    def asking(number: int) -> bytes:
        return f"GET /{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def whole() -> bytes:
        return b"".join(b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (heads[n], bodies[n]) for n in asked)

    def taken(client: socket.socket) -> bytes:
        got = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                got += client.recv(2**20)
        return got

    async def received() -> bytes:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(_nothing, http=Protocol, lifespan="off", log_config=None)
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        theirs.setblocking(False)
        transport, protocol = await loop.connect_accepted_socket(
            lambda: Protocol(config, ServerState(), {AT_ONCE: at_once}), ours
        )
        with theirs, contextlib.closing(transport):
            theirs.send(asking(0))  # a connection's first request is the application's
            assert (await loop.sock_recv(theirs, 65_536)).startswith(b"HTTP/1.1 204")
            got = b""
            while not transport.get_write_buffer_size():
                got += taken(theirs)
                theirs.send(asking(number := len(asked)))
                while len(asked) == number:
                    await asyncio.sleep(0)
            assert not protocol.flow.write_paused  # so the next is given at once, too
            # All that the kernel has: it takes more now, and the server doesn't know yet.
            got += taken(theirs)
            theirs.send(asking(len(asked)))
            while len(asked) < number + 2 or len(got) < len(whole()):
                got += await loop.sock_recv(theirs, 2**20)
        return got

    # In a thread of its own: Playwright keeps a loop running in this one from its first test on.
    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(lambda: asyncio.run(asyncio.wait_for(received(), PATIENCE))).result()
    assert got == whole()
    assert asked == list(range(len(asked)))


def test_what_takes_long_is_waited_for_behind_what_was_given_at_once() -> None:
    """A connection that nobody uses is closed after a while, but this one is in use."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.5 if scope["path"] == "/slow" else 0)
        await _nothing(scope, receive, send)

    def at_once(target: bytes, _headers: object) -> tuple[bytes, bytes, bool] | None:
        return (b"content-length: 4\r\n", b"kept", True) if target == b"/kept" else None

    async def received() -> bytes:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            slow, http=Protocol, lifespan="off", log_config=None, timeout_keep_alive=1
        )
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        transport, _protocol = await loop.connect_accepted_socket(
            lambda: Protocol(config, ServerState(), {AT_ONCE: at_once}), ours
        )
        asking = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        got = b""
        with theirs, contextlib.closing(transport):
            theirs.send(asking.format("/first").encode())
            assert (await loop.sock_recv(theirs, 65_536)).startswith(b"HTTP/1.1 204")
            theirs.send((asking.format("/kept") + asking.format("/slow")).encode())
            while b" 204 " not in got and (more := await loop.sock_recv(theirs, 65_536)):
                got += more
        return got

    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(lambda: asyncio.run(asyncio.wait_for(received(), PATIENCE))).result()
    assert b"kept" in got
    assert b"HTTP/1.1 204" in got
