"""A selection → its mean images and histograms of pixel values, of all its images and by label."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.cooccurrence import carried_under
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection, parse
from app.pictures import sheet
from app.pictures.means import mean_png
from app.pictures.tallies import Inquiry, Tallies, inquire
from app.pictures.tally import Tally, picture_shape
from app.web import addresses, curves, display, histogram, picture_addresses, words
from app.web.access import owner_only
from app.web.curves import Curves
from app.web.forms import Forms
from app.web.frame import heading
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.noted import plainly
from app.web.notices import dataset_notices
from app.web.studio import Plan, Studio
from app.web.sums import (
    ALL,
    PATIENCE_SECONDS,
    REFRESH_SECONDS,
    Ending,
    Seen,
    ending,
    look,
    require_fitting,
    require_tally,
    row_name,
    row_of,
    summary,
    wants_everything,
)
from app.web.tables import Table
from app.web.templating import page
from app.web.transport import ASK_AGAIN
from app.web.views import Credits, Crumb, Fact, Link, Notice

_SIDE_AIM: Final = 168


@dataclass(frozen=True)
class Picture:
    """A picture of numbers, ``width`` × ``height`` CSS pixels large."""

    src: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Portrait:
    """What images of one label look like; without any, there are no pictures."""

    id: str
    title: str
    hue: str | None
    facts: tuple[Fact, ...]
    picture: Picture | None = None
    curves: Curves | None = None
    table: Table | None = None


@dataclass(frozen=True)
class PixelPage:
    """The page. ``counted`` says which images count, ``everything`` leads to the sums of all."""

    heading: str
    subtitle: str
    crumbs: tuple[Crumb, ...]
    address: str
    grid: str
    summary: str
    notices: tuple[Notice, ...]
    counted: str
    everything: Link | None
    ending: Ending | None
    remarks: tuple[str, ...]
    portraits: tuple[Portrait, ...]
    refresh: int | None
    credits: Credits


def pixels(library: Library, tallies: Tallies, studio: Studio, forms: Forms) -> APIRouter:
    """Make the routes of the page and of a mean image."""
    router = APIRouter(include_in_schema=False)

    @router.get("/d/{dataset_id}/pixels")
    def by_label(request: Request, dataset_id: str) -> Response:
        dataset = library.dataset(dataset_id)
        selection = plainly(display.selection_at(dataset, request.url.query))
        everything = wants_everything(request)
        require_fitting(dataset)
        inquiry = inquire(dataset, selection, everything=everything)
        seen = look(tallies, inquiry, PATIENCE_SECONDS)
        view = build(inquiry, selection, seen)
        if not (seen.pending and inquiry.background):
            return page(request, "pixels", view)
        check = forms.check_for(request)
        stop_at = addresses.stop_pixels(dataset.id, selection)
        sample = addresses.pixels_by_label(dataset.id, selection)
        view = replace(view, ending=ending(request, check, stop_at, sample))
        return forms.page(request, "pixels", view, check)

    @router.post(
        "/d/{dataset_id}/pixels/stop", dependencies=[Depends(owner_only), Depends(forms.read)]
    )
    def stop(request: Request, dataset_id: str) -> Response:
        dataset = library.dataset(dataset_id)
        selection = plainly(display.selection_at(dataset, request.url.query))
        require_fitting(dataset)
        tallies.stop(inquire(dataset, selection, everything=True))
        return RedirectResponse(addresses.pixels_by_label(dataset.id, selection), 303)

    @router.get("/d/{dataset_id}/mean.png")
    async def mean(request: Request, dataset_id: str, of: str = ALL) -> Response:
        query, everything = request.url.query, wants_everything(request)

        def plan() -> Plan:
            dataset = library.dataset(dataset_id)
            require_fitting(dataset)
            inquiry = inquire(dataset, plainly(parse(query)), everything=everything)
            row = row_of(inquiry, of)

            def draw() -> bytes:
                tally = require_tally(tallies, inquiry)
                return mean_png(tally.mean(row), tally.bins, sheet.window_of(dataset))

            tag = f"{picture_addresses.content_key(dataset)}-{inquiry.name}-{row}"
            return Plan(tag, "image/png", ASK_AGAIN, draw, ())

        return await studio.answer(request, plan)

    return router


def build(inquiry: Inquiry, selection: Selection, seen: Seen) -> PixelPage:
    """Draw up the page from what is known by now."""
    dataset = inquiry.dataset
    grid = addresses.grid(dataset.id, selection)
    return PixelPage(
        heading=_("Pixels of {title}", title=dataset.title),
        subtitle=heading(dataset, selection, inquiry.total),
        crumbs=(Crumb(dataset.title, grid), Crumb(_("Pixels"), None)),
        address=addresses.pixels_by_label(
            dataset.id, addresses.added_up(selection), everything=inquiry.background
        ),
        grid=grid,
        summary=summary([seen]),
        notices=(*seen.notices, *dataset_notices(dataset, sheet.window_of(dataset))),
        counted=basis(inquiry, seen.tally),
        everything=None
        if inquiry.is_whole
        else Link(
            _("Compute all {total}", total=words.counted(inquiry.total)),
            addresses.pixels_by_label(dataset.id, selection, everything=True),
        ),
        ending=None,
        remarks=(*remarks(inquiry), *_readings(inquiry)),
        portraits=_portraits(inquiry, selection, seen.tally) if seen.tally else (),
        refresh=REFRESH_SECONDS if seen.pending else None,
        credits=words.credits_of([dataset]),
    )


def basis(inquiry: Inquiry, tally: Tally | None) -> str:
    """Say which items were added up: all, or which sample; nothing before they are."""
    volumes = inquiry.dataset.is_volume
    total = words.images(inquiry.total, volumes=volumes)
    if not inquiry.total:
        return words.none_match(volumes=volumes)
    if tally is None:
        return ""
    if inquiry.is_whole:
        return _("Counted: {total}, all that match.", total=total)
    return _(
        "Counted: a random sample of {number} of the {total} that match, drawn with seed {seed}.",
        number=words.counted(inquiry.number),
        total=total,
        seed=inquiry.selection.seed,
    )


def remarks(inquiry: Inquiry) -> tuple[str, ...]:
    """Say what stands for a volume."""
    middle = sheet.middle_plane(inquiry.dataset)
    return (
        (_("Of each volume, its middle slice counts (z = {middle}).", middle=middle[1]),)
        if middle
        else ()
    )


def picture(dataset: Dataset, src: str, alt: str) -> Picture:
    """Size a picture of this dataset's pixels: small ones are enlarged by whole steps."""
    height, width, _rest = picture_shape(dataset)
    scale = max(1, _SIDE_AIM // max(height, width))
    return Picture(src, alt, width * scale, height * scale)


def _readings(inquiry: Inquiry) -> tuple[str, ...]:
    """Say how to read the numbers."""
    said = []
    if inquiry.dataset.is_multi_label:
        said.append(_("An image with several labels counts for each of them."))
    said.append(
        _(
            "A mean image holds the mean of each pixel, rounded to be drawn. The height of a "
            "curve grows with the square root of the share of values, on one scale for all labels."
        )
    )
    if inquiry.left_out:
        more = words.counted(inquiry.left_out)
        said.append(_("{more} more labels are left out; filter by label to see them.", more=more))
    return tuple(said)


def _portraits(inquiry: Inquiry, selection: Selection, tally: Tally) -> tuple[Portrait, ...]:
    if not inquiry.total:
        return ()
    most = curves.scale_of(tally.counts)
    matching = [inquiry.total, *(_matching(inquiry, label) for label in inquiry.labels)]
    return tuple(
        _portrait(inquiry, selection, tally, row, total, most) for row, total in enumerate(matching)
    )


def _matching(inquiry: Inquiry, label: int | None) -> int:
    """Count the images under the filter that carry this label, or none."""
    dataset, selection = inquiry.dataset, inquiry.selection
    if label is None:
        return sum(c.with_none for c in carried_under(dataset, selection).values())
    return sum(of_split[label] for of_split in dataset.counts(selection).values())


def _portrait(
    inquiry: Inquiry, selection: Selection, tally: Tally, row: int, matching: int, most: float
) -> Portrait:
    dataset = inquiry.dataset
    label = inquiry.labels[row - 1] if row else None
    named = dataset.label_of[label] if label is not None else None
    of = row_name(label) if row else ALL
    title = words.label_text(named) if named else (_(words.NO_LABEL) if row else _("All together"))
    number = int(tally.images[row])
    total = words.images(matching, volumes=dataset.is_volume)
    count = (
        total
        if inquiry.is_whole
        else _("{number} of {total}", number=words.counted(number), total=total)
    )
    empty = Portrait(
        of, title, histogram.hue(named) if named else None, (Fact(_("Counted"), count),)
    )
    if not number:
        return empty
    src = addresses.mean_image(dataset.id, selection, of, everything=inquiry.background)
    counts, outside = tally.counts[row], tally.outside[row]
    return replace(
        empty,
        facts=(*empty.facts, Fact(_("Mean value"), means_text(tally, row))),
        picture=picture(dataset, src, _("Mean image: {title}, {count}", title=title, count=count)),
        curves=curves.draw(_("Pixel values: {title}", title=title), counts, tally.bins, most),
        table=curves.table(
            _("Shares of pixel values: {title}", title=title), counts, outside, tally.bins
        ),
    )


def means_text(tally: Tally, row: int) -> str:
    """Name the mean of each channel over all pixels, and how many values are left out of it."""
    means = tally.means(row).tolist()
    height, width = tally.sums.shape[1:3]
    values = int(tally.images[row]) * height * width
    left_out = np.broadcast_to(tally.left_out[row].sum(axis=(0, 1)), len(means)).tolist()
    texts = [
        words.measured(mean)
        if math.isfinite(mean)
        else _("no finite value")
        if missing == values
        else _("not known, as the values are too large to be added up")
        for mean, missing in zip(means, left_out, strict=True)
    ]
    names = [_(name) if name else "" for name in curves.channel_names(len(means))]
    said = ", ".join(f"{text} {name}".rstrip() for text, name in zip(texts, names, strict=True))
    if not any(left_out):
        return said
    missing = ngettext(
        "{number} value that is not finite", "{number} values that are not finite", sum(left_out)
    )
    return _("{means}; left out: {left_out}", means=said, left_out=missing)
