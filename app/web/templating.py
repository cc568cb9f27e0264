"""Templates and static files: where they are, how they are named, how a page is made of them."""

import hashlib
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import app
from app.web import addresses, language, preferences, styles, unfurl
from app.web.blanks import blank
from app.web.bundled import bundled, htmx_folder
from app.web.language import Language
from app.web.roles import ROLE
from app.web.security import policy_with_style
from app.web.transport import ASK_AGAIN, FOREVER, NOT_AT_ALL

HTMX: Final = "/vendor/htmx"
_HTMX_SCRIPT: Final = "dist/htmx.min.js"
_ANEW: Final = "lightbox.anew"
_VARY: Final = f"HX-Request-Type, HX-History-Restore-Request, {language.VARY}"


class Versioned(StaticFiles):
    """Files of ours: for ever under the address of what they hold, else asked for again each time.

    An address with another version is that of an older or newer program, whose file this is not.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file."""
        answer = await super().get_response(path, scope)
        file, _ = self.lookup_path(path)
        is_this = scope["query_string"] == f"v={_digest(Path(file))}".encode()
        answer.headers["Cache-Control"] = FOREVER if is_this else ASK_AGAIN
        return answer


@cache
def static(path: str) -> str:
    """Give the address of a static file of ours; it changes with the file."""
    return f"/static/{path}?v={_digest(bundled('static') / path)}"


def _htmx() -> str | None:
    """Give the address of htmx's script; None where it was not installed."""
    script = htmx_folder() / _HTMX_SCRIPT
    return f"{HTMX}/{_HTMX_SCRIPT}?v={_digest(script)}" if script.is_file() else None


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


class Words(Extension):
    """Puts this language's words in place of ``_("…")`` when a template is compiled.

    So a page in another language takes as long as one in English. What carries values is said
    when the page is drawn.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Pass tokens on, and for each call with nothing but a text that text."""
        for token in stream:
            following = stream.look() if stream.current.type == "lparen" else None
            if not (token.test("name:_") and following and following.type == "string"):
                yield token
                continue
            opening, text = next(stream), next(stream)
            if stream.current.type == "rparen":
                next(stream)
                yield Token(text.lineno, "string", language.gettext(text.value))
            else:
                yield from (token, opening, text)


def _environment() -> Environment:
    return _environment_in(language.current())


@cache
def _environment_in(spoken: Language) -> Environment:
    """Make what draws pages in one language."""
    environment = Environment(
        loader=FileSystemLoader(bundled("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=[Words],
    )
    environment.globals.update(
        _=language.gettext,
        blank=blank,
        ngettext=language.ngettext,
        language=spoken,
        static=static,
        stylesheet=styles.address(),
        htmx=_htmx(),
        site={
            "home": addresses.HOME,
            "api": addresses.API_DOCS,
            "share": addresses.SHARE,
            "links": addresses.LINKS,
            "studies": addresses.STUDIES,
            "collections": addresses.COLLECTIONS,
            "preferences": addresses.PREFERENCES,
            "help": addresses.KEYS,
            "version": app.__version__,
        },
    )
    return environment


def compile_all() -> None:
    """Compile every template, so that no visitor waits for it."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


def fragment(name: str, view: Any) -> Markup:  # noqa: ANN401 (each template has its own view)
    """Draw a part of a page that is the same on many, to be put into each as it is."""
    template = _environment().get_template(f"partials/{name}.html")
    return Markup(template.render(view=view))  # noqa: S704 (the template has escaped it)


def macro(file: str, name: str, *values: object) -> Markup:
    """Draw one macro by itself."""
    return _macro(language.current(), file, name)(*values)


@cache
def _macro(spoken: Language, file: str, name: str) -> Callable[..., Markup]:
    module = _environment_in(spoken).get_template(f"macros/{file}.html").module
    found: Callable[..., Markup] = getattr(module, name)
    return found


def page(
    request: Request,
    name: str,
    view: Any,  # noqa: ANN401 (each template has its own view)
    *,
    status: int = 200,
    style: str = "",
) -> HTMLResponse:
    """Draw a view: a whole page, or only its results where htmx asks for these."""
    answer = respond(draw(request, name, view), status, style)
    if _ANEW in request.scope:
        answer.headers["Cache-Control"] = NOT_AT_ALL
    return answer


def anew(request: Request) -> None:
    """Have the browser ask for the page at hand again when one comes back to it.

    What it keeps, its Back shows unasked: something that was changed since. Some keep pages whole
    whatever they are told; those say so to our script.
    """
    request.scope[_ANEW] = True


def draw(request: Request, name: str, view: Any) -> str:  # noqa: ANN401 (as above)
    """Draw the HTML of a view as whoever asks is to see it."""
    template = _environment().get_template(f"pages/{name}.html")
    settings = addresses.preferences(_here(request, view))
    return template.render(view=view, settings=settings, **surroundings(request))


def surroundings(request: Request) -> dict[str, Hashable]:
    """Give all but the address that the HTML of one view in one language depends on."""
    return {
        "partial": wants_results(request),
        "preferences": preferences.of(request.scope),
        "is_visitor": request.scope.get(ROLE) == "visitor",
        "unfurled": unfurl.card_of(request),
        "today": language.day(datetime.now(UTC).date()),
        "anew": _ANEW in request.scope,
    }


def respond(html: str | bytes, status: int = 200, style: str = "") -> HTMLResponse:
    """Answer with a page; ``style`` is the one line of CSS that it carries."""
    headers = {"Cache-Control": "no-cache", "Vary": _VARY}
    if style:
        headers |= policy_with_style(style)
    return HTMLResponse(html, status, headers)


def _here(request: Request, view: object) -> str:
    """Give the address of a page to come back to: its own, if it says one; no form's answer."""
    own = getattr(view, "address", None)
    if isinstance(own, str):
        return own
    if request.method != "GET":
        return addresses.link_of(request.url.path) or addresses.HOME
    query = request.scope["query_string"].decode("latin-1")
    return addresses.with_query(addresses.path_of(request), query)


def wants_part(request: Request) -> bool:
    """Say whether part of a page is asked for, to be put into one that is there."""
    return request.headers.get("hx-request-type") == "partial"


def wants_results(request: Request) -> bool:
    """Say whether htmx asks for what it will put in place of #results, not for a page.

    For Back and Forward it says that it wants a page, of which it takes the results only; the
    page's own style would then be refused by the policy of the page that is still there.
    """
    return wants_part(request) or "hx-history-restore-request" in request.headers
