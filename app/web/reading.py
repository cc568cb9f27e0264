"""What a study's reader gets: one image a screen, the choices, and each answer kept at once."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import number_in_path, whole_number
from app.datasets.selection import Split
from app.errors import GoneError, LightboxError, MalformedError, MissingError
from app.pictures import exact
from app.reviews import answers, studies
from app.reviews.agreement import CANNOT_TELL
from app.reviews.database import Database
from app.reviews.designs import Design
from app.reviews.links import Link
from app.reviews.orders import Place
from app.reviews.studies import Reader, Study, StudyItem
from app.web import addresses, reading_pages
from app.web.access import signed
from app.web.display import parse, values_of
from app.web.door import Door
from app.web.forms import Forms, text
from app.web.gathering import (
    NOT_HERE,
    lost_items,
    read_from,
    require_whole,
    shows_volumes,
    still_coming,
    wait_for,
)
from app.web.guest import CACHING, finish
from app.web.item import cut_for, drawn, drawn_through, parse_looking, tidied
from app.web.language import gettext as _
from app.web.language import ngettext
from app.web.reading_options import CANNOT
from app.web.studio import Plan, Studio
from app.web.templating import page
from app.web.transport import NOT_AT_ALL
from app.web.views import Notice
from app.web.words import NO_PAGE

_MILLISECONDS_MOST: Final = 12


@dataclass(frozen=True)
class Seat:
    """A reader at work: who, on which study, in which order."""

    link: Link
    study: Study
    reader: Reader
    order: tuple[Place, ...]

    def place(self, number: int) -> Place:
        """Give a place by its number from 1. Raises MissingError."""
        at = number - 1
        if not 0 <= at < len(self.order):
            raise MissingError(
                "place",
                ngettext(
                    "There is {number} image to read and no other.",
                    "There are {number} images to read, from 1 on.",
                    len(self.order),
                ),
            )
        return self.order[at]


def reading(library: Library, door: Door, forms: Forms) -> APIRouter:
    """Make the routes of the pages that a reader sees."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read_by_link)]  # noqa: N806 (a type)

    @router.get("/read")
    def go_on(request: Request, token: str) -> Response:
        seat = _seat(door, request, token)
        lost = _lost(library, door.database, seat.study)
        place = answers.next_place(door.database, seat.study, seat.reader, lost)
        rest = "" if place is None else f"/read/{place + 1}"
        there = addresses.with_query(f"/s/{token}{rest}", _seen(library, seat, request))
        return finish(RedirectResponse(there, 303))

    @router.get("/read/{number}")
    def read(request: Request, token: str, number: str) -> Response:
        seat = _seat(door, request, token)
        place = seat.place(number_in_path(number))
        given = answers.current(door.database, seat.reader)
        if seat.study.closed and place.number not in given:
            return finish(RedirectResponse(f"/s/{token}", 303))
        item = studies.item_of(door.database, seat.study, place.item)
        dataset = _dataset(library, seat.study, item)
        looking = parse_looking(dataset, request.url.query)
        display = parse(request.url.query, values_of(dataset))
        if there := tidied(request, dataset, looking, display):
            return finish(RedirectResponse(there, 303))
        images = _images(door.database, seat.study, dataset)
        wait_for(images)
        view = reading_pages.screen(
            dataset,
            seat.study,
            token,
            place.number,
            seat.order,
            _lost(library, door.database, seat.study),
            given,
            looking,
            display,
            secrets.token_urlsafe(12),
        )
        view = replace(view, notices=(*still_coming(images), *view.notices))
        shown = finish(page(request, "read", view, style=view.viewer.style))
        # What a browser keeps, its Back shows unasked: an answer that was changed since.
        shown.headers["Cache-Control"] = NOT_AT_ALL
        return shown

    @router.post("/answers")
    def answer(request: Request, token: str, fields: Fields) -> Response:
        seat = _seat(door, request, token)
        place = seat.place(whole_number("place", text(fields, "place")))
        by_program = "application/json" in request.headers.get("accept", "")
        kept = answers.record(
            door.database,
            seat.reader,
            place.number,
            _choice(seat.study.design, text(fields, "choice")),
            _confidence(text(fields, "confidence")),
            _milliseconds(text(fields, "ms")),
            text(fields, "key"),
            by_hand=not by_program,
        )
        there = f"/s/{token}/read"
        # Kept is kept, whatever has become of its image or of this address meanwhile.
        with suppress(LightboxError):
            lost = _lost(library, door.database, seat.study)
            after = (each for each in seat.order[place.number + 1 :] if each.item not in lost)
            if following := next(after, None):
                there = f"{there}/{following.number + 1}"
            there = addresses.with_query(there, _seen(library, seat, request))
        if by_program:
            return finish(JSONResponse({"saved": kept.key, "next": there}))
        return finish(RedirectResponse(there, 303))

    @router.get("/practice/{number}")
    def practice(request: Request, token: str, number: str, choice: str = "") -> Response:
        seat = _seat(door, request, token)
        at, item = _practised(door.database, seat.study, number)
        dataset = _dataset(library, seat.study, item)
        looking = parse_looking(dataset, request.url.query)
        display = parse(request.url.query, values_of(dataset))
        if there := tidied(request, dataset, looking, display):
            return finish(RedirectResponse(there, 303))
        images = _images(door.database, seat.study, dataset)
        wait_for(images)
        chosen = _choice(seat.study.design, choice) if choice else None
        view = reading_pages.practice(
            dataset,
            seat.study,
            token,
            at,
            item,
            _lost(library, door.database, seat.study),
            chosen,
            looking,
            display,
        )
        view = replace(view, notices=still_coming(images))
        return finish(page(request, "practice", view, style=view.viewer.style))

    return router


def reading_pictures(library: Library, studio: Studio, door: Door) -> APIRouter:
    """Make the routes of the pictures that a reader sees."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)

    @router.get("/{part}/{number}.png")
    async def picture(request: Request, token: str, part: str, number: str) -> Response:
        query = request.url.query

        def plan() -> Plan:
            seat = _seat(door, request, token)
            if part == "read":
                item = studies.item_of(
                    door.database, seat.study, seat.place(number_in_path(number)).item
                )
            elif part == "practice":
                _at, item = _practised(door.database, seat.study, number)
            else:
                raise MissingError("address", _("There is no picture at this address."))
            dataset = _dataset(library, seat.study, item)
            images = _images(door.database, seat.study, dataset)
            require_whole(images)
            return _plan(seat.link, dataset, images, part, number, item, query)

        return finish(await studio.answer(request, plan))

    return router


def start(request: Request, token: str, link: Link, door: Door, library: Library) -> Response:
    """Show a reader where they are: at the beginning, on the way, or done."""
    seat = _seated(door.database, link)
    given = answers.current(door.database, seat.reader)
    lost = _lost(library, door.database, seat.study)
    seen = ""
    with suppress(LightboxError):  # the page is there, whatever its address asks for
        seen = _seen(library, seat, request)
    volumes = shows_volumes(library, seat.study)
    view = reading_pages.start(
        seat.study, seat.reader, token, given, seat.order, lost, link, seen, volumes=volumes
    )
    try:
        read_from(library, seat.study.design.dataset, seat.study.design.content)
    except GoneError as error:
        told = (Notice("warning", str(error)),)
        view = replace(view, read=None, first=None, practice=None, notices=told)
    return page(request, "reader", view)


def _seat(door: Door, request: Request, token: str) -> Seat:
    link = door.open_unlocked(request, token)
    if link.kind != "study":
        raise MissingError("address", _(NO_PAGE))
    return _seated(door.database, link)


def _seated(database: Database, link: Link) -> Seat:
    study = studies.find(database, link.study_id or 0)
    reader = studies.find_reader(database, link.reader_id or 0)
    return Seat(link, study, reader, studies.order(study, reader))


def _practised(database: Database, study: Study, number: str) -> tuple[int, StudyItem]:
    """Give which of the images to practise on, from 0, an address names. Raises MissingError."""
    at = number_in_path(number) - 1
    aside = study.practice_items
    if not 0 <= at < len(aside):
        raise MissingError(
            "place",
            ngettext(
                "There is {number} image to practise on.",
                "There are {number} images to practise on.",
                len(aside),
            ),
        )
    return at, studies.item_of(database, study, aside[at])


def _dataset(library: Library, study: Study, item: StudyItem) -> Dataset:
    """Give the study's dataset. Raises GoneError, also where it has lost this item."""
    dataset = read_from(library, study.design.dataset, study.design.content)
    # Damage may be found only while a file is unpacked; its other splits are served on.
    if item.split not in dataset.images:
        raise GoneError(_(NOT_HERE))
    return dataset


def _images(database: Database, study: Study, dataset: Dataset) -> list[Array]:
    """Give what all of a study's images are in.

    Whether one can be seen by now, or may be kept, would else tell its split.
    """
    splits = studies.splits_of(database, study.id)
    return [dataset.images[split] for split in splits if split in dataset.images]


def _lost(library: Library, database: Database, study: Study) -> frozenset[int]:
    """Give the numbers of the items that can't be shown; a reader goes on with the others."""
    return frozenset(item.number for item in lost_items(library, database, study))


def _seen(library: Library, seat: Seat, request: Request) -> str:
    """Read how the reader sees pictures, to carry it to the next one."""
    query = request.url.query
    if not query:
        return ""
    dataset = read_from(library, seat.study.design.dataset, seat.study.design.content)
    display = parse(query, values_of(dataset))
    return reading_pages.carried(dataset, parse_looking(dataset, query), display)


def _plan(
    link: Link,
    dataset: Dataset,
    images: Sequence[Array],
    part: str,
    number: str,
    item: StudyItem,
    query: str,
) -> Plan:
    split: Split = item.split
    plane, window = cut_for(dataset, query), drawn_through(dataset, query)

    def draw() -> bytes:
        values = exact.item_pixels(dataset, split, item.index, plane)
        return exact.as_png(drawn(dataset, values, window))

    tag = signed(link.secret, "reading", f"{part} {number} {plane} {window}")[:32]
    return Plan(tag, "image/png", CACHING, draw, images)


def _choice(design: Design, value: str) -> int:
    if not value:
        raise MalformedError("choice", _("Choose an answer first."))
    choice = CANNOT_TELL if value == CANNOT else whole_number("choice", value)
    answers.require_choice(design, choice)
    return choice


def _confidence(value: str) -> int | None:
    return whole_number("confidence", value) if value else None


def _milliseconds(value: str) -> int:
    """Read the time taken; what a clock that was set back has made of it counts as nothing."""
    return int(value) if value.isdecimal() and len(value) <= _MILLISECONDS_MOST else 0
