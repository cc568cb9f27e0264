"""Collections changed many at a time, and undone: moved, taken out, flagged."""

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.reviews import collected_rows
from app.reviews.notes import FLAGS

from ..reading import page
from ..visiting import fields_of
from .choosing import EYES, Where, change, collect, eye, shown, undo


def test_a_change_leads_back_to_its_page_or_to_the_last_there_is(client: TestClient) -> None:
    collect(client, "/d/eyes", *eye(*range(100)))
    collect(client, "/d/eyes?page=2", *eye(101), to="1")

    def landed(address: str, *chosen: Where) -> list[Where]:
        answer = change(client, address, "remove", *chosen)
        assert answer.status_code == 303
        return shown(client, answer.headers["location"])

    collect(client, "/d/eyes?page=2", *eye(102), to="1")
    assert landed("/collections/1?page=2", *eye(101)) == eye(102)
    assert landed("/collections/1?page=2", *eye(102)) == eye(*range(100))
    collect(client, "/d/eyes?page=2", *eye(103, 104), to="1")
    assert landed("/collections/1", *eye(0)) == eye(*range(1, 100), 103)


def test_an_undo_leads_back_to_its_page_or_to_the_last_there_is(client: TestClient) -> None:
    collect(client, "/d/eyes", *eye(*range(100)))
    collect(client, "/d/eyes?page=2", *eye(101), to="1")

    def landed(address: str) -> str:
        sent = fields_of(client.get(address).text, "/collections/1/undo")
        return client.post("/collections/1/undo", data=sent).headers["location"]

    second = "/collections/1?page=2"
    added = collect(client, "/d/eyes?page=2", *eye(102), to="1").headers["location"]
    assert landed(added.replace("?", "?page=2&")) == second
    moved = change(client, second, "flag", *eye(101), flag="artefact")
    assert landed(moved.headers["location"]) == second
    collect(client, "/d/eyes?page=3", *eye(*range(200, 250)), to="1")
    added = collect(client, "/d/eyes?page=2", *eye(*range(102, 200)), to="1").headers["location"]
    assert landed(added.replace("?", "?page=3&")) == second


def test_taking_out_and_its_undo(three: TestClient) -> None:
    answer = change(three, "/collections/1", "remove", *eye(7, 2))
    assert shown(three) == [("bones", "train", 3)]
    assert undo(three, answer) == 303
    assert shown(three) == [*eye(7), ("bones", "train", 3), *eye(2)]


def test_a_change_that_others_followed_is_not_offered_to_be_undone(three: TestClient) -> None:
    added = collect(three, "/d/eyes", *eye(11), to="1")
    taken = change(three, "/collections/1", "remove", *eye(7))

    def offered(after: Response) -> bool:
        return 'action="/collections/1/undo"' in three.get(after.headers["location"]).text

    assert (offered(added), offered(taken)) == (False, True)
    undo(three, taken)
    assert (offered(added), offered(taken)) == (True, False)


def test_adding_is_undone(three: TestClient) -> None:
    answer = collect(three, "/d/eyes", *eye(11, 12, 7), to="1")
    assert shown(three) == [*eye(7), ("bones", "train", 3), *eye(2, 11, 12)]
    undo(three, answer)
    assert shown(three) == [*eye(7), ("bones", "train", 3), *eye(2)]


@pytest.fixture
def five(client: TestClient) -> TestClient:
    """A server with one collection of the eyes 0 to 4."""
    collect(client, "/d/eyes", *eye(0, 1, 2, 3, 4))
    return client


@pytest.mark.parametrize(
    ("do", "chosen", "place", "expected"),
    [
        ("earlier", [2], "", [0, 2, 1, 3, 4]),
        ("earlier", [0], "", [0, 1, 2, 3, 4]),
        ("earlier", [0, 1], "", [0, 1, 2, 3, 4]),
        ("later", [2], "", [0, 1, 3, 2, 4]),
        ("later", [4], "", [0, 1, 2, 3, 4]),
        ("later", [3, 4], "", [0, 1, 2, 3, 4]),
        ("earlier", [2, 3], "", [0, 2, 3, 1, 4]),
        ("later", [0, 1], "", [2, 0, 1, 3, 4]),
        ("place", [4], "1", [4, 0, 1, 2, 3]),
        ("place", [0], "5", [1, 2, 3, 4, 0]),
        ("place", [0], "999999", [1, 2, 3, 4, 0]),
        ("place", [0, 4], "3", [1, 2, 0, 4, 3]),
        ("place", [1], "3", [0, 2, 1, 3, 4]),
    ],
)
def test_images_are_moved_by_a_step_or_to_a_place(
    do: str, chosen: list[int], place: str, expected: list[int], five: TestClient
) -> None:
    answer = change(five, "/collections/1", do, *eye(*chosen), place=place)
    assert answer.status_code == 303
    assert shown(five) == eye(*expected)
    undo(five, answer)
    assert shown(five) == eye(0, 1, 2, 3, 4)


def test_images_that_have_left_the_page_meanwhile_are_not_moved(five: TestClient) -> None:
    hidden = fields_of(five.get("/collections/1").text, "/collections/1/change")
    given = {**hidden, "do": "earlier", "item": "test-9-0-eyes"}
    answer = five.post("/collections/1/change", data=given)
    assert answer.status_code == 422
    assert "moved meanwhile" in answer.text


def test_a_move_within_a_later_page_counts_from_the_first(client: TestClient) -> None:
    collect(client, "/d/eyes", which="all", name="All")
    change(client, "/collections/1?page=2", "place", *eye(150), place="2")
    assert [index for _, _, index in shown(client)[:4]] == [0, 150, 1, 2]
    # It is no selection any more, but its images.
    assert not list(page(client, "/collections/1").all("p", class_="subtitle"))


def test_a_selection_too_large_to_be_changed_stays_what_it_is(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collected_rows, "EXPAND_MOST", len(EYES) - 1)
    collect(client, "/d/eyes", which="all", name="All")
    collect(client, "/d/bones", ("bones", "train", 3), name="Bone")
    refusals = (
        change(client, "/collections/1", "remove", *eye(7)),
        change(client, "/collections/1", "place", *eye(7), place="1"),
        collect(client, "/d/bones", ("bones", "train", 3), to="1"),
        collect(client, "/d/eyes", which="all", to="2"),
    )
    for refused in refusals:
        assert refused.status_code == 422
        assert "250 items can only be kept whole; to change or add to it, select at most 249" in (
            refused.text
        )
    assert [index for _, _, index in shown(client, "/collections/1?page=3")] == [*range(200, 250)]
    assert shown(client, "/collections/2") == [("bones", "train", 3)]
    monkeypatch.setattr(collected_rows, "EXPAND_MOST", len(EYES))
    assert change(client, "/collections/1", "remove", *eye(7)).status_code == 303
    assert collect(client, "/d/eyes", which="all", to="2").status_code == 303
    assert "249 images" in page(client, "/collections/1").text()
    assert "251 images" in page(client, "/collections/2").text()


@pytest.mark.parametrize("address", ["/collections/1", "/collections/add?of=/d/eyes"])
def test_every_reason_to_flag_can_be_chosen(address: str, three: TestClient) -> None:
    (choice,) = page(three, address).all("select", name="flag")
    assert [option.get("value") for option in choice.iter("option")] == list(FLAGS)


def test_many_are_flagged_and_unflagged(client: TestClient) -> None:
    answer = collect(client, "/d/eyes?label=3", which="all", do="flag", flag="duplicate")
    assert answer.status_code == 303
    flagged = [thumb.index for thumb in page(client, "/d/eyes?noted=flagged").thumbs()]
    assert flagged == list(range(3, 250, 4))
    assert undo(client, answer) == 303
    assert page(client, "/d/eyes?noted=flagged").thumbs() == []


def test_images_of_a_collection_are_flagged(three: TestClient) -> None:
    answer = change(three, "/collections/1", "flag", *eye(7), ("bones", "train", 3), flag="other")
    assert [thumb.index for thumb in page(three, "/d/bones?noted=flagged").thumbs()] == [3]
    assert [thumb.index for thumb in page(three, "/d/eyes?noted=flagged").thumbs()] == [7]
    undo(three, answer)
    assert page(three, "/d/eyes?noted=flagged").thumbs() == []


@pytest.mark.parametrize("done", ["", "add", "add-", "add-x", "add-²", "add-٣", "flag-²", "add--1"])
def test_what_names_nothing_that_was_done_undoes_nothing(done: str, three: TestClient) -> None:
    hidden = fields_of(three.get("/collections/1").text, "/collections/1/change")
    for given in (done, f"add-{'9' * 30}", f"flag-{'9' * 30}"):
        answer = three.post("/collections/1/undo", data={**hidden, "done": given})
        assert answer.status_code == 404
    assert len(shown(three)) == 3
