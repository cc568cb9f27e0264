"""One item in every size that is here: links from one to another, and all side by side."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.catalogue.facts import size_of
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection, Split
from app.datasets.sizes import sizes_here
from app.errors import ArchiveError, NotReadyError
from app.pictures import exact
from app.web import addresses, picture_addresses
from app.web.item import default_slices, required_index
from app.web.language import gettext as _
from app.web.language import say
from app.web.notices import dataset_notices
from app.web.templating import page
from app.web.unpacking import unfinished
from app.web.views import Credits, Crumb, Link, Notice
from app.web.words import credits_of, in_line, labels_text, size_words

_WAIT_SECONDS: Final = 2.0
_REFRESH_SECONDS: Final = 2
# Longest side of a picture in CSS pixels, from this viewport width on, by how many stand in a row.
_ROOM: Final = (
    (0, {1: 264, 2: 264, 3: 264, 4: 264}),
    (360, {1: 312, 2: 312, 3: 312, 4: 312}),
    (1000, {1: 448, 2: 448, 3: 312, 4: 312}),
    (1400, {1: 560, 2: 560, 3: 416, 4: 312}),
)


@dataclass(frozen=True)
class Shown:
    """One picture: ``width`` × ``height`` in its own pixels, drawn at the size of class ``css``."""

    src: str
    alt: str
    width: int
    height: int
    css: str
    title: str
    href: str
    fine: str


@dataclass(frozen=True)
class Row:
    """Pictures of the same place side by side; of a volume there is a row for each axis."""

    title: str
    pictures: tuple[Shown, ...]


@dataclass(frozen=True)
class SideBySide:
    """The page. ``others`` leads to where further sizes are to be had, if any are published."""

    heading: str
    label: str
    lead: str
    crumbs: tuple[Crumb, ...]
    address: str
    style: str
    notices: tuple[Notice, ...]
    rows: tuple[Row, ...]
    others: Link | None
    refresh: int | None
    credits: Credits


@dataclass(frozen=True)
class _Found:
    """A size of the dataset in which the item is, and whether its pixels can be read yet."""

    dataset: Dataset
    labels: tuple[int, ...]
    is_ready: bool


def sizes(library: Library) -> APIRouter:
    """Make the route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/d/{dataset_id}/{split}/{index}/sizes")
    def side_by_side(request: Request, dataset_id: str, split: str, index: str) -> HTMLResponse:
        dataset = library.dataset(dataset_id)
        found = dataset.require_split(split)
        place = required_index(dataset, found, index)
        view = build(dataset, sizes_here(library, dataset), found, place)
        return page(request, "sizes", view, style=view.style)

    return router


def switch(
    library: Library, dataset: Dataset, split: Split, index: int, selection: Selection
) -> tuple[Link, ...]:
    """Link to the same item in each size that is here, then to all of them side by side.

    Empty where there is no other. ``selection`` is what one goes through; a size that lacks a split
    or a label of it is seen as a whole.
    """
    here = [each for each in sizes_here(library, dataset) if _holds(each, split, index)]
    if len(here) < 2:
        return ()
    others = replace(selection, noted=None)  # what was noted is of one file

    def there(each: Dataset) -> str:
        gone_through = _in(each, selection if each is dataset else others)
        return addresses.item(each.id, split, index, addresses.item_query(gone_through))

    return (
        *(Link(_title(each), there(each), each is dataset) for each in here),
        Link(_("Side by side"), addresses.sizes(dataset.id, split, index)),
    )


def _in(dataset: Dataset, selection: Selection) -> Selection:
    """Give the selection, without filters where another size of the dataset can't have them."""
    has_all = set(selection.splits) <= set(dataset.images) and set(selection.labels) <= set(
        dataset.label_of
    )
    return selection if has_all else selection.without_filters()


def build(dataset: Dataset, here: tuple[Dataset, ...], split: Split, index: int) -> SideBySide:
    """Draw up the page of one item, which is in ``dataset`` and may be in the others."""
    found, notices = [], []
    for each in here:
        if not _holds(each, split, index):
            notices.append(
                Notice(
                    "warning",
                    _(
                        "{name} has no {split} {index}.",
                        name=each.archive.path.name,
                        split=split,
                        index=index,
                    ),
                )
            )
            continue
        try:
            found.append(_look(each, split, index))
        except (ArchiveError, NotReadyError) as error:
            notices.append(Notice("warning", say(error.args[0])))
            continue
        notices += [*unfinished(each, Selection(splits=(split,))), *dataset_notices(each, None)]
    ready = [each for each in found if each.is_ready]
    labels = {each.labels for each in found}
    if len(labels) > 1:
        told = "; ".join(
            f"{_title(each.dataset)}: {labels_text(each.dataset, each.labels)}" for each in found
        )
        notices.insert(
            0, Notice("warning", _("The sizes do not agree on its label: {told}.", told=told))
        )
    name = f"{split} {index}"
    title = dataset.facts.title if dataset.facts else dataset.title
    facts = dataset.facts if size_of(dataset.id) is not None else None
    return SideBySide(
        heading=in_line(title, name, _("sizes")),
        label=labels_text(found[0].dataset, found[0].labels) if len(labels) == 1 else "",
        lead=_("Each is drawn as large as the others, pixel by pixel.")
        if len(found) > 1
        else _("No other size of this image is here."),
        crumbs=(
            Crumb(dataset.title, addresses.grid(dataset.id, Selection())),
            Crumb(name, addresses.item(dataset.id, split, index)),
            Crumb(_("Sizes"), None),
        ),
        address=addresses.sizes(dataset.id, split, index),
        style=_style(ready),
        notices=tuple(dict.fromkeys(notices)),
        rows=_rows(ready, split, index),
        others=Link(_("Other sizes"), addresses.published(facts.id)) if facts else None,
        refresh=None if len(ready) == len(found) else _REFRESH_SECONDS,
        credits=credits_of([dataset]),
    )


def _holds(dataset: Dataset, split: Split, index: int) -> bool:
    return split in dataset.images and index < dataset.indexes[split].total


def _look(dataset: Dataset, split: Split, index: int) -> _Found:
    """Wait a moment for the item's pixels. Raises ArchiveError or NotReadyError."""
    images = dataset.images[split]
    images.wait(index + 1, seconds=_WAIT_SECONDS)
    is_ready = images.available > index
    if is_ready:
        images.take(np.array([index]))  # says why it has failed, if it has
    labels = dataset.indexes[split].labels_of(np.array([index]))[0]
    return _Found(dataset, labels, is_ready)


def _title(dataset: Dataset) -> str:
    size = size_of(dataset.id)
    return dataset.title if size is None else f"{size} px"


def _rows(found: list[_Found], split: Split, index: int) -> tuple[Row, ...]:
    if not any(each.dataset.is_volume for each in found):
        return (
            Row("", tuple(_shown(each, n, split, index, None) for n, each in enumerate(found))),
        )
    return tuple(
        Row(
            _("Middle slice along {axis}", axis=axis),
            tuple(
                _shown(each, n, split, index, number)
                for n, each in enumerate(found)
                if each.dataset.is_volume
            ),
        )
        for number, axis in enumerate(exact.AXES)
    )


def _shown(found: _Found, number: int, split: Split, index: int, axis: int | None) -> Shown:
    dataset = found.dataset
    query, fine = "", size_words(dataset)
    if axis is not None:
        middle = default_slices(dataset)[axis]
        query, fine = (
            addresses.plane_query(exact.AXES[axis], middle),
            _("slice {middle}", middle=middle),
        )
    height, width = _plane(dataset, axis)
    return Shown(
        src=picture_addresses.picture(dataset, split, index, query),
        alt=f"{dataset.title}, {split} {index}" + (f", {fine}" if query else ""),
        width=width,
        height=height,
        css=f"same-{number}-{axis or 0}",
        title=_title(dataset),
        href=addresses.item(dataset.id, split, index),
        fine=fine,
    )


def _plane(dataset: Dataset, axis: int | None) -> tuple[int, int]:
    sides = [side for number, side in enumerate(dataset.shape) if axis is None or number != axis]
    return sides[0], sides[1]


def _style(found: list[_Found]) -> str:
    """Give all pictures the same longest side at every width of the window, as one line of CSS."""
    planes = {
        f".same-{number}-{axis or 0}": _plane(each.dataset, axis)
        for number, each in enumerate(found)
        for axis in (range(len(exact.AXES)) if each.dataset.is_volume else (None,))
    }
    longest = {max(plane) for plane in planes.values()}
    rules = []
    for least, rooms in _ROOM:
        side = side_for(rooms[max(1, min(len(found), max(rooms)))], longest)
        inner = ""
        for css, (height, width) in planes.items():
            scale = side / max(height, width)
            inner += f"{css}{{--pw:{width * scale:g}px;--ph:{height * scale:g}px}}"
        rules.append(f"@media(min-width:{least}px){{{inner}}}" if least else inner)
    return "".join(rules)


def side_for(room: int, sides: set[int]) -> int:
    """Give a side that fits the room and in which the pixels of as many as possible are even.

    All of these sides, if a multiple of them all fits; else the largest; else there are more
    pixels than room, and the room it is.
    """
    for wanted in (sides, {max(sides, default=1)}):
        step = math.lcm(*wanted)
        if step <= room:
            return room // step * step
    return room
