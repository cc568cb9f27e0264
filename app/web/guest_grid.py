"""A link → its page of thumbnails; nothing names a split or an index where labels are hidden."""

from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from app.datasets import selection
from app.datasets.dataset import Dataset
from app.datasets.selection import PER_PAGE
from app.pictures import sheet
from app.reviews.items import Item
from app.web import addresses, controls, histogram
from app.web.access import signed
from app.web.display import Display, Values, parse, values_of_all
from app.web.filters import Tab
from app.web.gathering import Run, are_volumes, datasets_of, still_coming, to_value
from app.web.guest_noted import Said, Shown, tabs
from app.web.guest_pages import paragraphs
from app.web.language import gettext as _
from app.web.language import later, say
from app.web.lists import required_pages
from app.web.notices import window_notices
from app.web.pager import pager, pages_of
from app.web.picks import cell_size, sized
from app.web.shared import Shared
from app.web.templating import fragment, macro
from app.web.unpacking import unfinished, unfinished_in
from app.web.views import Cell, Controls, Credits, Notice, Pager, Tile
from app.web.words import (
    VIEW_WORDS,
    caption,
    counted,
    credits_of,
    images,
    in_line,
    none_match,
    reduced_text,
    size_words,
    spoken,
)

_NO_PAGE: Final = later("There is no page {number}; this link has {pages}.")


@dataclass(frozen=True)
class GuestGrid:
    """A page of what was shared."""

    heading: str
    message: tuple[str, ...]  # paragraphs
    subtitle: str
    summary: str
    tabs: tuple[Tab, ...]  # what something was said of
    style: str
    cell_width: int
    cell_height: int
    tiles: tuple[Tile, ...]
    pager: Pager
    empty: str  # what to say when there is nothing to see, else empty
    display: Markup
    lens: Markup
    reduced: str  # what thumbnails leave out, if they do
    css: str
    notices: tuple[Notice, ...]
    credits: Credits


def page_number(query: str) -> int:
    """Read the page from a query string. Raises MalformedError or MissingError."""
    return selection.parse(query).page


def page_runs(shown: Shown, number: int) -> list[Run]:
    """Give the items of a page. Raises MissingError for one behind the last."""
    required_pages(number, len(shown.places), _NO_PAGE)
    return list(shown.fetch((number - 1) * PER_PAGE, number * PER_PAGE))


def run_key(shared: Shared, run: Run) -> str:
    """Name what is on a run's picture, in letters that tell nothing of it."""
    named = "\n".join(to_value(item) for item in run.items)
    return signed(shared.link.secret, "run", named)[:24]


def grid(shared: Shared, shown: Shown, said: Said, token: str, query: str) -> GuestGrid:
    """Draw up a page of thumbnails. Raises MalformedError, and MissingError for no such page."""
    link, number = shared.link, page_number(query)
    runs = page_runs(shown, number)
    pages = pages_of(len(shown.places), PER_PAGE)
    datasets = datasets_of(runs)
    values = values_of_all(datasets)
    display = parse(query, values)
    seen = display.query()
    tiles = _tiles(shared, shown, token, number, runs, seen)
    drawn, width, height = sized(tiles, [cell_size(run, shared.view) for run in runs])
    # What is on this page may be of fewer, and the link is called the same on each.
    everything = shared.datasets()
    titles = " + ".join(dataset.title for dataset in everything)
    subtitle = titles if link.title else ""  # where they are not the heading

    def to(page: int) -> str:
        return addresses.with_query(f"/s/{token}", addresses.joined(shown.query(page), seen))

    form = _seen(display, values, token, shown.query(number))
    volumes = are_volumes(everything)
    return GuestGrid(
        heading=link.title or in_line(titles, images(shared.total, volumes=volumes)),
        message=paragraphs(link.message),
        subtitle=_described(everything[0], shared) if len(everything) == 1 else subtitle,
        summary=_(
            "Page {number} of {pages}, {noun} in all",
            number=counted(number),
            pages=counted(pages),
            noun=images(len(shown.places), volumes=volumes),
        ),
        tabs=tabs(shared, shown, said, token, seen),
        style=drawn,
        cell_width=width,
        cell_height=height,
        tiles=tiles,
        pager=pager(number, pages, to),
        empty="" if tiles else _empty(shown, volumes=volumes),
        display=fragment("display", form) if form else Markup(),
        lens=fragment("lens", form) if form else Markup(),
        reduced=reduced_text(sheet.cell_of(each, shared.view).factor for each in datasets),
        css=form.css if form else "",
        notices=(
            *_notices(shared, runs, datasets),
            *(window_notices(datasets) if display.is_own else ()),
        ),
        credits=credits_of(datasets),
    )


def _seen(display: Display, values: Values | None, token: str, page: str) -> Controls | None:
    """Draw up the form for how thumbnails are seen, if they are of one kind."""
    if values is None:
        return None
    # A sheet is 8 bits deep, whatever is stored.
    return controls.build(display, replace(values, deep=False), action=f"/s/{token}", query=page)


def _empty(shown: Shown, *, volumes: bool) -> str:
    if shown.noted:
        return none_match(volumes=volumes)
    return _("There are no images to see by this link at the moment; ask the person who sent it.")


def _tiles(
    shared: Shared, shown: Shown, token: str, number: int, runs: list[Run], seen: str
) -> tuple[Tile, ...]:
    carried = addresses.joined(shown.query(), seen)
    first = (number - 1) * PER_PAGE
    tiles = []
    for which, run in enumerate(runs, start=1):
        labels = run.dataset.labels_of(run.places) if run.dataset else [()] * len(run.items)
        places = shown.places[first : first + len(run.items)]
        cells = [
            macro("cells", "cell", _cell(shared, token, place, run, item, values, carried))
            for place, item, values in zip(places, run.items, labels, strict=True)
        ]
        first += len(run.items)
        # What is in it may change; a page and its pictures must be of the same moment.
        of = f"of={run_key(shared, run)}" if shared.selection is None or shown.noted else ""
        query = addresses.joined(shown.query(number), f"run={which}" if which > 1 else "", of)
        address = addresses.with_query(f"/s/{token}/sheet.png", query)
        tiles.append(
            Tile(
                sheet=address if _is_ready(shared, run) else "",
                columns=min(sheet.COLUMNS, len(run.items)),
                cells=Markup("").join(cells),
            )
        )
    return tuple(tiles)


def _is_ready(shared: Shared, run: Run) -> bool:
    if run.dataset is None:
        return False
    if shared.link.hide_labels:  # the picture waits: whether it is there would tell what is on it
        return True
    images = run.dataset.images
    ready = {split: images[split].available for split in {item.split for item in run.items}}
    return all(item.index < ready[item.split] for item in run.items)


def _notices(shared: Shared, runs: list[Run], datasets: tuple[Dataset, ...]) -> tuple[Notice, ...]:
    missing = _missing(shared, datasets)
    if shared.link.hide_labels:
        coming = (images for each in datasets for images in shared.awaited(each, ()))
        return (*missing, *still_coming(coming))
    if shared.selection is None:
        return (*missing, *unfinished_in(runs))
    return (*missing, *(n for each in datasets for n in unfinished(each, shared.selection)))


def _missing(shared: Shared, datasets: tuple[Dataset, ...]) -> tuple[Notice, ...]:
    """Say so where a link to all splits shows fewer, and not which: the file is the owner's."""
    if shared.selection is None or shared.selection.splits:
        return ()
    if not any(dataset.refused for dataset in datasets):
        return ()
    text = _(
        "A part of this dataset can't be read, so its images are missing here; "
        "tell the person who sent you the link."
    )
    return (Notice("warning", text),)


def _described(dataset: Dataset, shared: Shared) -> str:
    shown = _shown_by(shared, dataset)
    return in_line(dataset.title, say(dataset.modality), size_words(dataset), *shown)


def _shown_by(shared: Shared, dataset: Dataset) -> tuple[str, ...]:
    """Say how volumes are shown, where that is not by their middle."""
    view = shared.view
    if view == "middle" or view not in sheet.views_of(dataset):
        return ()
    return (_("shown by {view} along z", view=_(VIEW_WORDS[view])),)


def _cell(
    shared: Shared,
    token: str,
    number: int,
    run: Run,
    item: Item,
    values: tuple[int, ...],
    carried: str,
) -> Cell:
    dataset, hidden = run.dataset, shared.link.hide_labels
    place = counted(number + 1)
    is_volume = dataset is not None and dataset.is_volume
    name = _("Volume {place}", place=place) if is_volume else _("Image {place}", place=place)
    href = addresses.with_query(f"/s/{token}/{number + 1}", carried)
    if dataset is None:
        return Cell(href, "", "", f"{name}: {run.why}", run.why, None)
    if hidden:
        return Cell(href, "", "", name, counted(number + 1), None)
    return Cell(
        href=href,
        split=item.split,
        index=str(item.index),
        name=f"{name}, {item.split} {item.index}, {spoken(dataset, values)}",
        caption=caption(dataset, values),
        hue=histogram.hue(dataset.label_of[values[0]]) if len(values) == 1 else None,
    )
