"""Notes and flags: nothing is lost, only taken back; and they stay with the images they are of."""

import numpy as np
import pytest
from sqlalchemy import text

from app.errors import MalformedError, MissingError
from app.reviews import links, notes
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.notes import Author, Flag, Note

OWNER = Author("Owner")
CONTENT = "ab" * 12
ITEM = Item("breastmnist", CONTENT, "test", 3)


def guest(db: Database, name: str = "Dr. Müller") -> Author:
    return Author(name, links.make(db, "grid", "/d/breastmnist", may_comment=True)[1].id)


def current(db: Database, item: Item) -> tuple[Note, ...]:
    said = notes.history(db, item)
    return tuple(note for note in said if note.undoes is None and not note.undone)


def flagged_items(db: Database, content: str = CONTENT) -> int:
    return sum(map(len, notes.noted(db, "breastmnist", content, "flagged").values()))


def rows(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM notes")).scalar_one())


def test_a_note_is_found_with_who_said_it_and_when(db: Database) -> None:
    author = guest(db)
    made = notes.add(db, ITEM, author, "wrong-label", "Looks benign\nto me")
    [found] = current(db, ITEM)
    assert found == made
    assert (found.author, found.flag, found.text) == (author, "wrong-label", "Looks benign\nto me")
    assert (found.undone, found.undoes) == (False, None)


def test_what_a_guest_wrote_is_told_from_what_the_owner_wrote(db: Database) -> None:
    author = guest(db, "Owner")
    notes.add(db, ITEM, OWNER, "other", "")
    notes.add(db, ITEM, author, "other", "")
    assert [note.author.link_id for note in current(db, ITEM)] == [None, author.link_id]


def test_a_note_is_only_of_its_own_item(db: Database) -> None:
    notes.add(db, ITEM, OWNER, "other", "")
    for other in (
        Item("retinamnist", CONTENT, "test", 3),
        Item("breastmnist", "cd" * 12, "test", 3),
        Item("breastmnist", CONTENT, "val", 3),
        Item("breastmnist", CONTENT, "test", 4),
    ):
        assert notes.history(db, other) == ()


def test_taking_back_adds_a_row_and_deletes_none(db: Database) -> None:
    first = notes.add(db, ITEM, OWNER, None, "first")
    second = notes.add(db, ITEM, OWNER, None, "second")
    notes.undo(db, first.id, OWNER)
    assert current(db, ITEM) == (second,)
    assert [(n.text, n.undone, n.undoes) for n in notes.history(db, ITEM)] == [
        ("first", True, None),
        ("second", False, None),
        ("", False, first.id),
    ]


def test_taking_back_twice_is_taking_back_once(db: Database) -> None:
    note = notes.add(db, ITEM, OWNER, "other", "")
    notes.undo(db, note.id, OWNER)
    notes.undo(db, note.id, OWNER)
    assert rows(db) == 2


def test_the_order_is_that_of_writing_even_if_the_clock_goes_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = db.now()
    for day in (3, 1, 2):
        monkeypatch.setattr(db, "now", lambda day=day: now.replace(day=day))
        notes.add(db, ITEM, OWNER, None, f"on day {day}")
    assert [n.text for n in notes.history(db, ITEM)] == ["on day 3", "on day 1", "on day 2"]


def test_a_guest_takes_back_only_their_own_and_the_owner_all(db: Database) -> None:
    author, other = guest(db), guest(db)
    note = notes.add(db, ITEM, author, "other", "")
    owners = notes.add(db, ITEM, OWNER, "other", "")
    for denied in (note, owners):
        with pytest.raises(MissingError, match=f"no note {denied.id} of yours"):
            notes.undo(db, denied.id, other)
    notes.undo(db, note.id, OWNER)
    assert current(db, ITEM) == (owners,)


@pytest.mark.parametrize("number", [99, -1])
def test_a_note_that_is_not_there_can_not_be_taken_back(number: int, db: Database) -> None:
    with pytest.raises(MissingError):
        notes.undo(db, number, OWNER)


def test_a_taking_back_can_not_be_taken_back(db: Database) -> None:
    note = notes.add(db, ITEM, OWNER, "other", "")
    notes.undo(db, note.id, OWNER)
    with pytest.raises(MissingError):
        notes.undo(db, notes.history(db, ITEM)[-1].id, OWNER)


def test_noted_items_are_listed_by_split_in_ascending_order(db: Database) -> None:
    for split, index, flag, said in (
        ("test", 7, "other", ""),
        ("test", 2, "other", "both"),
        ("test", 2, "duplicate", ""),
        ("train", 5, None, "only a text"),
        ("val", 1, "artefact", ""),
    ):
        notes.add(db, Item("breastmnist", CONTENT, split, index), OWNER, flag, said)  # type: ignore[arg-type]
    notes.undo(db, current(db, Item("breastmnist", CONTENT, "val", 1))[0].id, OWNER)
    flagged = notes.noted(db, "breastmnist", CONTENT, "flagged")
    texts = notes.noted(db, "breastmnist", CONTENT, "notes")
    assert {split: found.tolist() for split, found in flagged.items()} == {
        "train": [],
        "val": [],
        "test": [2, 7],
    }
    assert {split: found.tolist() for split, found in texts.items()} == {
        "train": [5],
        "val": [],
        "test": [2],
    }
    assert all(found.dtype == np.int64 for found in (*flagged.values(), *texts.values()))


def test_an_item_that_is_flagged_twice_is_found_once(db: Database) -> None:
    for flag, said in (("other", "a"), ("other", "b"), ("duplicate", "")):
        notes.add(db, ITEM, OWNER, flag, said)  # type: ignore[arg-type]
    notes.add(db, Item("breastmnist", CONTENT, "train", 3), OWNER, "other", "")
    assert flagged_items(db) == 2


def test_what_a_link_said_is_told_from_what_others_did(db: Database) -> None:
    author, other = guest(db), guest(db, "Dr. Other")
    one, two, three = (Item("breastmnist", CONTENT, "test", n) for n in (4, 2, 9))
    notes.add(db, one, author, "artefact", "")
    notes.add(db, one, author, "other", "")
    notes.add(db, two, author, "other", "blurred")
    notes.add(db, three, author, None, "fine")
    gone = notes.add(db, Item("breastmnist", CONTENT, "val", 4), author, "other", "no")
    notes.undo(db, gone.id, author)
    notes.add(db, three, other, "other", "")
    notes.add(db, three, Author("Owner"), "other", "")
    assert author.link_id
    assert notes.said_by(db, author.link_id) == {
        "flagged": frozenset({one, two}),
        "notes": frozenset({two, three}),
    }


def test_another_content_has_none_of_the_notes_and_says_how_many_are_of_the_old(
    db: Database,
) -> None:
    notes.add(db, ITEM, OWNER, "other", "")
    notes.add(db, ITEM, OWNER, None, "text")
    notes.undo(db, notes.add(db, ITEM, OWNER, None, "taken back").id, OWNER)
    changed = "cd" * 12
    assert flagged_items(db, changed) == 0
    assert notes.stale(db, "breastmnist", changed) == 2
    assert notes.stale(db, "breastmnist", CONTENT) == 0


def test_many_are_flagged_at_once_and_unflagged_at_once(db: Database) -> None:
    many = [Item("breastmnist", CONTENT, "train", index) for index in range(6_000)]
    earlier = notes.add(db, many[0], OWNER, "other", "")
    operation = notes.add_many(db, [*many, many[5]], OWNER, "poor-quality")
    assert flagged_items(db) == 6_000
    assert len(current(db, many[5])) == 1
    notes.undo(db, current(db, many[1])[0].id, OWNER)
    notes.undo_many(db, operation, OWNER)
    notes.undo_many(db, operation, OWNER)
    assert flagged_items(db) == 1
    assert current(db, many[0]) == (earlier,)
    assert rows(db) == 1 + 2 * 6_000


def test_it_is_kept_who_took_back_and_when(db: Database) -> None:
    author = guest(db)
    alone = notes.add(db, ITEM, author, "other", "")
    notes.undo(db, alone.id, author)
    assert notes.history(db, ITEM)[-1].author == author
    operation = notes.add_many(db, [ITEM], OWNER, "poor-quality")
    kept = text("SELECT undone FROM operations")
    times = []
    for _ in range(2):
        notes.undo_many(db, operation, OWNER)
        with db.reading() as connection:
            times.append(connection.execute(kept).scalar_one())
    assert times[0]
    assert times[0] == times[1]


def test_a_guest_can_not_undo_what_another_did_to_many(db: Database) -> None:
    operation = notes.add_many(db, [ITEM], OWNER, "other")
    with pytest.raises(MissingError):
        notes.undo_many(db, operation, guest(db))
    assert len(current(db, ITEM)) == 1


@pytest.mark.parametrize(
    ("author", "flag", "said"),
    [
        (OWNER, None, ""),
        (OWNER, None, " \x00\u202e "),
        (OWNER, "malignant", ""),
        (Author(" "), "other", ""),
        (Author("x" * 101), "other", ""),
        (OWNER, None, "x" * 2_001),
        (OWNER, None, "x" * 1_000_000),
    ],
)
def test_what_is_no_note_is_refused(author: Author, flag: Flag, said: str, db: Database) -> None:
    with pytest.raises(MalformedError, match=r"\.$"):
        notes.add(db, ITEM, author, flag, said)
    assert rows(db) == 0


@pytest.mark.parametrize(
    "item",
    [
        Item("", CONTENT, "test", 0),
        Item("a\x00", CONTENT, "test", 0),
        Item("\ud800", CONTENT, "test", 0),
        Item("x" * 201, CONTENT, "test", 0),
        Item("breastmnist", "", "test", 0),
        Item("breastmnist", "../..", "test", 0),
        Item("breastmnist", CONTENT, "TEST", 0),  # type: ignore[arg-type]
        Item("breastmnist", CONTENT, "test", -1),
        Item("breastmnist", CONTENT, "test", 2**63),
    ],
)
def test_what_names_no_item_is_refused(item: Item, db: Database) -> None:
    with pytest.raises(MalformedError, match=r"\.$"):
        notes.add(db, item, OWNER, "other", "")


def test_too_many_at_once_are_refused(sqlite: Database) -> None:
    many = (Item("breastmnist", CONTENT, "train", index) for index in range(100_001))
    with pytest.raises(MalformedError, match="at most 100,000"):
        notes.add_many(sqlite, many, OWNER, "other")


def test_hostile_texts_come_back_as_texts(db: Database) -> None:
    said = "<script>alert(1)</script>\n'); DROP TABLE notes; --"
    notes.add(db, ITEM, Author("=cmd|' /C calc'!A0"), None, said + "\x00\u2066")
    [found] = current(db, ITEM)
    assert (found.text, found.author.name) == (said, "=cmd|' /C calc'!A0")
