"""The pages people visit: the catalogue, a dataset's grid, one image."""

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection, Split, parse, shown, whole_number
from app.errors import MissingError
from app.pictures import sheet
from app.web import addresses
from app.web import catalogue as catalogue_page
from app.web import grid as grid_page
from app.web import item as item_page
from app.web.templating import page, wants_results
from app.web.transport import Answers, Kept, raw


def required_index(dataset: Dataset, split: Split, value: str) -> int:
    """Read an index from an address. Raises MalformedError, or MissingError beyond the split."""
    index = whole_number("index", value)
    total = dataset.indexes[split].total
    if not 0 <= index < total:
        raise MissingError(
            "index",
            f"There is no {split} image {shown(value)} in {dataset.title}; "
            + (f"indexes run from 0 to {total - 1:,}." if total else "this split is empty."),
        )
    return index


def pages(library: Library, place: str | None, drawn: Answers) -> APIRouter:
    """Make the routes of the pages; ``drawn`` keeps grids that will not change."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def catalogue(request: Request) -> HTMLResponse:
        return page(request, "catalogue", catalogue_page.build(library.shelf(), place))

    @router.get("/d/{dataset_id}")
    def grid(request: Request, dataset_id: str) -> Response:
        dataset = library.dataset(dataset_id)
        selection = parse(request.url.query)
        key = _grid_key(request, dataset, selection)
        kept = drawn.get(key)
        if kept is None:
            view = grid_page.build(dataset, selection, sheet.window_of(dataset))
            answer = page(request, "grid", view, style=view.style)
            if view.refresh:
                return answer
            kept = Kept(_tag(answer.body), raw(answer.headers.items()), bytes(answer.body))
            drawn.put(key, kept)
        return _from_kept(request, kept)

    @router.get("/d/{dataset_id}/{split}/{index}")
    def item(request: Request, dataset_id: str, split: str, index: str) -> HTMLResponse:
        dataset = library.dataset(dataset_id)
        selection = parse(request.url.query)
        found = dataset.require_split(split)
        place = required_index(dataset, found, index)
        looking = item_page.parse_looking(dataset, request.url.query)
        dataset.images[found].wait(place + 1, seconds=2)
        view = item_page.build(dataset, found, place, selection, looking, sheet.window_of(dataset))
        return page(request, "item", view, style=view.style)

    return router


def _grid_key(request: Request, dataset: Dataset, selection: Selection) -> bytes:
    """Name all that a grid's HTML depends on."""
    refused = "".join(str(refusal) for refusal in dataset.refused)
    parts = addresses.content_key(dataset), selection.query(), wants_results(request), refused
    return repr((dataset.id, *parts)).encode()


def _tag(body: bytes | memoryview) -> bytes:
    return b'W/"' + hashlib.sha256(body).hexdigest()[:20].encode() + b'"'


def _from_kept(request: Request, kept: Kept) -> Response:
    """Answer with a page that was drawn before, or with 304 where the browser has it."""
    same = kept.tag.decode() in request.headers.get("if-none-match", "")
    answer = Response(b"" if same else kept.body, 304 if same else 200)
    own = [pair for pair in kept.headers if not (same and pair[0] == b"content-length")]
    answer.raw_headers = [*own, (b"etag", kept.tag)]
    return answer
