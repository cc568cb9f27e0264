"""A selection → an npz in the layout it came from, with a note of its origin.

Members are stored, each ``{split}_images`` and ``{split}_labels`` with the dtype and item shape of
the file's own; within a split the items stand in the order of the selection. ``provenance`` is a
text, as an array of no dimensions: ``str(np.load(file)["provenance"])`` is JSON.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib import format as npy

from app.arrays.npy import write_header
from app.arrays.store import Array, Store
from app.datasets.selection import Split
from app.exports.chosen import Selected, taken
from app.exports.origin import Origin, as_json
from app.exports.stream import Export, blocks
from app.exports.zipping import Zip, zip_size

PROVENANCE: Final = "provenance.npy"


@dataclass(frozen=True)
class _Part:
    """One array of the new file: its npy header, and where its items come from."""

    name: str
    header: bytes
    size: int
    split: Split
    source: Array


def export(chosen: Selected, origin: Origin, store: Store) -> Export:
    """Give the file, a megabyte at a time. Raises ArchiveError for labels that can't be read."""
    parts = _parts(chosen, store)
    for part in parts:
        # Labels were unpacked when the file was opened, and may have been let go of since.
        if part.name == f"{part.split}_labels.npy":
            part.source.finish()
    note = _note(origin)
    return Export(blocks(_pieces(chosen, parts, note)), _size(parts, note))


def npz_size(chosen: Selected, origin: Origin, store: Store) -> int:
    """Give the file's exact size. Raises ArchiveError."""
    return _size(_parts(chosen, store), _note(origin))


def _parts(chosen: Selected, store: Store) -> list[_Part]:
    archive, parts = chosen.dataset.archive, []
    for split, number in chosen.totals.items():
        sources = {
            f"{split}_images": chosen.dataset.images[split],
            f"{split}_labels": store.open(archive, f"{split}_labels"),
        }
        for name, source in sources.items():
            shape = number, *source.shape[1:]
            header = write_header(source.dtype, shape)
            size = len(header) + math.prod(shape) * source.dtype.itemsize
            parts.append(_Part(f"{name}.npy", header, size, split, source))
    return parts


def _size(parts: list[_Part], note: bytes) -> int:
    members = [*((part.name, part.size) for part in parts), (PROVENANCE, len(note))]
    return zip_size(members, streamed=True)


def _pieces(chosen: Selected, parts: list[_Part], note: bytes) -> Iterator[bytes | memoryview]:
    with Zip() as archive:
        for part in parts:
            yield from archive.streamed(part.name, part.size, _content(chosen, part))
        yield from archive.streamed(PROVENANCE, len(note), [note])
        yield from archive.end()


def _content(chosen: Selected, part: _Part) -> Iterator[bytes | memoryview]:
    yield part.header
    for positions in chosen.positions(part.split):
        for items in taken(part.source, positions):
            yield np.ascontiguousarray(items).reshape(-1).view(np.uint8).data


def _note(origin: Origin) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, np.array(as_json(origin)), version=(1, 0), allow_pickle=False)
    return file.getvalue()
