"""Asks an application what no well-behaved client would: bytes as they are, past every clean-up."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    application: ASGIApp,
    target: str,
    *,
    method: str = "GET",
    host: str = "127.0.0.1",
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """Send a request for this target (path and query as they stand on the wire).

    ``more`` are headers beside that of the host.
    """
    path, _, query = target.partition("?")
    raw = path.encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        # As uvicorn does it.
        "path": unquote(raw.decode("latin-1")),
        "raw_path": raw,
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", host.encode("latin-1")), *more],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    messages: list[Any] = []

    async def run() -> None:
        asked = False
        done = asyncio.Event()

        async def receive() -> Any:
            nonlocal asked
            if asked:
                await done.wait()
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await application(scope, receive, send)

    # In a thread of its own: Playwright keeps a loop running in this one from its first test on.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()
    start = next(m for m in messages if m["type"] == "http.response.start")
    return Answer(
        start["status"],
        {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body"),
    )
