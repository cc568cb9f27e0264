"""The page of a grid: what all pages of a selection show, with blanks for what each has alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from markupsafe import Markup, escape

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection, Thumbs
from app.pictures.tallies import fits
from app.pictures.window import Window
from app.web import addresses, controls, display, filters, histogram
from app.web.blanks import ANY_PAGE
from app.web.display import values_of
from app.web.filters import Facet
from app.web.frame import Frame
from app.web.grid import Leaf, reduced, to_pages
from app.web.language import gettext as _
from app.web.language import later
from app.web.notices import dataset_notices
from app.web.pager import amid, is_amid, numbers_amid, pager, pages_of
from app.web.templating import fragment, macro
from app.web.views import Controls, Credits, Crumb, Link, Notice, Stop
from app.web.words import credits_of, kind, none_match

_REFRESH_SECONDS: Final = 2
_THUMB_WORDS: Final[dict[Thumbs, tuple[str, str]]] = {
    "small": (later("S"), later("Small thumbnails")),
    "medium": (later("M"), later("Medium thumbnails")),
    "large": (later("L"), later("Large thumbnails")),
    "fit": (later("Fit"), later("Fit thumbnails to the width")),
}

# The macros that lead to other pages.
_WAYS_ON: Final = ("steps", "pager")


@dataclass(frozen=True)
class Grid:
    """What the pages of a selection share.

    ``heading`` says in words what is seen; ``reduced`` says what thumbnails leave out, or is
    empty. Where an address holds the page's number, it is ``ANY_PAGE`` on all but the first.
    """

    subtitle: str
    crumbs: tuple[Crumb, ...]
    heading: str  # as ``name`` and ``shows`` say it
    name: str
    shows: str
    address: str  # canonical path of this page, for Copy link
    collect: str
    ways: Markup  # links to what else can be done with this selection
    filters: Markup
    tabs: Markup  # one for each split
    thumbs: Markup  # how large thumbnails are drawn
    chips: Markup  # each takes one filter away
    distribution: Markup
    display: Markup  # the form that changes how pictures are seen
    lens: Markup  # what they are seen through, if anything
    css: str  # its classes
    scales: tuple[Link, ...]
    notices: tuple[Notice, ...]
    empty: str  # what to say when nothing matches, else empty
    clear_filters: str  # leads to all images, where filters are what lets none pass
    reduced: str
    credits: Credits
    refresh: int | None  # seconds after which the page should be asked for again, while unpacking
    review: Facet | None  # what was said of the images, for the owner
    stop: Stop | None  # what the owner may do about the unpacking


def build(
    dataset: Dataset,
    selection: Selection,
    frame: Frame,
    *,
    window: Window | None = None,
    waiting: tuple[Notice, ...] = (),
    review: Facet | None = None,
    stop: Stop | None = None,
) -> Grid:
    """Draw up what the first page of a selection shows, or all others.

    ``waiting`` says what is still being unpacked.
    """
    first = selection.on_page(1)
    there = first if selection.page == 1 else selection.on_page(ANY_PAGE)
    total = frame.subset.total
    address = addresses.grid(dataset.id, there)
    seen = _seen(dataset, there)
    return Grid(
        subtitle=frame.subtitle,
        crumbs=(Crumb(dataset.title, None),),
        heading=frame.heading,
        name=dataset.title,
        shows=frame.shows,
        address=address,
        collect=addresses.collect(address),
        ways=_ways(dataset, there, total),
        tabs=fragment("tabs", filters.tabs(dataset, first)),
        thumbs=_thumbs(dataset, there),
        chips=fragment("chips", filters.chips(dataset, first)),
        filters=fragment("filters", filters.form(dataset, first)),
        distribution=fragment("distribution", histogram.build(dataset, first)),
        display=fragment("display", seen),
        lens=fragment("lens", seen),
        css=seen.css,
        scales=histogram.scales(dataset, there),
        notices=(*waiting, *dataset_notices(dataset, window)),
        empty="" if total else _empty(selection, volumes=dataset.is_volume),
        clear_filters=""
        if total or not _is_filtered(selection)
        else addresses.grid(dataset.id, first.without_filters()),
        reduced=reduced(dataset, selection.view),
        credits=credits_of([dataset]),
        refresh=_REFRESH_SECONDS if waiting else None,
        review=review,
        stop=stop,
    )


def filling(leaf: Leaf, dataset: Dataset, selection: Selection, frame: Frame) -> Mapping[str, str]:
    """Draw what goes into a page's blanks."""
    return {
        "summary": escape(leaf.summary),
        "prefetch": escape(leaf.prefetch),
        "style": leaf.style,
        "early": macro("cells", "early", leaf.tiles),
        "cells": macro("cells", "grid", leaf, selection.thumbs == "fit"),
        **_ways_on(dataset, selection, frame),
    }


def _ways_on(dataset: Dataset, selection: Selection, frame: Frame) -> Mapping[str, str]:
    """Draw the steps to the pages beside this one, and the pager to any."""
    pages = pages_of(frame.subset.total, selection.per_page)
    if not is_amid(selection.page, pages):
        ways_on = pager(selection.page, pages, to_pages(dataset, selection))
        return {name: macro("pager", name, ways_on) for name in _WAYS_ON}

    def drawn(name: str) -> str:
        return macro("pager", name, amid(pages, to_pages(dataset, selection)))

    own = numbers_amid(selection.page)
    blanks = {name: frame.blank(name, partial(drawn, name)) for name in _WAYS_ON}
    return {name: each.filled(selection.page, own).decode() for name, each in blanks.items()}


def _is_filtered(selection: Selection) -> bool:
    return bool(selection.splits or selection.filters_labels or selection.noted)


def _empty(selection: Selection, *, volumes: bool) -> str:
    if _is_filtered(selection):
        return none_match(volumes=volumes)
    return _("There are no {noun} in this file.", noun=kind(volumes=volumes))


def _seen(dataset: Dataset, selection: Selection) -> Controls:
    """Draw up the form for how thumbnails are seen."""
    values = values_of(dataset)
    # A page's sheets are 8 bits deep, whatever is stored.
    thumbnails = replace(values, deep=False)
    return controls.build(
        display.parse(selection.display, values),
        thumbnails,
        action=addresses.grid(dataset.id, Selection()),
        query=replace(selection, display="").query(),
        notes=(
            _(
                "Thumbnails are seen in 256 levels; an image's own page is drawn from its exact "
                "values."
            ),
        )
        if values.deep
        else (),
    )


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
