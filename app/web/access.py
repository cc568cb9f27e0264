"""Who may do what: the owner, anyone on a public server, strangers, and who holds a link.

A link opens ``/s/…`` only, and the pages there show nothing but what it names; so that part is
never locked here. All the rest of a private server is, by one answer for every address, so that a
stranger can't tell what exists.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ForbiddenError
from app.settings import Access
from app.web import addresses
from app.web.language import gettext as _
from app.web.limits import RETRY_AFTER, WAIT, Limiter
from app.web.roles import ROLE, role_of
from app.web.templating import page
from app.web.unfurl import PUBLIC

_SESSION: Final = "lightbox"
_ENTERED: Final = "lightbox.entered"
_SESSION_SECONDS: Final = 30 * 24 * 3600
# What a stranger may ask of a private server: links, the program's own files, how its own pages
# look, is it alive.
_UNLOCKED_UNDER: Final = ("/s/", "/static/", "/vendor/")
_UNLOCKED: Final = frozenset(
    {
        addresses.ENTER,
        addresses.PREFERENCES,
        addresses.KEYS,
        "/healthz",
        "/readyz",
        "/robots.txt",
    }
)
_FIELD: Final = "token"


@dataclass(frozen=True)
class Enter:
    """The page where the owner enters, which is all that others see of a private server."""

    heading: str
    sentence: str


class Gate:
    """ASGI middleware that knows the owner, and on a private server lets nobody else in.

    The owner comes with the token in the address (``?token=…``), which becomes a cookie and leaves
    the address, or with ``Authorization: Bearer``.
    """

    def __init__(
        self, app: ASGIApp, *, access: Access, token: str, secure: bool, base_url: str | None
    ) -> None:
        self._app = app
        self._access = access
        self._token = token
        self._session = own_cookie(_SESSION, token)
        self._secure = secure
        self._base_url = base_url
        self._wrong = Limiter(most=10)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its role, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._access == "open":
            scope[ROLE] = "owner"
            await self._app(scope, receive, send)
            return
        if self._access == "public":
            scope[PUBLIC] = self._base_url or ""
        path: str = scope["path"]
        if _gives_token(scope["query_string"]) and not path.startswith("/s/"):
            await self._enter(Request(scope, receive))(scope, receive, send)
            return
        headers = Headers(scope=scope)
        owner = self._is_owner(headers, _client(scope))
        scope[ROLE] = "owner" if owner else "visitor"
        scope[_ENTERED] = owner and "authorization" not in headers
        if self._access == "public":
            await self._app(scope, receive, send)
        elif owner or path in _UNLOCKED or path.startswith(_UNLOCKED_UNDER):
            await self._app(scope, receive, _privately(send))
        else:
            waits = _is_bearer(headers) and self._wrong.is_over(_client(scope))
            answer = refusal(Request(scope, receive), 429 if waits else 401)
            await answer(scope, receive, _privately(send))

    def _is_owner(self, headers: Headers, client: str) -> bool:
        if _is_bearer(headers):
            given = headers["authorization"].partition(" ")[2]
            return self._is_token(_typed(given).strip(), client)
        session = cookie_parser(headers.get("cookie", "")).get(self._session, "")
        return bool(session) and is_session(session, self._token)

    def _is_token(self, given: str, client: str) -> bool:
        if self._wrong.is_over(client):
            return False
        right = hmac.compare_digest(given.encode(), self._token.encode())
        if not right:
            self._wrong.count(client)
        return right

    def _enter(self, request: Request) -> Response:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        given = next((value for name, value in pairs if name == _FIELD), "")
        client = _client(request.scope)
        if self._wrong.is_over(client):
            return refusal(request, 429)
        if not self._is_token(given, client):
            return refusal(request, 403)
        rest = urlencode([pair for pair in pairs if pair[0] != _FIELD])
        # A path that began with two slashes would lead to another host.
        path = quote("/" + request.scope["path"].lstrip("/"))
        answer = RedirectResponse(addresses.with_query(path, rest), 303)
        let_in(answer, self._token, secure=self._secure)
        return answer


def _is_bearer(headers: Headers) -> bool:
    return headers.get("authorization", "").partition(" ")[0].lower() == "bearer"


def _typed(value: str) -> str:
    """Read a header's value, which comes as Latin-1, as UTF-8 where it is that: curl sends it."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value  # urllib sends Latin-1


def _gives_token(query: bytes) -> bool:
    return f"&{_FIELD}=".encode() in b"&" + query


def has_entered(request: Request) -> bool:
    """Say whether it is this browser's session that makes it the owner's."""
    return bool(request.scope.get(_ENTERED))


async def owner_only(request: Request) -> None:
    """Refuse whoever may look, but not change. Raises ForbiddenError."""
    if role_of(request) != "owner":
        raise ForbiddenError(_("Only the owner of this server may do this; enter with its token."))


def refusal(request: Request, status: Literal[401, 403, 429] = 401) -> Response:
    """Say that the server is private, whatever was asked for; of a public one, who may do more.

    With 403, that a token was given which is not this server's; with 429, that none is looked at
    for a while.
    """
    is_public = PUBLIC in request.scope
    heading = _("Enter as the owner") if is_public else _("A private Lightbox")
    if status == 429:
        sentence = _(WAIT)
    elif status == 403:
        sentence = _("That is not this server's token.")
    elif is_public:
        sentence = _("Anyone may look here; the owner can share, collect and make studies too.")
    else:
        sentence = _(
            "This server is private. Open the link that was sent to you, or enter as its owner."
        )
    headers = {"Cache-Control": "no-store", "WWW-Authenticate": "Bearer"}
    if status == 429:
        headers["Retry-After"] = RETRY_AFTER
    answer: Response
    path = request.url.path
    if path.startswith("/api/") and path != addresses.API_DOCS:
        answer = JSONResponse({"error": sentence, "part": "token"}, status)
    else:
        answer = page(request, "enter", Enter(heading, sentence), status=status)
    answer.headers.update(headers)
    return answer


def let_in(answer: Response, token: str, *, secure: bool) -> None:
    """Set the owner's session cookie."""
    until = f"{int(time.time()) + _SESSION_SECONDS}.{secrets.token_hex(8)}"
    answer.set_cookie(
        own_cookie(_SESSION, token),
        f"{until}.{signed(token, 'session', until)}",
        max_age=_SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def let_out(answer: Response, token: str) -> None:
    """Take the owner's session from the browser, and what it kept of the pages."""
    answer.delete_cookie(own_cookie(_SESSION, token))
    answer.headers["Clear-Site-Data"] = '"cache"'


def is_session(cookie: str, token: str) -> bool:
    """Say whether a cookie is a session of ours that has not ended."""
    until, _sign, signature = cookie.rpartition(".")
    if not hmac.compare_digest(signature.encode(), signed(token, "session", until).encode()):
        return False
    ends = until.partition(".")[0]
    return ends.isdecimal() and int(ends) > time.time()


def signed(key: str, purpose: str, value: str) -> str:
    """Sign a value for one purpose (HMAC-SHA256, hex)."""
    return hmac.new(key.encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def own_cookie(name: str, key: str) -> str:
    """Give a cookie's name on servers with this key.

    Browsers don't tell the ports of a host apart: without it, two servers on one machine would take
    each other's cookies away.
    """
    return f"{name}_{signed(key, 'cookie', name)[:8]}"


def is_own_origin(headers: Mapping[str, str], base_url: str | None) -> bool:
    """Say whether a change was asked for by a page of this server, as far as the browser says.

    Pages with ``Referrer-Policy: no-referrer`` send ``Origin: null``; then the token decides.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin", "null")
    if origin == "null":
        return True
    try:
        named = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    ours = {headers.get("host", "").lower()} | ({urlsplit(base_url).netloc} if base_url else set())
    return named in ours


def _client(scope: Scope) -> str:
    """Give the address of who asks; a network of 2⁶⁴ in IPv6 counts as one."""
    host: str = (scope.get("client") or ("", 0))[0]
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host)
    except ValueError:
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address) >> 64 << 64, 64)))


def client_of(request: Request) -> str:
    """Give the address of who asks, as it counts for limits."""
    return _client(request.scope)


def _privately(send: Send) -> Send:
    """Let no cache between us and the browser keep an answer, and no search engine."""

    async def private(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            caching = headers.get("cache-control", "")
            if caching.startswith("public"):
                headers["cache-control"] = "private" + caching.removeprefix("public")
            headers["x-robots-tag"] = "noindex, nofollow"
            message = {**message, "headers": headers.raw}
        await send(message)

    return private
