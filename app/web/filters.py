"""What a grid's page can change of its selection: tabs, facets, chips and the form itself."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from app.datasets.cooccurrence import carried_under
from app.datasets.dataset import Dataset
from app.datasets.selection import (
    NO_LABEL,
    ORDERS,
    PER_PAGE,
    SEED_MOST,
    Match,
    Order,
    Selection,
    Split,
)
from app.phrases import capital
from app.pictures import sheet
from app.web import addresses, histogram
from app.web.language import gettext as _
from app.web.language import later
from app.web.views import Choice, Hidden, Link
from app.web.words import NO_LABEL as NO_LABEL_TEXT
from app.web.words import NOTED_WORDS, VIEW_WORDS, counted, label_text

_SIZES: Final = (20, 50, PER_PAGE, 200, 500)
_ORDER_WORDS: Final[dict[Order, str]] = {
    "index": later("by index"),
    "label": later("by label"),
    "random": later("random"),
}
# What the search finds, too, as it is in the list that is searched.
BARE: Final = later("no label (no finding)")
_MATCH_WORDS: Final[dict[Match, str]] = {
    "any": later("Any of them"),
    "all": later("All of them"),
    "none": later("None of them"),
}


@dataclass(frozen=True)
class Tab:
    """A link among several of which one is where one is, with how many images it leads to."""

    id: str
    text: str
    count: str
    href: str
    current: bool


@dataclass(frozen=True)
class FacetValue:
    """One value of a filter: ``count`` under the other filter.

    ``href`` adds it or takes it out, where it is no field of a form.
    """

    value: str
    text: str
    count: str
    on: bool
    hue: str | None = None
    href: str | None = None


@dataclass(frozen=True)
class Facet:
    """A filter. ``name`` is the form field's name, ``word`` what stands for it in a sentence.

    ``clear`` leads to the page without it.

    ``modes`` are the ways in which its values may be put together, where there are several.
    """

    name: str
    title: str
    word: str
    values: tuple[FacetValue, ...]
    clear: str | None
    modes: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Filters:
    """The search, and the form of the facets, the order and the page size."""

    facets: tuple[Facet, ...]
    orders: tuple[Choice, ...]
    sizes: tuple[Choice, ...]  # per page
    volumes: tuple[Choice, ...]  # how a volume is shown; none where there is but one way
    seed: str
    shuffle: str | None  # leads to another random order
    hidden: tuple[Hidden, ...]
    action: str
    finding: str  # where what is typed into the search is sent, with ``kept``
    kept: tuple[Hidden, ...]


@dataclass(frozen=True)
class Chips:
    """Links that each take one filter away, and one that takes all."""

    all: tuple[Link, ...]
    clear: str | None


def form(dataset: Dataset, selection: Selection) -> Filters:
    """Draw up the form."""
    views = sheet.views_of(dataset)
    return Filters(
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


def tabs(dataset: Dataset, selection: Selection) -> tuple[Tab, ...]:
    """Give a tab to each split, and one to all of them, where there are several."""
    if len(dataset.splits) < 2:
        return ()
    choices: list[tuple[str, tuple[Split, ...]]] = [(_("All"), ())]
    choices += [(split, (split,)) for split in dataset.splits]
    found = []
    for text, splits in choices:
        chosen = replace(selection, splits=splits, page=1)
        total = dataset.subset(replace(chosen, order="index")).total
        found.append(
            Tab(
                f"tab-{'-'.join(splits) or 'all'}",
                text,
                counted(total),
                addresses.grid(dataset.id, chosen),
                splits == selection.splits,
            )
        )
    return tuple(found)


def _split_facet(dataset: Dataset, selection: Selection) -> Facet:
    def value(split: Split) -> FacetValue:
        only = dataset.subset(replace(selection, splits=(split,), order="index"))
        return FacetValue(
            value=split,
            text=split,
            count=counted(only.total),
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
                text=_(BARE),
                count=counted(bare),
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


def chips(dataset: Dataset, selection: Selection) -> Chips:
    """Give what is filtered by, each with the way to do without it."""
    splits = [
        Link(split, addresses.grid(dataset.id, selection.without_split(split)))
        for split in selection.splits
    ]
    out = selection.match == "none"
    labels = []
    for value in selection.labels:
        name = label_text(dataset.label_of[value])
        text = _("without {labels}", labels=name) if out else name
        labels.append(Link(text, addresses.grid(dataset.id, selection.without_label(value))))
    if selection.unlabelled:
        text = _("with a label") if out else _(NO_LABEL_TEXT)
        labels.append(Link(text, addresses.grid(dataset.id, selection.without_unlabelled())))
    noted = selection.noted
    said = (
        [Link(_(NOTED_WORDS[noted]), addresses.grid(dataset.id, selection.toggle_noted(noted)))]
        if noted
        else []
    )
    found = (*splits, *labels, *said)
    cleared = addresses.grid(dataset.id, selection.without_filters())
    return Chips(found, cleared if found else None)


def _hidden(selection: Selection) -> tuple[Hidden, ...]:
    """What the form carries along: all of the state that none of its fields says."""
    fields = []
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
