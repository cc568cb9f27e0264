"""Chosen items → a ZIP of exact pictures, with a manifest and where it all comes from.

An item is a PNG where PNG holds its values exactly, else an npy; a volume is an npy.
"""

import contextlib
import math
import tempfile
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.arrays.npy import write_header
from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.errors import InexactError, NotReadyError
from app.exports import table
from app.exports.chosen import Chosen, Run, pixels, rows
from app.exports.origin import Origin, readme
from app.exports.stream import Export, Size, blocks
from app.exports.zipping import Zip, zip_size
from app.pictures import exact

README: Final = "README.txt"
MANIFEST: Final = "manifest.csv"

_SAMPLE: Final = 16
_SAMPLE_BYTES: Final = 1024 * 1024
_KEPT_BYTES: Final = 4 * 1024 * 1024
_CONTENTS: Final = (
    "One file for each item, named by split and index: PNG where PNG holds every value exactly "
    "(whole numbers, 8 or 16 bits), else a NumPy array (.npy); volumes are arrays too. "
    "manifest.csv has a row for each file, with its labels and their names."
)


def export(chosen: Chosen, origin: Origin) -> Export:
    """Give the archive, an item at a time. Raises ArchiveError."""
    size = folder_size(chosen, origin)
    return Export(blocks(_pieces(chosen, origin)), size.bytes if size.exact else None)


def folder_size(chosen: Chosen, origin: Origin) -> Size:
    """Give the archive's size: exact where no picture is packed, else by the first few pictures.

    Raises ArchiveError.
    """
    several = chosen.several
    arrays = all(
        _is_array(d, images.dtype) for d in chosen.datasets for images in d.images.values()
    )
    if arrays and chosen.total <= table.EXACT_MOST:
        return Size(zip_size(_members(chosen, origin), streamed=False), exact=True)
    run = next(iter(chosen))
    split, index, _ = next(rows(run))
    name = _path(run.dataset, split, index, "png", several=several)
    each = zip_size([(name, _sampled(run.dataset, split))], streamed=False)
    each -= zip_size([], streamed=False)
    return Size((each + len(name)) * chosen.total + table.table_size(chosen).bytes, exact=False)


def _pieces(chosen: Chosen, origin: Origin) -> Iterator[bytes]:
    several = chosen.several
    # Which form an item takes is known only when it is made, so the manifest comes last.
    with Zip() as archive, tempfile.SpooledTemporaryFile(_KEPT_BYTES) as manifest:
        yield from archive.member(README, readme(origin, _CONTENTS).encode())
        manifest.write(_manifest_heading(chosen))
        for run in chosen:
            paths = []
            for (split, index, _), values in zip(rows(run), pixels(run), strict=True):
                form, content = _file(run.dataset, values)
                paths.append(_path(run.dataset, split, index, form, several=several))
                yield from archive.member(paths[-1], content)
            manifest.write(_manifest_rows(run, paths, several=several))
        yield from archive.copied(MANIFEST, manifest)
        yield from archive.end()


def _members(chosen: Chosen, origin: Origin) -> Iterator[tuple[str, int]]:
    """Name each file and its size, where all items are arrays."""
    several = chosen.several
    yield README, len(readme(origin, _CONTENTS).encode())
    manifest = len(_manifest_heading(chosen))
    for run in chosen:
        sizes = {split: _array_size(run.dataset, split) for split in run.dataset.splits}
        places = [(split, index) for split, index, _ in rows(run)]
        paths = [_path(run.dataset, *place, "npy", several=several) for place in places]
        manifest += len(_manifest_rows(run, paths, several=several))
        for path, (split, _) in zip(paths, places, strict=True):
            yield path, sizes[split]
    yield MANIFEST, manifest


def _manifest_heading(chosen: Chosen) -> bytes:
    return table.written([("file", *table.heading(chosen))])


def _manifest_rows(run: Run, paths: list[str], *, several: bool) -> bytes:
    lines = zip(paths, table.cells(run, several=several), strict=True)
    return table.written((table.safe(path), *line) for path, line in lines)


def _file(dataset: Dataset, values: NDArray[Any]) -> tuple[str, bytes]:
    """Give an item's form and its bytes."""
    if not _is_array(dataset, values.dtype):
        with contextlib.suppress(InexactError):
            return "png", exact.as_png(values)
    return "npy", exact.as_npy(values)


def _is_array(dataset: Dataset, dtype: np.dtype[Any]) -> bool:
    """Say whether an item is an array whatever its values are."""
    return dataset.is_volume or dtype.kind == "f"


def _array_size(dataset: Dataset, split: Split) -> int:
    dtype = dataset.images[split].dtype
    return len(write_header(dtype, dataset.shape)) + math.prod(dataset.shape) * dtype.itemsize


def _sampled(dataset: Dataset, split: Split) -> int:
    """Give the mean size of the split's first few items, without unpacking the rest of it."""
    images = dataset.images[split]
    item = math.prod(dataset.shape) * images.dtype.itemsize
    number = max(1, min(_SAMPLE, _SAMPLE_BYTES // item))
    try:
        found = images.first(number)
    except NotReadyError:
        return item
    return sum(len(_file(dataset, values)[1]) for values in found) // len(found)


def _path(dataset: Dataset, split: str, index: int, form: str, *, several: bool) -> str:
    front = f"{dataset.id}/" if several else ""
    return f"{front}{split}/{index}.{form}"
