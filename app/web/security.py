"""What every answer carries, and which host names the server answers to."""

import base64
import hashlib
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
}
_RAW: Final = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*?)\.?(:[0-9]*)?")


def policy_with_style(style: str) -> dict[str, str]:
    """Allow the one line of CSS that a page carries, by its hash, and no other."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {"Content-Security-Policy": _CSP.format(style=f"style-src 'self' 'sha256-{digest}'; ")}


class Guard:
    """ASGI middleware: refuses foreign host names on loopback, adds the headers to all answers.

    A page elsewhere can point a name of its own at 127.0.0.1 and then read what a local server
    says (DNS rebinding); its requests carry that name.
    """

    def __init__(self, app: ASGIApp, *, loopback: bool, base_host: str | None) -> None:
        self._app = app
        self._hosts = _LOOPBACK | ({base_host.lower()} if base_host else set())
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                present = {name for name, _ in headers}
                message["headers"] = [*headers, *(pair for pair in _RAW if pair[0] not in present)]
            await send(message)

        if self._loopback and _host(Headers(scope=scope)) not in self._hosts:
            refusal = PlainTextResponse(
                "This server answers to the names of this machine only (localhost, 127.0.0.1); "
                "open it by one of these.\n",
                status_code=421,
            )
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def _host(headers: Headers) -> str:
    """Give the host name of the request without its port, in lower case; else nothing."""
    found = _HOST.fullmatch(headers.get("host", "").lower())
    return found[1] if found else ""
