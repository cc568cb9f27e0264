"""Collections: made from grids, named, listed; forms that make no sense."""

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.reviews import collected_rows
from app.web import collect as collect_routes

from ..reading import Page, page, words
from ..visiting import fields_of, send, visitor
from .choosing import EYES, collect, eye, shown, ticked, undo


def test_a_collection_is_made_named_and_listed(client: TestClient) -> None:
    assert "There is no collection yet" in client.get("/collections").text
    answer = send(client, "/collections", "/collections", name="Ward round")
    assert (answer.status_code, answer.headers["location"]) == (303, "/collections/1")
    assert "Ward round" in words(page(client, "/collections").one("ul", class_="link-list"))
    assert send(client, "/collections/1", "/collections/1/rename", name="Monday").status_code == 303
    assert words(page(client, "/collections/1").one("h1")) == "Monday"


def test_where_the_way_back_is_refused_no_name_is_changed(three: TestClient) -> None:
    action = "/collections/1/rename"
    fields = {**fields_of(three.get("/collections/1").text, action), "name": "Other", "page": "x"}
    assert three.post(action, data=fields).status_code == 422
    assert words(page(three, "/collections/1").one("h1")) == "Mixed"


@pytest.mark.parametrize("name", ["", " \x00 ", "n" * 201])
def test_a_name_that_is_none_is_refused(name: str, client: TestClient) -> None:
    assert send(client, "/collections", "/collections", name=name).status_code == 422
    assert collect(client, "/d/eyes", *eye(1), name=name).status_code == 422
    assert "There is no collection yet" in client.get("/collections").text


def test_a_place_on_the_grids_page_is_no_part_of_its_filter(client: TestClient) -> None:
    of = quote("/d/eyes?label=1#results", safe="")
    found = page(client, f"/collections/add?of={of}")
    assert found.one("input", name="of").get("value") == "/d/eyes?label=1"


def test_those_ticked_a_page_or_all_that_match_are_put_in(client: TestClient) -> None:
    collect(client, "/d/eyes?label=1", *eye(5, 9), name="Ticked")
    assert shown(client) == eye(5, 9)
    collect(client, "/d/eyes?label=1&per_page=20&page=2", which="page", name="A page")
    assert shown(client, "/collections/2") == eye(*range(81, 161, 4))
    answer = collect(client, "/d/eyes?label=1&order=random&seed=3", which="all", name="All")
    assert answer.headers["location"] == "/collections/3?done=add-3"
    grid = [thumb.index for thumb in page(client, "/d/eyes?label=1&order=random&seed=3").thumbs()]
    assert shown(client, "/collections/3") == eye(*grid)
    assert page(client, "/collections/3").one("p", class_="subtitle").find("a") is not None


@pytest.mark.parametrize("place", ["collections", "studies", "links"])
def test_the_menu_says_which_list_one_is_on(place: str, client: TestClient) -> None:
    chosen = page(client, f"/{place}").one("a", aria_current="page")
    assert (chosen.get("href"), words(chosen)) == (f"/{place}", place.capitalize())


def test_the_form_offers_every_collection_the_newest_first(client: TestClient) -> None:
    def offered() -> list[str]:
        found = page(client, "/collections/add?of=/d/eyes")
        (choice,) = found.all("select", name="to")
        return [words(option) for option in choice.iter("option")]

    assert offered() == ["A new one, named:"]
    collect(client, "/d/eyes", *eye(7), name="First")
    collect(client, "/d/eyes", *eye(7), name="Second")
    assert offered() == ["Second", "First", "A new one, named:"]


def test_the_form_offers_a_hundred_collections_at_once_and_keeps_what_is_ticked(
    client: TestClient,
) -> None:
    address = "/collections/add?of=/d/eyes"
    hidden = fields_of(client.get("/collections").text, "/collections")
    for n in range(101):
        client.post("/collections", data={**hidden, "name": f"No. {n}"})
    first = page(client, address)
    offered = [words(option) for option in first.one("select", name="to").iter("option")]
    assert offered == [*(f"No. {n}" for n in range(100, 0, -1)), "A new one, named:"]
    (older,) = first.all("button", name="among")
    given = {**fields_of(client.get(address).text, "/collections/add"), "name": "Mine"}
    given |= {"which": "page", "flag": "artefact", "among": older.get("value") or ""}
    boxes = ticked(client, address, *eye(3, 7))
    answer = client.post("/collections/add", data={**given, "item": boxes})
    second = Page(answer.text)
    assert [words(each) for each in second.one("select", name="to").iter("option")] == [
        "No. 0",
        "A new one, named:",
    ]
    assert "Collections, page 2 of 2" in second.text()
    kept = second.all("input", name="item", checked="")
    assert [box.get("value") for box in kept] == boxes
    assert second.one("input", name="name").get("value") == "Mine"
    assert second.one("input", name="which", checked="").get("value") == "page"
    assert [words(each) for each in second.all("button", name="among")] == ["Newer collections"]
    assert words(second.one("option", selected="", value="artefact")) == "Artefact"
    send_on = {**given, "which": "chosen", "among": "", "to": "1", "do": "add", "item": boxes}
    assert client.post("/collections/add", data=send_on).status_code == 303
    assert shown(client, "/collections/1") == eye(3, 7)
    assert client.post("/collections/add", data={**given, "among": "3"}).status_code == 404


@pytest.mark.parametrize("which", ["page", "all"])
@pytest.mark.parametrize("do", ["add", "flag"])
def test_nothing_is_done_to_all_of_nothing(do: str, which: str, client: TestClient) -> None:
    for grid in ("/d/eyes?noted=flagged", "/d/eyes?label=none"):
        answer = collect(client, grid, which=which, do=do, flag="other")
        assert answer.status_code == 422
        assert "No images match these filters." in answer.text
    assert "There is no collection yet" in client.get("/collections").text


def test_another_name_leads_back_to_the_page_one_was_on(client: TestClient) -> None:
    collect(client, "/d/eyes", *eye(*range(100)))
    collect(client, "/d/eyes?page=2", *eye(101), to="1")
    for here in ("/collections/1", "/collections/1?page=2"):
        answer = send(client, here, "/collections/1/rename", name=f"Seen at {here}")
        assert (answer.status_code, answer.headers["location"]) == (303, here)


@pytest.mark.parametrize(
    "address", ["/collections", "/collections/1", "/collections/add?of=/d/eyes"]
)
def test_forms_work_in_a_browser_that_comes_for_the_first_time(
    address: str, three: TestClient
) -> None:
    action = "/collections/add" if "add" in address else address
    action = f"{action}/change" if address == "/collections/1" else action
    fields = {"name": "New", "to": "", "do": "add", "which": "page"}
    if address == "/collections/1":
        (value,) = ticked(three, address, *eye(7))
        fields |= {"do": "remove", "item": value}
    assert send(visitor(three), address, action, **fields).status_code == 303


def test_more_than_may_be_named_one_by_one_are_refused_and_leave_nothing_behind(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threes = len(range(3, len(EYES), 4))
    collect(client, "/d/eyes?label=3", which="all", do="flag", flag="other")
    noted = "/d/eyes?noted=flagged"
    monkeypatch.setattr(collect_routes, "ITEMS_MOST", threes - 1)
    for refused in (
        collect(client, noted, which="all", name="Flagged"),
        collect(client, "/d/eyes?label=3", which="all", do="flag", flag="duplicate"),
    ):
        assert refused.status_code == 422
        assert f"Choose at most {threes - 1} images at once" in refused.text
    assert "There is no collection yet" in client.get("/collections").text
    monkeypatch.setattr(collect_routes, "ITEMS_MOST", threes)
    assert collect(client, noted, which="all", name="Flagged").status_code == 303
    assert len(shown(client)) == threes


@pytest.mark.parametrize("which", ["chosen", "all"])
def test_what_breaks_off_while_images_are_put_in_leaves_no_empty_collection(
    which: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(collected_rows, "note_change", broken)
        with pytest.raises(RuntimeError):
            collect(client, "/d/eyes", ("eyes", "test", 3), which=which)
    assert "There is no collection yet" in client.get("/collections").text
    assert collect(client, "/d/eyes", ("eyes", "test", 3), which=which).status_code == 303


def test_what_is_flagged_today_is_put_in_as_it_is_today(client: TestClient) -> None:
    flagged = collect(client, "/d/eyes", *eye(4, 8), do="flag", flag="other")
    collect(client, "/d/eyes?noted=flagged", which="all", name="Flagged")
    undo(client, flagged)
    assert shown(client) == eye(4, 8)


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "remove", "item": ""},
        {"do": "nonsense"},
        {"do": "flag", "flag": "nonsense"},
        {"do": "place", "place": "0"},
        {"do": "place", "place": "x"},
        {"do": "later", "page": "0"},
        {"do": "later", "page": "x"},
        {"do": "later", "page": "2"},
        {"do": "later", "page": "1000000000000000000"},
        {"do": "remove", "item": "test-5-abc"},
        {"do": "remove", "item": "nowhere-5-abc-eyes"},
        {"do": "remove", "item": "test--5-abc-eyes"},
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    fields: dict[str, str], three: TestClient
) -> None:
    before = shown(three)
    hidden = fields_of(three.get("/collections/1").text, "/collections/1/change")
    items = ticked(three, "/collections/1", *eye(7))
    answer = three.post("/collections/1/change", data={**hidden, "item": items, **fields})
    assert answer.status_code == 422
    assert shown(three) == before


@pytest.mark.parametrize("which", ["chosen", "nonsense", ""])
def test_without_an_image_chosen_nothing_is_made(which: str, client: TestClient) -> None:
    for do in ("add", "flag"):
        answer = collect(client, "/d/eyes", which=which, do=do, flag="other")
        assert answer.status_code == 422
        assert "No image was chosen; tick the box of each image you want." in answer.text
    assert "There is no collection yet" in client.get("/collections").text
    assert page(client, "/d/eyes?noted=flagged").thumbs() == []


@pytest.mark.parametrize(
    "address",
    [f"/collections/{number}" for number in ("9", "x", "%00", "%C2%B2", "%D9%A3", "9" * 10, "-1")],
)
def test_a_collection_that_is_not_there_says_so(address: str, client: TestClient) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("/d/nothing", "no dataset called “nothing”"),
        ("/links", "“/links” is not the address of a grid"),
        ("//evil.example/d/eyes", "“//evil.example/d/eyes” is not the address of a grid"),
        ("/d/eyes/test/1", "This is an image's address, not a grid's."),
    ],
)
def test_only_grids_are_collected_from(of: str, said: str, client: TestClient) -> None:
    assert said in page(client, f"/collections/add?of={of}", 404).text()


def test_hostile_names_are_words(client: TestClient) -> None:
    send(client, "/collections", "/collections", name='<script>x</script>"\u202e')
    assert words(page(client, "/collections/1").one("h1")) == '<script>x</script>"'
    assert '<script>x</script>"' in page(client, "/collections").text()
