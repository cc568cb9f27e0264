"""Selections, opened → the page that shows them side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection
from app.errors import MissingError
from app.pictures import sheet
from app.pictures.tallies import Inquiry
from app.web import addresses, choices, differences, shares
from app.web.choices import Choices
from app.web.comparison import Comparison
from app.web.differences import Difference, Legend, Reals
from app.web.frame import Frame
from app.web.grid import page_items, reduced, style, tiles
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.notices import dataset_notices
from app.web.pager import pager, pages_of
from app.web.pixels import Picture, basis, means_text, picture, remarks
from app.web.sums import ALL, REFRESH_SECONDS, Ending, Seen, summary
from app.web.templating import fragment
from app.web.views import Credits, Crumb, Hidden, Link, Notice, Pager, Tile
from app.web.words import counted, credits_of, images, none_match

PER_PAGE: Final = 24


@dataclass(frozen=True)
class Side:
    """One selection, opened: its grid's page of this many images, and its pixels to add up."""

    letter: str
    dataset: Dataset
    selection: Selection
    frame: Frame
    inquiry: Inquiry


@dataclass(frozen=True)
class Column:
    """One selection as it is shown."""

    letter: str
    heading: str
    href: str
    drop: Link
    summary: str
    reduced: str
    cell_width: int
    cell_height: int
    tiles: tuple[Tile, ...]
    mean: Picture | None
    mean_text: str
    counted: str
    differences: tuple[Difference, ...]
    apart: str


@dataclass(frozen=True)
class ComparePage:
    """The page; with less than two selections it only offers what to choose."""

    heading: str
    lead: str
    crumbs: tuple[Crumb, ...]
    address: str
    summary: str
    style: str
    fields: tuple[Hidden, ...]
    action: str
    offer: str
    choices: tuple[Choices, ...]
    columns: tuple[Column, ...]
    pager: Pager | None
    distribution: Markup | None
    legend: Legend | None
    everything: Link | None
    ending: Ending | None
    remarks: tuple[str, ...]
    notices: tuple[Notice, ...]
    refresh: int | None
    credits: Credits


def build(
    comparison: Comparison, sides: Sequence[Side], seen: Sequence[Seen], library: Library
) -> ComparePage:
    """Draw up the page. Raises MissingError for a page that none of the selections has."""
    ready = len(sides) > 1
    pages = max((pages_of(side.frame.subset.total, PER_PAGE) for side in sides), default=1)
    if comparison.page > pages:
        raise MissingError(
            "page",
            ngettext(
                "There is no page {page}; the longest of these selections has {number} page.",
                "There is no page {page}; the longest of these selections has {number} pages.",
                pages,
                page=counted(comparison.page),
            ),
        )
    inquiries = [side.inquiry for side in sides]
    found = differences.from_first(inquiries, [each.tally for each in seen]) if ready else []
    drawn = [each for each in found if each is not None]
    columns = tuple(
        _column(comparison, sides, place, seen[place], found[place])
        for place in range(len(sides) if ready else 0)
    )
    return ComparePage(
        heading=_("Compare {sides} selections", sides=len(sides))
        if ready
        else _("Compare selections"),
        lead=_lead(sides),
        crumbs=(Crumb(_("Compare"), None),),
        address=comparison.address,
        summary=summary(seen),
        style=_style(columns),
        fields=_fields(comparison),
        action=addresses.COMPARE,
        offer=_offer(sides),
        choices=choices.build(comparison, sides[0].dataset if sides else None, library),
        columns=columns,
        pager=pager(comparison.page, pages, lambda n: comparison.on_page(n).address)
        if ready
        else None,
        distribution=_distribution(sides) if ready else None,
        legend=differences.legend(differences.scale_of(drawn)) if drawn else None,
        everything=_everything(comparison, sides) if ready else None,
        ending=None,
        remarks=tuple(dict.fromkeys(said for side in sides for said in remarks(side.inquiry))),
        notices=_notices(sides, seen),
        refresh=REFRESH_SECONDS if any(each.pending for each in seen) else None,
        credits=credits_of(side.dataset for side in sides),
    )


def _lead(sides: Sequence[Side]) -> str:
    if len(sides) > 1:
        return _("Page by page, label by label, mean by mean; all on the same scales.")
    if sides:
        return _("First: {heading}. Choose what to put beside it.", heading=sides[0].frame.heading)
    return _("Choose a dataset, or write the addresses of grids.")


def _offer(sides: Sequence[Side]) -> str:
    return (
        _("Put beside these")
        if len(sides) > 1
        else _("Put beside it")
        if sides
        else _("Begin with")
    )


def _fields(comparison: Comparison) -> tuple[Hidden, ...]:
    """Give the form's fields: a letter, and the address that stands under it."""
    given = [grid.address for grid in comparison.grids]
    given += [""] * (len(addresses.COMPARED) - len(given))
    return tuple(
        Hidden(letter, address) for letter, address in zip(addresses.COMPARED, given, strict=True)
    )


def _distribution(sides: Sequence[Side]) -> Markup:
    told = [
        shares.Counted(
            side.letter,
            side.dataset,
            replace(side.inquiry.selection, seed=0),
            side.frame.subset.total,
        )
        for side in sides
    ]
    return fragment("distribution", shares.build(told))


def _everything(comparison: Comparison, sides: Sequence[Side]) -> Link | None:
    if all(side.inquiry.is_whole for side in sides):
        return None
    return Link(_("Compute all"), replace(comparison, everything=True).address)


def _notices(sides: Sequence[Side], seen: Sequence[Seen]) -> tuple[Notice, ...]:
    told = [notice for each in seen for notice in each.notices]
    for side in sides:
        window = sheet.window_of(side.dataset)
        told += [
            Notice(notice.kind, f"{side.letter}: {notice.text}")
            for notice in dataset_notices(side.dataset, window)
        ]
    return tuple(told)


def _style(columns: Sequence[Column]) -> str:
    """Size the cells of each grid by what it says of itself: datasets differ."""
    return "".join(
        style(
            column.tiles,
            column.cell_width,
            column.cell_height,
            f'.grid[data-cell-width="{column.cell_width}"]'
            f'[data-cell-height="{column.cell_height}"]',
        )
        for column in columns
    )


def _column(
    comparison: Comparison,
    sides: Sequence[Side],
    place: int,
    seen: Seen,
    difference: Reals | None,
) -> Column:
    side, first = sides[place], sides[0]
    dataset, inquiry, total = side.dataset, side.inquiry, side.frame.subset.total
    cell = sheet.cell_of(dataset, side.selection.view)
    pages = pages_of(total, PER_PAGE)
    drawn: tuple[Tile, ...] = ()
    if total and comparison.page <= pages:
        items = page_items(dataset, side.frame.subset, side.selection)
        drawn = tiles(dataset, side.selection, items, side.frame)
    tally = seen.tally if total else None
    src = addresses.mean_image(
        dataset.id, comparison.grids[place].selection, ALL, everything=inquiry.background
    )
    return Column(
        letter=side.letter,
        heading=side.frame.heading,
        href=comparison.grids[place].address,
        drop=Link(_("Leave {letter} out", letter=side.letter), comparison.without(place).address),
        summary=_summary(total, comparison.page, pages, volumes=dataset.is_volume),
        reduced=reduced(dataset, side.selection.view) if drawn else "",
        cell_width=cell.width * cell.scale,
        cell_height=cell.height * cell.scale,
        tiles=drawn,
        mean=picture(dataset, src, _("Mean image of {letter}", letter=side.letter))
        if tally
        else None,
        mean_text=_("Mean value: {tally}", tally=means_text(tally, 0)) if tally else "",
        counted=basis(inquiry, tally),
        differences=differences.draw(
            inquiry, difference, first.letter, side.letter, comparison.address
        )
        if difference is not None
        else (),
        apart=differences.apart(first.inquiry, inquiry) if place else "",
    )


def _summary(total: int, page: int, pages: int, *, volumes: bool) -> str:
    if not total:
        return none_match(volumes=volumes)
    if page > pages:
        return _("No more: its last page is {pages}.", pages=counted(pages))
    first = (page - 1) * PER_PAGE
    last = min(total, first + PER_PAGE)
    of = images(total, volumes=volumes)
    return _("{first} to {last} of {of}", first=counted(first + 1), last=counted(last), of=of)
