"""A mirror of the tests' own on loopback, with each fault that mirrors have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mirror:
    """What the mirror does next, and what it was asked."""

    body: bytes
    address: str = ""
    cut_at: list[int] = field(default_factory=list)
    stall_at: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    retry_after: str = ""
    kind: str = "application/octet-stream"
    knows_ranges: bool = True
    at_most: int | None = None  # bytes of a range that is asked for
    shift: int = 0  # a range begins so much later than was asked
    tells_length: bool = True
    ranges: list[str | None] = field(default_factory=list)
    heads: int = 0
    encodings: set[str | None] = field(default_factory=set)
    going_on: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    state: Mirror
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.state.heads += 1
        self.send_response(200)
        if self.state.tells_length:
            self.send_header("Content-Length", str(len(self.state.body)))
        self.send_header("Connection", "close")
        self.end_headers()

    def do_GET(self) -> None:
        state, wanted = self.state, self.headers.get("Range")
        state.ranges.append(wanted)
        state.encodings.add(self.headers.get("Accept-Encoding"))
        self.close_connection = True
        if state.statuses:
            self.send_response(state.statuses.pop(0))
            if state.retry_after:
                self.send_header("Retry-After", state.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if wanted and state.knows_ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + state.shift
        if start >= len(state.body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(state.body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        part = state.body[start:][: state.at_most if start else None]
        self.send_response(206 if start else 200)
        if start:
            last = start + len(part) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(state.body)}")
        self.send_header("Content-Type", state.kind)
        if state.tells_length:
            self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if state.stall_at:
            self.wfile.write(part[: state.stall_at.pop(0)])
            self.wfile.flush()
            state.going_on.wait(30)
            return
        with suppress(ConnectionError):  # who cancels a download reads no further
            self.wfile.write(part[: state.cut_at.pop(0)] if state.cut_at else part)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@contextmanager
def at_work(state: Mirror) -> Iterator[Mirror]:
    """Serve what the state says, at a free port of this machine, whatever file is asked for."""
    handler = type("AtThisMirror", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        state.going_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
