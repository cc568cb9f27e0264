"""Answers: each is on disk before it is acknowledged; a changed one is another row.

Of two tabs that answer the same place both rows stay, and the later one counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, insert, select

from app.errors import GoneError, MalformedError, MissingError
from app.phrases import Amount, Phrase
from app.reviews import studies
from app.reviews.agreement import CANNOT_TELL, NO_ANSWER, Readings
from app.reviews.database import Database
from app.reviews.designs import Design
from app.reviews.studies import Reader, Study, StudyItem
from app.reviews.tables import answers, readers
from app.reviews.tables import studies as studies_table

CONFIDENCES: Final = range(1, 6)
# What a page can count: JavaScript's largest whole number. One may stay open for months.
MS_MOST: Final = 2**53 - 1

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """One answer as it came in. ``old`` is what this reader had answered here before, or None.

    ``old`` and ``new`` are numbers of choices, or CANNOT_TELL; ``ms`` is how long the item was on
    screen. ``key`` is the client's own, by which it repeats what was not acknowledged.
    """

    id: int
    reader_id: int
    place: int
    item: int
    is_repeat: bool
    old: int | None
    new: int
    confidence: int | None
    ms: int
    key: str
    made: datetime


@dataclass(frozen=True)
class Progress:
    """How far a reader is: places answered, of how many, and when last."""

    reader: Reader
    answered: int
    total: int
    last: datetime | None


@dataclass(frozen=True)
class StudyReadings:
    """What the readers of a study answered, ready to be measured.

    ``readings`` has a row for each of ``people`` and a column for each of ``cases``, which are the
    study's items but those for practice.
    """

    people: tuple[Reader, ...]
    cases: tuple[StudyItem, ...]
    readings: Readings


def record(
    db: Database,
    reader: Reader,
    place: int,
    choice: int,
    confidence: int | None,
    ms: int,
    key: str,
    *,
    by_hand: bool = False,
) -> Answer:
    """Keep an answer; it is on disk when this returns.

    The same answer under the same key is kept once, and given again. ``by_hand`` says that a person
    sends it each time, by a page that has one key: where another answer counts by now, it is new.
    Raises MalformedError for what can't be answered, GoneError when the study is closed,
    MissingError, StorageError.
    """
    study = studies.find(db, reader.study_id)
    order = studies.order(study, reader)
    _check(study, len(order), place, choice, confidence, ms, key)
    with db.writing("The answer") as connection:
        # One answer of a reader after the other, so that each knows the one before.
        closed = connection.execute(
            select(studies_table.c.closed)
            .join(readers, readers.c.study_id == studies_table.c.id)
            .where(readers.c.id == reader.id)
            .with_for_update(of=readers)
        ).one_or_none()
        if closed is None:
            raise MissingError("reader", Phrase("There is no reader {id}.", id=reader.id))
        here = select(answers).where(answers.c.reader_id == reader.id, answers.c.place == place)
        if not by_hand:
            here = here.where(answers.c.key == key)
        newest = here.order_by(answers.c.id.desc()).limit(1)
        kept = connection.execute(newest).mappings().one_or_none()
        # One that was changed since, and is changed back, is another.
        if kept and (kept["key"], kept["new"], kept["confidence"]) == (key, choice, confidence):
            return _answer(kept)
        if closed[0] is not None:
            raise GoneError(Phrase("This study is closed and takes no more answers."))
        return _kept(
            connection,
            {
                "reader_id": reader.id,
                "place": place,
                "item": order[place].item,
                "repeat": order[place].is_repeat,
                "new": choice,
                "confidence": confidence,
                "ms": ms,
                "key": key,
                "made": db.now(),
            },
        )


def current(db: Database, reader: Reader) -> dict[int, Answer]:
    """Give the answer that counts at each place answered. Raises StorageError."""
    with db.reading() as connection:
        rows = connection.execute(_current(answers.c.reader_id == reader.id))
        return {row["place"]: _answer(row) for row in rows.mappings()}


def next_place(
    db: Database, study: Study, reader: Reader, lost: frozenset[int] = frozenset()
) -> int | None:
    """Give the first place without an answer, or None when all are done. Raises StorageError.

    ``lost`` are the numbers of items that can't be shown, and so not be answered.
    """
    answered = current(db, reader)
    for place in studies.order(study, reader):
        if place.number not in answered and place.item not in lost:
            return place.number
    return None


def progress(db: Database, study: Study) -> tuple[Progress, ...]:
    """Say how far each reader is, in the order they were added. Raises StorageError."""
    return progress_of(db, [study])[study.id]


def progress_of(db: Database, these: Sequence[Study]) -> dict[int, tuple[Progress, ...]]:
    """Say of each of these studies, by its id, what ``progress`` says. Raises StorageError."""
    if not these:
        return {}
    with db.reading() as connection:
        people = studies.readers_within(connection, *these)
        far = (
            select(
                answers.c.reader_id,
                func.count(answers.c.place.distinct()).label("number"),
                # By id: the clock may have been set back.
                func.max(answers.c.id).label("last"),
            )
            .join(readers, readers.c.id == answers.c.reader_id)
            .where(readers.c.study_id.in_([study.id for study in these]))
            .group_by(answers.c.reader_id)
            .subquery()
        )
        rows = connection.execute(
            select(far.c.reader_id, far.c.number, answers.c.made).join(
                answers, answers.c.id == far.c.last
            )
        )
        found = {reader_id: (number, made) for reader_id, number, made in rows}
    return {
        study.id: tuple(
            Progress(reader, *_far(found.get(reader.id), study.places))
            for reader in people
            if reader.study_id == study.id
        )
        for study in these
    }


def readings(db: Database, study: Study) -> StudyReadings:
    """Give all answers that count, and the choices that mean the stored labels.

    Raises StorageError.
    """
    with db.reading() as connection:
        people = studies.readers_within(connection, study)
        items = studies.items_within(connection, study)
        theirs = answers.c.reader_id.in_([reader.id for reader in people])
        rows = connection.execute(_current(theirs)).mappings()
        aside = frozenset(study.practice_items)
        cases = tuple(item for item in items if item.number not in aside)
        row_of = {reader.id: row for row, reader in enumerate(people)}
        column_of = {case.number: column for column, case in enumerate(cases)}
        first = np.full((len(people), len(cases)), NO_ANSWER, np.int64)
        repeats = first.copy()
        for row in rows:
            where = row_of[row["reader_id"]], column_of[row["item"]]
            (repeats if row["repeat"] else first)[where] = row["new"]
    design = study.design
    found = Readings(
        categories=tuple(choice.name for choice in design.choices),
        ordinal=design.ordinal,
        readers=tuple(reader.name for reader in people),
        answers=first,
        repeats=repeats,
        stored=np.array([design.choice_of(case.label) for case in cases], np.int64),
    )
    return StudyReadings(people, cases, found)


def require_choice(design: Design, choice: int) -> None:
    """Raise MalformedError for what is neither the number of a choice nor CANNOT_TELL."""
    choices = len(design.choices)
    if not (0 <= choice < choices or choice == CANNOT_TELL):
        raise MalformedError(
            "choice",
            Phrase(
                "There is no choice {choice}; there are {choices}.", choice=choice, choices=choices
            ),
        )


def _check(
    study: Study, places: int, place: int, choice: int, confidence: int | None, ms: int, key: str
) -> None:
    if not 0 <= place < places:
        raise MalformedError(
            "place",
            Phrase(
                "There is no place {place}; there are {places}.", place=place, places=Amount(places)
            ),
        )
    require_choice(study.design, choice)
    if not (confidence in CONFIDENCES if study.design.ask_confidence else confidence is None):
        raise MalformedError(
            "confidence", Phrase("Confidence is from 1 to 5, where the study asks it.")
        )
    if not 0 <= ms <= MS_MOST:
        raise MalformedError("ms", Phrase("The time taken is no number of milliseconds."))
    if not _KEY.fullmatch(key):
        raise MalformedError(
            "key", Phrase("The key of an answer is 8 to 64 letters, digits, - or _.")
        )


def _kept(connection: Connection, row: dict[str, Any]) -> Answer:
    before = (
        select(answers.c.new)
        .where(answers.c.reader_id == row["reader_id"], answers.c.place == row["place"])
        .order_by(answers.c.id.desc())
        .limit(1)
    )
    row["old"] = connection.execute(before).scalar()
    made = connection.execute(insert(answers).values(row).returning(*answers.c))
    return _answer(made.mappings().one())


def _current(whose: ColumnElement[bool]) -> Select[Any]:
    """The answers that count: the last one of each place, by the number of its row."""
    last = select(func.max(answers.c.id)).where(whose)
    last = last.group_by(answers.c.reader_id, answers.c.place)
    return select(answers).where(answers.c.id.in_(last))


def _far(found: tuple[int, datetime] | None, total: int) -> tuple[int, int, datetime | None]:
    return (found[0], total, found[1]) if found else (0, total, None)


def _answer(row: RowMapping) -> Answer:
    return Answer(**{"is_repeat" if name == "repeat" else name: row[name] for name in row})
