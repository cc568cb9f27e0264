"""Display ↔ address: the window, inversion, colours and smoothing that pictures are seen through.

What is stored, and every file that is saved, is as it was: a display says what the browser does
with a picture on its way to the screen (``app/pictures/lookup.py``). Only a window on values that
an 8-bit picture can't hold is drawn by the server, from the values themselves.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from app.datasets import selection as selections
from app.datasets.dataset import Dataset
from app.datasets.query import parameters, readable
from app.datasets.selection import Selection
from app.errors import MalformedError
from app.pictures import sheet
from app.pictures.lookup import MAPS, Map
from app.pictures.window import Window, needs_window
from app.web.language import gettext as _

# The parameters of an address. A form has a field for each end of a window: they mean the same.
FIELDS: Final = ("window", "low", "high", "invert", "map", "smooth")

# Up to here every whole number is a float of its own.
_PLAIN_MOST: Final = 2**53

_NUMBER: Final = r"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:e[-+]?[0-9]{1,3})?"
_REAL: Final = re.compile(_NUMBER, re.IGNORECASE | re.ASCII)
_WINDOW: Final = re.compile(f"({_NUMBER})-({_NUMBER})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Values:
    """What pictures hold, as far as it matters to seeing them.

    ``own`` is the window that they are drawn through while nobody asks for another; ``deep`` says
    that it narrows what is stored to 8 bits.
    """

    own: Window
    colour: bool = False
    deep: bool = False


@dataclass(frozen=True)
class Display:
    """How pictures are seen. ``window`` is None where it is their own."""

    window: Window | None = None
    inverted: bool = False
    map: Map = "grey"
    smooth: bool = False

    @property
    def is_own(self) -> bool:
        """Say whether each value has the grey, or colour, that the dataset gives it."""
        return self.window is None and not self.inverted and self.map == "grey"

    def query(self) -> str:
        """Print what differs from the defaults, in a fixed order."""
        parts = [f"window={window_text(self.window)}"] if self.window else []
        parts += ["invert=1"] * self.inverted
        parts += [f"map={self.map}"] * (self.map != "grey")
        return "&".join(parts + ["smooth=1"] * self.smooth)

    def drawn(self, values: Values) -> str:
        """Print what the server must draw a picture by, since the browser couldn't."""
        return f"window={window_text(self.window)}" if self.window and values.deep else ""


PLAIN: Final = Display()
BYTES: Final = Values(Window(0.0, 255.0))


def values_of(dataset: Dataset) -> Values:
    """Say what a dataset's pictures hold."""
    deep = any(map(needs_window, dataset.types))
    binary = dataset.types == {np.dtype(np.bool_)}
    return Values(
        own=sheet.window_of(dataset) or Window(0.0, 1.0 if binary else 255.0),
        colour=dataset.channels == 3,
        deep=deep,
    )


def values_of_all(datasets: Iterable[Dataset]) -> Values | None:
    """Say what the pictures of several datasets hold; None where they differ in it."""
    found = {values_of(dataset) for dataset in datasets}
    return found.pop() if len(found) == 1 else None


def parse(query: str, values: Values | None) -> Display:
    """Read a raw query string. Raises MalformedError, naming the part that can't be read.

    Colour images keep their own colours, and images of no common kind (None) are seen as they are.
    """
    if values is None or not any(f"{name}=" in query for name in FIELDS):
        return PLAIN
    return _parse(query, values)


def selection_at(dataset: Dataset, query: str) -> Selection:
    """Read a selection, and by what its pictures are seen.

    Raises MalformedError, or MissingError for a split that no dataset has.
    """
    return replace(selections.parse(query), display=parse(query, values_of(dataset)).query())


@lru_cache(maxsize=256)
def _parse(query: str, values: Values) -> Display:
    given = {name: told[-1] for name, told in parameters(query).items() if name in FIELDS}
    window = _window(given, values.own)
    name = next((each for each in MAPS if each == given.get("map", "grey")), None)
    if name is None:
        raise MalformedError("map", _("map must be one of {maps}.", maps=", ".join(MAPS)))
    return Display(
        window=None if window == values.own else window,
        inverted=_switch(given, "invert"),
        map="grey" if values.colour else name,
        smooth=_switch(given, "smooth"),
    )


def _window(given: dict[str, str], own: Window) -> Window:
    low, high = own.low, own.high
    if "window" in given:
        ends = _WINDOW.fullmatch(given["window"])
        if not ends:
            raise MalformedError(
                "window",
                _(
                    "window must be two numbers with a dash between them, such as 20-180, not "
                    "“{value}”.",
                    value=readable(given["window"]),
                ),
            )
        low, high = real_number("window", ends[1]), real_number("window", ends[2])
    if "low" in given:
        low = real_number("low", given["low"])
    if "high" in given:
        high = real_number("high", given["high"])
    if not low < high:
        part = "window" if "window" in given else "low"
        raise MalformedError(
            part, _("{name}: what is black must be below what is white.", name=part)
        )
    return Window(low, high)


def _switch(given: dict[str, str], name: str) -> bool:
    if given.get(name, "0") not in ("0", "1"):
        raise MalformedError(name, _("{name} must be 0 or 1.", name=name))
    return given.get(name) == "1"


def real_number(name: str, value: str) -> float:
    """Read the value of a parameter of that name as a finite number. Raises MalformedError."""
    number = float(value) if _REAL.fullmatch(value) else math.inf
    if not math.isfinite(number):
        raise MalformedError(
            name, _("{name} must be a number, not “{value}”.", name=name, value=readable(value))
        )
    return number


def real_text(value: float) -> str:
    """Print a number so that it can be read again: 255.0 → “255”, 0.1 → “0.1”.

    Without a plus sign, which an address would have to escape.
    """
    if value.is_integer() and abs(value) < _PLAIN_MOST:
        return f"{value:.0f}"
    return repr(value).replace("+", "")


def window_text(window: Window) -> str:
    """Print a window as it stands in an address."""
    return f"{real_text(window.low)}-{real_text(window.high)}"
