"""Studies and their readers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.datasets.subset import Items
from app.errors import GoneError, MalformedError, MissingError
from app.reviews import links, studies
from app.reviews.agreement import CANNOT_TELL
from app.reviews.database import Database
from app.reviews.designs import Choice
from app.reviews.studies import StudyItem

from .reading import CHOICES, DESIGN, items, make_reader, make_study, readers_of

WITHOUT_WIDTH = "\u00ad\u200b\u200c\u200d\u2060\ufeff"


def test_a_study_is_found_as_it_was_made(db: Database) -> None:
    design = replace(
        DESIGN,
        choices=(*CHOICES, Choice("tumeur « à revoir »")),
        ordinal=True,
        ask_confidence=True,
        repeats=0.3,
        practice=2,
        seed=2**62 - 1,
    )
    made = make_study(db, design, 12)
    assert made.design == design
    assert (made.size, made.closed) == (12, None)
    assert studies.find(db, made.id) == made
    assert studies.all_studies(db) == (made,)


def test_its_items_are_those_given_with_their_stored_labels(db: Database) -> None:
    given = Items(np.array([2, 0, 2], np.int8), np.array([5, 2**40, 0], np.int64))
    study = studies.create(db, DESIGN, given, [1, None, -7])
    assert studies.items_of(db, study) == (
        StudyItem(0, "test", 5, 1),
        StudyItem(1, "train", 2**40, None),
        StudyItem(2, "test", 0, -7),
    )


def test_texts_are_cleaned(db: Database) -> None:
    design = replace(
        DESIGN,
        title=" Breast\x00 ",
        question="What\u202e?",
        choices=(Choice(" yes\n"), Choice("no\x00")),
    )
    study = make_study(db, design)
    assert (study.design.title, study.design.question) == ("Breast", "What?")
    assert [choice.name for choice in study.design.choices] == ["yes", "no"]
    assert studies.find(db, study.id) == study


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"question": " \x00"},
        {"question": "x" * 501},
        {"choices": ()},
        {"choices": (Choice("yes"),)},
        {"choices": tuple(Choice(str(n)) for n in range(51))},
        {"choices": (Choice("Yes"), Choice("yes"))},
        {"choices": (Choice("a", 1), Choice("b", 1))},
        {"choices": (Choice(""), Choice("b"))},
        {"choices": (Choice("x" * 101), Choice("b"))},
        {"choices": (Choice("Cannot tell"), Choice("b"))},
        {"choices": (Choice("cannot  tell"), Choice("b"))},
        {"choices": (Choice("a b"), Choice("A  b"))},
        *({"choices": (Choice("a b"), Choice(f"a {c}b"))} for c in WITHOUT_WIDTH),
        {"choices": (Choice(f"cannot{WITHOUT_WIDTH} tell"), Choice("b"))},
        {"choices": (Choice("a", 2**63), Choice("b"))},
        {"repeats": -0.1},
        {"repeats": 0.51},
        {"repeats": float("nan")},
        {"practice": -1},
        {"practice": 51},
        {"practice": 12},
        {"seed": -1},
        {"seed": 2**63},
        {"dataset": ""},
        {"content": "no key"},
    ],
    ids=str,
)
def test_a_design_nobody_could_read_is_refused(wrong: dict[str, Any], db: Database) -> None:
    with pytest.raises(MalformedError, match=r"\.$"):
        make_study(db, replace(DESIGN, **wrong))
    assert studies.all_studies(db) == ()


def test_what_has_no_width_is_kept_as_it_was_typed(db: Database) -> None:
    names = (
        "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645",
        "\U0001f468\u200d\u2695\ufe0f",
        "Karzi\u00adnom",
    )
    study = make_study(db, replace(DESIGN, choices=tuple(map(Choice, names))))
    kept = studies.find(db, study.id).design.choices
    assert tuple(choice.name for choice in kept) == names


def test_too_few_too_many_or_the_same_items_are_refused(db: Database) -> None:
    for number in (0, 10_001):
        with pytest.raises(MalformedError, match=f"{number:,} were selected"):
            make_study(db, number=number)
    twice = Items(np.zeros(2, np.int8), np.zeros(2, np.int64))
    with pytest.raises(MalformedError, match="named twice"):
        studies.create(db, DESIGN, twice, [0, 0])


def test_items_for_practice_come_on_top_of_the_most_that_a_study_has(db: Database) -> None:
    design = replace(DESIGN, practice=5)
    assert make_study(db, design, number=10_005).size == 10_005
    for number in (5, 10_006):
        with pytest.raises(MalformedError, match=f"{number:,} were selected"):
            make_study(db, design, number=number)


def test_a_reader_gets_a_link_to_the_blinded_study(db: Database) -> None:
    study = make_study(db)
    token, link = studies.add_reader(db, study, " Dr. Ada ", days=90)
    assert links.find(db, token, db.now()) == link
    assert (link.kind, link.target, link.title) == ("study", f"/studies/{study.id}", "Breast")
    assert (link.study_id, link.content) == (study.id, study.design.content)
    assert link.hide_labels
    assert not link.may_comment
    assert link.expires - link.created == timedelta(days=90)
    assert link.reader_id
    [reader] = readers_of(db, study)
    assert (reader.id, reader.name) == (link.reader_id, "Dr. Ada")
    assert studies.find_reader(db, reader.id) == reader


def test_a_reader_who_lost_the_link_gets_another(db: Database) -> None:
    study = make_study(db)
    reader = make_reader(db, study)
    token, link = studies.link_reader(db, study, reader)
    assert links.find(db, token, db.now()).reader_id == reader.id
    assert len(links.all_links(db)) == 2
    assert links.all_links(db)[0] == link


def test_a_reader_needs_a_name_and_sensible_days_or_nothing_is_made(db: Database) -> None:
    study = make_study(db)
    for name in ("", "\x00", "x" * 101):
        with pytest.raises(MalformedError):
            studies.add_reader(db, study, name)
    with pytest.raises(MalformedError):
        studies.add_reader(db, study, "Ada", days=0)
    assert readers_of(db, study) == ()
    assert links.all_links(db) == ()


@pytest.mark.parametrize("name", ["Ada", " Ada ", "A\u200eda", "Ada\x00"])
def test_no_two_readers_of_a_study_have_the_same_name(name: str, db: Database) -> None:
    study, other = make_study(db), make_study(db)
    studies.add_reader(db, study, "Ada")
    with pytest.raises(MalformedError, match="“Ada” already") as told:
        studies.add_reader(db, study, name)
    assert told.value.part == "name"
    studies.add_reader(db, other, name)
    studies.add_reader(db, study, "Adam")
    assert [reader.name for reader in readers_of(db, study)] == ["Ada", "Adam"]
    assert len(links.all_links(db)) == 3


def test_a_study_takes_so_many_readers_and_no_more_though_two_are_added_at_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "READERS_MOST", 3)
    study = make_study(db)
    gate = threading.Barrier(6)

    def add(name: str) -> str:
        gate.wait()
        try:
            studies.add_reader(db, study, name)
        except MalformedError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(6) as together:
        told = list(together.map(add, "abcdef"))
    assert sorted(told) == [""] * 3 + ["A study has at most 3 readers."] * 3
    assert len(readers_of(db, study)) == len(links.all_links(db)) == 3


def test_a_closed_study_takes_no_reader_who_could_only_find_it_closed(db: Database) -> None:
    study = make_study(db)
    reader = make_reader(db, study)
    studies.close(db, study.id)
    with pytest.raises(GoneError, match="so no reader was added"):
        studies.add_reader(db, study, "Late")
    assert readers_of(db, study) == (reader,)
    # Who lost theirs may look at their answers by another.
    assert studies.link_reader(db, study, reader)[1].reader_id == reader.id


def test_readers_are_those_of_their_study(db: Database) -> None:
    first, second = make_study(db), make_study(db)
    ada, bob = make_reader(db, first), make_reader(db, second, "Bob")
    assert readers_of(db, first) == (ada,)
    assert readers_of(db, second) == (bob,)
    assert studies.all_studies(db) == (second, first)
    assert studies.names_of_readers(db, [bob.id, 77]) == {bob.id: "Bob"}


def test_some_of_all_studies_are_asked_for(db: Database) -> None:
    made = [make_study(db, number=number) for number in (4, 5, 6)]
    assert studies.all_studies(db, 1) == (made[1], made[0])
    assert studies.all_studies(db, 0, 1) == (made[2],)
    assert studies.all_studies(db, 1, 5) == (made[1], made[0])
    assert studies.count(db) == 3


def test_closing_keeps_the_first_time(db: Database) -> None:
    study = make_study(db)
    studies.close(db, study.id)
    closed = studies.find(db, study.id).closed
    studies.close(db, study.id)
    assert closed
    assert studies.find(db, study.id).closed == closed


def test_what_is_not_there_is_missing(db: Database) -> None:
    with pytest.raises(MissingError, match="no study 9"):
        studies.find(db, 9)
    with pytest.raises(MissingError, match="no study 9"):
        studies.close(db, 9)
    with pytest.raises(MissingError, match="no reader 9"):
        studies.find_reader(db, 9)


def test_a_label_is_the_choice_that_means_it(db: Database) -> None:
    design = replace(DESIGN, choices=(Choice("b", 1), Choice("other"), Choice("a", 0)))
    design = make_study(db, design).design
    assert [design.choice_of(label) for label in (0, 1, 2, None)] == [2, 0, -1, -1]
    assert [design.name_of(number) for number in (1, CANNOT_TELL)] == ["other", "cannot tell"]


def test_the_order_is_the_same_for_who_comes_back(db: Database) -> None:
    study = make_study(db, replace(DESIGN, repeats=0.5, practice=2), 40)
    reader = make_reader(db, study)
    order = studies.order(study, reader)
    assert studies.order(studies.find(db, study.id), studies.find_reader(db, reader.id)) == order
    assert {place.item for place in order} == set(range(40)) - set(study.practice_items)
    assert len(items(40)) == study.size
