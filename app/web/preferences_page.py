"""The page where anybody chooses how pages look and behave; what is chosen stays in the browser."""

from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.query import one_of
from app.web import addresses, language, preferences
from app.web.access import has_entered
from app.web.forms import Forms, text
from app.web.language import gettext as _
from app.web.language import later
from app.web.preferences import KEYS, LOOKS, Keys, Look, Preferences
from app.web.roles import role_of
from app.web.security import NO_REFERRER
from app.web.views import Choice

_YEAR: Final = 365 * 24 * 3600
_LOOK_WORDS: Final[dict[Look, str]] = {
    "auto": later("As the system has it"),
    "light": later("Light"),
    "dark": later("Dark"),
    "reading": later("Reading room: black, without colour around the images"),
}
_KEY_WORDS: Final[dict[Keys, str]] = {"on": later("On"), "off": later("Off")}


@dataclass(frozen=True)
class Chosen:
    """The form as it stands; ``for_guest`` is set where the rest of the server isn't open.

    ``leave`` is where the owner's session ends, ``enter`` where it begins; empty where it does not.
    """

    looks: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    keys: tuple[Choice, ...]
    action: str
    back: str
    check: str
    for_guest: bool
    leave: str
    enter: str


def choosing(forms: Forms) -> APIRouter:
    """Make the route of the preferences."""
    router = APIRouter(include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    @router.get(addresses.PREFERENCES)
    def form(request: Request, back: str = "") -> Response:
        check = forms.check_for(request)
        came_from = preferences.way_back(_referring(request) or back)
        guest = role_of(request) != "owner" or came_from.startswith("/s/")
        view = _build(request, came_from, check, guest)
        answer = forms.page(request, "preferences", view, check)
        answer.headers.update({"Cache-Control": "no-store", **NO_REFERRER})
        return answer

    @router.post(addresses.PREFERENCES)
    def choose(fields: Fields) -> Response:
        answer = RedirectResponse(preferences.way_back(text(fields, "back")), 303)
        for name, value in preferences.cookies(_read(fields)).items():
            answer.set_cookie(
                name,
                value,
                max_age=_YEAR if value else 0,
                samesite="lax",
                secure=forms.secure,
            )
        return answer

    return router


def _build(request: Request, came_from: str, check: str, guest: bool) -> Chosen:
    now = replace(preferences.of(request.scope), language=language.preferred(request))
    spoken = [Choice("", _("As the browser asks for"), not now.language)]
    spoken += [Choice(tag, language.read(tag).name, tag == now.language) for tag in language.tags()]
    return Chosen(
        looks=tuple(Choice(look, _(_LOOK_WORDS[look]), look == now.look) for look in LOOKS),
        languages=tuple(spoken),
        keys=tuple(Choice(keys, _(_KEY_WORDS[keys]), keys == now.keys) for keys in KEYS),
        action=addresses.PREFERENCES,
        back=came_from,
        check=check,
        for_guest=guest,
        leave=addresses.LEAVE if has_entered(request) and not guest else "",
        enter="" if role_of(request) == "owner" or came_from.startswith("/s/") else addresses.ENTER,
    )


def _referring(request: Request) -> str:
    """Give the page that led here, as the browser says: the results on it may have been changed."""
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if came.netloc != request.headers.get("host") or came.path == addresses.PREFERENCES:
        return ""
    return addresses.with_query(came.path, came.query)


def _read(fields: dict[str, list[str]]) -> Preferences:
    """Read what was chosen; what was left out is as usual. Raises MalformedError."""
    given = {name: values for name, values in fields.items() if values[-1]}
    return Preferences(
        look=one_of(given, "look", LOOKS, LOOKS[0]),
        language=one_of(given, "language", tuple(language.tags()), ""),
        keys=one_of(given, "keys", KEYS, KEYS[0]),
    )
