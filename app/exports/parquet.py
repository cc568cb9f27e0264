"""Chosen items → the table as Parquet, with origin, licence and citation in its schema's metadata.

Needs pyarrow, which comes with the extra ``parquet`` and is imported only when it is asked for.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from app.errors import NotInstalledError
from app.exports.chosen import Chosen, has_several_labels, rows
from app.exports.origin import Origin, as_json, fields
from app.exports.stream import Export, Size, blocks
from app.phrases import Phrase

if TYPE_CHECKING:
    import pyarrow as pa

# Rows that are read together, and held before they are written.
_GROUP: Final = 65_536
# Measured on MedMNIST's sets: the metadata take two and a half times their length, a row one byte
# in order of index and three in random order.
_FOOTER_BYTES, _ROW_BYTES = 2_600, 2


def why_missing() -> str:
    """Say why Parquet can't be written here; nothing where it can."""
    if find_spec("pyarrow"):
        return ""
    return Phrase(
        "Parquet needs pyarrow, which is not installed here; install Lightbox with its extra "
        "“parquet”, or take the CSV."
    )


def export(chosen: Chosen, origin: Origin) -> Export:
    """Give the table, a group of rows at a time. Raises NotInstalledError."""
    if missing := why_missing():
        raise NotInstalledError(missing)
    return Export(blocks(_pieces(chosen, _schema(chosen, origin))), None)


def parquet_size(chosen: Chosen, origin: Origin) -> Size:
    """Say about how large the table will be."""
    footer = _FOOTER_BYTES + 5 * len(as_json(origin)) // 2
    return Size(footer + _ROW_BYTES * chosen.total, exact=False)


def _schema(chosen: Chosen, origin: Origin) -> "pa.Schema":
    import pyarrow as pa

    lists = any(map(has_several_labels, chosen.datasets))
    columns: list[tuple[str, Any]] = [
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("index", pa.int64()),
        ("labels", pa.list_(pa.int64()) if lists else pa.int64()),
        ("names", pa.list_(pa.string()) if lists else pa.string()),
    ]
    known = fields(origin)
    sources = {
        name: "\n\n".join(dict.fromkeys(source[name] for source in known["sources"]))
        for name in ("license", "license_url", "citation")
    }
    metadata = {"title": origin.title, **sources, "provenance": as_json(origin)}
    return pa.schema(columns if chosen.several else columns[1:], metadata=metadata)


def _pieces(chosen: Chosen, schema: "pa.Schema") -> Iterator[bytes]:
    from pyarrow import parquet

    out = _Outbox()
    with parquet.ParquetWriter(
        out,
        schema,
        compression="zstd",
        use_dictionary=[name for name in schema.names if name != "index"],
        column_encoding={"index": "DELTA_BINARY_PACKED"},
    ) as writer:
        for group in _groups(chosen, schema):
            writer.write_table(group)
            yield out.taken()
    yield out.taken()


def _groups(chosen: Chosen, schema: "pa.Schema") -> Iterator["pa.Table"]:
    import pyarrow as pa

    held: dict[str, list[Any]] = {name: [] for name in schema.names}
    for run in chosen:
        lists = schema.field("labels").type != pa.int64()
        for split, index, values in rows(run):
            names = [run.dataset.label_of[value].name for value in values]
            held["split"].append(split)
            held["index"].append(index)
            held["labels"].append(values if lists else values[0])
            held["names"].append(names if lists else names[0])
        if "dataset" in held:
            held["dataset"] += [run.dataset.id] * len(run.items)
        if len(held["index"]) >= _GROUP:
            yield pa.table(held, schema)
            held = {name: [] for name in schema.names}
    if held["index"]:
        yield pa.table(held, schema)


class _Outbox:
    """What a writer takes for a file: holds what was written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """Hold some bytes."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """There is nothing behind to write to."""

    def close(self) -> None:
        """Keep what was not taken yet."""

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        found = bytes(self._held)
        self._held.clear()
        return found
