"""Collections: made from grids, changed many at a time, undone, looked at, taken away."""

import base64
import csv
import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from corpus.writers import flip
from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

from app.reviews import collecting
from app.reviews.notes import FLAGS
from app.web import collect as collect_routes
from app.web import exports

from .conftest import Serve, Write
from .reading import Page, page, picture, ten_to_a_row, words
from .visiting import fields_of, send, visitor

RANDOM = np.random.default_rng(5)
EYES = RANDOM.integers(0, 256, (250, 9, 9, 3), np.uint8)
BONES = RANDOM.integers(0, 256, (30, 12, 12), np.uint8)
LABELS = (np.arange(250) % 4).astype(np.uint8)

Where = tuple[str, str, int]


@pytest.fixture
def eyes(write: Write) -> Path:
    return write("eyes.npz", test_images=EYES, test_labels=LABELS[:, None])


@pytest.fixture
def client(serve: Serve, write: Write, eyes: Path) -> TestClient:
    bones = write("bones.npz", train_images=BONES, train_labels=LABELS[:30, None] % 2)
    return serve(eyes, bones)


def ticked(client: TestClient, address: str, *chosen: Where) -> list[str]:
    """The values of the boxes at these images."""
    boxes = {}
    for box in page(client, address).all("input", type="checkbox", name="item"):
        split, index, _, dataset = (box.get("value") or "").split("-", 3)
        boxes[dataset, split, int(index)] = box.get("value") or ""
    return [boxes[where] for where in chosen]


def collect(client: TestClient, grid: str, *chosen: Where, **fields: str) -> Response:
    """Fill in the form that puts images of a grid into a collection (or flags them)."""
    address = f"/collections/add?of={quote(grid, safe='')}"
    given: dict[str, str | list[str]] = {"which": "chosen", "to": "", "name": "New", "do": "add"}
    hidden = fields_of(client.get(address).text, "/collections/add")
    items = ticked(client, address, *chosen)
    return client.post("/collections/add", data={**given, **hidden, **fields, "item": items})


def change(client: TestClient, address: str, do: str, *chosen: Where, **fields: str) -> Response:
    """Tick images of a collection and press a button."""
    action = f"{address.partition('?')[0]}/change"
    hidden = fields_of(client.get(address).text, action)
    items = ticked(client, address, *chosen)
    return client.post(action, data={**hidden, "do": do, **fields, "item": items})


def undo(client: TestClient, after: Response) -> int:
    """Press Undo on the page that one is led to."""
    address = after.headers["location"]
    (action,) = re.findall(r'action="([^"]+/undo)"', client.get(address).text)
    return send(client, address, action).status_code


def shown(client: TestClient, address: str = "/collections/1") -> list[Where]:
    return [
        (thumb.href.split("/")[2] if thumb.href else "", thumb.split, thumb.index)
        for thumb in page(client, address).thumbs()
    ]


def eye(*indexes: int) -> list[Where]:
    return [("eyes", "test", index) for index in indexes]


@pytest.fixture
def three(client: TestClient) -> TestClient:
    """A server with one collection: two of one dataset, and one of another between them."""
    collect(client, "/d/eyes", *eye(7), name="Mixed")
    collect(client, "/d/bones", ("bones", "train", 3), to="1")
    collect(client, "/d/eyes", *eye(2), to="1")
    return client


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


def test_volumes_are_chosen_by_their_middle_however_the_grid_shows_them(
    serve: Serve, write: Write
) -> None:
    volumes = RANDOM.integers(0, 256, (3, 6, 8, 7), np.uint8)
    server = serve(write("solid.npz", test_images=volumes, test_labels=LABELS[:3, None]))
    found = page(server, "/collections/add?of=/d/solid?view=max")
    (sheet,) = found.sheets()
    assert np.array_equal(picture(server, sheet), ten_to_a_row(volumes[:, 3]))


@pytest.mark.parametrize("which", ["page", "all"])
@pytest.mark.parametrize("do", ["add", "flag"])
def test_nothing_is_done_to_all_of_nothing(do: str, which: str, client: TestClient) -> None:
    for grid in ("/d/eyes?noted=flagged", "/d/eyes?label=none"):
        answer = collect(client, grid, which=which, do=do, flag="other")
        assert answer.status_code == 422
        assert "No images match these filters." in answer.text
    assert "There is no collection yet" in client.get("/collections").text


@pytest.mark.parametrize("which", ["page", "all"])
def test_volumes_are_called_so_wherever_a_collection_is_counted(
    which: str, serve: Serve, write: Write, eyes: Path
) -> None:
    volumes = np.zeros((3, 6, 8, 7), np.uint8)
    server = serve(eyes, write("solid.npz", test_images=volumes, test_labels=LABELS[:3, None]))
    collect(server, "/d/solid", which=which)
    of = quote("/collections/1", safe="")
    for address in ("/collections", "/collections/1", f"/share?of={of}", f"/studies/new?of={of}"):
        told = page(server, address).text()
        assert "3 volumes" in told
        assert "3 images" not in told
    file = zipfile.ZipFile(io.BytesIO(server.get("/collections/1/export.zip").content))
    assert any(b"3 volumes" in file.read(name) for name in file.namelist())
    collect(server, "/d/eyes", ("eyes", "test", 1), to="1")
    for address in ("/collections", "/collections/1", f"/share?of={of}"):
        assert "4 images" in page(server, address).text()


@pytest.mark.parametrize(("which", "told"), [("page", "100 volumes"), ("all", "298 volumes")])
def test_volumes_of_a_file_that_is_gone_are_called_so_by_its_name(
    which: str, told: str, real: Callable[[str], Path], serve: Serve, write: Write
) -> None:
    few = np.zeros((1, 6, 8, 7), np.uint8)
    file = write("solid.npz", test_images=few, test_labels=LABELS[:1]).with_name(
        "adrenalmnist3d.npz"
    )
    shutil.copy(real("adrenalmnist3d"), file)
    server = serve(file.parent)
    collect(server, "/d/adrenalmnist3d?split=test", which=which)
    file.unlink()
    for address in ("/collections", "/collections/1", "/share?of=/collections/1"):
        assert told in page(server, address).text()
    if which == "page":
        assert "100 volumes on this page can't be shown" in page(server, "/collections/1").text()
        collect(server, "/d/solid", ("solid", "test", 0), to="1")
        export = zipfile.ZipFile(io.BytesIO(server.get("/collections/1/export.zip").content))
        count = b"1 volume (100 volumes left out"
        assert any(count in export.read(name) for name in export.namelist())


@pytest.mark.parametrize("address", ["/collections/1", "/collections/add?of=/d/eyes"])
def test_a_browser_is_allowed_the_one_line_of_style_that_names_the_sheets(
    address: str, three: TestClient
) -> None:
    answer = three.get(address)
    style = Page(answer.text).one("style").text or ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    for sheet in Page(answer.text).sheets():
        assert f'url("{sheet}")' in style


def test_a_collection_shows_several_datasets_in_its_order(three: TestClient) -> None:
    assert shown(three) == [*eye(7), ("bones", "train", 3), *eye(2)]
    sheets = page(three, "/collections/1").sheets()
    expected = [EYES[[7]], BONES[[3]], EYES[[2]]]
    assert len(sheets) == len(expected)
    for address, pixels in zip(sheets, expected, strict=True):
        assert np.array_equal(picture(three, address), ten_to_a_row(pixels))


def test_the_style_of_a_page_says_how_many_cells_each_picture_has_to_a_row(
    client: TestClient,
) -> None:
    collect(client, "/d/eyes", *eye(*range(12)))
    collect(client, "/d/bones", *(("bones", "train", index) for index in (3, 4, 5)), to="1")
    found = page(client, "/collections/1")
    named = dict(re.findall(r'--sheet:url\("([^"]+)"\);--cols:(\d+)', words(found.one("style"))))
    assert list(named) == found.sheets()
    widths = [picture(client, sheet).shape[1] for sheet in named]
    assert list(map(int, named.values())) == [widths[0] // 9, widths[1] // 12] == [10, 3]


def test_images_of_several_shapes_keep_theirs_in_cells_as_large_as_the_largest(
    serve: Serve, write: Write
) -> None:
    shapes = {"wide": (20, 60), "tall": (50, 10)}
    client = serve(
        *(
            write(f"{name}.npz", test_images=np.zeros((1, *shape), np.uint8), test_labels=[0])
            for name, shape in shapes.items()
        )
    )
    collect(client, "/d/wide", ("wide", "test", 0))
    collect(client, "/d/tall", ("tall", "test", 0), to="1")
    found = page(client, "/collections/1")
    style = words(found.one("style"))
    sizes = re.findall(r"--w:(\d+)px;--h:(\d+)px", style)
    largest, *each = [(int(w), int(h)) for w, h in sizes]
    assert [w / h for w, h in each] == [60 / 20, 10 / 50]
    assert largest == (max(w for w, _ in each), max(h for _, h in each))
    (grid,) = found.having("data-cell-width")
    assert (grid.get("data-cell-width"), grid.get("data-cell-height")) == tuple(map(str, largest))


def test_a_study_is_offered_of_one_dataset_only(client: TestClient, three: TestClient) -> None:
    collect(client, "/d/eyes", *eye(1, 2), name="Eyes")
    collect(client, "/d/eyes", which="all", name="Many")
    collect(client, "/d/bones", ("bones", "train", 3), to="3")

    def offered(address: str) -> bool:
        seen = page(three, address)
        has = "Study" in [words(a) for a in seen.all("a")]
        assert has == ("a study is of one" not in seen.text())
        return has

    assert not offered("/collections/1")
    assert offered("/collections/2")
    # Whatever stands on this page of it.
    assert not offered("/collections/3")
    assert not offered("/collections/3?page=3")


def test_a_page_holds_a_hundred_and_each_sheet_its_own(client: TestClient) -> None:
    collect(client, "/d/eyes", which="all", name="All")
    for number, first in ((1, 0), (2, 100), (3, 200)):
        address = f"/collections/1?page={number}"
        indexes = list(range(first, min(first + 100, 250)))
        assert shown(client, address) == eye(*indexes)
        found = page(client, address)
        (sheet,) = found.sheets()
        assert np.array_equal(picture(client, sheet), ten_to_a_row(EYES[indexes]))
        assert f"Page {number} of 3, 250 images" in found.text()
        others = {1: "/collections/1", 2: "/collections/1?page=2", 3: "/collections/1?page=3"}
        assert {others[n] for n in (number - 1, number + 1) if n in others} <= found.links()
    behind = page(client, "/collections/1?page=4", 404)
    assert words(behind.one("a", href="/collections/1", class_="button")) == "Back"
    # A page that is wrong in another address than this one's own leads to no other.
    within = page(client, "/collections/add?of=/d/eyes%3Fpage=9", 404)
    assert not [a for a in within.all("a", class_="button") if words(a) == "Back"]


def test_a_picture_that_was_kept_is_not_of_other_images_than_its_page_named(
    client: TestClient,
) -> None:
    collect(client, "/d/eyes", *eye(7, 2, 11))
    (kept,) = page(client, "/collections/1").sheets()
    change(client, "/collections/1", "remove", *eye(7))
    assert client.get(kept).status_code == 404
    (now,) = page(client, "/collections/1").sheets()
    assert np.array_equal(picture(client, now), ten_to_a_row(EYES[[2, 11]]))


@pytest.mark.parametrize("run", ["0", "4", "-1", "9" * 30])
def test_a_page_has_no_more_pictures_than_runs(run: str, three: TestClient) -> None:
    *_, last = page(three, "/collections/1").sheets()
    beyond = re.sub(r"run=\d+", f"run={run}", last)
    assert beyond != last
    assert three.get(beyond).status_code == 404


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


def test_another_name_leads_back_to_the_page_one_was_on(client: TestClient) -> None:
    collect(client, "/d/eyes", *eye(*range(100)))
    collect(client, "/d/eyes?page=2", *eye(101), to="1")
    for here in ("/collections/1", "/collections/1?page=2"):
        answer = send(client, here, "/collections/1/rename", name=f"Seen at {here}")
        assert (answer.status_code, answer.headers["location"]) == (303, here)


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
    monkeypatch.setattr(collecting, "EXPAND_MOST", len(EYES) - 1)
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
    monkeypatch.setattr(collecting, "EXPAND_MOST", len(EYES))
    assert change(client, "/collections/1", "remove", *eye(7)).status_code == 303
    assert collect(client, "/d/eyes", which="all", to="2").status_code == 303
    assert "249 images" in page(client, "/collections/1").text()
    assert "251 images" in page(client, "/collections/2").text()


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
        patch.setattr(collecting, "_operation", broken)
        with pytest.raises(RuntimeError):
            collect(client, "/d/eyes", ("eyes", "test", 3), which=which)
    assert "There is no collection yet" in client.get("/collections").text
    assert collect(client, "/d/eyes", ("eyes", "test", 3), which=which).status_code == 303


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


@pytest.mark.parametrize("done", ["", "add", "add-", "add-x", "add-²", "add-٣", "flag-²", "add--1"])
def test_what_names_nothing_that_was_done_undoes_nothing(done: str, three: TestClient) -> None:
    hidden = fields_of(three.get("/collections/1").text, "/collections/1/change")
    for given in (done, f"add-{'9' * 30}", f"flag-{'9' * 30}"):
        answer = three.post("/collections/1/undo", data={**hidden, "done": given})
        assert answer.status_code == 404
    assert len(shown(three)) == 3


@pytest.mark.parametrize(
    "address",
    [f"/collections/{number}" for number in ("9", "x", "%00", "%C2%B2", "%D9%A3", "9" * 10, "-1")],
)
def test_a_collection_that_is_not_there_says_so(address: str, client: TestClient) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("of", ["/d/nothing", "/links", "//evil.example/d/eyes", "/d/eyes/test/1"])
def test_only_grids_are_collected_from(of: str, client: TestClient) -> None:
    assert client.get(f"/collections/add?of={of}").status_code == 404


def test_an_image_named_by_hand_that_is_not_there_is_not_drawn(three: TestClient) -> None:
    hidden = fields_of(three.get("/collections/add?of=/d/eyes").text, "/collections/add")
    (value,) = ticked(three, "/collections/1", *eye(7))
    beyond = value.replace("test-7-", "test-7000-")
    fields = {**hidden, "item": [beyond], "which": "chosen", "to": "1", "do": "add"}
    assert three.post("/collections/add", data=fields).status_code == 303
    html = three.get("/collections/1").text
    assert "This image is not here any more." in html
    assert len(page(three, "/collections/1").sheets()) == 4


def test_no_study_is_made_of_what_is_not_there(client: TestClient) -> None:
    collect(client, "/d/eyes", *eye(7))
    hidden = fields_of(client.get("/collections/add?of=/d/eyes").text, "/collections/add")
    (value,) = ticked(client, "/collections/1", *eye(7))
    beyond = value.replace("test-7-", "test-7000-")
    fields = {**hidden, "item": [beyond], "which": "chosen", "to": "1", "do": "add"}
    client.post("/collections/add", data=fields)
    answer = client.get("/studies/new?of=/collections/1")
    assert answer.status_code == 410
    assert "This image is not here any more." in answer.text


def test_a_file_that_changed_shows_words_in_place_of_its_images(
    three: TestClient, eyes: Path
) -> None:
    (sheet, *_) = page(three, "/collections/1").sheets()
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    found = page(three, "/collections/1")
    assert found.text().count("This file has changed.") == 2
    assert "2 images on this page can't be shown" in found.text()
    assert [thumb.href for thumb in found.thumbs()].count("/d/bones/train/3?collection=1&at=2") == 1
    assert three.get(unescape(sheet)).status_code == 410


def test_below_an_image_stands_its_label_or_its_place_where_it_is_not_here(
    three: TestClient, eyes: Path
) -> None:
    def captions() -> list[str]:
        spans = page(three, "/collections/1").all("span")
        return [words(span) for span in spans if "caption" in (span.get("class") or "").split()]

    assert captions() == [str(LABELS[7]), str(LABELS[3] % 2), str(LABELS[2])]
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    assert captions() == ["test 7", str(LABELS[3] % 2), "test 2"]


def test_of_a_file_that_changed_meanwhile_it_is_not_said_that_it_is_several_datasets(
    client: TestClient, eyes: Path
) -> None:
    collect(client, "/d/eyes", *eye(7))
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    collect(client, "/d/eyes", *eye(8), to="1")
    told = page(client, "/collections/1").text()
    assert "Images of several datasets" not in told
    assert "Some of these images are of a file that has changed since" in told
    answer = client.get("/studies/new?of=/collections/1")
    assert answer.status_code == 410
    assert "This file has changed." in answer.text
    collect(client, "/d/bones", ("bones", "train", 2), to="1")
    assert "Images of several datasets" in page(client, "/collections/1").text()


def test_a_selection_whose_file_changed_says_so(client: TestClient, eyes: Path) -> None:
    collect(client, "/d/eyes?label=1", which="all", name="All")
    exported = {"/collections/1/export.csv", "/collections/1/export.zip"}
    assert exported <= page(client, "/collections/1").links()
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    found = page(client, "/collections/1")
    assert not exported & found.links()
    assert "This file has changed." in found.text()
    assert found.thumbs() == []
    assert client.get("/collections/1/export.csv").status_code == 410


def test_a_selection_of_which_a_part_is_damaged_is_forgotten_in_no_part(
    serve: Serve, write: Write
) -> None:
    path = write(
        train_images=EYES[:40],
        train_labels=LABELS[:40],
        test_images=EYES[:5],
        test_labels=LABELS[:5],
    )
    whole = path.read_bytes()
    client = serve(path)
    collect(client, "/d/made", which="all", name="All")
    hidden = fields_of(client.get("/collections/1").text, "/collections/1/change")
    (value,) = ticked(client, "/collections/1", ("made", "train", 7))
    flip(path, whole.index(b"train_images.npy") + 200)
    fields = {**hidden, "do": "remove", "item": value}
    assert client.post("/collections/1/change", data=fields).status_code == 410
    assert "What was selected is not here any more." in client.get("/collections/1").text
    assert client.get("/collections/1/export.csv").status_code == 410
    path.write_bytes(whole)
    assert client.post("/collections/1/change", data=fields).status_code == 303
    left = [("made", "train", n) for n in range(40) if n != 7]
    assert shown(client) == [*left, *(("made", "test", n) for n in range(5))]


def test_a_collection_is_exported_in_its_order(three: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(three.get("/collections/1/export.csv").text)))
    assert [(row["dataset"], row["split"], int(row["index"])) for row in rows] == shown(three)
    answer = three.get("/collections/1/export.zip")
    assert 'filename="collection-1.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "Mixed" in archive.read("README.txt").decode()
        for name, pixels in (("eyes/test/7", EYES[7]), ("bones/train/3", BONES[3])):
            with Image.open(io.BytesIO(archive.read(f"{name}.png"))) as image:
                assert np.array_equal(np.asarray(image), pixels)


def test_a_selection_is_exported_whole_and_an_export_says_what_is_left_out(
    three: TestClient, eyes: Path
) -> None:
    collect(three, "/d/eyes?label=1", which="all", name="All")
    rows = list(csv.DictReader(io.StringIO(three.get("/collections/2/export.csv").text)))
    assert [int(row["index"]) for row in rows] == list(range(1, 250, 4))
    np.savez_compressed(eyes, test_images=EYES[::-1], test_labels=LABELS[:, None])
    with zipfile.ZipFile(io.BytesIO(three.get("/collections/1/export.zip").content)) as archive:
        assert "1 image (2 images left out" in " ".join(archive.read("README.txt").decode().split())
        assert "bones/train/3.png" in archive.namelist()
    rows = list(csv.DictReader(io.StringIO(three.get("/collections/1/export.csv").text)))
    assert [(row["dataset"], row["split"], row["index"]) for row in rows] == [
        ("bones", "train", "3")
    ]


def test_an_export_of_one_dataset_names_its_images_by_split_and_index_alone(
    client: TestClient,
) -> None:
    collect(client, "/d/eyes", *eye(7, 2))
    answer = client.get("/collections/1/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "no-cache" in answer.headers["cache-control"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [tuple(row)[:2] for row in rows] == [("split", "index")] * 2
    answer = client.get("/collections/1/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["README.txt", "test/7.png", "test/2.png", "manifest.csv"]


def test_pictures_wait_for_the_splits_they_are_of_and_rows_for_no_pixels(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        train_images=EYES[:6],
        train_labels=LABELS[:6] % 2,
        test_images=EYES[:5],
        test_labels=LABELS[:5] + 2,
    )
    client = serve(path)
    both, test = [("made", "train", 3), ("made", "test", 4)], [("made", "test", 1)]
    collect(client, "/d/made", *both)
    collect(client, "/d/made", *test)
    collect(client, "/d/made?label=0&label=5", which="all")
    collect(client, "/d/made?label=5", which="all")
    monkeypatch.setattr(exports, "_is_whole", lambda images: images.shape[0] == 5)
    monkeypatch.setattr(exports, "_WAIT_SECONDS", 0)
    for number, status in ((1, 503), (2, 200), (3, 503), (4, 200)):
        assert client.get(f"/collections/{number}/export.zip").status_code == status
        assert client.get(f"/collections/{number}/export.csv").status_code == 200


def test_an_empty_collection_says_so_and_is_not_exported(client: TestClient) -> None:
    send(client, "/collections", "/collections", name="Empty")
    assert "There are no images to show" in client.get("/collections/1").text
    assert client.get("/collections/1/export.csv").status_code == 404
    assert client.get("/collections/1/export.exe").status_code == 404


def test_hostile_names_are_words(client: TestClient) -> None:
    send(client, "/collections", "/collections", name='<script>x</script>"\u202e')
    assert words(page(client, "/collections/1").one("h1")) == '<script>x</script>"'
    assert '<script>x</script>"' in page(client, "/collections").text()


def test_a_study_is_made_of_a_collection_in_one_dataset(client: TestClient) -> None:
    chosen = [("eyes", "test", n) for n in (7, 3, 40)]
    collect(client, "/d/eyes", *chosen)
    form = "/studies/new?of=/collections/1"
    fields = {"title": "Read", "question": "What?", "scale": "labels"}
    assert send(client, form, "/studies", **fields).status_code == 303
    study = client.get("/studies/1/protocol.json").json()
    items = {(item["split"], item["index"], item["label"]) for item in study["items"]}
    assert items == {("test", n, n % 4) for n in (7, 3, 40)}
    kept = {name: study["study"][name] for name in ("source", "drawn_from", "per_label")}
    assert kept == {"source": "/collections/1", "drawn_from": 3, "per_label": 0}
    send(client, "/collections/1", "/collections/1/rename", name="Ward 3")
    told = page(client, "/studies/1").all("a")
    assert [a.get("href") for a in told if words(a) == "Ward 3: all 3"] == ["/collections/1"]
    send(client, "/collections/1", "/collections/1/delete")
    left = page(client, "/studies/1")
    assert "Chosen from /collections/1: all 3" in left.text()
    assert [a for a in left.all("a") if "/collections/1" in (a.get("href") or "")] == []


def test_a_study_tells_what_it_was_drawn_from(client: TestClient) -> None:
    # The order in which they were looked at says nothing of which they are.
    there = "/d/eyes?split=test%26label=2%26label=1%26order=random%26seed=4"
    fields = {"title": "Read", "question": "What?", "scale": "labels", "seed": "9"}
    made = send(client, f"/studies/new?of={there}", "/studies", **fields, per_label="2")
    assert made.status_code == 303
    study = client.get("/studies/1/protocol.json").json()
    pool = [n for n in range(len(EYES)) if LABELS[n] in (1, 2)]
    assert study["study"]["source"] == "/d/eyes?split=test&label=1&label=2"
    assert (study["study"]["drawn_from"], study["study"]["per_label"]) == (len(pool), 2)
    assert sorted(item["label"] for item in study["items"]) == [1, 1, 2, 2]
    assert {item["index"] for item in study["items"]} <= set(pool)
    drawn = f"at random 2 of each label, of {len(pool)} in all"
    told = page(client, "/studies/1")
    (source,) = (a for a in told.all("a") if drawn in words(a))
    assert source.get("href") == study["study"]["source"]
    assert words(source).startswith("eyes · test · ")
    assert "/d/eyes" not in told.text()
    sampled = (
        f"2 images of each label, seed 9, from the {len(pool)} images with split=test, label=1"
    )
    assert sampled in page(client, "/studies/1/agreement").text()


def test_a_study_of_images_of_several_datasets_is_refused(client: TestClient) -> None:
    collect(client, "/d/eyes", ("eyes", "test", 7))
    collect(client, "/d/bones", ("bones", "train", 2), to="1")
    answer = client.get("/studies/new?of=/collections/1")
    assert answer.status_code == 422
    assert "one dataset" in answer.text
    assert client.get("/studies/new?of=/collections/9").status_code == 404
