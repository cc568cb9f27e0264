"""What a study's reader gets: one image a screen, the choices, and each answer kept at once."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
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
from app.reviews.designs import Design
from app.reviews.links import Link
from app.reviews.studies import StudyItem
from app.web import addresses, reading_pages
from app.web.access import signed
from app.web.display import parse, values_of
from app.web.door import Door
from app.web.forms import Forms, text
from app.web.gathering import read_from, require_whole, shows_volumes, still_coming, wait_for
from app.web.guest import CACHING, finish
from app.web.item import cut_for, drawn, drawn_through, parse_looking, tidied
from app.web.language import gettext as _
from app.web.reading_options import CANNOT
from app.web.reading_viewer import carried
from app.web.seat import Seat, dataset_of, images_of, lost_numbers, practised, seat_at, seat_of
from app.web.studio import Plan, Studio
from app.web.templating import anew, page
from app.web.views import Notice

_MILLISECONDS_MOST: Final = 12


def reading(library: Library, door: Door, forms: Forms) -> APIRouter:
    """Make the routes of the pages that a reader sees."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read_by_link)]  # noqa: N806 (a type)

    @router.get("/read")
    def go_on(request: Request, token: str) -> Response:
        seat = seat_at(door, request, token)
        lost = lost_numbers(library, door.database, seat.study)
        place = answers.next_place(door.database, seat.study, seat.reader, lost)
        rest = "" if place is None else f"/read/{place + 1}"
        there = addresses.with_query(f"/s/{token}{rest}", _seen(library, seat, request))
        return finish(RedirectResponse(there, 303))

    @router.get("/read/{number}")
    def read(request: Request, token: str, number: str) -> Response:
        seat = seat_at(door, request, token)
        place = seat.place(number_in_path(number))
        given = answers.current(door.database, seat.reader)
        if seat.study.closed and place.number not in given:
            return finish(RedirectResponse(f"/s/{token}", 303))
        item = studies.item_of(door.database, seat.study, place.item)
        dataset = dataset_of(library, seat.study, item)
        looking = parse_looking(dataset, request.url.query)
        display = parse(request.url.query, values_of(dataset))
        if there := tidied(request, dataset, looking, display):
            return finish(RedirectResponse(there, 303))
        images = images_of(door.database, seat.study, dataset)
        wait_for(images)
        view = reading_pages.screen(
            seat,
            dataset,
            place.number,
            lost_numbers(library, door.database, seat.study),
            given,
            looking,
            display,
            secrets.token_urlsafe(12),
        )
        view = replace(view, notices=(*still_coming(images), *view.notices))
        anew(request)
        return finish(page(request, "read", view, style=view.viewer.style))

    @router.post("/answers")
    def answer(request: Request, token: str, fields: Fields) -> Response:
        seat = seat_at(door, request, token)
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
            lost = lost_numbers(library, door.database, seat.study)
            after = (each for each in seat.order[place.number + 1 :] if each.item not in lost)
            if following := next(after, None):
                there = f"{there}/{following.number + 1}"
            there = addresses.with_query(there, _seen(library, seat, request))
        if by_program:
            return finish(JSONResponse({"saved": kept.key, "next": there}))
        return finish(RedirectResponse(there, 303))

    @router.get("/practice/{number}")
    def practice(request: Request, token: str, number: str, choice: str = "") -> Response:
        seat = seat_at(door, request, token)
        at, item = practised(door.database, seat.study, number)
        dataset = dataset_of(library, seat.study, item)
        looking = parse_looking(dataset, request.url.query)
        display = parse(request.url.query, values_of(dataset))
        if there := tidied(request, dataset, looking, display):
            return finish(RedirectResponse(there, 303))
        images = images_of(door.database, seat.study, dataset)
        wait_for(images)
        chosen = _choice(seat.study.design, choice) if choice else None
        view = reading_pages.practice(
            seat,
            dataset,
            at,
            item,
            lost_numbers(library, door.database, seat.study),
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
            seat = seat_at(door, request, token)
            if part == "read":
                item = studies.item_of(
                    door.database, seat.study, seat.place(number_in_path(number)).item
                )
            elif part == "practice":
                _at, item = practised(door.database, seat.study, number)
            else:
                raise MissingError("address", _("There is no picture at this address."))
            dataset = dataset_of(library, seat.study, item)
            images = images_of(door.database, seat.study, dataset)
            require_whole(images)
            return _plan(seat.link, dataset, images, part, number, item, query)

        return finish(await studio.answer(request, plan))

    return router


def start(request: Request, token: str, link: Link, door: Door, library: Library) -> Response:
    """Show a reader where they are: at the beginning, on the way, or done."""
    seat = seat_of(door.database, token, link)
    given = answers.current(door.database, seat.reader)
    lost = lost_numbers(library, door.database, seat.study)
    seen = ""
    with suppress(LightboxError):  # the page is there, whatever its address asks for
        seen = _seen(library, seat, request)
    volumes = shows_volumes(library, seat.study)
    view = reading_pages.start(seat, lost, given, seen, volumes=volumes)
    try:
        read_from(library, seat.study.design.dataset, seat.study.design.content)
    except GoneError as error:
        told = (Notice("warning", str(error)),)
        view = replace(view, read=None, first=None, practice=None, notices=told)
    anew(request)
    return page(request, "reader", view)


def _seen(library: Library, seat: Seat, request: Request) -> str:
    """Read how the reader sees pictures, to carry it to the next one."""
    query = request.url.query
    if not query:
        return ""
    dataset = read_from(library, seat.study.design.dataset, seat.study.design.content)
    display = parse(query, values_of(dataset))
    return carried(dataset, parse_looking(dataset, query), display)


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
