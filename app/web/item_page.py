"""One item of a dataset → what its page shows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection, Split
from app.phrases import listed
from app.pictures import exact, nifti
from app.pictures.window import Window
from app.reviews.items import Item as Collected
from app.web import addresses, controls, histogram, picture_addresses, volume, walking
from app.web.addresses import plane_query
from app.web.display import Display, values_of
from app.web.item import Looking, planes_of, style, zoom_of
from app.web.language import gettext as _
from app.web.language import ngettext, say
from app.web.notices import dataset_notices
from app.web.unpacking import unfinished
from app.web.views import Crumb, Fact, Item, Saved
from app.web.walking import Walk
from app.web.words import (
    counted,
    credits_of,
    in_line,
    label_text,
    labels_text,
    measured,
    number,
    size_words,
)


@dataclass(frozen=True)
class _Way:
    """Where one goes from an image: through what one came from, and back to it."""

    query: str
    previous: str | None
    next: str | None
    keeps: tuple[bool, bool]
    place: str
    back: str
    back_text: str
    crumbs: tuple[Crumb, ...]


def build(
    dataset: Dataset,
    split: Split,
    index: int,
    selection: Selection,
    looking: Looking,
    display: Display,
    window: Window | None,
    walk: Walk | None = None,
) -> Item:
    """Draw up the page. Raises NotReadyError while the item is still being unpacked.

    One goes on through ``selection``, or through the collection of ``walk``.
    """
    parts = exact.parts_of(dataset, split, index)
    channels = exact.statistics(parts, colour=dataset.channels == 3)
    values = dataset.indexes[split].labels_of(np.array([index]))[0]
    looked = looking.query(dataset)
    way = (
        _through_collection(dataset, walk, addresses.joined(display.query(), looked))
        if walk
        else _through_selection(dataset, split, index, selection, looked)
    )
    query = addresses.joined(way.query, display.query())

    def here(seen: str) -> str:
        return addresses.item(dataset.id, split, index, addresses.joined(query, seen))

    def source(query: str, values: bool) -> str:
        # A PNG of colours that are true or false holds 0 and 1: the values, but black to the eye.
        black = dataset.images[split].dtype == np.bool_ and dataset.channels == 3
        if not values and (window or dataset.is_volume or black):
            return picture_addresses.picture(dataset, split, index, query)
        return addresses.pixels(dataset.id, split, index, "npy" if values else "png", query)

    def atlas_source(axis: str, query: str) -> str:
        return picture_addresses.atlas(dataset, split, index, axis, query)

    name = f"{split} {index}"
    held = values_of(dataset)
    planes = planes_of(
        dataset,
        looking,
        f"{dataset.title}, {name}",
        source,
        atlas_source,
        through=display.drawn(held),
    )
    downloads, notes = _downloads(dataset, split, index, looking, parts)
    own = addresses.item(dataset.id, split, index)
    address = here(looked)
    return Item(
        heading=in_line(dataset.title, name),
        crumbs=(*way.crumbs, Crumb(name, None)),
        address=address,
        share=addresses.share(address),
        style=style(planes, looking.zoom, volume=dataset.is_volume),
        planes=planes,
        volume=volume.build(
            looking,
            planes,
            exact.item_pixels(dataset, split, index, (0, looking.slices[0])),
            voxels=addresses.pixels(dataset.id, split, index, "npy"),
            address=own,
            query=way.query,
        )
        if dataset.is_volume
        else None,
        display=controls.build(
            display,
            held,
            action=own,
            query=addresses.joined(way.query, looked),
            fit=_range_of(channels),
        ),
        facts=_facts(dataset, split, index, values),
        pixels=_pixel_facts(channels, dataset.images[split].dtype),
        label_text=labels_text(dataset, values),
        hue=histogram.hue(dataset.label_of[values[0]]) if len(values) == 1 else None,
        previous=way.previous,
        next=way.next,
        keeps=way.keeps,
        place=way.place,
        back=way.back,
        back_text=way.back_text,
        downloads=downloads,
        download_notes=notes,
        zoom=zoom_of(dataset, looking, here),
        notices=(
            *unfinished(dataset, Selection(splits=(split,))),
            *dataset_notices(dataset, window if display.is_own else None),
        ),
        credits=credits_of([dataset]),
    )


def _through_selection(
    dataset: Dataset, split: Split, index: int, selection: Selection, looked: str
) -> _Way:
    subset = dataset.subset(selection)
    rank = subset.rank(split, index)
    query = addresses.item_query(selection)

    # What is filtered out by now, as its flag was taken back, leads on from where it stood.
    at = subset.before(split, index) if rank is None else rank
    after = at if rank is None or at is None else at + 1

    def neighbour(rank: int | None) -> str | None:
        if rank is None or not 0 <= rank < subset.total:
            return None
        found = subset.items(rank, rank + 1)
        there = SPLITS[int(found.splits[0])], int(found.positions[0])
        return addresses.item(dataset.id, *there, addresses.joined(query, looked))

    page = min(at or 0, max(0, subset.total - 1)) // selection.per_page + 1
    back = addresses.grid(dataset.id, selection.on_page(page))
    return _Way(
        query=addresses.item_query(replace(selection, display="")),
        previous=neighbour(None if at is None else at - 1),
        next=neighbour(after),
        keeps=(True, True),
        place=_("{rank} of {total}", rank=counted(rank + 1), total=counted(subset.total))
        if rank is not None
        else _("Not in the selection you came from"),
        back=back,
        back_text=_("Back to the grid"),
        crumbs=(Crumb(dataset.title, back),),
    )


def _through_collection(dataset: Dataset, walk: Walk, looked: str) -> _Way:
    def is_alike(found: tuple[int, Collected] | None) -> bool:
        return found is not None and found[1].dataset == dataset.id

    def neighbour(found: tuple[int, Collected] | None) -> str | None:
        if found is None:
            return None
        place, item = found
        # A window, or a slice, of one dataset means nothing in another.
        carried = looked if is_alike(found) else ""
        query = addresses.joined(walking.query(walk.collection.id, place), carried)
        return addresses.item(item.dataset, item.split, item.index, query)

    name, total = walk.collection.name, counted(walk.collection.count)
    return _Way(
        query=walk.query,
        previous=neighbour(walk.before),
        next=neighbour(walk.after),
        keeps=(is_alike(walk.before), is_alike(walk.after)),
        place=_("{rank} of {total}", rank=counted(walk.place), total=total)
        if walk.place
        else _("Not in the collection you came from"),
        back=walk.back,
        back_text=_("Back to the collection"),
        crumbs=(Crumb(_("Collections"), addresses.COLLECTIONS), Crumb(name, walk.back)),
    )


def _facts(dataset: Dataset, split: Split, index: int, values: tuple[int, ...]) -> tuple[Fact, ...]:
    label = labels_text(dataset, values)
    facts = [Fact(_("Label"), label)]
    meanings = filter(None, (dataset.label_of[value].meaning for value in values))
    facts += [Fact(_("Meaning"), meaning) for meaning in meanings if meaning not in label]
    facts += [
        Fact(_("Split"), split),
        Fact(_("Index"), str(index)),
        Fact(_("Modality"), say(dataset.modality)),
        Fact(_("Size"), size_words(dataset)),
    ]
    return (*facts, Fact(_("All labels"), say(listed(map(label_text, dataset.labels)))))


def _range_of(channels: tuple[exact.Statistics, ...]) -> tuple[float, float] | None:
    finite = [channel for channel in channels if not math.isnan(channel.mean)]
    if not finite:
        return None
    return min(channel.least for channel in finite), max(channel.greatest for channel in finite)


def _pixel_facts(channels: tuple[exact.Statistics, ...], dtype: np.dtype[Any]) -> tuple[Fact, ...]:
    names = (_("Red"), _("Green"), _("Blue")) if len(channels) == 3 else (_("Values"),)
    described = tuple(
        Fact(
            name,
            _("no finite value")
            if math.isnan(c.mean)
            else _(
                "{least} to {greatest}, mean {mean}, standard deviation {deviation}",
                least=number(c.least),
                greatest=number(c.greatest),
                mean=measured(c.mean),
                deviation=measured(c.deviation),
            ),
        )
        for name, c in zip(names, channels, strict=True)
    )
    missing = sum(channel.left_out for channel in channels)
    left_out = ngettext(
        "{number} value that is not finite", "{number} values that are not finite", missing
    )
    return (
        *described,
        *((Fact(_("Left out"), left_out),) if missing else ()),
        Fact(_("Type"), str(dtype)),
    )


def _downloads(
    dataset: Dataset,
    split: Split,
    index: int,
    looking: Looking,
    parts: Iterable[NDArray[Any]],
) -> tuple[tuple[Saved, ...], tuple[str, ...]]:
    """The files there are of an item, and what is to be known of them."""

    def file(form: str, query: str = "") -> str:
        return addresses.pixels(dataset.id, split, index, form, query)

    array = Saved(_("NumPy array (.npy)"), file("npy"))
    if not dataset.is_volume:
        (pixels,) = parts
        if inexact := exact.why_inexact(pixels):
            return (array,), (say(inexact),)
        return (Saved(_("Exact PNG"), file("png")), array), ()
    pngs: list[Saved] = []
    reasons: list[str | None] = []
    for number_of_axis, (axis, place) in enumerate(zip(exact.AXES, looking.slices, strict=True)):
        plane = exact.item_pixels(dataset, split, index, (number_of_axis, place))
        inexact = exact.why_inexact(plane)
        reasons.append(inexact)
        if not inexact:
            query = plane_query(axis, place)
            pngs.append(
                Saved(_("Exact PNG of the slice along {axis}", axis=axis), file("png", query), axis)
            )
    missing = nifti.why_missing()
    whole = [array] if missing else [array, Saved(_("NIfTI (.nii.gz)"), file("nii.gz"))]
    notes = (next(filter(None, reasons), ""), missing or nifti.NOTE)
    return (*pngs, *whole), tuple(map(say, filter(None, notes)))
