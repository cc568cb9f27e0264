"""How an item is looked at: what of it the address says, and the pictures that are drawn for it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from app.arrays.mapping import Plane as Cut
from app.datasets.dataset import Dataset
from app.datasets.selection import Split, shown, whole_number
from app.errors import MalformedError, MissingError
from app.pictures import atlas, exact, sheet
from app.pictures.window import Window, through
from app.pictures.window import shown as as_shown
from app.web import addresses
from app.web.language import gettext as _
from app.web.views import Plane
from app.web.words import counted

ZOOMS: Final = (1, 2, 4, 8)

# Longest side of the picture in CSS pixels, from this viewport width on (0: any).
_ROOM: Final = ((0, 312), (480, 420), (1000, 560))
_VOLUME_ROOM: Final = ((0, 280), (1400, 308))

# Up to here every whole number is a float of its own.
_PLAIN_MOST: Final = 2**53

_REAL: Final = re.compile(
    r"[-+]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})(e[-+]?[0-9]{1,3})?", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True)
class Tone:
    """Which values of a volume are shown as black and as white, and whether these change places.

    Only what is shown goes through it. ``window`` is None where it is the dataset's own.
    """

    window: Window | None = None
    inverted: bool = False

    def query(self) -> str:
        """Print what differs from the defaults."""
        pairs = []
        if self.window:
            pairs += [("low", real_text(self.window.low)), ("high", real_text(self.window.high))]
        return urlencode([*pairs, ("invert", "1")] if self.inverted else pairs)


@dataclass(frozen=True)
class Looking:
    """How an item is looked at: ``zoom`` from ZOOMS; of a volume, a slice for each axis and tone.

    Where the three slices meet is the crosshair.
    """

    zoom: int
    slices: tuple[int, ...]
    tone: Tone = Tone()

    def query(self, dataset: Dataset) -> str:
        """Print what differs from the defaults."""
        pairs = [("zoom", self.zoom)] if self.zoom != ZOOMS[0] else []
        middles = default_slices(dataset)
        for axis, place, middle in zip(exact.AXES, self.slices, middles, strict=False):
            if place != middle:
                pairs.append((axis, place))
        return addresses.joined(urlencode(pairs), self.tone.query())


def required_index(dataset: Dataset, split: Split, value: str) -> int:
    """Read an index from an address. Raises MalformedError, or MissingError beyond the split."""
    index = whole_number("index", value)
    total = dataset.indexes[split].total
    if not 0 <= index < total:
        raise MissingError(
            "index",
            _(
                "There is no {split} image {value} in {title}; indexes run from 0 to {last}.",
                split=split,
                value=shown(value),
                title=dataset.title,
                last=counted(total - 1),
            )
            if total
            else _(
                "There is no {split} image {value} in {title}; this split is empty.",
                split=split,
                value=shown(value),
                title=dataset.title,
            ),
        )
    return index


def parse_looking(dataset: Dataset, query: str) -> Looking:
    """Read zoom and slices from a query string. Raises MalformedError or MissingError."""
    given = dict(parse_qsl(query))
    zoom = whole_number("zoom", given.get("zoom", str(ZOOMS[0])))
    if zoom not in ZOOMS:
        raise MalformedError(
            "zoom", _("zoom must be one of {zooms}.", zooms=", ".join(map(str, ZOOMS)))
        )
    slices = tuple(
        required_slice(dataset, axis, given.get(axis) or str(middle))
        for axis, middle in zip(exact.AXES, default_slices(dataset), strict=False)
    )
    return Looking(zoom, slices, parse_tone(dataset, query))


def parse_tone(dataset: Dataset, query: str) -> Tone:
    """Read ``low``, ``high`` and ``invert`` from a query string; pictures have none of these.

    Raises MalformedError.
    """
    given = {name: value for name, value in parse_qsl(query) if name in ("low", "high", "invert")}
    if not dataset.is_volume or not given:
        return Tone()
    if given.get("invert", "0") not in ("0", "1"):
        raise MalformedError("invert", _("invert must be 0 or 1."))
    own = own_window(dataset)
    low = real_number("low", given["low"]) if "low" in given else own.low
    high = real_number("high", given["high"]) if "high" in given else own.high
    if not low < high:
        raise MalformedError("low", _("low, which is black, must be below high, which is white."))
    window = Window(low, high)
    return Tone(None if window == own else window, given.get("invert") == "1")


def toned(dataset: Dataset, pixels: NDArray[Any], tone: Tone) -> NDArray[np.uint8]:
    """Turn pixels into the grey levels or colours in which they are shown."""
    own = sheet.window_of(dataset)
    levels = through(pixels, tone.window) if tone.window else as_shown(pixels, own)
    return ~levels if tone.inverted else levels


def atlas_for(dataset: Dataset, axis: str) -> tuple[int, atlas.Layout]:
    """Give the number of an axis, and how the slices along it make one picture.

    Raises MissingError where they make none.
    """
    if dataset.is_volume and axis in exact.AXES:
        number = exact.AXES.index(axis)
        layout = atlas.layout_of(dataset.shape, number)
        if layout:
            return number, layout
    raise MissingError(
        "axis", _("There is no one picture of all slices along {axis} here.", axis=shown(axis))
    )


def own_window(dataset: Dataset) -> Window:
    """Give the window that a dataset is shown through while nobody asks for another."""
    found = sheet.window_of(dataset)
    if found:
        return found
    binary = all(images.dtype == np.bool_ for images in dataset.images.values())
    return Window(0.0, 1.0 if binary else 255.0)


def real_number(name: str, value: str) -> float:
    """Read the value of a parameter of that name as a finite number. Raises MalformedError."""
    number = float(value) if _REAL.fullmatch(value) else math.inf
    if not math.isfinite(number):
        raise MalformedError(
            name, _("{name} must be a number, not “{value}”.", name=name, value=shown(value))
        )
    return number


def real_text(value: float) -> str:
    """Print a number so that it can be read again: 255.0 → “255”, 0.1 → “0.1”."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < _PLAIN_MOST else repr(value)


def default_slices(dataset: Dataset) -> tuple[int, ...]:
    """The middle slice along each axis; none for pictures."""
    return tuple(side // 2 for side in dataset.shape) if dataset.is_volume else ()


def required_slice(dataset: Dataset, axis: str, value: str) -> int:
    """Read a slice's number along an axis. Raises MalformedError or MissingError."""
    if axis not in exact.AXES:
        raise MalformedError("axis", _("axis must be one of {axes}.", axes=", ".join(exact.AXES)))
    place = whole_number("slice", value)
    sides = dataset.shape[exact.AXES.index(axis)]
    if not 0 <= place < sides:
        raise MissingError(
            "slice",
            _(
                "There is no slice {place} along {axis}; they run from 0 to {sides}.",
                place=place,
                axis=axis,
                sides=sides - 1,
            ),
        )
    return place


def style(planes: tuple[Plane, ...], zoom: int, *, volume: bool) -> str:
    """Size each picture to whole pixels at every width of the window, as one line of CSS.

    Of a volume it names each plane's picture, the slice in it, and where the crosshair stands.
    """
    rules = [
        f'.{plane.css}{{--sheet:url("{plane.src}");--columns:{plane.columns};--rows:{plane.rows};'
        f"--col:{plane.col};--row:{plane.row};--cx:{plane.cx};--cy:{plane.cy}}}"
        for plane in planes
        if volume
    ]
    for least, room in _VOLUME_ROOM if volume else _ROOM:
        inner = ""
        for plane in planes:
            scale = max(1, room // max(plane.width, plane.height)) * zoom
            inner += (
                f".{plane.css}{{--pw:{plane.width * scale}px;--ph:{plane.height * scale}px;"
                f"--side:{scale}px}}"
            )
        rules.append(f"@media(min-width:{least}px){{{inner}}}" if least else inner)
    return "".join(rules)


def cut_for(dataset: Dataset, query: str) -> Cut | None:
    """Read which plane of a volume a picture's address asks for; the middle one if it says none.

    Raises MalformedError or MissingError.
    """
    if not dataset.is_volume:
        return None
    given = dict(parse_qsl(query))
    axis = given.get("axis", exact.AXES[0])
    if axis not in exact.AXES:
        raise MalformedError("axis", _("axis must be one of {axes}.", axes=", ".join(exact.AXES)))
    number_of_axis = exact.AXES.index(axis)
    middle = default_slices(dataset)[number_of_axis]
    return number_of_axis, required_slice(dataset, axis, given.get("slice", str(middle)))


def planes_of(
    dataset: Dataset,
    looking: Looking,
    name: str,
    source: Callable[[str, bool], str],
    atlas_source: Callable[[str, str], str] | None = None,
) -> tuple[Plane, ...]:
    """Draw up one picture, or the three planes of a volume.

    ``source`` gives the address for a query that picks a plane: of the picture as it is shown, or,
    with ``True``, of its values as .npy. ``atlas_source`` gives the address of all slices along an
    axis, for a query that says how they are shown; without it each slice is a picture of its own.
    """
    if not dataset.is_volume:
        height, width = dataset.shape[:2]
        src = source("", False)
        return (Plane(src, src, name, source("", True), width, height, css="plane-0"),)
    planes = []
    tone = looking.tone.query()
    for number, axis in enumerate(exact.AXES):
        down, across = (place for place in range(3) if place != number)
        place = looking.slices[number]
        query = addresses.plane_query(axis, place)
        layout = atlas.layout_of(dataset.shape, number) if atlas_source else None
        alone = source(addresses.joined(query, tone), False)
        planes.append(
            Plane(
                src=atlas_source(axis, tone) if atlas_source and layout else alone,
                alone=alone,
                alt=_("{name}, a slice along {axis}", name=name, axis=axis),
                values=source(query, True),
                width=dataset.shape[across],
                height=dataset.shape[down],
                css=f"plane-{number}",
                axis=axis,
                across=exact.AXES[across],
                down=exact.AXES[down],
                slice=place,
                last=dataset.shape[number] - 1,
                cx=looking.slices[across],
                cy=looking.slices[down],
                in_atlas=layout is not None,
                columns=layout.columns if layout else 1,
                rows=layout.rows if layout else 1,
                col=place % layout.columns if layout else 0,
                row=place // layout.columns if layout else 0,
            )
        )
    return tuple(planes)
