"""Pictures: sheets of thumbnails, and exact pixels of one image."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import number_in_path, short
from app.datasets.selection import SPLITS, Selection, Split, parse
from app.datasets.subset import Items
from app.errors import MissingError, NotInstalledError
from app.pictures import atlas, exact, nifti, sheet
from app.web import picture_addresses
from app.web.grid import page_items
from app.web.item import atlas_for, cut_for, drawn, drawn_through, require_form, required_index
from app.web.language import gettext as _
from app.web.noted import Reviewed
from app.web.studio import Plan, Studio
from app.web.transport import ASK_AGAIN, FOREVER

_PNG: Final = "image/png"
_NPY: Final = "application/octet-stream"
_GZIP: Final = "application/gzip"


def sheets(library: Library, studio: Studio, reviewed: Reviewed) -> APIRouter:
    """Make the routes of sheets, whose addresses change with their content."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sheets/{dataset_id}/{key}/strip.png")
    async def strip(request: Request, dataset_id: str, key: str) -> Response:
        def plan() -> Plan:
            dataset = _as_addressed(library, dataset_id, key)
            if not dataset.total:
                raise MissingError("picture", _("{title} holds no images.", title=dataset.title))
            # Of the first pictures only, whatever has been unpacked: so it may not be checked yet.
            return Plan(
                f"{key}-strip",
                _PNG,
                FOREVER,
                lambda: sheet.strip(dataset, sheet.window_of(dataset)),
                tuple(dataset.images.values()),
            )

        return await studio.answer(request, plan)

    @router.get("/sheets/{dataset_id}/{key}/{tile}.png")
    async def tile(request: Request, dataset_id: str, key: str, tile: str) -> Response:
        query = request.url.query

        def plan() -> Plan:
            selection = parse(query)
            dataset = reviewed.narrowed(request, library.dataset(dataset_id), selection)
            _require_key(dataset, key, picture_addresses.sheet_key(dataset))
            number = number_in_path(tile)
            items = page_items(dataset, dataset.subset(selection), selection)
            return plan_tile(dataset, items, selection, number)

        return await studio.answer(request, plan)

    return router


def plan_tile(dataset: Dataset, items: Items, selection: Selection, tile: int) -> Plan:
    """Plan the thumbnails of one tile (from 1) of a page with these items. Raises MissingError."""
    start = (tile - 1) * sheet.CELLS_MOST
    found = items[start : start + sheet.CELLS_MOST] if start >= 0 else items[:0]
    if not len(found):
        raise MissingError("tile", _("This page has no sheet {tile}.", tile=short(str(tile))))

    def begin() -> Callable[[], bytes]:
        return sheet.begin(dataset, found, sheet.window_of(dataset), selection.view)

    splits = [SPLITS[number] for number in set(found.splits.tolist())]
    asked = picture_addresses.sheet_query(selection)
    return Plan(
        f"{picture_addresses.sheet_key(dataset)}-{tile}-{asked}",
        _PNG,
        # What was flagged is for the owner only: no cache that others use may keep it.
        ASK_AGAIN if dataset.narrowed_to else FOREVER,
        lambda: begin()(),
        [dataset.images[split] for split in splits],
        begin,
    )


def single(library: Library, studio: Studio) -> APIRouter:
    """Make the routes of one image's pixels."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pictures/{dataset_id}/{key}/{split}/{index}.png")
    async def windowed(
        request: Request, dataset_id: str, key: str, split: str, index: str
    ) -> Response:
        query = request.url.query

        def plan() -> Plan:
            dataset = _as_addressed(library, dataset_id, key)
            found, place, plane = _item(dataset, split, index, query)
            window = drawn_through(dataset, query)

            def draw() -> bytes:
                pixels = exact.item_pixels(dataset, found, place, plane)
                return exact.as_png(drawn(dataset, pixels, window))

            tag = f"{key}-{found}-{place}-{plane}-{window}"
            return Plan(tag, _PNG, FOREVER, draw, [dataset.images[found]])

        return await studio.answer(request, plan)

    @router.get("/d/{dataset_id}/{split}/{index}.{form}")
    async def pixels(
        request: Request, dataset_id: str, split: str, index: str, form: str
    ) -> Response:
        require_form(form)
        query = request.url.query
        whole = form == "npy" and not ({"axis", "slice"} & set(request.query_params))

        def plan() -> Plan:
            dataset = library.dataset(dataset_id)
            found, place, asked = _item(dataset, split, index, query)
            plane = None if whole else asked

            def draw() -> bytes:
                values = exact.item_values(dataset, found, place, plane)
                return exact.as_png(values) if form == "png" else exact.as_npy(values)

            tag = f"{picture_addresses.content_key(dataset)}-{found}-{place}-{plane}-{form}"
            kind = _PNG if form == "png" else _NPY
            return Plan(tag, kind, ASK_AGAIN, draw, [dataset.images[found]])

        return await studio.answer(request, plan)

    return router


def volumes(library: Library, studio: Studio) -> APIRouter:
    """Make the routes of whole volumes; they stand before those of single pictures."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pictures/{dataset_id}/{key}/{split}/{index}/atlas-{axis}.png")
    async def slices(
        request: Request, dataset_id: str, key: str, split: str, index: str, axis: str
    ) -> Response:
        query = request.url.query

        def plan() -> Plan:
            dataset = _as_addressed(library, dataset_id, key)
            found = dataset.require_split(split)
            place = required_index(dataset, found, index)
            window = drawn_through(dataset, query)
            number, layout = atlas_for(dataset, axis)

            def draw() -> bytes:
                volume = exact.item_pixels(dataset, found, place)
                return atlas.encode(drawn(dataset, volume, window), number, layout)

            tag = f"{key}-{found}-{place}-atlas-{axis}-{window}"
            return Plan(tag, _PNG, FOREVER, draw, [dataset.images[found]])

        return await studio.answer(request, plan)

    @router.get("/d/{dataset_id}/{split}/{index}.nii.gz")
    async def whole(request: Request, dataset_id: str, split: str, index: str) -> Response:
        def plan() -> Plan:
            dataset = library.dataset(dataset_id)
            found, place, _rest = _item(dataset, split, index, "")
            if not dataset.is_volume:
                raise MissingError("form", _("Only volumes are given as .nii.gz."))
            if missing := nifti.why_missing():
                raise NotInstalledError(missing)
            return Plan(
                f"{picture_addresses.content_key(dataset)}-{found}-{place}-nifti",
                _GZIP,
                ASK_AGAIN,
                lambda: nifti.encode(exact.item_pixels(dataset, found, place)),
                [dataset.images[found]],
            )

        return await studio.answer(request, plan)

    return router


def _as_addressed(library: Library, dataset_id: str, key: str) -> Dataset:
    """Give the dataset, unless its file has changed since the picture's address was written."""
    dataset = library.dataset(dataset_id)
    _require_key(dataset, key, picture_addresses.content_key(dataset))
    return dataset


def _require_key(dataset: Dataset, key: str, current: str) -> None:
    if key != current:
        raise MissingError(
            "picture",
            _("{name} has changed; reload the page you came from.", name=dataset.archive.path.name),
        )


def _item(dataset: Dataset, split: str, index: str, query: str) -> tuple[Split, int, Plane | None]:
    found = dataset.require_split(split)
    return found, required_index(dataset, found, index), cut_for(dataset, query)
