"""A study → what its readers see.

Nothing here tells a split or an index, nor a label but that of an image one has practised on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.datasets.dataset import Dataset
from app.pictures import exact
from app.reviews.agreement import CANNOT_TELL
from app.reviews.answers import CONFIDENCES, Answer
from app.reviews.designs import Design
from app.reviews.studies import StudyItem
from app.web import addresses, volume
from app.web.display import Display, values_of
from app.web.guest_pages import paragraphs
from app.web.item import Looking
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.reading_options import CANNOT, Option, confidences, options
from app.web.reading_viewer import Viewer, carried, viewer
from app.web.seat import Seat
from app.web.views import Credits, Hidden, Notice
from app.web.words import answer_text, counted, credits_of, images


@dataclass(frozen=True)
class Start:
    """Where a reader begins, goes on, or has ended; ``first`` is the first image answered.

    ``read`` is None where no image can be shown. ``action`` takes answers that the browser could
    not send before.
    """

    heading: str
    reader: str
    message: tuple[str, ...]
    question: str
    size: str
    done: str
    answered: int
    share_done: int  # in percent
    is_done: bool
    is_closed: bool
    read: str | None
    first: str | None
    practice: str | None
    action: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Screen:
    """One image to read; ``said`` is what was answered, where no more answers are taken."""

    title: str
    question: str
    progress: str
    answered: int
    total: int
    viewer: Viewer
    address: str
    action: str
    place: int
    key: str
    said: str
    options: tuple[Option, ...]
    confidences: tuple[Option, ...]
    previous: str | None
    following: str | None  # the next image's address, where this one has an answer
    next_picture: str
    home: str
    credits: Credits
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Practice:
    """One image to practise on, before and after the answer; nothing of it is kept.

    ``seen`` is how it is looked at, for an answer to carry along.
    """

    title: str
    question: str
    progress: str
    viewer: Viewer
    seen: tuple[Hidden, ...]
    address: str
    options: tuple[Option, ...]
    confidences: tuple[Option, ...]
    feedback: str
    following: str
    following_text: str
    credits: Credits
    notices: tuple[Notice, ...] = ()


def start(
    seat: Seat, lost: frozenset[int], given: Mapping[int, Answer], seen: str, *, volumes: bool
) -> Start:
    """Draw up the first page; ``given`` is what was answered, by place.

    ``lost`` are the numbers of the items that can't be shown; ``seen`` is how the others were
    looked at before a pause, as ``carried`` says it; ``volumes`` says what they are called.
    """

    def on(path: str) -> str:
        return addresses.with_query(f"/s/{seat.token}/{path}", seen)

    study, order = seat.study, seat.order
    design, answered, total = study.design, len(given), len(order)
    left = _left_out(seat, lost, given)
    first = next((place for place in sorted(given) if order[place].item not in lost), None)
    aside = (at for at, item in enumerate(study.practice_items, start=1) if item not in lost)
    practised = next(aside, None)
    return Start(
        heading=design.title,
        reader=seat.reader.name,
        message=paragraphs(seat.link.message),
        question=design.question,
        size=images(total, volumes=volumes),
        done=_("{answered} of {total} answered", answered=counted(answered), total=counted(total)),
        answered=answered,
        share_done=100 * answered // total,
        is_done=0 < answered == total - left,
        is_closed=study.closed is not None,
        read=on("read") if left < total else None,
        first=on(f"read/{first + 1}") if first is not None else None,
        practice=on(f"practice/{practised}") if practised and not answered else None,
        action=f"/s/{seat.token}/answers",
        notices=_notices(left, volumes=volumes),
    )


def screen(
    seat: Seat,
    dataset: Dataset,
    place: int,
    lost: frozenset[int],
    given: Mapping[int, Answer],
    looking: Looking,
    display: Display,
    key: str,
) -> Screen:
    """Draw up one image; ``given`` is what was answered, by place, ``lost`` what can't be shown."""
    study, token = seat.study, seat.token
    design, total = study.design, len(seat.order)
    old = given.get(place)
    here = f"/s/{token}/read/{place + 1}"
    held, seen = values_of(dataset), carried(dataset, looking, display)
    number = counted(place + 1)
    name = (
        _("Volume {place}", place=number) if dataset.is_volume else _("Image {place}", place=number)
    )
    before, after = _neighbours(seat, place, lost, given)
    following = f"/s/{token}" if after is None else f"/s/{token}/read/{after + 1}"
    return Screen(
        title=design.title,
        question=design.question,
        progress=_("{place} of {total}", place=counted(place + 1), total=counted(total)),
        answered=len(given),
        total=total,
        viewer=viewer(dataset, looking, display, name, here),
        address=addresses.with_query(
            here, addresses.joined(display.query(), looking.query(dataset))
        ),
        action=addresses.with_query(f"/s/{token}/answers", seen),
        place=place + 1,
        key=key,
        said=_said(design, old) if old and study.closed else "",
        options=options(design, old.new if old else None),
        confidences=confidences(design, old.confidence if old else None),
        previous=None
        if before is None
        else addresses.with_query(f"/s/{token}/read/{before + 1}", seen),
        following=addresses.with_query(following, seen) if old else None,
        next_picture=addresses.with_query(f"{following}.png", display.drawn(held))
        if after is not None and not dataset.is_volume
        else "",
        home=addresses.with_query(f"/s/{token}", seen),
        credits=credits_of([dataset]),
        notices=_notices(_left_out(seat, lost, given), volumes=dataset.is_volume),
    )


def _neighbours(
    seat: Seat, place: int, lost: frozenset[int], given: Mapping[int, Answer]
) -> tuple[int | None, int | None]:
    """Give the places that can be shown next to this one, before and after."""
    # Once no more answers are taken, from one that was given to the next.
    places = sorted(given) if seat.study.closed else range(len(seat.order))
    shown = [each for each in places if seat.order[each].item not in lost]
    before = [each for each in shown if each < place]
    after = (each for each in shown if each > place)
    return before[-1] if before else None, next(after, None)


def _left_out(seat: Seat, lost: frozenset[int], given: Mapping[int, Answer]) -> int:
    """Count what the reader is still to answer and can't be shown."""
    if seat.study.closed:
        return 0
    return sum(place.item in lost and place.number not in given for place in seat.order)


def _notices(left: int, *, volumes: bool) -> tuple[Notice, ...]:
    text = ngettext(
        "{noun} can't be shown and is left out; tell the person who sent you the link.",
        "{noun} can't be shown and are left out; tell the person who sent you the link.",
        left,
        noun=images(left, volumes=volumes),
    )
    return (Notice("warning", text),) if left else ()


def _said(design: Design, answer: Answer) -> str:
    said = _("You said: {chosen}.", chosen=answer_text(design, answer.new))
    if answer.confidence is None:
        return said
    sure = _("How sure you were: {sure} of {most}.", sure=answer.confidence, most=CONFIDENCES[-1])
    return f"{said} {sure}"


def practice(
    seat: Seat,
    dataset: Dataset,
    at: int,
    item: StudyItem,
    lost: frozenset[int],
    chosen: int | None,
    looking: Looking,
    display: Display,
) -> Practice:
    """Draw up a practice image; with ``chosen``, what the data set's own label says."""
    study, token = seat.study, seat.token
    design = study.design
    here = f"/s/{token}/practice/{at + 1}"
    seen = display.query()
    name = _("Practice {at}", at=at + 1)
    told = f"choice={CANNOT if chosen == CANNOT_TELL else chosen}" if chosen is not None else ""
    aside = study.practice_items
    after = next((n for n in range(at + 1, len(aside)) if aside[n] not in lost), None)
    feedback = ""
    if chosen is not None:
        said = _("You said: {chosen}.", chosen=answer_text(design, chosen))
        stored = design.choice_of(item.label)
        label = (
            _("The dataset says: {name}.", name=design.choices[stored].name) if stored >= 0 else ""
        )
        feedback = f"{said} {label}".strip()
    return Practice(
        title=design.title,
        question=design.question,
        progress=_("Practice {at} of {practice_items}", at=at + 1, practice_items=len(aside)),
        viewer=viewer(dataset, looking, display, name, here, told),
        seen=(
            *volume.hidden(seen, looking),
            *(Hidden(axis, str(at)) for axis, at in zip(exact.AXES, looking.slices, strict=False)),
        ),
        address=addresses.with_query(here, addresses.joined(told, seen, looking.query(dataset))),
        options=options(design, chosen),
        confidences=confidences(design, None) if chosen is None else (),
        feedback=feedback,
        following=addresses.with_query(
            f"/s/{token}/read" if after is None else f"/s/{token}/practice/{after + 1}",
            carried(dataset, looking, display),
        ),
        following_text=_("Begin the reading") if after is None else _("Go on practising"),
        credits=credits_of([dataset]),
    )
