"""Forms: what they send, and proof that a page of this server sent it."""

import hmac
import secrets
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from app.errors import ForbiddenError, MalformedError
from app.web.access import is_own_origin, own_cookie, signed
from app.web.language import gettext as _
from app.web.templating import page
from app.web.turns import Turns

BODY_MOST: Final = 256 * 1024
FIELDS_MOST: Final = 2_000
# What the field is called in templates/macros/form.html.
_CHECK: Final = "check"
_COOKIE: Final = "lightbox_check"
# A server without a token of its own has another cookie after each start: they must not pile up.
_COOKIE_SECONDS: Final = 24 * 3600


class Forms:
    """Reads forms, and gives each its turn to be written.

    ``key`` signs; ``secure`` is for cookies behind TLS.

    A page that holds a form carries a random value twice, in a cookie and in the form; a page
    elsewhere can make a browser send the one, but not know the other.
    """

    def __init__(self, key: str, base_url: str | None, turns: Turns) -> None:
        self._key = key
        self._turns = turns
        self._cookie = own_cookie(_COOKIE, key)
        self._base_url = base_url
        self.secure = bool(base_url and base_url.startswith("https:"))

    def check_for(self, request: Request) -> str:
        """Give the value that forms of this browser must carry in the field ``check``."""
        given = request.cookies.get(self._cookie, "")
        return given if self._is_ours(given) else self._new()

    def remember(self, answer: Response, check: str) -> None:
        """Put the value into the browser's cookie."""
        answer.set_cookie(
            self._cookie,
            check,
            max_age=_COOKIE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def page(
        self,
        request: Request,
        name: str,
        view: Any,  # noqa: ANN401 (each template has its own view)
        check: str,
        *,
        status: int = 200,
        style: str = "",
    ) -> HTMLResponse:
        """Draw a page whose forms carry this value, and put it into the browser's cookie."""
        answer = page(request, name, view, status=status, style=style)
        self.remember(answer, check)
        return answer

    async def read(self, request: Request) -> AsyncIterator[dict[str, list[str]]]:
        """Read a form. Raises ForbiddenError if no page of ours sent it, MalformedError."""
        fields = await self._fields(request)
        check = fields.get(_CHECK, [""])[-1]
        cookie = request.cookies.get(self._cookie, "")
        if not self._is_ours(check) or not hmac.compare_digest(check.encode(), cookie.encode()):
            raise ForbiddenError(_("This form is too old; reload its page and send it again."))
        async with self._turns.taken():
            yield fields

    async def read_by_link(self, request: Request) -> AsyncIterator[dict[str, list[str]]]:
        """Read a form that is sent to a link's address, which no page elsewhere knows.

        So it needs no other proof, and what was open when the server was started again is still
        good. Raises ForbiddenError if a page of another site sent it, MalformedError.
        """
        fields = await self._fields(request)
        async with self._turns.taken():
            yield fields

    async def _fields(self, request: Request) -> dict[str, list[str]]:
        if not is_own_origin(request.headers, self._base_url):
            raise ForbiddenError(_("This form was sent by a page of another site."))
        body = b""
        try:
            async for part in request.stream():
                body += part
                if len(body) > BODY_MOST:
                    raise MalformedError("form", _("This is more text than a form takes."))
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MOST, errors="strict"
            )
        except (ValueError, ClientDisconnect):  # who has left in the middle hears of nothing
            raise MalformedError("form", _("The form can't be read.")) from None
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        return fields

    def _new(self) -> str:
        value = secrets.token_hex(12)
        return f"{value}.{signed(self._key, 'form', value)[:32]}"

    def _is_ours(self, check: str) -> bool:
        value, _sign, signature = check.partition(".")
        expected = signed(self._key, "form", value)[:32]
        return hmac.compare_digest(signature.encode(), expected.encode())


def text(fields: dict[str, list[str]], name: str) -> str:
    """Give a field's value, the last one where it came twice; empty where it did not come."""
    return fields.get(name, [""])[-1]
