"""Thumbnails that can be chosen: of one page of a grid, or of a collection across datasets."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from app.datasets.selection import View
from app.pictures import sheet
from app.web import addresses, histogram
from app.web.gathering import Run, to_value
from app.web.templating import fragment
from app.web.views import Tile
from app.web.words import caption, spoken

# Of what is not here any more.
_SIDE: Final = 84


@dataclass(frozen=True)
class Pick:
    """One thumbnail with a box to tick; ``href`` leads to its page, ``why`` is in its place."""

    value: str
    name: str
    caption: str
    hue: str | None
    href: str
    split: str
    index: str
    why: str
    ticked: bool


@dataclass(frozen=True)
class Picks:
    """Tiles of such thumbnails. ``style`` sizes each (one line of CSS)."""

    tiles: tuple[Tile, ...]
    style: str
    cell_width: int
    cell_height: int


def draw(
    runs: Sequence[Run],
    sheet_of: Callable[[int, Run], str],
    query_of: Callable[[int], str] | None = None,
    ticked: Set[str] = frozenset(),
) -> Picks:
    """Draw runs of items; ``sheet_of`` gives the address of a run's picture by its number from 1.

    With ``query_of``, a thumbnail leads to its page, with the query for its number among all (from
    0); else it ticks its box. Those whose values are ``ticked`` are so at first.
    """
    tiles, sizes = [], []
    first = 0
    for number, run in enumerate(runs, start=1):
        sizes.append(cell_size(run))
        tiles.append(
            Tile(
                sheet=sheet_of(number, run) if run.dataset else "",
                columns=min(sheet.COLUMNS, len(run.items)),
                cells=Markup("").join(
                    fragment("pick", pick) for pick in _picks(run, first, query_of, ticked)
                ),
            )
        )
        first += len(run.items)
    style, width, height = sized(tiles, sizes)
    return Picks(tuple(tiles), style, width, height)


def sized(tiles: Sequence[Tile], sizes: Sequence[tuple[int, int]]) -> tuple[str, int, int]:
    """Size tiles whose cells differ, and name their pictures, as one line of CSS.

    With it, width and height of the largest cell.
    """
    width = max((width for width, _ in sizes), default=_SIDE)
    height = max((height for _, height in sizes), default=_SIDE)
    rules = [f".grid{{--w:{width}px;--h:{height}px}}"]
    for tile, (w, h) in zip(tiles, sizes, strict=True):
        if tile.sheet:
            named = f'--sheet:url("{tile.sheet}");--cols:{tile.columns}'
            rules.append(f'.tile[data-sheet="{tile.sheet}"]{{{named};--w:{w}px;--h:{h}px}}')
    return "".join(rules), width, height


def cell_size(run: Run, view: View = "middle") -> tuple[int, int]:
    """Give width and height of a run's cells in CSS pixels."""
    if run.dataset is None:
        return _SIDE, _SIDE
    cell = sheet.cell_of(run.dataset, view)
    return cell.width * cell.scale, cell.height * cell.scale


def _picks(
    run: Run, first: int, query_of: Callable[[int], str] | None, ticked: Set[str]
) -> list[Pick]:
    dataset = run.dataset
    carried = dataset.labels_of(run.places) if dataset else [()] * len(run.items)
    picks = []
    for number, (item, values) in enumerate(zip(run.items, carried, strict=True), start=first):
        where = f"{item.split} {item.index}"
        named = f"{dataset.title}, {where}, {spoken(dataset, values)}" if dataset else where
        picks.append(
            Pick(
                value=to_value(item),
                name=named,
                caption=caption(dataset, values) if dataset else where,
                hue=histogram.hue(dataset.label_of[values[0]])
                if dataset and len(values) == 1
                else None,
                href=addresses.item(item.dataset, item.split, item.index, query_of(number))
                if query_of and dataset
                else "",
                split=item.split,
                index=str(item.index),
                why=run.why,
                ticked=to_value(item) in ticked,
            )
        )
    return picks
