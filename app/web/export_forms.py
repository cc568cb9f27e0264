"""The forms in which a selection is exported: what each is, how it is made and how large it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.exports import folder, npz, parquet, table
from app.exports.chosen import Selected
from app.exports.origin import Origin
from app.exports.stream import Export, Size
from app.web.language import later


@dataclass(frozen=True)
class Asked:
    """What an address asks to be exported."""

    dataset: Dataset
    selection: Selection
    chosen: Selected
    origin: Origin


@dataclass(frozen=True)
class Form:
    """A form of export: what it is, how it is made, how large it is, what it needs."""

    kind: str
    name: str
    text: str
    with_pixels: bool
    make: Callable[[Asked, Store], Export]
    size: Callable[[Asked, Store], Size]
    missing: Callable[[], str] = str


FORMS: Final = {
    "csv": Form(
        kind="text/csv; header=present",
        name=later("Table, CSV"),
        text=later(
            "A row for each item: split, index, labels and their names. Several labels stand in "
            "one cell, with semicolons between them."
        ),
        with_pixels=False,
        make=lambda asked, _store: table.export(asked.chosen),
        size=lambda asked, _store: table.table_size(asked.chosen),
    ),
    "parquet": Form(
        kind="application/vnd.apache.parquet",
        name=later("Table, Parquet"),
        text=later(
            "The same rows with their types; several labels are a list. Licence and citation "
            "stand in the schema's metadata."
        ),
        with_pixels=False,
        make=lambda asked, _store: parquet.export(asked.chosen, asked.origin),
        size=lambda asked, _store: parquet.parquet_size(asked.chosen, asked.origin),
        missing=parquet.why_missing,
    ),
    "zip": Form(
        kind="application/zip",
        name=later("Pictures, ZIP"),
        text=later(
            "A file for each item: an exact PNG, or an .npy where PNG can't hold the values and "
            "for volumes. With a manifest, licence and citation."
        ),
        with_pixels=True,
        make=lambda asked, _store: folder.export(asked.chosen, asked.origin),
        size=lambda asked, _store: folder.folder_size(asked.chosen, asked.origin),
    ),
    "npz": Form(
        kind="application/x-npz",
        name=later("Arrays, NPZ"),
        text=later(
            "A file of the same layout as the one it comes from. Within each split the items "
            "stand in the order of the selection, as in the table. Its provenance, licence and "
            "citation are in an array of text called provenance."
        ),
        with_pixels=True,
        make=lambda asked, store: npz.export(asked.chosen, asked.origin, store),
        size=lambda asked, store: Size(npz.npz_size(asked.chosen, asked.origin, store), exact=True),
    ),
}
