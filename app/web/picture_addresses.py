"""The addresses of pictures as they are shown: each carries all that decides what is drawn.

So what one gives never changes, and may be kept for ever.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.web.addresses import segment, with_query

# Part of every picture's address: raise it when the same data are drawn differently.
_DRAWING: Final = "1"


def picture(dataset: Dataset, split: str, index: int, query: str = "") -> str:
    """One image as it is shown, drawn through the dataset's window where there is one."""
    return with_query(f"{_picture(dataset, split, index)}.png", query)


def atlas(dataset: Dataset, split: str, index: int, axis: str, query: str) -> str:
    """All slices of one volume along an axis as one picture."""
    return with_query(f"{_picture(dataset, split, index)}/atlas-{axis}.png", query)


def _picture(dataset: Dataset, split: str, index: int) -> str:
    return f"/pictures/{segment(dataset.id)}/{content_key(dataset)}/{split}/{index}"


def sheet(dataset: Dataset, selection: Selection, tile: int) -> str:
    """The thumbnails of one tile (from 1) of a page."""
    path = f"/sheets/{segment(dataset.id)}/{sheet_key(dataset)}/{tile}.png"
    return with_query(path, sheet_query(selection))


@lru_cache(maxsize=64)  # a page writes the same one several times
def sheet_query(selection: Selection) -> str:
    """What a sheet's address carries of the selection: all that decides what is drawn."""
    return replace(selection, bars="count", thumbs="medium", display="").query()


def strip(dataset: Dataset) -> str:
    """The pictures that stand for a dataset in the catalogue."""
    return f"/sheets/{segment(dataset.id)}/{content_key(dataset)}/strip.png"


def content_key(dataset: Dataset) -> str:
    """What changes when a picture of this dataset would look different."""
    return f"{dataset.archive.key}-{_DRAWING}"


def sheet_key(dataset: Dataset) -> str:
    """What changes when a page's sheet would look different, or hold other items."""
    narrowed = f"-{dataset.narrowed_to}" if dataset.narrowed_to else ""
    return f"{content_key(dataset)}{narrowed}"
