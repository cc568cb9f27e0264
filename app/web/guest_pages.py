"""One image of a link → what its page shows; no split or index where labels are hidden."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from app.datasets.selection import Selection
from app.errors import NotReadyError
from app.phrases import capital
from app.pictures import exact
from app.pictures.blocks import range_of
from app.web import addresses, controls, histogram, volume
from app.web.display import Display, values_of
from app.web.gathering import require_whole, still_coming
from app.web.guest_noted import Shown
from app.web.item import Looking, planes_of, zoom_of
from app.web.item import style as item_style
from app.web.language import gettext as _
from app.web.language import say
from app.web.notices import window_notices
from app.web.shared import Found, Shared
from app.web.unpacking import unfinished
from app.web.views import NOTHING, Controls, Credits, Fact, Notice, Plane, Volume, Zoom
from app.web.words import NOTED_WORDS, counted, credits_of, labels_text, size_words


@dataclass(frozen=True)
class GuestItem:
    """One shared image."""

    title: str
    heading: str
    address: str
    message: tuple[str, ...]
    style: str
    planes: tuple[Plane, ...]
    volume: Volume | None
    display: Controls
    label_text: str
    hue: str | None
    facts: tuple[Fact, ...]
    place: str  # “3 of 12”; empty where there is one image
    previous: str | None
    next: str | None
    keeps: tuple[bool, bool]  # whether slices go along to them
    back: str | None
    back_text: str
    zoom: Zoom
    notices: tuple[Notice, ...]
    credits: Credits
    notes: Markup = NOTHING


@dataclass(frozen=True)
class Passphrase:
    """The form that asks for a link's passphrase."""

    action: str
    check: str
    wrong: bool


@dataclass(frozen=True)
class _Read:
    """The least and greatest finite value of an image; of a volume the slice along z (H, W)."""

    ends: tuple[float, float]
    plane: NDArray[Any] | None


@dataclass(frozen=True)
class _Step:
    """The way to an image before or after; ``keeps`` says whether slices go along to it."""

    href: str | None
    keeps: bool


def item(
    shared: Shared, shown: Shown, token: str, found: Found, looking: Looking, display: Display
) -> GuestItem:
    """Draw up one image's page, from which steps lead to the next of what is ``shown``."""
    dataset, link, number = found.dataset, shared.link, found.number
    split, index = found.item.split, found.item.index
    (values,) = dataset.indexes[split].labels_of(np.array([index]))
    noun = _("Volume") if dataset.is_volume else _("Image")
    name = f"{noun} {counted(number + 1)}"
    seen, looked = display.query(), looking.query(dataset)
    here = f"/s/{token}" if shared.only else f"/s/{token}/{number + 1}"

    def source(query: str, values: bool) -> str:
        form = "npy" if values else "png"
        return addresses.with_query(f"/s/{token}/{number + 1}.{form}", query)

    def address(there: str) -> str:
        return addresses.with_query(here, addresses.joined(shown.query(), seen, there))

    def atlas_source(axis: str, query: str) -> str:
        return addresses.with_query(f"/s/{token}/{number + 1}/atlas-{axis}.png", query)

    held = values_of(dataset)
    through = display.drawn(held)
    planes = planes_of(dataset, looking, name, source, atlas_source, through=through)
    back = addresses.with_query(
        f"/s/{token}", addresses.joined(shown.query(shown.page_of(number)), seen)
    )
    previous, following = _steps(shown, token, found, addresses.joined(seen, looked))
    read = _read(shared, found, looking)
    waited_for = (
        shared.awaited(dataset, [found.item]) if link.hide_labels else [dataset.images[split]]
    )
    shows = not link.hide_labels
    single = dataset.label_of[values[0]] if shows and len(values) == 1 else None
    return GuestItem(
        title=link.title or dataset.title,
        address=address(looked),
        heading=name if shared.total > 1 else link.title or dataset.title,
        message=paragraphs(link.message) if shared.only else (),
        style=item_style(planes, looking.zoom, volume=dataset.is_volume),
        planes=planes,
        volume=volume.build(
            looking,
            planes,
            read.plane if read else None,
            voxels=source("", True),
            address=here,
            query=shown.query(),
        )
        if dataset.is_volume
        else None,
        display=controls.build(
            display,
            held,
            action=here,
            query=addresses.joined(shown.query(), looked),
            fit=read.ends if read else None,
        ),
        label_text=labels_text(dataset, values) if shows else "",
        hue=histogram.hue(single) if single else None,
        facts=(
            Fact(_("Dataset"), dataset.title),
            Fact(_("Modality"), say(dataset.modality)),
            Fact(_("Size"), size_words(dataset)),
            *((Fact(_("Split"), split), Fact(_("Index"), str(index))) if shows else ()),
        ),
        place=_place(shared, shown, number),
        previous=previous.href,
        next=following.href,
        keeps=(previous.keeps, following.keeps),
        back=None if shared.only else back,
        back_text=capital(_(NOTED_WORDS[shown.noted])) if shown.noted else _("All images"),
        zoom=zoom_of(dataset, looking, address),
        notices=(
            *(still_coming(waited_for) if read is None else ()),
            *(unfinished(dataset, Selection(splits=(split,))) if read and shows else ()),
            *(window_notices([dataset]) if display.is_own else ()),
        ),
        credits=credits_of([dataset]),
    )


def _place(shared: Shared, shown: Shown, number: int) -> str:
    """Say where an image stands among what is shown, unless it is no more one of these."""
    rank = shown.rank(number)
    if shared.total == 1 or rank is None:
        return ""
    return _("{number} of {total}", number=counted(rank + 1), total=counted(len(shown.places)))


def _steps(shown: Shown, token: str, found: Found, carried: str) -> tuple[_Step, _Step]:
    """Lead to the images before and after; ``carried`` says how this one is seen.

    That goes along within its dataset: a window, or a slice, means nothing in another.
    """
    before, after = shown.around(found.number)
    first = max(0, before)
    near = [run.dataset for run in shown.fetch(first, after + 1) for _ in run.items]
    alike = {first + n for n, each in enumerate(near) if each and each.id == found.dataset.id}

    def step(rank: int) -> _Step:
        if not 0 <= rank < len(shown.places):
            return _Step(None, keeps=False)
        there = f"/s/{token}/{shown.places[rank] + 1}"
        query = addresses.joined(shown.query(), carried if rank in alike else "")
        return _Step(addresses.with_query(there, query), keeps=rank in alike)

    return step(before), step(after)


def _read(shared: Shared, found: Found, looking: Looking) -> _Read | None:
    """Read an image; None while it is unpacked, as the sentence for that would name its split."""
    dataset, split, index = found.dataset, found.item.split, found.item.index
    with suppress(NotReadyError):
        if shared.link.hide_labels:
            require_whole(shared.awaited(dataset, [found.item]))
        ends = range_of(exact.parts_of(dataset, split, index))
        plane = (0, looking.slices[0]) if dataset.is_volume else None
        return _Read(ends, exact.item_pixels(dataset, split, index, plane) if plane else None)
    return None


def paragraphs(message: str) -> tuple[str, ...]:
    """Give a message's lines."""
    return tuple(line for line in message.splitlines() if line.strip())
