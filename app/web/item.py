"""One item of a dataset → what its page shows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from app.arrays.mapping import Plane as Cut
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection, Split, shown, whole_number
from app.errors import InexactError, MalformedError, MissingError
from app.pictures import exact
from app.pictures.window import Window, needs_window
from app.web import addresses, grid, histogram
from app.web.notices import dataset_notices
from app.web.views import Crumb, Fact, Hidden, Item, Plane
from app.web.words import counted, label_text, labels_text, measured, number

ZOOMS: Final = (1, 2, 4, 8)

# Longest side of the picture in CSS pixels, from this viewport width on (0: any).
_ROOM: Final = ((0, 312), (480, 420), (1000, 560))
_VOLUME_ROOM: Final = ((0, 280), (1400, 308))


@dataclass(frozen=True)
class Looking:
    """How an item is looked at: ``zoom`` from ZOOMS, and a slice for each axis of a volume."""

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
    """Read an index from an address. Raises MalformedError, or MissingError beyond the split."""
    index = whole_number("index", value)
    total = dataset.indexes[split].total
    if not 0 <= index < total:
        raise MissingError(
            "index",
            f"There is no {split} image {shown(value)} in {dataset.title}; "
            + (f"indexes run from 0 to {total - 1:,}." if total else "this split is empty."),
        )
    return index


def parse_looking(dataset: Dataset, query: str) -> Looking:
    """Read zoom and slices from a query string. Raises MalformedError or MissingError."""
    given = dict(parse_qsl(query))
    zoom = whole_number("zoom", given.get("zoom", str(ZOOMS[0])))
    if zoom not in ZOOMS:
        raise MalformedError("zoom", f"zoom must be one of {', '.join(map(str, ZOOMS))}.")
    slices = tuple(
        required_slice(dataset, axis, given.get(axis) or str(middle))
        for axis, middle in zip(exact.AXES, default_slices(dataset), strict=False)
    )
    return Looking(zoom, slices)


def default_slices(dataset: Dataset) -> tuple[int, ...]:
    """The middle slice along each axis; none for pictures."""
    return tuple(side // 2 for side in dataset.shape) if dataset.is_volume else ()


def required_slice(dataset: Dataset, axis: str, value: str) -> int:
    """Read a slice's number along an axis. Raises MalformedError or MissingError."""
    if axis not in exact.AXES:
        raise MalformedError("axis", f"axis must be one of {', '.join(exact.AXES)}.")
    place = whole_number("slice", value)
    sides = dataset.shape[exact.AXES.index(axis)]
    if not 0 <= place < sides:
        raise MissingError(
            "slice", f"There is no slice {place} along {axis}; they run from 0 to {sides - 1}."
        )
    return place


def build(
    dataset: Dataset,
    split: Split,
    index: int,
    selection: Selection,
    looking: Looking,
    window: Window | None,
) -> Item:
    """Draw up the page. Raises NotReadyError while the item is still being unpacked."""
    pixels = exact.item_pixels(dataset, split, index)
    values = dataset.indexes[split].labels_of(np.array([index]))[0]
    subset = dataset.subset(selection)
    rank = subset.rank(split, index)
    query = addresses.item_query(selection)
    looked = looking.query(dataset)

    def neighbour(step: int) -> str | None:
        if rank is None or not 0 <= rank + step < subset.total:
            return None
        found = subset.items(rank + step, rank + step + 1)
        there = SPLITS[int(found.splits[0])], int(found.positions[0])
        return addresses.item(dataset.id, *there, _joined(query, looked))

    def zoomed(step: int) -> str | None:
        place = ZOOMS.index(looking.zoom) + step
        if not 0 <= place < len(ZOOMS):
            return None
        there = replace(looking, zoom=ZOOMS[place]).query(dataset)
        return addresses.item(dataset.id, split, index, _joined(query, there))

    page = 1 if rank is None else rank // selection.per_page + 1
    back = addresses.grid(dataset.id, selection.on_page(page))

    def source(query: str, values: bool) -> str:
        if values or not window:
            form = "npy" if values else "png"
            return addresses.pixels(dataset.id, split, index, form, query)
        return addresses.shown(dataset, split, index, query)

    planes = planes_of(dataset, looking, f"{dataset.title}, {split} {index}", source)
    inexact = _why_inexact(pixels[looking.slices[0]] if dataset.is_volume else pixels)
    name = f"{split} {index}"
    return Item(
        heading=f"{dataset.title} · {name}",
        crumbs=(
            Crumb("All datasets", addresses.HOME),
            Crumb(dataset.title, back),
            Crumb(name, None),
        ),
        address=addresses.item(dataset.id, split, index, _joined(query, looked)),
        share=addresses.share(addresses.item(dataset.id, split, index)),
        style=style(planes, looking.zoom, volume=dataset.is_volume),
        planes=planes,
        is_volume=dataset.is_volume,
        facts=_facts(dataset, split, index, values),
        pixels=_pixel_facts(dataset, pixels),
        label_text=labels_text(dataset, values),
        hue=histogram.hue(dataset.label_of[values[0]]) if len(values) == 1 else None,
        previous=neighbour(-1),
        next=neighbour(1),
        place=f"{counted(rank + 1)} of {counted(subset.total)}"
        if rank is not None
        else "Not in the selection you came from",
        back=back,
        download=None
        if inexact
        else addresses.pixels(dataset.id, split, index, "png", _plane_query(dataset, looking)),
        download_note=inexact
        or ("The PNG is the slice along z that is shown." if dataset.is_volume else ""),
        array=addresses.pixels(dataset.id, split, index, "npy"),
        zoom_in=zoomed(1),
        zoom_out=zoomed(-1),
        zoom_text=f"Zoom {looking.zoom}×",
        hidden=_hidden(query, looking),
        notices=(
            *grid.unfinished(dataset, Selection(splits=(split,))),
            *dataset_notices(dataset, window),
        ),
        citation=dataset.facts.citation if dataset.facts else "",
        license=dataset.facts.license if dataset.facts else "",
    )


def style(planes: tuple[Plane, ...], zoom: int, *, volume: bool) -> str:
    """Size each picture to whole pixels at every width of the window, as one line of CSS."""
    rules = []
    for least, room in _VOLUME_ROOM if volume else _ROOM:
        inner = ""
        for plane in planes:
            scale = max(1, room // max(plane.width, plane.height)) * zoom
            inner += f".{plane.css}{{--pw:{plane.width * scale}px;--ph:{plane.height * scale}px}}"
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
        raise MalformedError("axis", f"axis must be one of {', '.join(exact.AXES)}.")
    number_of_axis = exact.AXES.index(axis)
    middle = default_slices(dataset)[number_of_axis]
    return number_of_axis, required_slice(dataset, axis, given.get("slice", str(middle)))


def planes_of(
    dataset: Dataset, looking: Looking, name: str, source: Callable[[str, bool], str]
) -> tuple[Plane, ...]:
    """Draw up one picture, or the three planes of a volume.

    ``source`` gives the address for a query that picks a plane: of the picture as it is shown, or,
    with ``True``, of its values as .npy.
    """
    if not dataset.is_volume:
        height, width = dataset.shape[:2]
        return (
            Plane(
                source("", False), name, source("", True), width, height, "", "", 0, 0, "plane-0"
            ),
        )
    planes = []
    for number_of_axis, axis in enumerate(exact.AXES):
        height, width = (s for a, s in enumerate(dataset.shape) if a != number_of_axis)
        place = looking.slices[number_of_axis]
        query = addresses.plane_query(axis, place)
        planes.append(
            Plane(
                src=source(query, False),
                alt=f"{name}, a slice along {axis}",
                values=source(query, True),
                width=width,
                height=height,
                axis=axis,
                axis_name=f"Slice along {axis}",
                slice=place,
                last=dataset.shape[number_of_axis] - 1,
                css=f"plane-{number_of_axis}",
            )
        )
    return tuple(planes)


def _facts(dataset: Dataset, split: Split, index: int, values: tuple[int, ...]) -> tuple[Fact, ...]:
    label = labels_text(dataset, values)
    facts = [Fact("Label", label)]
    meanings = filter(None, (dataset.label_of[value].meaning for value in values))
    facts += [Fact("Meaning", meaning) for meaning in meanings if meaning not in label]
    facts += [
        Fact("Split", split),
        Fact("Index", str(index)),
        Fact("Modality", dataset.modality),
        Fact("Size", grid.size_words(dataset)),
    ]
    others = ", ".join(label_text(label) for label in dataset.labels[:20])
    return (*facts, Fact("All labels", others))


def _pixel_facts(dataset: Dataset, pixels: NDArray[Any]) -> tuple[Fact, ...]:
    channels = exact.statistics(pixels, colour=dataset.channels == 3)
    names = ("Red", "Green", "Blue") if len(channels) == 3 else ("Values",)
    described = tuple(
        Fact(
            name,
            "no finite value"
            if math.isnan(c.mean)
            else f"{number(c.least)} to {number(c.greatest)}, mean {measured(c.mean)}, "
            f"standard deviation {measured(c.deviation)}",
        )
        for name, c in zip(names, channels, strict=True)
    )
    return (*described, Fact("Type", str(pixels.dtype)))


def _why_inexact(pixels: NDArray[Any]) -> str:
    if not needs_window(pixels.dtype):
        return ""
    try:
        exact.as_png(pixels)
    except InexactError as error:
        return str(error)
    return ""


def _plane_query(dataset: Dataset, looking: Looking) -> str:
    """Pick the slice that stands for a volume: the one along the first axis."""
    return addresses.plane_query(exact.AXES[0], looking.slices[0]) if dataset.is_volume else ""


def _hidden(query: str, looking: Looking) -> tuple[Hidden, ...]:
    fields = [Hidden(name, value) for name, value in parse_qsl(query)]
    if looking.zoom != ZOOMS[0]:
        fields.append(Hidden("zoom", str(looking.zoom)))
    return tuple(fields)


def _joined(*queries: str) -> str:
    return "&".join(query for query in queries if query)
