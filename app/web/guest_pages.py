"""A link → what its pages show. Nothing here names a split or an index where labels are hidden."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from app.datasets.selection import PER_PAGE, SPLITS, Split, parse
from app.datasets.subset import Items
from app.errors import MissingError, NotReadyError
from app.pictures import exact, sheet
from app.web import addresses, histogram, volume
from app.web.grid import pager, pages_of, size_words, style, unfinished
from app.web.item import ZOOMS, Looking, planes_of
from app.web.item import style as item_style
from app.web.shared import Shared
from app.web.templating import fragment
from app.web.views import NOTHING, Cell, Fact, Notice, Pager, Plane, Tile, Volume
from app.web.words import VIEW_WORDS, caption, counted, images, labels_text, spoken

_FORMS: Final = ("png", "npy")


@dataclass(frozen=True)
class GuestGrid:
    """A page of what was shared."""

    heading: str
    message: tuple[str, ...]  # paragraphs
    subtitle: str
    summary: str
    style: str
    cell_width: int
    cell_height: int
    tiles: tuple[Tile, ...]
    pager: Pager
    notices: tuple[Notice, ...]
    citation: str
    license: str


@dataclass(frozen=True)
class GuestItem:
    """One shared image."""

    title: str
    heading: str
    message: tuple[str, ...]
    style: str
    planes: tuple[Plane, ...]
    volume: Volume | None
    label_text: str
    hue: str | None
    facts: tuple[Fact, ...]
    place: str
    previous: str | None
    next: str | None
    back: str | None
    zoom_in: str | None
    zoom_out: str | None
    zoom_text: str
    notices: tuple[Notice, ...]
    citation: str
    license: str
    notes: Markup = NOTHING


@dataclass(frozen=True)
class Passphrase:
    """The form that asks for a link's passphrase."""

    action: str
    check_name: str
    check: str
    wrong: bool


def page_number(query: str) -> int:
    """Read the page from a query string. Raises MalformedError or MissingError."""
    return parse(query).page


def page_items(shared: Shared, number: int) -> Items:
    """Give the items of a page. Raises MissingError for one behind the last."""
    pages = pages_of(shared.total, PER_PAGE)
    if number > pages:
        raise MissingError("page", f"There is no page {number:,}; this link has {pages:,}.")
    return shared.items((number - 1) * PER_PAGE, number * PER_PAGE)


def grid(shared: Shared, token: str, number: int) -> GuestGrid:
    """Draw up a page of thumbnails. Raises MissingError for a page that is not there."""
    dataset, link = shared.dataset, shared.link
    items = page_items(shared, number)
    first = (number - 1) * PER_PAGE
    carried = dataset.labels_of(items)
    cells = [
        fragment("cell", _cell(shared, token, first + offset, split, position, values))
        for offset, (split, position, values) in enumerate(
            zip(items.splits.tolist(), items.positions.tolist(), carried, strict=True)
        )
    ]
    ready = np.array([dataset.images[s].available if s in dataset.images else 0 for s in SPLITS])
    whole = bool((items.positions < ready[items.splits]).all())
    address = addresses.with_query(f"/s/{token}/sheet.png", f"page={number}" if number > 1 else "")
    tile = Tile(
        sheet=address if whole and len(items) else "",
        columns=min(sheet.COLUMNS, len(items)),
        cells=Markup("").join(cells),
    )
    cell = sheet.cell_of(dataset, shared.selection.view)
    width, height = cell.width * cell.scale, cell.height * cell.scale
    pages = pages_of(shared.total, PER_PAGE)

    def to(page: int) -> str:
        return addresses.with_query(f"/s/{token}", f"page={page}" if page > 1 else "")

    noun = images(shared.total, volumes=dataset.is_volume)
    return GuestGrid(
        heading=link.title or f"{dataset.title} · {noun}",
        message=_paragraphs(link.message),
        subtitle=" · ".join(
            (dataset.title, dataset.modality, size_words(dataset), *_shown_by(shared))
        ),
        summary=f"Page {counted(number)} of {counted(pages)}, {noun} in all",
        style=style((tile,), width, height),
        cell_width=width,
        cell_height=height,
        tiles=(tile,) if len(items) else (),
        pager=pager(number, pages, to),
        notices=() if link.hide_labels else unfinished(dataset, shared.selection),
        citation=dataset.facts.citation if dataset.facts else "",
        license=dataset.facts.license if dataset.facts else "",
    )


def item(shared: Shared, token: str, number: int, looking: Looking) -> GuestItem:
    """Draw up one image's page; ``number`` is its place from 0."""
    dataset, link = shared.dataset, shared.link
    found = shared.items(number, number + 1)
    values = dataset.labels_of(found)[0]
    noun = "Volume" if dataset.is_volume else "Image"
    name = f"{noun} {counted(number + 1)}"
    looked = looking.query(dataset)
    here = f"/s/{token}" if shared.only else f"/s/{token}/{number + 1}"

    def source(query: str, values: bool) -> str:
        form = "npy" if values else "png"
        return addresses.with_query(f"/s/{token}/{number + 1}.{form}", query)

    def neighbour(step: int) -> str | None:
        there = number + step
        if not 0 <= there < shared.total:
            return None
        return addresses.with_query(f"/s/{token}/{there + 1}", looked)

    def zoomed(step: int) -> str | None:
        place = ZOOMS.index(looking.zoom) + step
        if not 0 <= place < len(ZOOMS):
            return None
        there = replace(looking, zoom=ZOOMS[place]).query(dataset)
        return addresses.with_query(here, there)

    def atlas_source(axis: str, query: str) -> str:
        return addresses.with_query(f"/s/{token}/{number + 1}/atlas-{axis}.png", query)

    planes = planes_of(dataset, looking, name, source, atlas_source)
    page = number // PER_PAGE + 1
    back = addresses.with_query(f"/s/{token}", f"page={page}" if page > 1 else "")
    shows = not link.hide_labels
    single = dataset.label_of[values[0]] if shows and len(values) == 1 else None
    where = SPLITS[int(found.splits[0])], int(found.positions[0])
    return GuestItem(
        title=link.title or dataset.title,
        heading=name if shared.total > 1 else link.title or dataset.title,
        message=_paragraphs(link.message) if shared.only else (),
        style=item_style(planes, looking.zoom, volume=dataset.is_volume),
        planes=planes,
        volume=volume.build(
            dataset, looking, planes, _voxels(shared, *where), voxels=source("", True), address=here
        )
        if dataset.is_volume
        else None,
        label_text=labels_text(dataset, values) if shows else "",
        hue=histogram.hue(single) if single else None,
        facts=(
            Fact("Dataset", dataset.title),
            Fact("Modality", dataset.modality),
            Fact("Size", size_words(dataset)),
            *((Fact("Split", where[0]), Fact("Index", str(where[1]))) if shows else ()),
        ),
        place=f"{counted(number + 1)} of {counted(shared.total)}",
        previous=neighbour(-1),
        next=neighbour(1),
        back=None if shared.only else back,
        zoom_in=zoomed(1),
        zoom_out=zoomed(-1),
        zoom_text=f"Zoom {looking.zoom}×",
        notices=(),
        citation=dataset.facts.citation if dataset.facts else "",
        license=dataset.facts.license if dataset.facts else "",
    )


def _voxels(shared: Shared, split: Split, index: int) -> NDArray[Any] | None:
    """Read a volume; None while it is unpacked, as the sentence for that would name its split."""
    with suppress(NotReadyError):
        return exact.item_pixels(shared.dataset, split, index)
    return None


def _shown_by(shared: Shared) -> tuple[str, ...]:
    """Say how volumes are shown, where that is not by their middle."""
    view = shared.selection.view
    if view == "middle" or view not in sheet.views_of(shared.dataset):
        return ()
    return (f"shown by {VIEW_WORDS[view]} along z",)


def require_form(form: str) -> None:
    """Raise MissingError for a form that pixels are not given in."""
    if form not in _FORMS:
        raise MissingError("form", f"Pixels are given as {' or '.join(_FORMS)}.")


def _cell(
    shared: Shared, token: str, number: int, split: int, position: int, values: tuple[int, ...]
) -> Cell:
    noun = "Volume" if shared.dataset.is_volume else "Image"
    name = f"{noun} {counted(number + 1)}"
    hidden = shared.link.hide_labels
    single = shared.dataset.label_of[values[0]] if not hidden and len(values) == 1 else None
    return Cell(
        href=f"/s/{token}/{number + 1}",
        split="" if hidden else SPLITS[split],
        index="" if hidden else str(position),
        name=name
        if hidden
        else f"{name}, {SPLITS[split]} {position}, {spoken(shared.dataset, values)}",
        caption=counted(number + 1) if hidden else caption(shared.dataset, values),
        hue=histogram.hue(single) if single else None,
    )


def _paragraphs(message: str) -> tuple[str, ...]:
    return tuple(line for line in message.splitlines() if line.strip())
