"""What the pages of one selection share: filters, distribution and the look of a cell.

Drawing these takes longer than all that changes from page to page, so it's done once a selection.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakKeyDictionary

from markupsafe import Markup

from app.datasets.dataset import Dataset
from app.datasets.selection import (
    SPLITS,
    Selection,
    Thumbs,
)
from app.datasets.subset import Subset
from app.pictures.tallies import fits
from app.web import addresses, controls, display, filters, histogram
from app.web.display import values_of
from app.web.language import current, later
from app.web.language import gettext as _
from app.web.templating import fragment
from app.web.views import (
    Cell,
    Controls,
    Link,
)
from app.web.words import (
    NOTED_WORDS,
    caption,
    filter_text,
    images,
    in_line,
    spoken,
)

_THUMB_WORDS: Final[dict[Thumbs, tuple[str, str]]] = {
    "small": (later("S"), later("Small thumbnails")),
    "medium": (later("M"), later("Medium thumbnails")),
    "large": (later("L"), later("Large thumbnails")),
    "fit": (later("Fit"), later("Fit thumbnails to the width")),
}
# Selections of one dataset whose frames are kept, and how many of them are seen otherwise than as
# they are: each of those looks as any number of displays would have it.
_MOST: Final = 64
_DISPLAYED_MOST: Final = 8
# Datasets whose frames are kept, the least recently seen goes first: one's take a megabyte or more.
_DATASETS_MOST: Final = 32
# Cells kept of a frame: with several labels an item, each may have a combination of its own.
_STAMPS_MOST: Final = 1_000
# What a frame depends on: a selection's first page, and the language.
_Asked = tuple[Selection, str]
# Stands where a cell's index goes; no name or address can hold it.
_INDEX: Final = "\0"
# Stands where a page's number goes: longer than any that an address holds.
ANY_PAGE: Final = 10**30


@dataclass(frozen=True)
class Paged:
    """HTML that leads to, or comes back to, the page it stands on.

    ``elsewhere`` is that of all pages but the first, cut where their number stands.
    """

    first: Markup
    elsewhere: tuple[str, ...]

    def on(self, page: int) -> Markup:
        """Give what stands on a page."""
        if page == 1:
            return self.first
        return Markup(str(page).join(self.elsewhere))  # noqa: S704 (as drawn, and digits)


@dataclass(frozen=True)
class Frame:
    """``stamps`` holds the HTML of a cell by split and labels, cut where its index stands."""

    subset: Subset
    heading: str
    shows: str
    tabs: Markup
    thumbs: Paged
    chips: Markup
    ways: Paged
    filters: Markup
    distribution: Markup
    display: Markup  # the form, with ANY_PAGE for the page
    lens: Markup  # what pictures are seen through, if anything
    css: str
    stamps: dict[tuple[int, tuple[int, ...]], list[str]] = field(default_factory=dict)


class Frames:
    """The frames of the datasets at hand; those of a file that was replaced go with it."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Dataset, dict[_Asked, Frame]] = WeakKeyDictionary()
        self._displayed: WeakKeyDictionary[Dataset, dict[_Asked, Frame]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, dataset: Dataset, selection: Selection) -> Frame:
        """Give the selection's frame. Raises MissingError for a split or label that isn't there."""
        shared = replace(selection, page=1)
        key = shared, current().tag
        kept, most = (self._displayed, _DISPLAYED_MOST) if selection.display else (self._of, _MOST)
        with self._lock:
            known = kept.pop(dataset, {})
            kept[dataset] = known
            for unseen in list(kept)[: max(0, len(kept) - _DATASETS_MOST)]:
                del kept[unseen]
        frame = known.get(key)
        if frame is None:
            frame = _draw(dataset, shared)
            for oldest in list(known)[: max(0, len(known) - most + 1)]:
                known.pop(oldest, None)
            known[key] = frame
        return frame


def cells(
    frame: Frame,
    dataset: Dataset,
    selection: Selection,
    places: list[tuple[int, int, tuple[int, ...]]],
) -> Markup:
    """Draw cells: for each its split's number, its position and its labels."""
    drawn = []
    for split, position, values in places:
        stamp = frame.stamps.get((split, values))
        if stamp is None:
            stamp = _stamp(dataset, selection, split, values)
            if len(frame.stamps) >= _STAMPS_MOST:
                frame.stamps.clear()
            frame.stamps[split, values] = stamp
        drawn.append(str(position).join(stamp))
    return Markup("".join(drawn))  # noqa: S704 (stamps are drawn by a template, indexes are digits)


def _stamp(
    dataset: Dataset, selection: Selection, number: int, values: tuple[int, ...]
) -> list[str]:
    split = SPLITS[number]
    cell = Cell(
        href=addresses.item(dataset.id, split, _INDEX, addresses.item_query(selection)),
        split=split,
        index=_INDEX,
        name=f"{split} {_INDEX}, {spoken(dataset, values)}",
        caption=caption(dataset, values),
        hue=histogram.hue(dataset.label_of[values[0]]) if len(values) == 1 else None,
    )
    return str(fragment("cell", cell)).split(_INDEX)


def _draw(dataset: Dataset, selection: Selection) -> Frame:
    subset = dataset.subset(selection)
    seen = _seen(dataset, selection)
    return Frame(
        subset=subset,
        heading=heading(dataset, selection, subset.total),
        shows=shows(dataset, selection, subset.total),
        tabs=fragment("tabs", filters.tabs(dataset, selection)),
        thumbs=_paged(selection, lambda there: _thumbs(dataset, there)),
        chips=fragment("chips", filters.chips(dataset, selection)),
        ways=_paged(selection, lambda there: _ways(dataset, there, subset.total)),
        filters=fragment("filters", filters.form(dataset, selection)),
        distribution=fragment("distribution", histogram.build(dataset, selection)),
        display=fragment("display", seen),
        lens=fragment("lens", seen),
        css=seen.css,
    )


def _paged(selection: Selection, draw: Callable[[Selection], Markup]) -> Paged:
    elsewhere = str(draw(selection.on_page(ANY_PAGE))).split(str(ANY_PAGE))
    return Paged(draw(selection), tuple(elsewhere))


def _seen(dataset: Dataset, selection: Selection) -> Controls:
    """Draw up the form for how thumbnails are seen."""
    values = values_of(dataset)
    # A page's sheets are 8 bits deep, whatever is stored.
    thumbnails = replace(values, deep=False)
    return controls.build(
        display.parse(selection.display, values),
        thumbnails,
        action=addresses.grid(dataset.id, Selection()),
        query=replace(selection, page=ANY_PAGE, display="").query(),
        notes=(
            _(
                "Thumbnails are seen in 256 levels; an image's own page is drawn from its exact "
                "values."
            ),
        )
        if values.deep
        else (),
    )


def heading(dataset: Dataset, selection: Selection, total: int) -> str:
    """Say in words what a selection shows, and of which dataset."""
    return in_line(dataset.title, shows(dataset, selection, total))


def shows(dataset: Dataset, selection: Selection, total: int) -> str:
    """Say what of its dataset a selection shows."""
    parts = []
    if selection.splits:
        parts.append(" + ".join(selection.splits))
    if selection.filters_labels:
        parts.append(filter_text(dataset, selection))
    if selection.noted:
        parts.append(_(NOTED_WORDS[selection.noted]))
    parts.append(images(total, volumes=dataset.is_volume))
    return in_line(*parts)


def _thumbs(dataset: Dataset, selection: Selection) -> Markup:
    links = [
        Link(
            _(text),
            addresses.grid(dataset.id, replace(selection, thumbs=thumbs)),
            thumbs == selection.thumbs,
            _(title),
        )
        for thumbs, (text, title) in _THUMB_WORDS.items()
    ]
    return fragment("thumbs", links)


def _ways(dataset: Dataset, selection: Selection, total: int) -> Markup:
    """Lead to what else can be done with a selection, and from there back to its page.

    With none, or with what is the owner's alone, to little.
    """
    here = addresses.grid(dataset.id, selection)
    compared = addresses.grid(dataset.id, replace(selection, page=1, display=""))
    pixels = addresses.pixels_by_label(dataset.id, selection)
    for_all = (
        Link(_("Share"), addresses.share(here)),
        Link(_("Study"), addresses.new_study(here)),
        Link(_("Compare"), addresses.compare([compared])),
        *((Link(_("Pixels"), pixels),) if fits(dataset) else ()),
    )
    export = Link(_("Export"), addresses.export(dataset.id, selection))
    links = (
        *(for_all if total and not selection.noted else ()),
        *((export,) if total else ()),
        Link(_("About"), addresses.about(dataset.id)),
    )
    return fragment("ways", links)
