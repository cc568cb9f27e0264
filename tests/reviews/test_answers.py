"""Answers: kept once, in order, never changed; and what they come to."""

import random
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, text

from app.errors import GoneError, MalformedError, MissingError
from app.reviews import answers, studies
from app.reviews.agreement import CANNOT_TELL
from app.reviews.answers import Answer
from app.reviews.database import Database
from app.reviews.studies import Reader

from .reading import DESIGN, answer, make_reader, make_study


@pytest.fixture
def reader(db: Database) -> Reader:
    """One reader of a study of 12 items, 6 of them twice."""
    return make_reader(db, make_study(db, replace(DESIGN, repeats=0.5)))


def kept(db: Database) -> list[tuple[int, int | None, int]]:
    """Place, old and new of every row, as another program would read them."""
    with db.reading() as connection:
        rows = connection.execute(text("SELECT place, old, new FROM answers ORDER BY id"))
        return [tuple(row) for row in rows]


def test_an_answer_is_kept_with_all_that_belongs_to_it(db: Database) -> None:
    study = make_study(db, replace(DESIGN, ask_confidence=True))
    reader = make_reader(db, study)
    place = studies.order(study, reader)[4]
    made = answers.record(db, reader, 4, 1, 5, 2_345, "abcdefgh")
    assert answers.current(db, reader) == {4: made}
    assert made == Answer(
        made.id, reader.id, 4, place.item, False, None, 1, 5, 2_345, "abcdefgh", made.made
    )


def test_a_changed_answer_is_another_row_from_old_to_new(db: Database, reader: Reader) -> None:
    for choice in (0, 1, CANNOT_TELL, 0):
        answer(db, reader, 3, choice)
    assert kept(db) == [(3, None, 0), (3, 0, 1), (3, 1, CANNOT_TELL), (3, CANNOT_TELL, 0)]
    assert answers.current(db, reader)[3].new == 0


def test_a_repeated_key_is_kept_once_and_answered_alike(db: Database, reader: Reader) -> None:
    first = answer(db, reader, 3, 1, "once-and-only")
    answer(db, reader, 3, 0)
    assert answer(db, reader, 3, 1, "once-and-only") == first
    assert kept(db) == [(3, None, 1), (3, 1, 0)]
    assert answers.current(db, reader)[3].new == 0


def test_another_answer_under_the_same_key_is_not_swallowed(db: Database, reader: Reader) -> None:
    answer(db, reader, 3, 1, "a form sent twice".replace(" ", "-"))
    answer(db, reader, 3, 0, "a form sent twice".replace(" ", "-"))
    answer(db, reader, 4, 0, "a form sent twice".replace(" ", "-"))
    assert kept(db) == [(3, None, 1), (3, 1, 0), (4, None, 0)]


def test_an_answer_changed_back_under_its_key_counts(db: Database, reader: Reader) -> None:
    # A page that a browser's Back brings again still has its key.
    given = [answer(db, reader, 3, choice, "the-same-key") for choice in (0, 1, 0, 0)]
    assert [(each.old, each.new) for each in given] == [(None, 0), (0, 1), (1, 0), (1, 0)]
    assert given[3] == given[2]
    assert answers.current(db, reader)[3].new == 0


def test_a_key_is_one_readers_own(db: Database, reader: Reader) -> None:
    other = make_reader(db, studies.find(db, reader.study_id), "Bob")
    assert answer(db, reader, 3, 1, "the-same-key").reader_id == reader.id
    assert answer(db, other, 3, 1, "the-same-key").reader_id == other.id


def test_a_double_click_in_many_threads_is_one_answer(db: Database, reader: Reader) -> None:
    gate = threading.Barrier(6)
    given: list[Answer] = []

    def click() -> None:
        gate.wait()
        given.append(answer(db, reader, 3, 1, "double-click"))

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 6
    assert len(set(given)) == 1
    assert kept(db) == [(3, None, 1)]


def test_two_tabs_leave_both_rows_and_the_later_counts(db: Database, reader: Reader) -> None:
    gate = threading.Barrier(2)

    def tab(choice: int) -> None:
        gate.wait()
        for number in range(10):
            answer(db, reader, 3, choice, f"tab-{choice}-{number:04}")

    tabs = [threading.Thread(target=tab, args=(choice,)) for choice in (0, 1)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    rows = kept(db)
    assert len(rows) == 20
    # Each knew the one before it.
    assert [old for _, old, _ in rows] == [None, *(new for _, _, new in rows[:-1])]
    assert answers.current(db, reader)[3].new == rows[-1][2]


def test_the_later_answer_counts_even_if_the_clock_was_set_back(
    db: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(db, reader, 3, 0)
    earlier = db.now().replace(year=1999)
    monkeypatch.setattr(db, "now", lambda: earlier)
    last = answer(db, reader, 3, 1)
    assert answers.current(db, reader)[3] == last
    [far] = answers.progress(db, studies.find(db, reader.study_id))
    assert far.last == earlier


@pytest.mark.parametrize(
    ("place", "choice", "confidence", "ms", "key"),
    [
        (-1, 0, None, 0, "abcdefgh"),
        (18, 0, None, 0, "abcdefgh"),
        (2**70, 0, None, 0, "abcdefgh"),
        (0, 2, None, 0, "abcdefgh"),
        (0, -1, None, 0, "abcdefgh"),
        (0, -3, None, 0, "abcdefgh"),
        (0, 0, 3, 0, "abcdefgh"),  # not asked in this study
        (0, 0, None, -1, "abcdefgh"),
        (0, 0, None, 2**53, "abcdefgh"),
        (0, 0, None, 0, ""),
        (0, 0, None, 0, "short"),
        (0, 0, None, 0, "x" * 65),
        (0, 0, None, 0, "with\x00nul__"),
        (0, 0, None, 0, "ключключ"),
    ],
)
def test_what_can_not_be_answered_is_refused(
    place: int,
    choice: int,
    confidence: int | None,
    ms: int,
    key: str,
    db: Database,
    reader: Reader,
) -> None:
    with pytest.raises(MalformedError, match=r"\.$"):
        answers.record(db, reader, place, choice, confidence, ms, key)
    assert kept(db) == []


def test_each_confidence_from_1_to_5_is_kept(db: Database) -> None:
    reader = make_reader(db, make_study(db, replace(DESIGN, ask_confidence=True)))
    for place, confidence in enumerate(range(1, 6)):
        answers.record(db, reader, place, 0, confidence, 0, f"answer-{confidence}")
    found = answers.current(db, reader)
    assert {place: given.confidence for place, given in found.items()} == {
        place: place + 1 for place in range(5)
    }


@pytest.mark.parametrize("confidence", [0, 6, -1, None])
def test_where_confidence_is_asked_it_is_from_1_to_5(confidence: int | None, db: Database) -> None:
    reader = make_reader(db, make_study(db, replace(DESIGN, ask_confidence=True)))
    with pytest.raises(MalformedError, match="from 1 to 5"):
        answers.record(db, reader, 0, 0, confidence, 0, "abcdefgh")


def test_a_page_left_open_for_a_month_loses_no_answer(db: Database, reader: Reader) -> None:
    month = 31 * 24 * 3_600 * 1_000
    for place, ms in enumerate((month, 2**53 - 1)):  # the most that JavaScript counts
        assert answers.record(db, reader, place, 0, None, ms, "abcdefgh").ms == ms


def test_a_closed_study_takes_no_more_but_acknowledges_what_it_took(
    db: Database, reader: Reader
) -> None:
    first = answer(db, reader, 0, 1, "before-the-end")
    studies.close(db, reader.study_id)
    with pytest.raises(GoneError, match="closed and takes no more answers"):
        answer(db, reader, 1, 1)
    assert answer(db, reader, 0, 1, "before-the-end") == first
    assert len(kept(db)) == 1


def test_a_reader_who_is_not_there_is_missing(db: Database, reader: Reader) -> None:
    with pytest.raises(MissingError, match="no reader 99"):
        answer(db, replace(reader, id=99), 0, 0)


def test_the_next_place_is_the_first_without_an_answer(db: Database, reader: Reader) -> None:
    study = studies.find(db, reader.study_id)
    for place in (0, 1, 3):
        answer(db, reader, place, 0)
    assert answers.next_place(db, study, reader) == 2
    for place in range(18):
        answer(db, reader, place, 0)
    assert answers.next_place(db, study, reader) is None


def test_progress_counts_places_not_rows(db: Database, reader: Reader) -> None:
    study = studies.find(db, reader.study_id)
    bob = make_reader(db, study, "Bob")
    for place, choice in ((0, 0), (0, 1), (5, 1)):
        last = answer(db, reader, place, choice)
    answer(db, make_reader(db, make_study(db), "of another study"), 0, 0)
    assert [
        (far.reader, far.answered, far.total, far.last) for far in answers.progress(db, study)
    ] == [
        (reader, 2, 18, last.made),
        (bob, 0, 18, None),
    ]


@pytest.mark.parametrize("repeats", [0, 0.1, 0.5])
@pytest.mark.parametrize("number", [1, 2, 7, 40])
def test_how_far_one_is_is_known_without_any_order(
    number: int, repeats: float, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(db, replace(DESIGN, repeats=repeats, practice=number // 3), number)
    reader = make_reader(db, study)
    total = len(studies.order(study, reader))
    # A list of studies would have an order made for each of their readers.
    monkeypatch.setattr(studies, "order", None)
    assert [each.total for each in answers.progress(db, study)] == [total]


def test_the_answers_of_others_are_not_read_to_find_a_readers_own(
    sqlite: Database,
) -> None:
    reader = make_reader(sqlite, study := make_study(sqlite))
    asked: list[tuple[str, Any]] = []
    assert sqlite.file

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_c: object, _u: object, asks: str, values: Any, *_rest: object) -> None:
        asked.append((asks, values))

    answers.current(sqlite, reader)
    answers.readings(sqlite, study)
    event.remove(Engine, "before_cursor_execute", note)
    with closing(sqlite3.connect(sqlite.file)) as connection:
        for asks, values in asked:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {asks}", values).fetchall()
            assert not any("SCAN answers" in step[-1] for step in plan)


def test_readings_are_what_counts_by_reader_and_case(db: Database) -> None:
    study = make_study(db, replace(DESIGN, repeats=0.5, practice=3), 23)
    people = [make_reader(db, study, name) for name in ("Ada", "Bob", "Cleo")]
    answer(db, make_reader(db, make_study(db), "of another study"), 0, 0)
    chance = random.Random(3)
    first: dict[tuple[int, int], int] = {}
    again: dict[tuple[int, int], int] = {}
    for row, person in enumerate(people[:2]):
        order = studies.order(study, person)
        for place in chance.choices(order, k=40):
            choice = chance.choice([0, 1, CANNOT_TELL])
            answer(db, person, place.number, choice)
            (again if place.is_repeat else first)[row, place.item] = choice
    found = answers.readings(db, study)
    read = found.readings
    assert found.people == tuple(people)
    assert read.readers == ("Ada", "Bob", "Cleo")
    assert read.categories == ("malignant", "normal, benign")
    numbers = [case.number for case in found.cases]
    assert numbers == sorted(set(range(23)) - set(study.practice_items))
    for array, expected in ((read.answers, first), (read.repeats, again)):
        assert array.dtype == np.int64
        assert array.shape == (3, 20)
        for row in range(3):
            assert array[row].tolist() == [expected.get((row, number), -1) for number in numbers]
    assert read.stored.tolist() == [number % 2 for number in numbers]


def test_labels_that_no_choice_means_are_none(db: Database) -> None:
    study = make_study(db)
    design = replace(DESIGN, choices=(DESIGN.choices[1], replace(DESIGN.choices[0], value=None)))
    other = make_study(db, design)
    assert set(answers.readings(db, study).readings.stored.tolist()) == {0, 1}
    assert set(answers.readings(db, other).readings.stored.tolist()) == {0, -1}


def test_a_study_without_readers_has_empty_readings(db: Database) -> None:
    found = answers.readings(db, make_study(db)).readings
    assert found.answers.shape == found.repeats.shape == (0, 12)
