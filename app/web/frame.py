"""What the pages of one selection share: its items, the look of a cell, and all around the cells.

Drawing these takes longer than all that changes from page to page, so it's done once a selection.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakKeyDictionary

from markupsafe import Markup, escape

from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection
from app.datasets.subset import Subset
from app.web import addresses, histogram
from app.web.blanks import Blank
from app.web.language import current, say
from app.web.language import gettext as _
from app.web.templating import macro
from app.web.views import Cell
from app.web.words import (
    NOTED_WORDS,
    caption,
    filter_text,
    images,
    in_line,
    size_words,
    spoken,
    task_words,
)

# Selections of one dataset whose frames are kept, and how many of them are seen otherwise than as
# they are: each of those looks as any number of displays would have it.
_MOST: Final = 64
_DISPLAYED_MOST: Final = 8
# Blanks kept of a frame: of the first page and of others, as pages and for htmx, of some 40 KB; and
# two of the ways from one page to others, of some 3.
_BLANKS_MOST: Final = 6
# Datasets whose frames are kept, the least recently seen goes first: one's may take ten megabytes.
_DATASETS_MOST: Final = 16
# Cells kept for a dataset's frames, of about a kilobyte: with several labels an item, each may have
# a combination of its own.
_STAMPS_MOST: Final = 1_000
# What a frame depends on: a selection's first page, and the language.
_Asked = tuple[Selection, str]
# Stand where a cell's index goes, and what its link carries on; no name or address can hold them.
_INDEX: Final = "\0"
_QUERY: Final = "\1"
_Stamps = dict[tuple[int, tuple[int, ...]], list[str]]


@dataclass(frozen=True)
class Frame:
    """``stamps`` holds the HTML of a cell by split and labels, cut where its index stands.

    Those of one dataset in one language are shared: but for one query, all their cells are alike.
    ``blanks`` hold the HTML of its pages, by what else than the page's number it depends on.
    """

    subset: Subset
    heading: str
    subtitle: str
    shows: str
    stamps: _Stamps
    blanks: dict[Hashable, Blank] = field(default_factory=dict)

    def blank(self, asked: Hashable, draw: Callable[[], str]) -> Blank:
        """Give a blank; where it was not kept, of the HTML that is drawn now."""
        known = self.blanks.get(asked)
        if known is None:
            known = Blank(draw())
            for oldest in list(self.blanks)[: max(0, len(self.blanks) - _BLANKS_MOST + 1)]:
                self.blanks.pop(oldest, None)
            self.blanks[asked] = known
        return known


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
            others = (each.stamps for (_of, tag), each in list(known.items()) if tag == key[1])
            frame = _draw(dataset, shared, next(others, {}))
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
            stamp = _stamp(dataset, split, values)
            if len(frame.stamps) >= _STAMPS_MOST:
                frame.stamps.clear()
            frame.stamps[split, values] = stamp
        drawn.append(str(position).join(stamp))
    query = escape(addresses.with_query("", addresses.item_query(selection)))
    html = "".join(drawn).replace(_QUERY, query)
    return Markup(html)  # noqa: S704 (stamps are drawn by a template, indexes are digits)


def _stamp(dataset: Dataset, number: int, values: tuple[int, ...]) -> list[str]:
    split = SPLITS[number]
    cell = Cell(
        href=addresses.item(dataset.id, split, f"{_INDEX}{_QUERY}"),
        split=split,
        index=_INDEX,
        name=f"{split} {_INDEX}, {spoken(dataset, values)}",
        caption=caption(dataset, values),
        hue=histogram.hue(dataset.label_of[values[0]]) if len(values) == 1 else None,
    )
    return str(macro("cells", "cell", cell)).split(_INDEX)


def _draw(dataset: Dataset, selection: Selection, stamps: _Stamps) -> Frame:
    subset = dataset.subset(selection)
    return Frame(
        subset=subset,
        heading=heading(dataset, selection, subset.total),
        subtitle=in_line(say(dataset.modality), task_words(dataset), size_words(dataset)),
        shows=shows(dataset, selection, subset.total),
        stamps=stamps,
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
