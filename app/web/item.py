"""How an item is looked at: what of it the address says, and the pictures that are drawn for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from app.arrays.mapping import Plane as Cut
from app.datasets.dataset import Dataset
from app.datasets.query import (
    exact_number,
    number_in_path,
    parameters,
    readable,
    short,
    whole_number,
)
from app.datasets.selection import Split
from app.errors import MalformedError, MissingError
from app.pictures import atlas, exact, sheet
from app.pictures import window as windows
from app.pictures.window import Window
from app.web import addresses
from app.web.display import FIELDS, Display, parse, values_of
from app.web.language import gettext as _
from app.web.views import Plane, Zoom
from app.web.words import counted

ZOOMS: Final = (1, 2, 4, 8)

# Longest side of the picture in CSS pixels, from this viewport width on (0: any, as narrow as a
# window is that shows pages four times as large) and where the viewport is that high.
_ROOM: Final = ((0, 272), (360, 312), (480, 420), (1000, 560))
_VOLUME_ROOM: Final = ((0, 272), (360, 280), (1400, 308))


@dataclass(frozen=True)
class Looking:
    """How an item is looked at: ``zoom`` from ZOOMS; of a volume, a slice for each axis.

    Where the three slices meet is the crosshair.
    """

    zoom: int
    slices: tuple[int, ...]

    def query(self, dataset: Dataset) -> str:
        """Print what differs from the defaults."""
        pairs = [("zoom", self.zoom)] if self.zoom != ZOOMS[0] else []
        middles = default_slices(dataset)
        for axis, place, middle in zip(exact.AXES, self.slices, middles, strict=False):
            if place != middle:
                pairs.append((axis, place))
        return urlencode(pairs)


def required_index(dataset: Dataset, split: Split, value: str) -> int:
    """Read an index from an address. Raises MissingError for one that the split does not have."""
    index = number_in_path(value)
    total = dataset.indexes[split].total
    if not 0 <= index < total:
        raise MissingError(
            "index",
            _(
                "There is no {split} image {value} in {title}; indexes run from 0 to {last}.",
                split=split,
                value=readable(value),
                title=dataset.title,
                last=counted(total - 1),
            )
            if total
            else _(
                "There is no {split} image {value} in {title}; this split is empty.",
                split=split,
                value=readable(value),
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
        _slice(dataset, axis, axis, given.get(axis, str(middle)))
        for axis, middle in zip(exact.AXES, default_slices(dataset), strict=False)
    )
    return Looking(zoom, slices)


def tidied(request: Request, dataset: Dataset, looking: Looking, display: Display) -> str:
    """Give the address of what a form asks for, which sends every field: without what is usual.

    Empty where no form sent this; an address has both ends of a window as one.
    """
    query = request.url.query
    if not {"low", "high"} <= parameters(query).keys():
        return ""
    said = (*FIELDS, *exact.AXES, "zoom")
    others = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in said]
    asked = addresses.joined(urlencode(others), display.query(), looking.query(dataset))
    return addresses.with_query(addresses.path_of(request), asked)


def drawn_through(dataset: Dataset, query: str) -> Window | None:
    """Read the window that the server must draw a picture through: for 8-bit ones there is none.

    Raises MalformedError.
    """
    values = values_of(dataset)
    window = parse(query, values).window
    return window if values.deep else None


def drawn(dataset: Dataset, pixels: NDArray[Any], window: Window | None) -> NDArray[np.uint8]:
    """Turn pixels into the grey levels or colours in which they are drawn."""
    return windows.levels_of(pixels, window or sheet.window_of(dataset))


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
        "axis", _("There is no one picture of all slices along {axis} here.", axis=readable(axis))
    )


def default_slices(dataset: Dataset) -> tuple[int, ...]:
    """The middle slice along each axis; none for pictures."""
    return tuple(side // 2 for side in dataset.shape) if dataset.is_volume else ()


def _slice(dataset: Dataset, axis: str, name: str, value: str) -> int:
    """Read a slice's number along an axis from the parameter of that name.

    Raises MalformedError or MissingError.
    """
    place = exact_number(name, value)
    sides = dataset.shape[exact.AXES.index(axis)]
    if not 0 <= place < sides:
        raise MissingError(
            name,
            _(
                "There is no slice {place} along {axis}; they run from 0 to {sides}.",
                place=short(str(place)),
                axis=axis,
                sides=sides - 1,
            ),
        )
    return place


def style(planes: tuple[Plane, ...], zoom: int, *, volume: bool) -> str:
    """Size each picture to whole pixels in every window, as one line of CSS.

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
        # No higher than the window, either: on its side, a phone would never show all of it.
        wide_and_high = f"@media(min-width:{least}px) and (min-height:{room}px)"
        rules.append(f"{wide_and_high}{{{inner}}}" if least else inner)
    return "".join(rules)


def require_form(form: str) -> None:
    """Raise MissingError for a form that pixels are not given in."""
    if form not in ("png", "npy"):
        raise MissingError("form", _("Pixels are given as .png or .npy."))


def cut_for(dataset: Dataset, query: str) -> Cut | None:
    """Read which plane of a volume a picture's address asks for; the middle one if it says none.

    Of a picture there is none, though what can't be read is refused there, too. Raises
    MalformedError or MissingError.
    """
    given = dict(parse_qsl(query))
    axis = given.get("axis", exact.AXES[0])
    if axis not in exact.AXES:
        raise MalformedError("axis", _("axis must be one of {axes}.", axes=", ".join(exact.AXES)))
    if not dataset.is_volume:
        exact_number("slice", given.get("slice", "0"))
        return None
    number_of_axis = exact.AXES.index(axis)
    middle = default_slices(dataset)[number_of_axis]
    return number_of_axis, _slice(dataset, axis, "slice", given.get("slice", str(middle)))


def zoom_of(dataset: Dataset, looking: Looking, to: Callable[[str], str]) -> Zoom:
    """Draw up the steps of zoom; ``to`` gives the address for a query that says how one looks."""

    def step(by: int) -> str | None:
        place = ZOOMS.index(looking.zoom) + by
        if not 0 <= place < len(ZOOMS):
            return None
        return to(replace(looking, zoom=ZOOMS[place]).query(dataset))

    return Zoom(_("Zoom {zoom}×", zoom=looking.zoom), step(1), step(-1))


def planes_of(
    dataset: Dataset,
    looking: Looking,
    name: str,
    source: Callable[[str, bool], str],
    atlas_source: Callable[[str, str], str] | None = None,
    *,
    through: str,
) -> tuple[Plane, ...]:
    """Draw up one picture, or the three planes of a volume.

    ``source`` gives the address for a query that picks a plane: of the picture as it is shown, or,
    with ``True``, of its values as .npy. ``atlas_source`` gives the address of all slices along an
    axis; without it each slice is a picture of its own. ``through`` is the query of the window that
    pictures are drawn through, where it is not the dataset's own.
    """
    if not dataset.is_volume:
        height, width = dataset.shape[:2]
        src = source(through, False)
        return (Plane(src, src, name, source("", True), width, height, css="plane-0"),)
    planes = []
    for number, axis in enumerate(exact.AXES):
        down, across = (place for place in range(3) if place != number)
        place = looking.slices[number]
        query = addresses.plane_query(axis, place)
        layout = atlas.layout_of(dataset.shape, number) if atlas_source else None
        alone = source(addresses.joined(query, through), False)
        planes.append(
            Plane(
                src=atlas_source(axis, through) if atlas_source and layout else alone,
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
