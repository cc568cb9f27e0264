"""The data as JSON: what a dataset is, which items match, how labels are spread."""

from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Path, Request

from app.datasets.cooccurrence import carried_under
from app.datasets.dataset import Dataset
from app.datasets.identity import Identity, identify
from app.datasets.library import Library
from app.datasets.selection import (
    NO_LABEL,
    ORDERS,
    PER_PAGE,
    PER_PAGE_MOST,
    SEED_MOST,
    SPLITS,
    Match,
    Noted,
    Selection,
    Split,
    parse,
)
from app.datasets.survey import Surveys
from app.errors import ArchiveError
from app.web import addresses
from app.web.api_models import (
    DatasetList,
    DatasetModel,
    ErrorModel,
    HistogramModel,
    IdentityModel,
    ItemModel,
    ItemPage,
    LabelModel,
    RefusalModel,
    SplitModel,
    Summary,
)
from app.web.grid import page_items
from app.web.noted import Reviewed
from app.web.pager import pages_of
from app.web.problems import part_of


def _parameter(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": text,
        "schema": schema,
    }


DatasetId = Annotated[str, Path(description="The dataset's id, as the list of them has it.")]

# A small file's MD5 is known by then; whoever asks about a large one is told that it is not yet.
_PATIENCE_SECONDS: Final = 1.0

# Read by datasets.selection.parse alone; described here for the OpenAPI document.
FILTERS: Final = [
    _parameter(
        "split",
        "May be repeated; none means all.",
        {"type": "array", "items": {"type": "string", "enum": list(SPLITS)}},
    ),
    _parameter(
        "label",
        f"A label's value, or “{NO_LABEL}” for the items that carry none. May be repeated; without "
        "it, all items pass.",
        {"type": "array", "items": {"type": "string", "pattern": f"^(-?[0-9]+|{NO_LABEL})$"}},
    ),
    _parameter(
        "match",
        "Whether an item must carry any of the labels, all, or none of them.",
        {"type": "string", "enum": list(get_args(Match)), "default": "any"},
    ),
    _parameter(
        "noted",
        "Only items that were flagged, or that have notes; for the owner of the server.",
        {"type": "string", "enum": list(get_args(Noted))},
    ),
]
_PAGING: Final = [
    _parameter("page", "From 1.", {"type": "integer", "minimum": 1, "default": 1}),
    _parameter(
        "per_page",
        "Items a page.",
        {"type": "integer", "minimum": 1, "maximum": PER_PAGE_MOST, "default": PER_PAGE},
    ),
]
ORDERING: Final = [
    _parameter(
        "order",
        "Order of the items.",
        {"type": "string", "enum": list(ORDERS), "default": Selection.order},
    ),
    _parameter(
        "seed",
        "Seed of the random order.",
        {"type": "integer", "minimum": 0, "maximum": SEED_MOST, "default": 0},
    ),
]


LOCKED: Final = (
    "The server is private: its owner sends the token as “Authorization: Bearer …”; others hold "
    "links."
)
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": ErrorModel, "description": LOCKED},
    404: {"model": ErrorModel, "description": "A part of the address names nothing."},
    403: {"model": ErrorModel, "description": "Only the owner of the server may ask for this."},
    422: {"model": ErrorModel, "description": "A value can't be read."},
    503: {"model": ErrorModel, "description": "The file can't be served (now)."},
}


def api(library: Library, surveys: Surveys, reviewed: Reviewed) -> APIRouter:
    """Make the routes of the API."""
    router = APIRouter(prefix=addresses.API_DATASETS, responses=ERRORS)

    @router.get("", summary="The datasets served")
    def datasets() -> DatasetList:
        shelf = library.shelf()
        return DatasetList(
            datasets=[_summary(dataset) for dataset in shelf.datasets],
            refused=[_refusal(error) for error in shelf.refused],
        )

    @router.get("/{dataset_id}", summary="One dataset")
    def dataset(dataset_id: DatasetId) -> DatasetModel:
        found = library.dataset(dataset_id)
        md5 = surveys.md5(found, _PATIENCE_SECONDS)
        return _dataset(found, identify(found, md5.value, md5.error))

    @router.get(
        "/{dataset_id}/items",
        summary="The items of a selection, a page at a time",
        openapi_extra={"parameters": [*FILTERS, *_PAGING, *ORDERING]},
    )
    def items(request: Request, dataset_id: DatasetId) -> ItemPage:
        selection = parse(request.url.query)
        found = reviewed.narrowed(request, library.dataset(dataset_id), selection)
        subset = found.subset(selection)
        page = page_items(found, subset, selection)
        return ItemPage(
            total=subset.total,
            page=selection.page,
            pages=pages_of(subset.total, selection.per_page),
            per_page=selection.per_page,
            items=[
                _item(found, SPLITS[split], index, values, selection)
                for split, index, values in zip(
                    page.splits.tolist(),
                    page.positions.tolist(),
                    found.labels_of(page),
                    strict=True,
                )
            ],
        )

    @router.get(
        "/{dataset_id}/histogram",
        summary="Label counts by split",
        openapi_extra={"parameters": FILTERS},
    )
    def histogram(request: Request, dataset_id: DatasetId) -> HistogramModel:
        selection = parse(request.url.query)
        found = reviewed.narrowed(request, library.dataset(dataset_id), selection)
        carried = carried_under(found, selection)
        return HistogramModel(
            total=found.subset(selection).total,
            items={split: tally.images for split, tally in carried.items()},
            unlabelled={split: tally.with_none for split, tally in carried.items()},
            splits={
                split: {str(value): count for value, count in counts.items()}
                for split, counts in found.counts(selection).items()
            },
        )

    return router


def _kind(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "title": dataset.title,
        "task": dataset.task,
        "modality": dataset.modality,
        "shape": list(dataset.shape),
        "channels": dataset.channels,
    }


def _summary(dataset: Dataset) -> Summary:
    return Summary(
        **_kind(dataset),
        count=dataset.total,
        url=addresses.api_dataset(dataset.id),
        page_url=addresses.grid(dataset.id, Selection()),
    )


def _refusal(error: ArchiveError) -> RefusalModel:
    return RefusalModel(file=error.file, part=part_of(error), reason=str(error))


def _dataset(dataset: Dataset, identity: Identity) -> DatasetModel:
    everything = dataset.counts(Selection())
    return DatasetModel(
        **_kind(dataset),
        labels=[LabelModel(value=label.value, name=label.name) for label in dataset.labels],
        splits={
            split: SplitModel(
                count=dataset.indexes[split].total,
                labels={str(value): count for value, count in counts.items()},
            )
            for split, counts in everything.items()
        },
        citation=dataset.facts.citation if dataset.facts else "",
        source_urls=list(dataset.facts.source_urls) if dataset.facts else [],
        license=dataset.facts.license if dataset.facts else "",
        refused=[_refusal(error) for error in dataset.refused],
        ignored=list(dataset.ignored),
        identity=IdentityModel(
            standing=identity.standing,
            sentence=identity.sentence,
            md5=identity.md5,
            differences=list(identity.differences),
        ),
    )


def _item(
    dataset: Dataset, split: Split, index: int, values: tuple[int, ...], selection: Selection
) -> ItemModel:
    return ItemModel(
        split=split,
        index=index,
        labels=list(values),
        names=[dataset.label_of[value].name for value in values],
        page_url=addresses.item(dataset.id, split, index, addresses.item_query(selection)),
        image_url=addresses.pixels(dataset.id, split, index, "png"),
    )
