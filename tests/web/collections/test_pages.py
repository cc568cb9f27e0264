"""What a collection's pages show: its images in its order, sheets, volumes."""

import base64
import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..reading import Page, page, picture, ten_to_a_row, words
from ..visiting import fields_of
from .choosing import BONES, EYES, LABELS, RANDOM, change, collect, eye, shown, ticked


def test_volumes_are_chosen_by_their_middle_however_the_grid_shows_them(
    serve: Serve, write: Write
) -> None:
    volumes = RANDOM.integers(0, 256, (3, 6, 8, 7), np.uint8)
    server = serve(write("solid.npz", test_images=volumes, test_labels=LABELS[:3, None]))
    found = page(server, "/collections/add?of=/d/solid?view=max")
    (sheet,) = found.sheets()
    assert np.array_equal(picture(server, sheet), ten_to_a_row(volumes[:, 3]))


def test_where_thumbnails_are_reduced_the_pages_say_so(
    serve: Serve, write: Write, eyes: Path
) -> None:
    images = RANDOM.integers(0, 256, (3, 40, 300), np.uint8)
    server = serve(eyes, write("wide.npz", test_images=images, test_labels=LABELS[:3, None]))
    said = "the mean of every 3 × 3 pixels"
    assert said in page(server, "/collections/add?of=/d/wide").text()
    assert "mean of every" not in page(server, "/collections/add?of=/d/eyes").text()
    collect(server, "/d/wide", which="all")
    assert said in page(server, "/collections/1").text()
    collect(server, "/d/eyes", *eye(1), to="1")
    of_two_sizes = page(server, "/collections/1").text()
    assert "Thumbnails of larger images are reduced" in of_two_sizes
    assert "mean of every" not in of_two_sizes
    both = page(server, "/compare?a=/d/wide&b=/d/eyes")
    (wide,) = [each for each in both.all("section") if each.get("aria-label") == "Images of A"]
    assert said in words(wide)
    assert both.text().count("mean of every") == 1


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


def test_an_image_named_by_hand_that_is_not_there_is_not_drawn(three: TestClient) -> None:
    hidden = fields_of(three.get("/collections/add?of=/d/eyes").text, "/collections/add")
    (value,) = ticked(three, "/collections/1", *eye(7))
    beyond = value.replace("test-7-", "test-7000-")
    fields = {**hidden, "item": [beyond], "which": "chosen", "to": "1", "do": "add"}
    assert three.post("/collections/add", data=fields).status_code == 303
    html = three.get("/collections/1").text
    assert "This image is not here any more." in html
    assert len(page(three, "/collections/1").sheets()) == 4
