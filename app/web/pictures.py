"""Pictures: sheets of thumbnails, and exact pixels of one image."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import SPLITS, Split, parse, whole_number
from app.errors import MissingError
from app.pictures import exact, sheet
from app.pictures.window import shown
from app.web import addresses
from app.web.catalogue import STRIP
from app.web.grid import page_items
from app.web.item import cut_for
from app.web.pages import required_index

_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_PNG: Final = "image/png"
_NPY: Final = "application/octet-stream"
_WAIT_SECONDS: Final = 10.0


def sheets(library: Library) -> APIRouter:
    """Make the routes of sheets, whose addresses change with their content."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sheets/{dataset_id}/{key}/strip.png")
    def strip(request: Request, dataset_id: str, key: str) -> Response:
        dataset = _as_addressed(library, dataset_id, key)
        if not dataset.total:
            raise MissingError("picture", f"{dataset.title} holds no images.")
        return _answer(
            request,
            f"{key}-strip",
            _PNG,
            _FOREVER,
            lambda: sheet.strip(dataset, STRIP, sheet.window_of(dataset)),
        )

    @router.get("/sheets/{dataset_id}/{key}/{tile}.png")
    def tile(request: Request, dataset_id: str, key: str, tile: str) -> Response:
        selection = parse(request.url.query)
        dataset = _as_addressed(library, dataset_id, key)
        items = page_items(dataset, dataset.subset(selection), selection)
        start = (whole_number("tile", tile) - 1) * sheet.CELLS_MOST
        items = items[start : start + sheet.CELLS_MOST] if start >= 0 else items[:0]
        if not len(items):
            raise MissingError("tile", f"This page has no sheet {tile}.")

        def draw() -> bytes:
            for number in set(items.splits.tolist()):
                needed = int(items.positions[items.splits == number].max()) + 1
                dataset.images[SPLITS[number]].wait(needed, _WAIT_SECONDS)
            return sheet.encode(dataset, items, sheet.window_of(dataset))

        tag = f"{key}-{tile}-{selection.query()}"
        return _answer(request, tag, _PNG, _FOREVER, draw)

    return router


def single(library: Library) -> APIRouter:
    """Make the routes of one image's pixels."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pictures/{dataset_id}/{key}/{split}/{index}.png")
    def windowed(request: Request, dataset_id: str, key: str, split: str, index: str) -> Response:
        dataset = _as_addressed(library, dataset_id, key)
        found, place, plane = _item(dataset, split, index, request.url.query)

        def draw() -> bytes:
            pixels = exact.item_pixels(dataset, found, place, plane)
            return exact.as_png(shown(pixels, sheet.window_of(dataset)))

        return _answer(request, f"{key}-{found}-{place}-{plane}", _PNG, _FOREVER, draw)

    @router.get("/d/{dataset_id}/{split}/{index}.png")
    def png(request: Request, dataset_id: str, split: str, index: str) -> Response:
        dataset = library.dataset(dataset_id)
        found, place, plane = _item(dataset, split, index, request.url.query)
        tag = f"{addresses.content_key(dataset)}-{found}-{place}-{plane}"
        return _answer(
            request,
            tag,
            _PNG,
            _ASK_AGAIN,
            lambda: exact.as_png(exact.item_pixels(dataset, found, place, plane)),
        )

    @router.get("/d/{dataset_id}/{split}/{index}.npy")
    def npy(request: Request, dataset_id: str, split: str, index: str) -> Response:
        dataset = library.dataset(dataset_id)
        query = request.url.query
        found, place, plane = _item(dataset, split, index, query)
        if "axis" not in query and "slice" not in query:
            plane = None
        tag = f"{addresses.content_key(dataset)}-{found}-{place}-{plane}-npy"
        return _answer(
            request,
            tag,
            _NPY,
            _ASK_AGAIN,
            lambda: exact.as_npy(exact.item_pixels(dataset, found, place, plane)),
        )

    return router


def _as_addressed(library: Library, dataset_id: str, key: str) -> Dataset:
    """Give the dataset, unless its file has changed since the picture's address was written."""
    dataset = library.dataset(dataset_id)
    if key != addresses.content_key(dataset):
        raise MissingError(
            "picture", f"{dataset.archive.path.name} has changed; reload the page you came from."
        )
    return dataset


def _item(dataset: Dataset, split: str, index: str, query: str) -> tuple[Split, int, Plane | None]:
    found = dataset.require_split(split)
    place = required_index(dataset, found, index)
    plane = cut_for(dataset, query)
    dataset.images[found].wait(place + 1, _WAIT_SECONDS)
    return found, place, plane


def _answer(
    request: Request, tag: str, kind: str, caching: str, draw: Callable[[], bytes]
) -> Response:
    """Answer with the picture, or with 304 where the browser has it."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": caching}
    known = request.headers.get("if-none-match", "")
    if headers["ETag"] in (part.strip().removeprefix("W/") for part in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(draw(), media_type=kind, headers=headers)
