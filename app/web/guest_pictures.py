"""The pictures under a link: sheets, images, slices, and their values."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.errors import GoneError, MissingError
from app.pictures import atlas, exact, sheet
from app.reviews.items import Item
from app.web import guest_grid
from app.web.access import signed
from app.web.door import Door
from app.web.gathering import Run, require_whole, to_value
from app.web.guest import CACHING, finish
from app.web.guest_noted import Shown, shown
from app.web.item import atlas_for, cut_for, drawn, drawn_through, require_form
from app.web.language import gettext as _
from app.web.shared import Shared, open_shared
from app.web.studio import Plan, Studio


def guest_pictures(library: Library, studio: Studio, door: Door) -> APIRouter:
    """Make the routes of the pictures under a link."""
    router = APIRouter(prefix="/s/{token}", include_in_schema=False)

    def opened(request: Request, token: str) -> Shared:
        return open_shared(library, door.database, door.open_unlocked(request, token))

    @router.get("/sheet.png")
    async def tile(request: Request, token: str) -> Response:
        query = request.url.query

        def plan() -> Plan:
            shared = opened(request, token)
            return _sheet(shared, shown(library, door.database, shared, query), query)

        return finish(await studio.answer(request, plan))

    @router.get("/{place}/atlas-{axis}.png")
    async def slices(request: Request, token: str, place: str, axis: str) -> Response:
        def plan() -> Plan:
            return _atlas(opened(request, token), place, axis, request.url.query)

        return finish(await studio.answer(request, plan))

    @router.get("/{place}.{form}")
    async def pixels(request: Request, token: str, place: str, form: str) -> Response:
        def plan() -> Plan:
            return _pixels(opened(request, token), place, form, request.url.query)

        return finish(await studio.answer(request, plan))

    return router


def _sheet(shared: Shared, part: Shown, query: str) -> Plan:
    """Plan the thumbnails of one run of a page."""
    run = _run(shared, part, query)
    dataset = run.dataset
    if dataset is None:
        raise GoneError(run.why)

    def draw() -> bytes:
        return sheet.encode(dataset, run.places, sheet.window_of(dataset), shared.view)

    what = f"sheet {guest_grid.run_key(shared, run)} {shared.view}"
    return _plan(shared, dataset, run.items, what, "image/png", draw)


def _run(shared: Shared, part: Shown, query: str) -> Run:
    """Find the run of a page that a picture's address names. Raises MissingError."""
    runs = guest_grid.page_runs(part, guest_grid.page_number(query))
    given = dict(parse_qsl(query))
    at = whole_number("run", given.get("run", "1")) - 1
    if not 0 <= at < len(runs):
        raise MissingError("run", _("This page has no such picture."))
    if given.get("of", "") not in ("", guest_grid.run_key(shared, runs[at])):
        raise MissingError("of", _("These images have changed; reload the page."))
    return runs[at]


def _pixels(shared: Shared, place: str, form: str, query: str) -> Plan:
    """Plan the picture as it is shown (.png), or its values (.npy), of a volume all of them."""
    require_form(form)
    found = shared.item(place)
    dataset, item = found.dataset, found.item
    window = drawn_through(dataset, query)
    plane: Plane | None = cut_for(dataset, query)
    if form == "npy" and not {"axis", "slice"} & set(dict(parse_qsl(query))):
        plane = None

    def draw() -> bytes:
        if form == "npy":
            values = exact.item_values(dataset, item.split, item.index, plane)
            if shared.link.hide_labels:
                # Of splits of several types, the type would tell which it is.
                values = values.astype(np.result_type(*dataset.types), copy=False)
            return exact.as_npy(values)
        pixels = exact.item_pixels(dataset, item.split, item.index, plane)
        return exact.as_png(drawn(dataset, pixels, window))

    kind = "image/png" if form == "png" else "application/octet-stream"
    what = f"{to_value(item)} {plane} {window} {form}"
    return _plan(shared, dataset, [item], what, kind, draw)


def _atlas(shared: Shared, place: str, axis: str, query: str) -> Plan:
    """Plan one picture of all slices of a volume along an axis."""
    found = shared.item(place)
    dataset, item = found.dataset, found.item
    window = drawn_through(dataset, query)
    number_of_axis, layout = atlas_for(dataset, axis)

    def draw() -> bytes:
        volume = exact.item_pixels(dataset, item.split, item.index)
        return atlas.encode(drawn(dataset, volume, window), number_of_axis, layout)

    what = f"{to_value(item)} atlas {axis} {window}"
    return _plan(shared, dataset, [item], what, "image/png", draw)


def _plan(
    shared: Shared,
    dataset: Dataset,
    items: Sequence[Item],
    what: str,
    kind: str,
    draw: Callable[[], bytes],
) -> Plan:
    tag = signed(shared.link.secret, "picture", f"{dataset.archive.key} {what}")[:32]
    images = shared.awaited(dataset, items)
    if shared.link.hide_labels:
        require_whole(images)
    return Plan(tag, kind, CACHING, draw, images)
