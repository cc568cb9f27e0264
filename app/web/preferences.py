"""How somebody wants pages to look and behave: kept in the browser, for whoever it is.

Each preference is a cookie of its own. What a cookie holds that is no value of ours counts as the
default, and a default needs no cookie.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from starlette.types import Scope

from app.web import addresses

Look = Literal["auto", "light", "dark", "reading"]
Keys = Literal["on", "off"]

LOOKS: Final[tuple[Look, ...]] = get_args(Look)
KEYS: Final[tuple[Keys, ...]] = get_args(Keys)
COOKIE: Final = "lightbox-{}"
# As static/css/foundation.css has them.
GROUNDS: Final[dict[Look, str]] = {"light": "#fafafa", "dark": "#131517", "reading": "#050505"}

_OURS: Final = re.compile(rb"(?:^|;)\s*lightbox-(look|language|keys)=([A-Za-z-]{2,20})\s*(?=;|$)")
_BY_SYSTEM: Final[tuple[Look, ...]] = ("light", "dark")
_SCOPE: Final = "lightbox.preferences"
# Browsers read a backslash as a slash and drop tabs and line ends, so neither may be in a path.
_LOCAL: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,4000}")


@dataclass(frozen=True)
class Preferences:
    """What was chosen. ``language`` is empty or looks like a tag: whether we have it is not said.

    ``look`` is the ground of the page, ``auto`` that of the system; ``keys`` are shortcuts of one
    letter, which get in the way of some who speak to their browser.
    """

    look: Look = "auto"
    language: str = ""
    keys: Keys = "on"

    @property
    def schemes(self) -> str:
        """Say what the browser draws its own parts in: ``light``, ``dark`` or either."""
        return {"auto": "light dark", "light": "light"}.get(self.look, "dark")

    @property
    def grounds(self) -> tuple[tuple[str, str], ...]:
        """Give the page's ground for the browser's own frame, each with the query it holds for."""
        if self.look != "auto":
            return ((GROUNDS[self.look], ""),)
        return tuple((GROUNDS[each], f"(prefers-color-scheme: {each})") for each in _BY_SYSTEM)


_DEFAULTS: Final = Preferences()


def of(scope: Scope) -> Preferences:
    """Give the preferences of whoever asks; they are read once a request."""
    found: Preferences | None = scope.get(_SCOPE)
    if found is None:
        found = scope[_SCOPE] = _read(scope)
    return found


def _read(scope: Scope) -> Preferences:
    for name, value in scope["headers"]:
        if name == b"cookie" and b"lightbox-" in value:
            given = {kind.decode(): chosen.decode() for kind, chosen in _OURS.findall(value)}
            return _known(given)
    return _DEFAULTS


def _known(given: Mapping[str, str]) -> Preferences:
    return Preferences(
        look=next((look for look in LOOKS if look == given.get("look")), "auto"),
        language=given.get("language", ""),
        keys="off" if given.get("keys") == "off" else "on",
    )


def cookies(chosen: Preferences) -> dict[str, str]:
    """Give each cookie's name and value; an empty one is a default, whose cookie goes."""
    return {
        COOKIE.format(name): "" if value == getattr(_DEFAULTS, name) else value
        for name, value in vars(chosen).items()
    }


def way_back(given: str) -> str:
    """Give where somebody came from, if it is a path of this server; else the catalogue."""
    return given if _LOCAL.fullmatch(given) else addresses.HOME
