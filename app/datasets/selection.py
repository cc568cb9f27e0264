"""Selection ↔ address: which items are meant, in which order, and which page of them.

``parse`` is the only place that reads a query string and ``Selection.query`` the only one that
writes one; the two are mirrors (``parse(selection.query()) == selection``). Whether a label or a
page exists is for the dataset to say, not for the address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, get_args

from app.datasets.query import bounded, exact_number, one_of, page_of, parameters, readable
from app.errors import MissingError
from app.phrases import Phrase

Split = Literal["train", "val", "test"]
Order = Literal["index", "label", "random"]
Bars = Literal["count", "share"]
Match = Literal["any", "all", "none"]
View = Literal["middle", "mean", "max", "montage"]
Thumbs = Literal["small", "medium", "large", "fit"]
Noted = Literal["flagged", "notes"]

SPLITS: Final[tuple[Split, ...]] = get_args(Split)
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
VIEWS: Final[tuple[View, ...]] = get_args(View)
THUMBS: Final[tuple[Thumbs, ...]] = get_args(Thumbs)
# Stands among the labels of an address for the items that carry none.
NO_LABEL: Final = "none"

PER_PAGE: Final = 100
PER_PAGE_MOST: Final = 500
SEED_MOST: Final = 2**32 - 1


@dataclass(frozen=True)
class Selection:
    """What an address asks for. Empty ``splits`` or ``labels`` mean all of them.

    Where an item may carry several labels, it carries any, ``all`` or ``none`` of ``labels``
    (``match``); ``unlabelled`` asks for the items that carry no label, beside those with
    ``labels`` if there are any (or, with ``none``, leaves them out too).
    ``noted`` asks for what people have flagged, or written of: a dataset knows nothing of that, so
    who does narrows it first (``Dataset.narrowed``).
    ``seed`` counts only for the random order, ``bars`` only says how the histogram is scaled, and
    ``view`` how a volume is shown in a grid; for pictures, and volumes too large for it, it means
    nothing. ``thumbs`` says how large the same thumbnails are drawn; ``fit`` is as large as fills
    a row. ``display`` is the query by which pictures are seen: links carry it, but what it says is
    read elsewhere, and ``parse`` leaves it out.
    """

    splits: tuple[Split, ...] = ()
    labels: tuple[int, ...] = ()
    unlabelled: bool = False
    match: Match = "any"
    noted: Noted | None = None
    order: Order = "index"
    seed: int = 0
    per_page: int = PER_PAGE
    page: int = 1
    bars: Bars = "count"
    view: View = "middle"
    thumbs: Thumbs = "medium"
    display: str = ""

    def query(self) -> str:
        """Print the canonical query string: fixed order, defaults left out, no leading ``?``."""
        # By hand: a page writes some fifty of these, and no value holds a character to be escaped.
        parts = [f"split={split}" for split in self.splits]
        parts += [f"label={label}" for label in self.labels]
        if self.unlabelled:
            parts.append(f"label={NO_LABEL}")
        for name in (
            "match",
            "noted",
            "order",
            "seed",
            "per_page",
            "page",
            "bars",
            "view",
            "thumbs",
        ):
            value = getattr(self, name)
            if value != getattr(Selection, name):
                parts.append(f"{name}={value}")
        if self.display:
            parts.append(self.display)
        return "&".join(parts)

    def on_page(self, page: int) -> "Selection":
        """Give the same items in the same order, on another page."""
        return replace(self, page=page)

    def without_split(self, split: Split) -> "Selection":
        """Take the split out of the filter, and start from the first page."""
        return replace(self, splits=tuple(s for s in self.splits if s != split), page=1)

    def without_label(self, label: int) -> "Selection":
        """Take the label out of the filter, and start from the first page."""
        return replace(self, labels=tuple(each for each in self.labels if each != label), page=1)

    def without_unlabelled(self) -> "Selection":
        """Take the items that carry no label out of the filter, and start from the first page."""
        return replace(self, unlabelled=False, page=1)

    def without_labels(self) -> "Selection":
        """Give the items of every label and of none, on the first page."""
        return replace(self, labels=(), unlabelled=False, page=1)

    def without_filters(self) -> "Selection":
        """Give all items, in the same order and looks, on the first page."""
        return replace(self.without_labels(), splits=(), noted=None)

    @property
    def filters_labels(self) -> bool:
        """Say whether labels decide which items pass."""
        return bool(self.labels) or self.unlabelled

    def counts_label(self, label: int) -> bool:
        """Say whether this label is counted under the filter: what is filtered out is not.

        Items that have all of some labels are counted by every label they carry.
        """
        if self.match == "none":
            return label not in self.labels
        if self.match == "any":
            return not self.filters_labels or label in self.labels
        return not self.unlabelled or label in self.labels

    def toggle_noted(self, noted: Noted) -> "Selection":
        """Ask for what has been said something of, or no longer, and start from the first page."""
        return replace(self, noted=None if self.noted == noted else noted, page=1)

    def wants_split(self, split: Split) -> bool:
        """Say whether items of this split pass the filter."""
        return not self.splits or split in self.splits


@lru_cache(maxsize=256)
def parse(query: str) -> Selection:
    """Read a raw query string (as it stands in the address, percent-encoded).

    Unknown parameters are dropped. Raises MalformedError for a value that can't be read, and
    MissingError for a split that no dataset has.
    """
    given = parameters(query)
    order = one_of(given, "order", ORDERS, Selection.order)
    seed = bounded(given, "seed", 0, SEED_MOST, 0)
    return Selection(
        splits=_splits(_split(value) for value in given.get("split", ())),
        labels=_labels(given),
        unlabelled=NO_LABEL in given.get("label", ()),
        match=one_of(given, "match", get_args(Match), Selection.match),
        noted=one_of(given, "noted", get_args(Noted), None),
        order=order,
        seed=seed if order == "random" else 0,
        per_page=bounded(given, "per_page", 1, PER_PAGE_MOST, PER_PAGE),
        page=page_of(given),
        bars=one_of(given, "bars", get_args(Bars), Selection.bars),
        view=one_of(given, "view", VIEWS, Selection.view),
        thumbs=one_of(given, "thumbs", THUMBS, Selection.thumbs),
    )


def _split(value: str) -> Split:
    for split in SPLITS:
        if value == split:
            return split
    raise MissingError(
        "split",
        Phrase(
            "There is no split called “{value}”; the splits are {splits}.",
            value=readable(value),
            splits=", ".join(SPLITS),
        ),
    )


def _splits(wanted: Iterable[Split]) -> tuple[Split, ...]:
    """All three splits mean the same as none, and the shorter address is the canonical one."""
    chosen = set(wanted)
    return () if len(chosen) == len(SPLITS) else tuple(s for s in SPLITS if s in chosen)


def _labels(given: dict[str, list[str]]) -> tuple[int, ...]:
    numbers = (value for value in given.get("label", ()) if value != NO_LABEL)
    return tuple(sorted({exact_number("label", value) for value in numbers}))
