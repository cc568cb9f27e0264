"""Studies: a question about some items, put to several readers, each in an order of their own."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from app.datasets.selection import SPLITS, Split
from app.datasets.subset import Items
from app.errors import GoneError, MalformedError, MissingError
from app.phrases import Phrase
from app.reviews import links, orders
from app.reviews.database import Database
from app.reviews.designs import Choice, Design, checked
from app.reviews.lifetimes import DAYS
from app.reviews.links import Link
from app.reviews.orders import Place
from app.reviews.tables import readers, studies, study_items
from app.reviews.texts import cleaned

NAME_MOST: Final = 100
# Each pair of readers is measured: more would keep the agreement page waiting.
READERS_MOST: Final = 30

_PART: Final = 5_000


@dataclass(frozen=True)
class Study:
    """A design with its items; ``size`` counts them, those for practice too. Times are in UTC."""

    id: int
    design: Design
    size: int
    made: datetime
    closed: datetime | None

    @property
    def repeats(self) -> int:
        """How many items each reader is shown a second time."""
        return orders.repeats_of(self.size - self.design.practice, self.design.repeats)

    @property
    def places(self) -> int:
        """How many images each reader is shown, those shown twice counted twice."""
        return self.size - self.design.practice + self.repeats

    @property
    def practice_items(self) -> tuple[int, ...]:
        """The numbers of the items set aside for practice, in the order they are shown."""
        return orders.practice_items(self.design.seed, self.size, self.design.practice)


@dataclass(frozen=True)
class StudyItem:
    """One item of a study, by its number from 0; ``label`` is the stored label value, if one."""

    number: int
    split: Split
    index: int
    label: int | None


@dataclass(frozen=True)
class Reader:
    """A person who reads one study."""

    id: int
    study_id: int
    name: str
    made: datetime


def create(db: Database, design: Design, items: Items, labels: Sequence[int | None]) -> Study:
    """Make a study of these items, with the stored label value of each (or None).

    Raises MalformedError for a design or items that can't be read by anybody, StorageError.
    """
    design = checked(design, items)
    rows: list[dict[str, Any]] = [
        {"number": number, "split": SPLITS[split], "position": position, "label": label}
        for number, (split, position, label) in enumerate(
            zip(items.splits.tolist(), items.positions.tolist(), labels, strict=True)
        )
    ]
    made = db.now()
    columns = vars(design) | {
        "choices": json.dumps([[choice.name, choice.value] for choice in design.choices]),
        "made": made,
    }
    with db.writing("The study") as connection:
        number = connection.execute(
            insert(studies).values(columns).returning(studies.c.id)
        ).scalar_one()
        for start in range(0, len(rows), _PART):
            part = rows[start : start + _PART]
            connection.execute(insert(study_items), [row | {"study_id": number} for row in part])
    return Study(number, design, len(rows), made, None)


def count(db: Database) -> int:
    """Count the studies. Raises StorageError."""
    if db.is_new():
        return 0
    with db.reading() as connection:
        return connection.execute(select(func.count()).select_from(studies)).scalar_one()


def all_studies(db: Database, start: int = 0, most: int | None = None) -> tuple[Study, ...]:
    """Give every study, the newest first. Raises StorageError.

    With ``start`` and ``most``, only so many from that place (from 0) on.
    """
    if db.is_new():
        return ()
    with db.reading() as connection:
        # Chosen first, so that the items of those before are not counted.
        newest = select(studies.c.id).order_by(studies.c.id.desc()).offset(start).limit(most)
        rows = connection.execute(
            _counted().where(studies.c.id.in_(newest)).order_by(studies.c.id.desc())
        )
        return tuple(_study(row) for row in rows.mappings())


def find(db: Database, study_id: int) -> Study:
    """Give one study. Raises MissingError, StorageError."""
    if db.is_new():
        raise _missing(study_id)
    with db.reading() as connection:
        return find_within(connection, study_id)


def find_within(connection: Connection, study_id: int) -> Study:
    """Give one study, as the transaction under way sees it. Raises MissingError."""
    rows = connection.execute(_counted().where(studies.c.id == study_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _missing(study_id)
    return _study(row)


def _missing(study_id: int) -> MissingError:
    return MissingError("study", Phrase("There is no study {study_id}.", study_id=study_id))


def close(db: Database, study_id: int) -> None:
    """Take no more answers; a study that is closed stays so. Raises MissingError, StorageError."""
    find(db, study_id)
    with db.writing("That the study is closed") as connection:
        connection.execute(
            update(studies)
            .where(studies.c.id == study_id, studies.c.closed.is_(None))
            .values(closed=db.now())
        )


def items_of(db: Database, study: Study) -> tuple[StudyItem, ...]:
    """Give the items of a study by their numbers. Raises StorageError."""
    with db.reading() as connection:
        return items_within(connection, study)


def item_of(db: Database, study: Study, number: int) -> StudyItem:
    """Give one item of a study by its number. Raises StorageError."""
    with db.reading() as connection:
        rows = connection.execute(
            select(study_items).where(
                study_items.c.study_id == study.id, study_items.c.number == number
            )
        )
        return _item(rows.mappings().one())


def splits_of(db: Database, study_id: int) -> tuple[Split, ...]:
    """Give the splits that a study's items are in. Raises StorageError."""
    with db.reading() as connection:
        rows = connection.execute(
            select(study_items.c.split).where(study_items.c.study_id == study_id).distinct()
        )
        return tuple(rows.scalars())


def items_within(connection: Connection, study: Study) -> tuple[StudyItem, ...]:
    """Give the items of a study, as the transaction under way sees them."""
    rows = connection.execute(
        select(study_items).where(study_items.c.study_id == study.id).order_by(study_items.c.number)
    )
    return tuple(_item(row) for row in rows.mappings())


def add_reader(db: Database, study: Study, name: str, days: int = DAYS) -> tuple[str, Link]:
    """Add a reader to a study; give the token of their link, which is nowhere else, and the link.

    Raises MalformedError for days or a name that can't be, as one that another reader of this
    study has, and for one reader too many, GoneError when the study is closed, StorageError.
    """
    name = cleaned(name, NAME_MOST, lines=False, part="name")
    if not name:
        raise MalformedError("name", Phrase("A reader needs a name."))
    with db.writing("The reader") as connection:
        # One reader after the other, so that each knows the names before.
        locked = select(studies.c.closed).where(studies.c.id == study.id).with_for_update()
        if connection.execute(locked).scalar_one() is not None:
            raise GoneError(Phrase("This study is closed, so no reader was added."))
        there = readers_within(connection, study)
        if len(there) >= READERS_MOST:
            raise MalformedError(
                "name",
                Phrase("A study has at most {readers_most} readers.", readers_most=READERS_MOST),
            )
        if any(reader.name == name for reader in there):
            raise MalformedError(
                "name",
                Phrase(
                    "This study has a reader called “{name}” already; choose another name, or make "
                    "another link for that reader.",
                    name=name,
                ),
            )
        now = db.now()
        number = connection.execute(
            insert(readers).values(study_id=study.id, name=name, made=now).returning(readers.c.id)
        ).scalar_one()
        return _linked(connection, now, study, number, days)


def link_reader(db: Database, study: Study, reader: Reader, days: int = DAYS) -> tuple[str, Link]:
    """Make another link for a reader who lost theirs; what they have read stays theirs.

    Raises MalformedError, StorageError.
    """
    with db.writing("The link") as connection:
        return _linked(connection, db.now(), study, reader.id, days)


def names_of_readers(db: Database, reader_ids: Iterable[int]) -> dict[int, str]:
    """Give the names of these readers, of whichever studies. Raises StorageError."""
    with db.reading() as connection:
        these = readers.c.id.in_(reader_ids)
        rows = connection.execute(select(readers.c.id, readers.c.name).where(these)).all()
    return {row.id: row.name for row in rows}


def closed_among(db: Database, study_ids: Iterable[int]) -> frozenset[int]:
    """Give those of these studies that are closed. Raises StorageError."""
    with db.reading() as connection:
        these = studies.c.id.in_(study_ids) & studies.c.closed.is_not(None)
        return frozenset(connection.scalars(select(studies.c.id).where(these)))


def readers_within(connection: Connection, *these: Study) -> tuple[Reader, ...]:
    """Give the readers of these studies, as the transaction under way sees them."""
    of_these = readers.c.study_id.in_([study.id for study in these])
    rows = connection.execute(select(readers).where(of_these).order_by(readers.c.id))
    return tuple(Reader(**row) for row in rows.mappings())


def find_reader(db: Database, reader_id: int) -> Reader:
    """Give one reader. Raises MissingError, StorageError."""
    with db.reading() as connection:
        rows = connection.execute(select(readers).where(readers.c.id == reader_id))
        row = rows.mappings().one_or_none()
    if row is None:
        raise MissingError("reader", Phrase("There is no reader {reader_id}.", reader_id=reader_id))
    return Reader(**row)


def order(study: Study, reader: Reader) -> tuple[Place, ...]:
    """Give the places of a reader: the items in an order of their own, hidden repeats among them.

    The same at every call, on every machine.
    """
    design = study.design
    return orders.places(design.seed, reader.id, study.size, design.practice, design.repeats)


def _linked(
    connection: Connection, now: datetime, study: Study, reader_id: int, days: int
) -> tuple[str, Link]:
    columns = {
        "kind": "study",
        "target": f"/studies/{study.id}",
        "dataset": study.design.dataset,
        "content": study.design.content,
        "title": study.design.title,
        "hide_labels": True,
        "study_id": study.id,
        "reader_id": reader_id,
    }
    return links.make_within(connection, now, days, columns)


def _counted() -> Select[Any]:
    size = select(func.count()).where(study_items.c.study_id == studies.c.id).scalar_subquery()
    return select(studies, size.label("size"))


def _item(row: RowMapping) -> StudyItem:
    return StudyItem(row["number"], row["split"], row["position"], row["label"])


def _study(row: RowMapping) -> Study:
    choices = tuple(Choice(name, value) for name, value in json.loads(row["choices"]))
    columns = {name: row[name] for name in Design.__dataclass_fields__} | {"choices": choices}
    return Study(row["id"], Design(**columns), row["size"], row["made"], row["closed"])
