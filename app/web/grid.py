"""A selection of a dataset → what the grid page shows."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import numpy as np
from markupsafe import Markup

from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection, Thumbs
from app.datasets.subset import Items, Subset
from app.errors import MissingError
from app.pictures import sheet
from app.pictures.window import Window
from app.web import addresses, histogram
from app.web.filters import Facet
from app.web.frame import ANY_PAGE, Frame, cells
from app.web.language import gettext as _
from app.web.language import ngettext, say
from app.web.notices import dataset_notices
from app.web.unpacking import unfinished
from app.web.views import (
    Credits,
    Crumb,
    Hidden,
    Link,
    Notice,
    Pager,
    Stop,
    Tile,
)
from app.web.words import VIEW_WORDS, counted, credits_of, in_line, kind

_NEIGHBOURS: Final = 2
_REFRESH_SECONDS: Final = 2


@dataclass(frozen=True)
class Grid:
    """The grid page. ``style`` sizes the cells and names their sheets (one line of CSS).

    ``heading`` says in words what is seen; ``reduced`` says what thumbnails leave out, or is
    empty.
    """

    subtitle: str
    crumbs: tuple[Crumb, ...]
    heading: str  # as ``name`` and ``shows`` say it
    name: str
    shows: str
    summary: str
    address: str  # canonical path of this page, for Copy link
    collect: str
    ways: Markup  # links to what else can be done with this selection
    style: str
    cell_width: int
    cell_height: float
    tiles: tuple[Tile, ...]
    filters: Markup
    tabs: Markup  # one for each split
    thumbs: Markup  # how large thumbnails are drawn
    fit: bool  # in as many columns as fill the row
    chips: Markup  # each takes one filter away
    distribution: Markup
    display: Markup  # the form that changes how pictures are seen
    lens: Markup  # what they are seen through, if anything
    css: str  # its classes
    scales: tuple[Link, ...]
    pager: Pager
    notices: tuple[Notice, ...]
    empty: str  # what to say when nothing matches, else empty
    clear_filters: str  # leads to all images, where filters are what lets none pass
    reduced: str
    credits: Credits
    refresh: int | None  # seconds after which the page should be asked for again, while unpacking
    prefetch: str  # addresses of the next page's sheets, space between them
    review: Facet | None = None  # what was said of the images, for the owner
    stop: Stop | None = None  # what the owner may do about the unpacking


def pages_of(total: int, per_page: int) -> int:
    """Number of pages; an empty selection has one, which says so."""
    return max(1, math.ceil(total / per_page))


def page_items(dataset: Dataset, subset: Subset, selection: Selection) -> Items:
    """Give the items of the selection's page. Raises MissingError for a page behind the last."""
    pages = pages_of(subset.total, selection.per_page)
    if selection.page > pages:
        raise MissingError(
            "page",
            ngettext(
                "There is no page {page}; this selection of {title} has {number} page.",
                "There is no page {page}; this selection of {title} has {number} pages.",
                pages,
                page=counted(selection.page),
                title=dataset.title,
            ),
        )
    first = (selection.page - 1) * selection.per_page
    return subset.items(first, first + selection.per_page)


def build(dataset: Dataset, selection: Selection, frame: Frame, window: Window | None) -> Grid:
    """Draw up the page. Raises MissingError for a page that is not there."""
    subset = frame.subset
    items = page_items(dataset, subset, selection)
    pages = pages_of(subset.total, selection.per_page)
    waiting = unfinished(dataset, selection)
    cell = sheet.cell_of(dataset, selection.view)
    drawn = tiles(dataset, selection, items, frame)
    width, height = drawn_size(cell, selection.thumbs)
    noun = kind(volumes=dataset.is_volume)
    return Grid(
        subtitle=in_line(say(dataset.modality), task_words(dataset), size_words(dataset)),
        crumbs=(Crumb(dataset.title, None),),
        heading=frame.heading,
        name=dataset.title,
        shows=frame.shows,
        summary=_(
            "Page {page} of {pages}, {items} of {total} {noun}",
            page=counted(selection.page),
            pages=counted(pages),
            items=counted(len(items)),
            total=counted(subset.total),
            noun=noun,
        ),
        address=addresses.grid(dataset.id, selection),
        collect=addresses.collect(addresses.grid(dataset.id, selection)),
        ways=frame.ways.on(selection.page),
        style=style(drawn, width, height),
        cell_width=width,
        cell_height=height,
        tiles=drawn,
        tabs=frame.tabs,
        thumbs=frame.thumbs.on(selection.page),
        fit=selection.thumbs == "fit",
        chips=frame.chips,
        filters=frame.filters,
        distribution=frame.distribution,
        display=_on_page(frame.display, selection.page),
        lens=frame.lens,
        css=frame.css,
        scales=histogram.scales(dataset, selection),
        pager=pager(selection.page, pages, _to_pages(dataset, selection)),
        notices=(*waiting, *dataset_notices(dataset, window)),
        empty="" if subset.total else _empty(selection, noun),
        clear_filters=""
        if subset.total or not _is_filtered(selection)
        else addresses.grid(dataset.id, selection.without_filters()),
        reduced=_reduced(selection, cell),
        credits=credits_of([dataset]),
        refresh=_REFRESH_SECONDS if waiting else None,
        prefetch="" if waiting else _next_sheets(dataset, selection, subset.total),
    )


def drawn_size(cell: sheet.Cell, thumbs: Thumbs) -> tuple[int, float]:
    """Give width and height in CSS pixels: whole squares for each pixel, if it has more than one.

    For ``fit`` these are the least. Their ratio is the cell's own: a sheet is scaled by its width,
    so that a height rounded apart from it would show a strip of the image below.
    """
    over, under = {"small": (2, 3), "large": (5, 3)}.get(thumbs, (1, 1))
    if cell.scale * over < under:
        width = max(1, cell.width * over // under)
        return width, width * cell.height / cell.width
    scale = math.ceil(cell.scale * over / under) if over > under else cell.scale * over // under
    return cell.width * scale, cell.height * scale


def _is_filtered(selection: Selection) -> bool:
    return bool(selection.splits or selection.filters_labels or selection.noted)


def _empty(selection: Selection, noun: str) -> str:
    if _is_filtered(selection):
        return _("No {noun} match these filters.", noun=noun)
    return _("There are no {noun} in this file.", noun=noun)


def _on_page(drawn: Markup, page: int) -> Markup:
    """Put a page's number into what is drawn for any page."""
    return Markup(str(drawn).replace(str(ANY_PAGE), str(page)))  # noqa: S704 (both are drawn)


def _reduced(selection: Selection, cell: sheet.Cell) -> str:
    """Say what thumbnails leave out of an item, where one might take them for the whole."""
    sentences = []
    if selection.view != "middle":
        sentences.append(
            _("Each volume is shown by {view} along z.", view=_(VIEW_WORDS[selection.view]))
        )
    if cell.factor > 1:
        sentences.append(
            _(
                "Thumbnails show the mean of every {factor} × {factor} pixels; each picture's own "
                "page is exact.",
                factor=cell.factor,
            )
        )
    return " ".join(sentences)


def style(tiles: tuple[Tile, ...], width: int, height: float, of: str = ".grid") -> str:
    """Size the cells and name each tile's picture, as one line of CSS.

    By the tile's own picture, not by its place: a rule left over from another page matches nothing.
    ``of`` selects the grid, where a page has several.
    """
    rules = [f"{of}{{--w:{width}px;--h:{height:g}px;--ratio:{height / width:.4g}}}"]
    rules.extend(
        f'.tile[data-sheet="{tile.sheet}"]{{--sheet:url("{tile.sheet}");--cols:{tile.columns}}}'
        for tile in tiles
        if tile.sheet
    )
    return "".join(rules)


def task_words(dataset: Dataset) -> str:
    """The task as MedMNIST names it, with the number of labels."""
    return f"{dataset.task} ({len(dataset.labels)})"


def size_words(dataset: Dataset) -> str:
    """“28 × 28 pixels, colour”."""
    sides = dataset.shape if dataset.is_volume else dataset.shape[:2]
    size = " × ".join(str(side) for side in sides)
    if dataset.is_volume:
        return _("{size} voxels, grey", size=size)
    if dataset.channels == 3:
        return _("{size} pixels, colour", size=size)
    return _("{size} pixels, grey", size=size)


def tiles(dataset: Dataset, selection: Selection, items: Items, frame: Frame) -> tuple[Tile, ...]:
    """Draw the cells of a page's items, a hundred to a sheet."""
    ready = np.array([dataset.images[s].available if s in dataset.images else 0 for s in SPLITS])
    places = list(
        zip(items.splits.tolist(), items.positions.tolist(), dataset.labels_of(items), strict=True)
    )
    drawn = []
    for number, start in enumerate(range(0, len(items), sheet.CELLS_MOST), start=1):
        part = slice(start, start + sheet.CELLS_MOST)
        whole = (items.positions[part] < ready[items.splits[part]]).all()
        drawn.append(
            Tile(
                sheet=addresses.sheet(dataset, selection, number) if whole else "",
                columns=min(sheet.COLUMNS, len(places[part])),
                cells=cells(frame, dataset, selection, places[part]),
            )
        )
    return tuple(drawn)


def _next_sheets(dataset: Dataset, selection: Selection, total: int) -> str:
    """Give the addresses of the next page's sheets, as one text."""
    number = min(selection.per_page, total - selection.page * selection.per_page)
    tiles = range(1, math.ceil(max(0, number) / sheet.CELLS_MOST) + 1)
    following = selection.on_page(selection.page + 1)
    return " ".join(addresses.sheet(dataset, following, tile) for tile in tiles)


def _to_pages(dataset: Dataset, selection: Selection) -> Callable[[int], str]:
    """Give what writes the address of any page: they differ in one number, and are a dozen."""
    first = addresses.grid(dataset.id, selection.on_page(1))
    before, _sign, behind = addresses.grid(dataset.id, selection.on_page(ANY_PAGE)).rpartition(
        str(ANY_PAGE)
    )
    return lambda page: first if page == 1 else f"{before}{page}{behind}"


def pager(page: int, pages: int, to: Callable[[int], str]) -> Pager:
    """Draw up links to other pages; ``to`` gives a page's address."""
    near = range(max(1, page - _NEIGHBOURS), min(pages, page + _NEIGHBOURS) + 1)
    numbers: list[Link | None] = []
    before = 0
    for each in sorted({1, *near, pages}):
        # A gap of one page is that page itself.
        if each - before == 2:
            numbers.append(Link(counted(each - 1), to(each - 1)))
        elif each - before > 2:
            numbers.append(None)
        numbers.append(Link(counted(each), to(each), current=each == page))
        before = each
    action, _mark, query = to(1).partition("?")
    return Pager(
        page=page,
        pages=pages,
        first=to(1) if page > 1 else None,
        previous=to(page - 1) if page > 1 else None,
        next=to(page + 1) if page < pages else None,
        last=to(pages) if page < pages else None,
        numbers=tuple(numbers),
        action=action,
        hidden=tuple(Hidden(name, value) for name, value in parse_qsl(query)),
    )
