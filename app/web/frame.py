"""What the pages of one selection share: filters, distribution and the look of a cell.

Drawing these takes longer than all that changes from page to page, so it's done once a selection.
"""

from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from markupsafe import Markup

from app.datasets.cooccurrence import carried_under
from app.datasets.dataset import Dataset
from app.datasets.selection import (
    NO_LABEL,
    ORDERS,
    PER_PAGE,
    SEED_MOST,
    SPLITS,
    Match,
    Order,
    Selection,
    Split,
    Thumbs,
)
from app.datasets.subset import Subset
from app.pictures import sheet
from app.web import addresses, controls, display, histogram
from app.web.display import values_of
from app.web.language import current, later
from app.web.language import gettext as _
from app.web.templating import fragment
from app.web.views import (
    Cell,
    Chips,
    Choice,
    Controls,
    Facet,
    FacetValue,
    Filters,
    Hidden,
    Link,
    Tab,
)
from app.web.words import NO_LABEL as NO_LABEL_TEXT
from app.web.words import (
    NOTED_WORDS,
    VIEW_WORDS,
    capital,
    caption,
    counted,
    filter_text,
    images,
    label_text,
    spoken,
)

_SIZES: Final = (20, 50, PER_PAGE, 200, 500)
_ORDER_WORDS: Final[dict[Order, str]] = {
    "index": later("by index"),
    "label": later("by label"),
    "random": later("random"),
}
_THUMB_WORDS: Final[dict[Thumbs, tuple[str, str]]] = {
    "small": (later("S"), later("Small thumbnails")),
    "medium": (later("M"), later("Medium thumbnails")),
    "large": (later("L"), later("Large thumbnails")),
    "fit": (later("Fit"), later("Fit thumbnails to the width")),
}
_MATCH_WORDS: Final[dict[Match, str]] = {
    "any": later("Any of them"),
    "all": later("All of them"),
    "none": later("None of them"),
}
# Selections of one dataset whose frames are kept, and how many of them are seen otherwise than as
# they are: each of those looks as any number of displays would have it.
_MOST: Final = 64
_DISPLAYED_MOST: Final = 8
# What a frame depends on: a selection's first page, and the language.
_Asked = tuple[Selection, str]
# Stands where a cell's index goes; no name or address can hold it.
_INDEX: Final = "\0"
# Stands where a page's number goes: longer than any that an address holds.
ANY_PAGE: Final = 10**30


@dataclass(frozen=True)
class Frame:
    """``stamps`` holds the HTML of a cell by split and labels, cut where its index stands."""

    subset: Subset
    heading: str
    shows: str
    tabs: Markup
    thumbs: Markup
    thumbs_elsewhere: tuple[str, ...]  # on other pages than the first, cut where their number is
    chips: Markup
    ways: Markup
    filters: Markup
    distribution: Markup
    display: Markup  # the form, with ANY_PAGE for the page
    lens: Markup  # what pictures are seen through, if anything
    css: str
    stamps: dict[tuple[int, tuple[int, ...]], list[str]] = field(default_factory=dict)


class Frames:
    """The frames of the datasets at hand; those of a file that was replaced go with it."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Dataset, dict[tuple[Selection, str], Frame]] = (
            WeakKeyDictionary()
        )
        self._displayed: WeakKeyDictionary[Dataset, dict[_Asked, Frame]] = WeakKeyDictionary()

    def get(self, dataset: Dataset, selection: Selection) -> Frame:
        """Give the selection's frame. Raises MissingError for a split or label that isn't there."""
        shared = replace(selection, page=1)
        key = shared, current().tag
        kept, most = (self._displayed, _DISPLAYED_MOST) if selection.display else (self._of, _MOST)
        known = kept.setdefault(dataset, {})
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
            frame.stamps[split, values] = stamp
        drawn.append(str(position).join(stamp))
    return Markup("".join(drawn))  # noqa: S704 (stamps are drawn by a template, indexes are digits)


def thumbs(frame: Frame, page: int) -> Markup:
    """Draw the choice of how large thumbnails are, which leads to the same page."""
    if page == 1:
        return frame.thumbs
    return Markup(str(page).join(frame.thumbs_elsewhere))  # noqa: S704 (as drawn, and digits)


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
    views = sheet.views_of(dataset)
    filters = Filters(
        facets=(_label_facet(dataset, selection), _split_facet(dataset, selection)),
        orders=tuple(Choice(o, _(_ORDER_WORDS[o]), o == selection.order) for o in ORDERS),
        sizes=tuple(
            Choice(str(size), str(size), size == selection.per_page)
            for size in sorted({*_SIZES, selection.per_page})
        ),
        volumes=tuple(
            Choice(view, capital(_(VIEW_WORDS[view])), view == selection.view) for view in views
        )
        if len(views) > 1
        else (),
        seed=str(selection.seed),
        shuffle=addresses.grid(
            dataset.id, replace(selection, seed=(selection.seed + 1) % (SEED_MOST + 1))
        )
        if selection.order == "random"
        else None,
        hidden=_hidden(selection),
        action=addresses.grid(dataset.id, Selection()),
        finding=addresses.finding(dataset.id),
        kept=tuple(Hidden(name, value) for name, value in parse_qsl(selection.query())),
    )
    seen = _seen(dataset, selection)
    return Frame(
        subset=subset,
        heading=heading(dataset, selection, subset.total),
        shows=shows(dataset, selection, subset.total),
        tabs=fragment("tabs", _tabs(dataset, selection)),
        thumbs=_thumbs(dataset, selection),
        thumbs_elsewhere=tuple(
            str(_thumbs(dataset, selection.on_page(ANY_PAGE))).split(str(ANY_PAGE))
        ),
        chips=fragment("chips", _chips(dataset, selection)),
        ways=fragment("ways", _ways(dataset, selection)),
        filters=fragment("filters", filters),
        distribution=fragment("distribution", histogram.build(dataset, selection)),
        display=fragment("display", seen),
        lens=fragment("lens", seen),
        css=seen.css,
    )


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
    return f"{dataset.title} · {shows(dataset, selection, total)}"


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
    return " · ".join(parts)


def _tabs(dataset: Dataset, selection: Selection) -> tuple[Tab, ...]:
    """Give a tab to each split, and one to all of them, where there are several."""
    if len(dataset.splits) < 2:
        return ()
    choices: list[tuple[str, tuple[Split, ...]]] = [(_("All"), ())]
    choices += [(split, (split,)) for split in dataset.splits]
    tabs = []
    for text, splits in choices:
        chosen = replace(selection, splits=splits, page=1)
        total = dataset.subset(replace(chosen, order="index")).total
        tabs.append(
            Tab(
                f"tab-{'-'.join(splits) or 'all'}",
                text,
                counted(total),
                addresses.grid(dataset.id, chosen),
                splits == selection.splits,
            )
        )
    return tuple(tabs)


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


def _split_facet(dataset: Dataset, selection: Selection) -> Facet:
    def value(name: str) -> FacetValue:
        split = dataset.require_split(name)
        only = dataset.subset(replace(selection, splits=(split,), order="index"))
        return FacetValue(
            value=split,
            text=split,
            count=counted(only.total),
            href=addresses.grid(dataset.id, selection.toggle_split(split)),
            on=split in selection.splits,
        )

    clear = addresses.grid(dataset.id, replace(selection, splits=(), page=1))
    return Facet(
        "split",
        _("Split"),
        _("split"),
        tuple(value(split) for split in dataset.splits),
        clear if selection.splits else None,
    )


def _label_facet(dataset: Dataset, selection: Selection) -> Facet:
    # With “all of”, a label counts the images that would be left if it were added.
    shown = selection if selection.match == "all" else selection.without_labels()
    counts = dataset.counts(shown)
    values = [
        FacetValue(
            value=str(label.value),
            text=label_text(label),
            count=counted(sum(of_split[label.value] for of_split in counts.values())),
            href=addresses.grid(dataset.id, selection.toggle_label(label.value)),
            on=label.value in selection.labels,
            hue=histogram.hue(label),
        )
        for label in dataset.labels
    ]
    if dataset.is_multi_label or selection.unlabelled:
        bare = sum(split.with_none for split in carried_under(dataset, shown).values())
        values.append(
            FacetValue(
                value=NO_LABEL,
                text=_("no label (no finding)"),
                count=counted(bare),
                href=addresses.grid(dataset.id, selection.toggle_unlabelled()),
                on=selection.unlabelled,
            )
        )
    clear = addresses.grid(dataset.id, selection.without_labels())
    return Facet(
        "label",
        _("Label"),
        _("label"),
        tuple(values),
        clear if selection.filters_labels else None,
        _modes(dataset, selection),
    )


def _modes(dataset: Dataset, selection: Selection) -> tuple[Link, ...]:
    """Give the ways in which labels are put together, where an image may carry several."""
    if not dataset.is_multi_label and selection.match == "any":
        return ()
    return tuple(
        Link(
            _(text),
            addresses.grid(dataset.id, replace(selection, match=match, page=1)),
            selection.match == match,
        )
        for match, text in _MATCH_WORDS.items()
    )


def _chips(dataset: Dataset, selection: Selection) -> Chips:
    splits = [
        Link(split, addresses.grid(dataset.id, selection.toggle_split(split)))
        for split in selection.splits
    ]
    labels = [
        Link(
            label_text(dataset.label_of[value]),
            addresses.grid(dataset.id, selection.toggle_label(value)),
        )
        for value in selection.labels
    ]
    if selection.unlabelled:
        labels.append(
            Link(_(NO_LABEL_TEXT), addresses.grid(dataset.id, selection.toggle_unlabelled()))
        )
    noted = selection.noted
    said = (
        [Link(_(NOTED_WORDS[noted]), addresses.grid(dataset.id, selection.toggle_noted(noted)))]
        if noted
        else []
    )
    chips = (*splits, *labels, *said)
    cleared = replace(selection.without_labels(), splits=(), noted=None)
    return Chips(chips, addresses.grid(dataset.id, cleared) if chips else None)


def _ways(dataset: Dataset, selection: Selection) -> tuple[Link, ...]:
    """Lead to what else can be done with a selection."""
    here = addresses.grid(dataset.id, replace(selection, display=""))
    return (
        Link(_("Share"), addresses.share(addresses.seen(here, selection.display))),
        Link(_("Study"), addresses.new_study(here)),
        Link(_("Compare"), addresses.compare([here])),
        Link(_("Pixels"), addresses.pixels_by_label(dataset.id, selection)),
        Link(_("Export"), addresses.export(dataset.id, selection)),
        Link(_("About"), addresses.about(dataset.id)),
    )


def _hidden(selection: Selection) -> tuple[Hidden, ...]:
    """What the form carries along: all of the state that none of its fields says."""
    fields = [Hidden("split", split) for split in selection.splits]
    fields += [Hidden("label", str(label)) for label in selection.labels]
    if selection.unlabelled:
        fields.append(Hidden("label", NO_LABEL))
    if selection.match != Selection.match:
        fields.append(Hidden("match", selection.match))
    if selection.noted:
        fields.append(Hidden("noted", selection.noted))
    if selection.bars != Selection.bars:
        fields.append(Hidden("bars", selection.bars))
    if selection.thumbs != Selection.thumbs:
        fields.append(Hidden("thumbs", selection.thumbs))
    fields += [Hidden(name, value) for name, value in parse_qsl(selection.display)]
    return tuple(fields)
