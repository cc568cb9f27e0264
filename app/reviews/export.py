"""What leaves: every answer as it came in, and the whole protocol of a study."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import RowMapping, Select, select

import app
from app.reviews import studies
from app.reviews.agreement import CANNOT_TELL
from app.reviews.database import Database
from app.reviews.studies import Reader, Study, StudyItem
from app.reviews.tables import answers, readers

COLUMNS: Final = (
    "reader",
    "reader_id",
    "place",
    "item",
    "split",
    "index",
    "stored_label",
    "stored_choice",
    "repeat",
    "old",
    "new",
    "confidence",
    "ms",
    "when",
)

# What spreadsheets take for the beginning of a formula, also in full width.
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER: Final = re.compile(r"-\d+", re.ASCII)
_ROWS: Final = 1_000
_ANSWER: Final = ("id", "place", "item", "repeat", "old", "new", "confidence", "ms")


def safe_cell(text: str) -> str:
    """Give a text as a cell that no spreadsheet takes for a formula: with an apostrophe before it.

    A label below zero is no formula but a number. Source: OWASP, "CSV Injection".
    """
    is_formula = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def answers_csv(db: Database, study: Study) -> Iterator[str]:
    """Yield the answers of a study as CSV (RFC 4180), in the order they came in, some at a time.

    Places, items and indexes count from 0; old and new are names of choices; times are UTC. ms is
    empty where the time taken is not known, as without JavaScript: kept as 0, it is none.
    Raises StorageError.
    """
    items = studies.items_of(db, study)
    yield _lines([COLUMNS])
    last = 0
    # Rows are only ever added, so what was given stays as it was.
    while rows := _rows(db, study, last):
        yield _lines([_cells(study, items[row["item"]], row) for row in rows])
        last = rows[-1]["id"]


def protocol_json(db: Database, study: Study) -> str:
    """Give everything about a study as JSON: design, items, readers, their orders and answers.

    All of one moment. It holds no token and no secret. Raises StorageError.
    """
    with db.reading() as connection:
        study = studies.find_within(connection, study.id)
        items = studies.items_within(connection, study)
        people = studies.readers_within(connection, study)
        rows = connection.execute(_answers_of(study)).mappings().all()
    given: dict[int, list[RowMapping]] = {reader.id: [] for reader in people}
    for row in rows:
        given[row["reader_id"]].append(row)
    design = study.design
    whole = {
        "program": f"Lightbox {app.__version__}",
        "exported": _when(datetime.now(UTC)),
        "study": {
            "id": study.id,
            **{name: value for name, value in vars(design).items() if name != "choices"},
            "made": _when(study.made),
            "closed": _when(study.closed),
        },
        "choices": [
            {"number": number, "name": choice.name, "value": choice.value}
            for number, choice in enumerate(design.choices)
        ],
        "cannot_tell": CANNOT_TELL,
        "items": _items(study, items),
        "readers": [_reader(study, reader, given[reader.id]) for reader in people],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _items(study: Study, items: tuple[StudyItem, ...]) -> list[dict[str, Any]]:
    aside = frozenset(study.practice_items)
    return [vars(item) | {"practice": item.number in aside} for item in items]


def _reader(study: Study, reader: Reader, given: list[RowMapping]) -> dict[str, Any]:
    return {
        "id": reader.id,
        "name": reader.name,
        "made": _when(reader.made),
        "order": [
            {"place": place.number, "item": place.item, "repeat": place.is_repeat}
            for place in studies.order(study, reader)
        ],
        "answers": [
            {name: row[name] for name in _ANSWER}
            | {"ms": row["ms"] or None, "when": _when(row["made"])}
            for row in given
        ],
    }


def _answers_of(study: Study) -> Select[Any]:
    return (
        select(answers, readers.c.name)
        .join(readers, readers.c.id == answers.c.reader_id)
        .where(readers.c.study_id == study.id)
        .order_by(answers.c.id)
    )


def _rows(db: Database, study: Study, last: int) -> list[RowMapping]:
    with db.reading() as connection:
        rows = connection.execute(_answers_of(study).where(answers.c.id > last).limit(_ROWS))
        return list(rows.mappings())


def _cells(study: Study, item: StudyItem, row: RowMapping) -> list[Any]:
    design = study.design
    stored = design.choice_of(item.label)
    return [
        safe_cell(row["name"]),
        row["reader_id"],
        row["place"],
        row["item"],
        item.split,
        item.index,
        item.label,
        safe_cell(design.name_of(stored)) if stored >= 0 else "",
        int(row["repeat"]),
        "" if row["old"] is None else safe_cell(design.name_of(row["old"])),
        safe_cell(design.name_of(row["new"])),
        row["confidence"],
        row["ms"] or "",
        _when(row["made"]),
    ]


def _lines(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _when(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if time else None
