"""What every answer carries, and which host names the server answers to."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.protocol import AT_ONCE, AtOnce, RawHeaders
from app.web.transport import ASK_AGAIN

_CSP: Final = (
    "default-src 'self'; {style}base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _CSP.format(style=""),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Where nothing is said, caches on the way may guess (RFC 9111, section 4.2.2).
    "Cache-Control": ASK_AGAIN,
}
_RAW: Final = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*?)\.?(:[0-9]*)?")


# For pages whose own address is a secret.
NO_REFERRER: Final = {"Referrer-Policy": "no-referrer"}
UNDER_A_LINK: Final = {"X-Robots-Tag": "noindex, nofollow", **NO_REFERRER}


def policy_with_style(style: str) -> dict[str, str]:
    """Allow the one line of CSS that a page carries, by its hash, and no other."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {"Content-Security-Policy": _CSP.format(style=f"style-src 'self' 'sha256-{digest}'; ")}


# What makes of a request more than the question for a picture.
_MORE: Final = frozenset(
    {b"if-none-match", b"expect", b"content-length", b"transfer-encoding", b"upgrade"}
)


class Guard:
    """ASGI middleware: refuses foreign host names, adds the headers to all answers.

    A page elsewhere can point a name of its own at 127.0.0.1 and then read what a local server
    says (DNS rebinding); its requests carry that name.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        loopback_only: bool,
        hosts: frozenset[str],
        picture: Callable[[bytes], AtOnce | None] | None,
    ) -> None:
        self._app = app
        self._picture = picture
        # One that was named none answers to all: it can't know by which names it is reached.
        self._hosts = _LOOPBACK | hosts if loopback_only or hosts else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] != "http":
            if self._picture and "state" in scope:
                scope["state"][AT_ONCE] = self.at_once
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_policy(message["headers"])
            await send(message)

        named = Headers(scope=scope).getlist("host")
        if len(named) > 1:
            # Who stands in front may have decided by another one of them (RFC 9112, section 3.2).
            sentence = "This request names its host more than once; send one Host header."
            await _refusal(scope, 400, sentence)(scope, receive, guarded)
            return
        if self._hosts and _host("".join(named)) not in self._hosts:
            sentence = (
                "This server answers to the names of this machine (localhost, 127.0.0.1) and to "
                "those it was given; open it by one of these."
            )
            await _refusal(scope, 421, sentence)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def at_once(self, target: bytes, headers: RawHeaders) -> AtOnce | None:
        """Give a kept picture to who asks plainly, and by a name of ours."""
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or any(name in _MORE for name, _ in headers):
            return None
        if self._hosts and _host(hosts[0].decode("latin-1")) not in self._hosts:
            return None
        return self._picture(target) if self._picture else None


def _refusal(scope: Scope, status: int, sentence: str) -> Response:
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": sentence, "part": "host"}, status)
    return PlainTextResponse(f"{sentence}\n", status)


def with_policy(headers: RawHeaders) -> RawHeaders:
    """Add what every answer carries, where it is not there already."""
    present = {name for name, _ in headers}
    return [*headers, *(pair for pair in _RAW if pair[0] not in present)]


@lru_cache(maxsize=256)
def _host(header: str) -> str:
    """Give the host name in a Host header without its port, in lower case; else nothing."""
    found = _HOST.fullmatch(header.lower())
    return found[1] if found else ""
