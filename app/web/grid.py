"""A selection's pages: the items on each, their cells and pictures, the ways to other pages."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection, Thumbs, View
from app.datasets.subset import Items, Subset
from app.errors import MissingError
from app.pictures import sheet
from app.web import addresses, picture_addresses
from app.web.blanks import ANY_PAGE
from app.web.frame import Frame, cells
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.pager import pages_of
from app.web.views import Tile
from app.web.words import VIEW_WORDS, counted, kind, reduced_text


@dataclass(frozen=True)
class Leaf:
    """What one page of a selection has of its own; ``style`` is as the function of that name says.

    ``prefetch`` holds the addresses of the next page's sheets, space between them.
    """

    summary: str
    prefetch: str
    style: str
    cell_width: int
    cell_height: float
    tiles: tuple[Tile, ...]


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


def reduced(dataset: Dataset, view: View) -> str:
    """Say what thumbnails leave out of an item, where one might take them for the whole."""
    drawn = ""
    if view != "middle":
        drawn = _("Each volume is shown by {view} along z.", view=_(VIEW_WORDS[view]))
    return " ".join(filter(None, (drawn, reduced_text([sheet.cell_of(dataset, view).factor]))))


def leaf(
    dataset: Dataset, selection: Selection, frame: Frame, items: Items, *, unpacking: bool
) -> Leaf:
    """Draw up what the page of these items has of its own."""
    total = frame.subset.total
    pages = pages_of(total, selection.per_page)
    drawn = tiles(dataset, selection, items, frame)
    width, height = drawn_size(sheet.cell_of(dataset, selection.view), selection.thumbs)
    return Leaf(
        summary=_(
            "Page {page} of {pages}, {items} of {total} {noun}",
            page=counted(selection.page),
            pages=counted(pages),
            items=counted(len(items)),
            total=counted(total),
            noun=kind(volumes=dataset.is_volume),
        ),
        prefetch="" if unpacking else _next_sheets(dataset, selection, total),
        style=style(drawn, width, height),
        cell_width=width,
        cell_height=height,
        tiles=drawn,
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
                sheet=picture_addresses.sheet(dataset, selection, number) if whole else "",
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
    return " ".join(picture_addresses.sheet(dataset, following, tile) for tile in tiles)


def to_pages(dataset: Dataset, selection: Selection) -> Callable[[int | str], str]:
    """Give what writes the address of any page: they differ in one number, and are a dozen."""
    first = addresses.grid(dataset.id, selection.on_page(1))
    before, _sign, behind = addresses.grid(dataset.id, selection.on_page(ANY_PAGE)).rpartition(
        str(ANY_PAGE)
    )
    return lambda page: first if page == 1 else f"{before}{page}{behind}"
