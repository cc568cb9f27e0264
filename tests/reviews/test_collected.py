"""Collections: what is in them, in which order, and that every change can be undone."""

import random
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from app.datasets.selection import SPLITS
from app.errors import MalformedError, MissingError
from app.reviews import collected, collected_rows, collecting
from app.reviews.collected import Matching
from app.reviews.database import Database
from app.reviews.items import Item

CONTENT = "ab" * 12
QUERY = "split=test&label=0"
TOTAL = 30

# Of any split, of two data sets.
ITEMS = [
    Item(dataset, CONTENT, split, index)
    for dataset in ("breastmnist", "retinamnist")
    for split in SPLITS
    for index in range(4)
]


def expand(matching: Matching, start: int, stop: int) -> Sequence[Item]:
    """The items of a selection: here its even indexes."""
    assert 0 <= start < stop <= matching.count
    return [
        Item(matching.dataset, matching.content, "test", 2 * rank) for rank in range(start, stop)
    ]


def never(*ranks: object) -> Sequence[Item]:
    raise AssertionError(f"there is no selection to expand: {ranks}")


@pytest.fixture
def number(db: Database) -> int:
    """An empty collection."""
    return collected.create(db, "To discuss").id


def listed(db: Database, number: int) -> list[Item]:
    return list(collected.items(db, number, 0, 10**6, expand))


def select(db: Database, number: int, total: int = TOTAL) -> int:
    return collecting.add(db, number, Matching("breastmnist", CONTENT, QUERY, total), expand)


def undo(db: Database, operation: int) -> None:
    collecting.undo(db, operation, expand)


def selected(total: int = TOTAL) -> list[Item]:
    return list(expand(Matching("breastmnist", CONTENT, QUERY, total), 0, total))


def test_a_collection_has_a_name_and_can_have_another(db: Database) -> None:
    made = collected.create(db, " For Tuesday\x00 ")
    assert (made.name, made.count, made.matching) == ("For Tuesday", 0, None)
    collected.rename(db, made.id, "For\nFriday")
    assert collected.find(db, made.id).name == "For Friday"


@pytest.mark.parametrize("name", ["", " \u202e ", "x" * 201])
def test_a_name_that_is_none_is_refused(name: str, db: Database, number: int) -> None:
    with pytest.raises(MalformedError):
        collected.create(db, name)
    with pytest.raises(MalformedError):
        collected.rename(db, number, name)


def test_all_collections_are_listed_with_their_counts(db: Database, number: int) -> None:
    other = collected.create(db, "Other").id
    collecting.add(db, number, ITEMS[:5], never)
    collecting.remove(db, number, ITEMS[:1], never)
    select(db, other)
    found = [(c.id, c.name, c.count) for c in collected.all_collections(db)]
    assert found == [(other, "Other", TOTAL), (number, "To discuss", 4)]


def test_items_stay_in_the_order_they_were_added_in_each_once(db: Database, number: int) -> None:
    mixed = random.Random(1).sample(ITEMS, len(ITEMS))
    collecting.add(db, number, mixed[:10], never)
    collecting.add(db, number, [mixed[3], *mixed[5:], mixed[20]], never)
    assert listed(db, number) == mixed
    assert collected.items(db, number, 4, 7, never) == tuple(mixed[4:7])
    assert collected.items(db, number, -5, 2, never) == tuple(mixed[:2])
    assert collected.items(db, number, 20, 10**9, never) == tuple(mixed[20:])
    assert collected.items(db, number, 7, 4, never) == ()


def test_the_places_of_some_items_are_those_at_which_they_are_listed(
    db: Database, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collected, "_ASKED_MOST", 200)
    many = [Item("pathmnist", CONTENT, "train", index) for index in range(450)]
    mixed = random.Random(2).sample([*ITEMS, *many], len(ITEMS) + len(many))
    collecting.add(db, number, mixed, never)
    collecting.add(db, collected.create(db, "Other").id, many, never)
    collecting.reorder(db, number, mixed[400:402], mixed[3], never)
    collecting.remove(db, number, mixed[5:9], never)
    order = listed(db, number)
    assert len(order) == len(mixed) - 4
    asked = random.Random(3).sample(mixed, 420)
    assert collected.ranks(db, number, [*asked, Item("pathmnist", CONTENT, "test", 0)]) == {
        item: order.index(item) for item in asked if item in order
    }
    assert collected.ranks(db, number, []) == {}


def test_an_item_may_be_in_several_collections(db: Database, number: int) -> None:
    other = collected.create(db, "Other").id
    for each in (number, other):
        collecting.add(db, each, ITEMS[:3], never)
    collecting.remove(db, number, ITEMS[:3], never)
    assert listed(db, other) == ITEMS[:3]


def test_what_is_removed_comes_back_though_another_collection_has_it(
    db: Database, number: int
) -> None:
    other = collected.create(db, "Other").id
    for each in (number, other):
        collecting.add(db, each, ITEMS[:3], never)
    undo(db, collecting.remove(db, number, ITEMS[1:2], never))
    assert listed(db, number) == listed(db, other) == ITEMS[:3]


def test_changes_of_another_collection_are_not_the_newest_of_this_one(
    db: Database, number: int
) -> None:
    other = collected.create(db, "Other").id
    first = collecting.add(db, number, ITEMS[:1], never)
    second = collecting.add(db, other, ITEMS[:1], never)
    assert (collecting.newest(db, number), collecting.newest(db, other)) == (first, second)


def test_its_files_are_those_of_what_is_in_it_now(db: Database, number: int) -> None:
    breast, retina = ITEMS[0], ITEMS[-1]
    other = collected.create(db, "Other").id
    collecting.add(db, number, [retina, breast], never)
    collecting.add(db, other, [retina], never)
    assert collected.files(db, collected.find(db, number)) == (
        ("breastmnist", CONTENT),
        ("retinamnist", CONTENT),
    )
    collecting.remove(db, number, [retina], never)
    assert collected.files(db, collected.find(db, number)) == (("breastmnist", CONTENT),)


def test_undoing_what_came_before_a_selection_leaves_the_selection(
    db: Database, number: int
) -> None:
    before = collecting.add(db, number, ITEMS[-1:], never)
    collecting.remove(db, number, ITEMS[-1:], never)
    select(db, number)
    undo(db, before)
    assert listed(db, number) == selected()


def test_what_was_removed_before_a_selection_comes_back_in_front_of_it_for_all_to_see(
    db: Database, number: int
) -> None:
    collecting.add(db, number, [ITEMS[-1], selected()[2]], never)
    removed = collecting.remove(db, number, [ITEMS[-1], selected()[2]], never)
    nothing = collecting.remove(db, number, ITEMS[:1], never)
    chosen = select(db, number)
    undo(db, nothing)
    assert collected.find(db, number).matching
    undo(db, removed)
    assert listed(db, number) == [ITEMS[-1], *selected()]
    assert collected.find(db, number).count == TOTAL + 1
    undo(db, chosen)
    assert listed(db, number) == ITEMS[-1:]


def test_what_was_removed_stays_so_where_the_selection_since_can_not_be_read(
    db: Database, number: int
) -> None:
    collecting.add(db, number, ITEMS[-1:], never)
    removed = collecting.remove(db, number, ITEMS[-1:], never)
    select(db, number, 250_001)
    with pytest.raises(MalformedError, match="250,001 items can only be kept whole"):
        undo(db, removed)
    assert collected.find(db, number).count == 250_001
    assert collecting.newest(db, number) == removed + 1


def test_removed_items_come_back_where_they_were(db: Database, number: int) -> None:
    collecting.add(db, number, ITEMS, never)
    operation = collecting.remove(db, number, [ITEMS[2], ITEMS[9], ITEMS[9]], never)
    assert listed(db, number) == [item for item in ITEMS if item not in (ITEMS[2], ITEMS[9])]
    undo(db, operation)
    assert listed(db, number) == ITEMS


def test_undoing_twice_is_undoing_once(db: Database, number: int) -> None:
    operation = collecting.add(db, number, ITEMS[:3], never)
    undo(db, operation)
    collecting.add(db, number, ITEMS[:2], never)
    undo(db, operation)
    assert listed(db, number) == ITEMS[:2]


def test_undoing_in_another_order_leaves_each_item_once_or_not_at_all(
    db: Database, number: int
) -> None:
    first = collecting.add(db, number, ITEMS[:2], never)
    second = collecting.remove(db, number, ITEMS[:1], never)
    collecting.add(db, number, ITEMS[:1], never)
    undo(db, second)  # it is there again already
    assert listed(db, number) == [ITEMS[1], ITEMS[0]]
    undo(db, first)
    assert listed(db, number) == [ITEMS[0]]
    third = collecting.add(db, number, ITEMS[5:6], never)
    fourth = collecting.remove(db, number, ITEMS[5:6], never)
    undo(db, third)
    undo(db, fourth)  # what was never added can't come back
    assert listed(db, number) == [ITEMS[0]]


def test_no_item_takes_the_place_that_undoing_gives_back_to_another(
    db: Database, number: int
) -> None:
    a, b, c, d, e = ITEMS[:5]
    collecting.add(db, number, [a, b, c], never)
    to_front = collecting.reorder(db, number, [c], b, never)
    collecting.add(db, number, [d], never)
    undo(db, to_front)
    collecting.reorder(db, number, [a], d, never)
    assert listed(db, number) == [b, c, a, d]
    to_end = collecting.reorder(db, number, [c], None, never)
    collecting.add(db, number, [e], never)
    collecting.reorder(db, number, [e], a, never)
    undo(db, to_end)
    collecting.reorder(db, number, [d], c, never)
    collecting.reorder(db, number, [b], e, never)
    order = listed(db, number)
    assert order.index(d) + 1 == order.index(c)
    assert order.index(b) + 1 == order.index(e)


def test_any_row_of_changes_undone_from_the_last_gives_every_state_again(
    db: Database, number: int
) -> None:
    chance = random.Random(7)
    model: list[Item] = []
    past: list[tuple[int, list[Item]]] = []
    for _ in range(60):
        before = list(model)
        some = chance.sample(ITEMS, chance.randint(1, 5))
        match chance.choice(["add", "remove", "reorder", "end", "undo"]):
            case "add":
                operation = collecting.add(db, number, some, never)
                model += [item for item in some if item not in model]
            case "remove":
                operation = collecting.remove(db, number, some, never)
                model = [item for item in model if item not in some]
            case "end":
                operation = collecting.reorder(db, number, some, None, never)
                moved = [item for item in some if item in model]
                model = [item for item in model if item not in moved] + moved
            case "reorder" if model:
                target = chance.choice(model)
                operation = collecting.reorder(db, number, some, target, never)
                moved = [item for item in some if item in model and item != target]
                model = [item for item in model if item not in moved]
                at = model.index(target)
                model[at:at] = moved
            case _:
                if past:
                    operation, model = past.pop()
                    undo(db, operation)
                    assert listed(db, number) == model
                continue
        past.append((operation, before))
        assert listed(db, number) == model
    while past:
        operation, model = past.pop()
        undo(db, operation)
        assert listed(db, number) == model


def test_all_that_match_are_one_row_until_changed(db: Database, number: int) -> None:
    select(db, number, 1_000_000)
    found = collected.find(db, number)
    assert found.count == 1_000_000
    assert found.matching == Matching("breastmnist", CONTENT, QUERY, 1_000_000)
    with db.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM collected")).scalar() == 0
    page = collected.items(db, number, 999_998, 2_000_000, expand)
    assert [item.index for item in page] == [1_999_996, 1_999_998]


@pytest.mark.parametrize("change", ["add", "remove", "reorder"])
def test_the_first_change_turns_the_selection_into_its_items(
    change: str, db: Database, number: int
) -> None:
    select(db, number, 6_000)
    matched = selected(6_000)
    match change:
        case "add":
            collecting.add(db, number, [ITEMS[-1], matched[4]], expand)
            expected = [*matched, ITEMS[-1]]
        case "remove":
            collecting.remove(db, number, matched[1:], expand)
            expected = matched[:1]
        case _:
            collecting.reorder(db, number, matched[-1:], matched[0], expand)
            expected = [matched[-1], *matched[:-1]]
    assert listed(db, number) == expected
    assert collected.find(db, number).matching is None


def test_a_selection_added_to_others_becomes_its_items(db: Database, number: int) -> None:
    collecting.add(db, number, [ITEMS[-1], selected()[3]], never)
    operation = select(db, number)
    rest = [item for item in selected() if item != selected()[3]]
    assert listed(db, number) == [ITEMS[-1], selected()[3], *rest]
    undo(db, operation)
    assert listed(db, number) == [ITEMS[-1], selected()[3]]


def test_a_selection_can_be_undone_whether_it_was_changed_or_not(db: Database, number: int) -> None:
    undo(db, select(db, number))
    assert collected.find(db, number).count == 0
    operation = select(db, number)
    collecting.add(db, number, ITEMS[-1:], expand)
    undo(db, operation)
    assert listed(db, number) == ITEMS[-1:]


def test_too_large_a_selection_is_kept_whole_or_refused(db: Database, number: int) -> None:
    select(db, number, 250_001)
    with pytest.raises(MalformedError, match="250,001 items can only be kept whole"):
        collecting.add(db, number, ITEMS[:1], never)
    with pytest.raises(MalformedError, match="250,001 items can only be kept whole"):
        select(db, number)
    assert collected.find(db, number).count == 250_001


def test_as_large_a_selection_as_may_be_becomes_its_items(
    db: Database, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collected_rows, "EXPAND_MOST", TOTAL)
    select(db, number, TOTAL)
    operation = collecting.add(db, number, ITEMS[-1:], expand)
    assert listed(db, number) == [*selected(), ITEMS[-1]]
    undo(db, operation)
    with pytest.raises(MalformedError, match="31 items can only be kept whole"):
        select(db, number, TOTAL + 1)
    assert listed(db, number) == selected()
    # What was refused is no change that could be undone.
    assert collecting.newest(db, number) == operation - 1


def test_a_selection_that_can_not_be_read_changes_nothing(db: Database, number: int) -> None:
    def gone(matching: Matching, *_: int) -> Sequence[Item]:
        raise MissingError("dataset", f"There is no {matching.dataset} here.")

    select(db, number)
    with pytest.raises(MissingError, match="no breastmnist here"):
        collecting.remove(db, number, ITEMS[:1], gone)
    assert collected.find(db, number).matching


def test_moving_in_front_of_what_is_not_there_is_refused(db: Database, number: int) -> None:
    collecting.add(db, number, ITEMS[:3], never)
    with pytest.raises(MissingError, match="not in this collection"):
        collecting.reorder(db, number, ITEMS[:1], ITEMS[9], never)
    assert listed(db, number) == ITEMS[:3]


def test_a_collection_that_is_not_there_is_missing(db: Database) -> None:
    for use in (
        lambda: collected.find(db, 5),
        lambda: collected.rename(db, 5, "x"),
        lambda: collected.items(db, 5, 0, 1, never),
        lambda: collecting.add(db, 5, ITEMS, never),
        lambda: collecting.remove(db, 5, ITEMS, never),
        lambda: collecting.reorder(db, 5, ITEMS, None, never),
        lambda: select(db, 5),
    ):
        with pytest.raises(MissingError, match="no collection 5"):
            use()
    with pytest.raises(MissingError, match="no change 5"):
        undo(db, 5)


@pytest.mark.parametrize("query", ["x" * 4_001, "a\nb", "\ud800"])
def test_what_is_no_selection_is_refused(query: str, db: Database, number: int) -> None:
    with pytest.raises(MalformedError):
        collecting.add(db, number, Matching("breastmnist", CONTENT, query, 1), expand)


def test_a_deleted_collection_is_as_if_it_were_not_there(db: Database, number: int) -> None:
    operation = collecting.add(db, number, ITEMS[:3], never)
    other = collected.create(db, "Kept")
    collected.delete(db, number)
    assert collected.all_collections(db) == (other,)
    acts: list[Callable[[], object]] = [
        lambda: collected.find(db, number),
        lambda: collected.items(db, number, 0, 9, never),
        lambda: collected.rename(db, number, "Again"),
        lambda: collected.delete(db, number),
        lambda: collecting.add(db, number, ITEMS[4:5], never),
        lambda: collecting.remove(db, number, ITEMS[:1], never),
        lambda: undo(db, operation),
        lambda: select(db, number),
    ]
    for act in acts:
        with pytest.raises(MissingError, match=f"There is no collection {number}"):
            act()


def test_some_of_all_collections_are_asked_for(db: Database, number: int) -> None:
    collecting.add(db, number, ITEMS[:3], never)
    made = [collected.find(db, number), *(collected.create(db, f"{n}") for n in range(5))]
    for each in made[2:4]:
        collected.delete(db, each.id)
    kept = [made[5], made[4], made[1], made[0]]
    assert [collected.all_collections(db, n, 1) for n in range(4)] == [(each,) for each in kept]
    assert collected.all_collections(db, 2) == (made[1], made[0])
    assert collected.all_collections(db, 1, 5, deleted=True) == (made[2],)
    assert collected.all_collections(db, 0, 0, deleted=True) == ()
    assert (collected.count(db), collected.count(db, deleted=True)) == (4, 2)
    assert collected.names(db, [number, made[2].id, 77]) == {number: "To discuss"}


def test_a_deleted_collection_comes_back_whole(db: Database, number: int) -> None:
    collecting.add(db, number, ITEMS[:3], never)
    before = collected.find(db, number)
    collected.delete(db, number)
    assert collected.all_collections(db, deleted=True) == (before,)
    collected.restore(db, number)
    collected.restore(db, number)
    assert collected.find(db, number) == before
    assert listed(db, number) == ITEMS[:3]
    assert collected.all_collections(db, deleted=True) == ()


def test_what_never_was_can_be_neither_deleted_nor_brought_back(db: Database) -> None:
    for act in (collected.delete, collected.restore):
        with pytest.raises(MissingError, match="There is no collection 77"):
            act(db, 77)
