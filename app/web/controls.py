"""How pictures are seen → the form that changes it, and the filter by which a browser does it.

The filter is one SVG element of the page, which static/css/display.css puts on its pictures:
that takes no script and no style of its own, and the pictures stay as they were sent.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

import numpy as np

from app.pictures.lookup import LEVELS, MAPS, Map, table
from app.pictures.window import Window
from app.web import addresses
from app.web.display import PLAIN, Display, Values, real_text
from app.web.language import gettext as _
from app.web.language import later
from app.web.views import Choice, Controls, Hidden, Link, Scale
from app.web.words import number

_MAP_WORDS: Final[dict[Map, str]] = {
    "grey": later("None (grey)"),
    "viridis": later("Viridis"),
    "inferno": later("Inferno"),
    "cividis": later("Cividis"),
}


def build(
    display: Display,
    values: Values,
    *,
    action: str,
    query: str,
    fit: tuple[float, float] | None = None,
    notes: tuple[str, ...] = (),
    closed: bool = False,
) -> Controls:
    """Draw up the form for the page ``action``, whose ``query`` is all else that it carries along.

    It offers ``fit``, the range of an image's values, as a window. It lies open once something is
    set, unless it is to stay ``closed``.
    """
    drawn = _drawn(display, values)
    window = display.window or values.own
    colours_note = _("Colour images keep their own colours.") if values.colour else ""
    own_note = _(
        "Changes only what is seen here; files keep their values. Without a window of yours, {low} "
        "is black and {high} is white.",
        low=number(values.own.low),
        high=number(values.own.high),
    )
    css = ["displayed"] * _is_filtered(drawn) + ["smooth"] * display.smooth
    return Controls(
        action=action,
        hidden=tuple(Hidden(name, value) for name, value in parse_qsl(query)),
        summary=words(display),
        low=real_text(window.low),
        high=real_text(window.high),
        inverted=display.inverted,
        smooth=display.smooth,
        maps=()
        if values.colour
        else tuple(Choice(each, _(_MAP_WORDS[each]), each == display.map) for each in MAPS),
        notes=tuple(filter(None, (own_note, colours_note, *notes))),
        fit=_fit(fit, display, window, action, query) if fit is not None else None,
        reset=addresses.with_query(action, query) if display != PLAIN else None,
        opened=display != PLAIN and not closed,
        css="".join(f" {each}" for each in css),
        filter=_filter(values.own, drawn) if _is_filtered(drawn) else (),
        scale=_scale(display, drawn, values)
        if _is_filtered(display) and not values.colour
        else None,
    )


def words(display: Display) -> str:
    """Say in a few words how pictures are seen; nothing where they are seen as they are."""
    parts = []
    if display.window:
        low, high = number(display.window.low), number(display.window.high)
        parts.append(_("window {low} to {high}", low=low, high=high))
    if display.inverted:
        parts.append(_("inverted"))
    if display.map != "grey":
        parts.append(_(_MAP_WORDS[display.map]))
    if display.smooth:
        parts.append(_("smooth"))
    return ", ".join(parts)


def _fit(
    ends: tuple[float, float], display: Display, now: Window, action: str, query: str
) -> Link | None:
    """Lead to the window from an image's least finite value to its greatest, from any other."""
    window = Window(*ends)
    if not window.low < window.high or window == now:
        return None
    there = addresses.joined(query, replace(display, window=window).query())
    return Link(
        _("Fit to this image: {low} to {high}", low=number(window.low), high=number(window.high)),
        addresses.with_query(action, there),
    )


def _drawn(display: Display, values: Values) -> Display:
    """Give what is left for the browser to do."""
    return replace(display, window=None) if display.drawn(values) else display


def _is_filtered(display: Display) -> bool:
    return replace(display, smooth=False) != PLAIN


@lru_cache(maxsize=64)
def _filter(own: Window, display: Display) -> tuple[str, ...]:
    """Print a table for each channel, as SVG's discrete transfer function takes it.

    Of 256 values it takes the one of each level, so nothing is rounded twice; a quarter of a level
    is added, since some browsers cut and others round.
    """
    seen = table(own, display.window, display.map, inverted=display.inverted)
    shares = np.minimum(1.0, (seen + 0.25) / (LEVELS - 1))
    return tuple(
        " ".join(f"{share:.4f}".rstrip("0").rstrip(".") for share in channel)
        for channel in shares.T
    )


def _scale(display: Display, drawn: Display, values: Values) -> Scale:
    own = values.own
    window = display.window or own
    ends = (0, LEVELS - 1)
    if drawn.window:
        # What lies outside of what a picture holds is in none.
        low, high = max(window.low, own.low), min(window.high, own.high)
        window = Window(low, high) if low < high else own
        first, last = (
            (end * own.part - own.low * own.part) / (own.high * own.part - own.low * own.part)
            for end in (window.low, window.high)
        )
        ends = round(first * (LEVELS - 1)), round(last * (LEVELS - 1))
    low_text, high_text = number(window.low), number(window.high)
    return Scale(
        first=ends[0],
        last=ends[1],
        low=low_text,
        high=high_text,
        text=_(
            "Colour scale from {low} to {high}, {words}",
            low=low_text,
            high=high_text,
            words=words(display),
        ),
    )
