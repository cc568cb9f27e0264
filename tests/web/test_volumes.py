"""A volume's page and files: all slices in one picture an axis, and files that nothing changes."""

import gzip
import io
import re
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nibabel
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.pictures import nifti

from .conftest import Serve, Write
from .reading import Page, Truth, numbers, page, picture, words
from .visiting import send, share, visitor

Read = Callable[[str], Truth]
VOLUME = "/d/adrenalmnist3d/test/4"
TOKEN = "the-token-of-the-owner"


def bytes_of(*shape: int) -> Any:
    return np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)


def labelled(number: int) -> Any:
    return np.arange(number, dtype=np.uint8)[:, None] % 2


@pytest.mark.parametrize(
    "query",
    ["", ".png?axis=x&slice=7", ".png?axis=y&slice=7", ".nii.gz"],
    ids=["page", "x", "y", "NIfTI"],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "deflated"])
def test_a_large_volume_is_looked_at_without_all_of_it_in_memory(
    save: Callable[..., None], query: str, tmp_path: Path, serve: Serve
) -> None:
    volumes = np.zeros((2, 80, 400, 512), np.uint16)
    volumes[0, 3, 7, 9] = 500
    save(tmp_path / "made.npz", train_images=volumes, train_labels=labelled(2))
    client = serve(tmp_path / "made.npz")
    client.get("/d/made")
    while client.get("/d/made/train/1.png").status_code == 503:
        pass
    tracemalloc.start()
    try:
        answer = client.get(f"/d/made/train/0{query}")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200
    # A NIfTI file is made of the whole volume, but of one copy of it.
    assert peak < volumes[0].nbytes * (1.5 if "nii" in query else 0.5)


def atlases(shown: Page) -> list[str]:
    """The pictures that hold all slices, by axis."""
    return [stage.get("data-src", "") for stage in shown.all("figure", class_="stage")]


def cut(atlas: Any, columns: int, shape: tuple[int, int], number: int) -> Any:
    """The first cells of a picture of ``columns`` cells a row, as a stack."""
    height, width = shape
    return np.stack(
        [
            atlas[top : top + height, left : left + width]
            for place in range(number)
            for top, left in [(place // columns * height, place % columns * width)]
        ]
    )


@pytest.mark.parametrize("index", [0, 4, 297])
def test_each_cell_of_the_pictures_on_the_page_is_a_slice_of_the_file(
    index: int, real_client: TestClient, truth: Read
) -> None:
    volume = truth("adrenalmnist3d").images("test")[index]
    shown = page(real_client, f"/d/adrenalmnist3d/test/{index}")
    stages = list(shown.all("figure", class_="stage"))
    assert [stage.get("data-axis") for stage in stages] == ["z", "y", "x"]
    for axis, stage in enumerate(stages):
        atlas = picture(real_client, stage.get("data-src", ""))
        cells = cut(atlas, int(stage.get("data-columns", "")), (28, 28), 28)
        np.testing.assert_array_equal(cells, np.moveaxis(volume, axis, 0))


def test_the_page_names_three_pictures_and_no_more(real_client: TestClient) -> None:
    html = real_client.get(VOLUME).text
    shown = Page(html)
    named = {link.get("href") for link in shown.all("link", rel="preload")}
    assert named == set(atlases(shown)) == set(re.findall(r'--sheet:url\("([^"]+)"', html))
    assert len(named) == 3
    assert not list(shown.all("img"))
    assert [words(heading) for heading in shown.all("h2", id="about")] == ["About this volume"]


def test_a_picture_of_all_slices_is_kept_for_ever_under_its_contents_key(
    real_client: TestClient,
) -> None:
    (first, *_) = atlases(page(real_client, VOLUME))
    answer = real_client.get(first)
    assert "immutable" in answer.headers["cache-control"]
    other = re.sub(r"(/pictures/[^/]+)/[^/]+/", r"\1/another-key/", first)
    assert page(real_client, other, 404).text()


@pytest.mark.parametrize("axis", ["w", "zz", "-z", "z%00"])
def test_an_axis_that_a_volume_has_not_is_refused(axis: str, real_client: TestClient) -> None:
    (first, *_) = atlases(page(real_client, VOLUME))
    assert "axis" in page(real_client, first.replace("atlas-z", f"atlas-{axis}"), 404).text()


@pytest.mark.parametrize(("asked", "status"), [("y=0&x=left", 422), ("y=0&x=28", 404)])
def test_a_page_says_which_of_its_slices_is_wrong(
    asked: str, status: int, real_client: TestClient
) -> None:
    answer = real_client.get(f"{VOLUME}?{asked}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["part"]) == (status, "x")


def test_a_volume_too_large_for_one_picture_comes_slice_by_slice(
    serve: Serve, write: Write
) -> None:
    volumes = np.zeros((1, 2, 2100, 2100), np.uint8)
    volumes[0, 1] = 9
    client = serve(write(test_images=volumes, test_labels=labelled(1)))
    shown = page(client, "/d/made/test/0")
    (form,) = (form for form in shown.having("data-slices"))
    assert form.get("data-voxels") == ""
    sources = atlases(shown)
    assert picture(client, sources[0]).shape == (2100, 2100)
    assert (picture(client, sources[0]) == 9).all()
    assert picture(client, sources[1]).shape == (2, 2100)
    assert not list(shown.having("data-columns"))


@pytest.mark.parametrize("query", ["", "?z=9&y=12&x=15", "?x=0"])
def test_the_readout_says_the_value_that_numpy_has_there(
    query: str, real_client: TestClient, truth: Read
) -> None:
    places = dict.fromkeys("zyx", 14) | {
        name: int(place) for name, place in re.findall(r"(\w)=(\d+)", query)
    }
    value = truth("adrenalmnist3d").images("test")[4][tuple(places.values())]
    shown = page(real_client, VOLUME + query)
    (readout,) = shown.having("data-readout")
    assert words(readout) == f"z {places['z']}, y {places['y']}, x {places['x']}: {value}"


def test_wide_numbers_are_shown_through_a_window_of_ones_own(serve: Serve, write: Write) -> None:
    volumes = np.random.default_rng(2).normal(0, 300, (1, 4, 5, 6)).astype(np.float32)
    client = serve(write(test_images=volumes, test_labels=labelled(1)))
    (first, *_) = atlases(page(client, "/d/made/test/0?window=-100-400"))
    expected = np.rint(np.interp(volumes[0].astype(np.float64), [-100, 400], [0, 255]))
    np.testing.assert_array_equal(cut(picture(client, first), 2, (5, 6), 4), expected)


def test_no_window_changes_a_file(real_client: TestClient, truth: Read) -> None:
    volume = truth("adrenalmnist3d").images("test")[4]
    toned = "window=10-20&invert=1&map=viridis"
    shown = picture(real_client, f"{VOLUME}.png?axis=y&slice=9&{toned}")
    np.testing.assert_array_equal(shown, volume[:, 9])
    np.testing.assert_array_equal(numbers(real_client, f"{VOLUME}.npy?{toned}"), volume)
    plain, file = (real_client.get(f"{VOLUME}.nii.gz{query}") for query in ("", f"?{toned}"))
    # The same bytes may be deflated in two ways.
    assert gzip.decompress(file.content) == gzip.decompress(plain.content)
    links = page(real_client, f"{VOLUME}?window=10-20").links()
    assert not [link for link in links if re.search(r"\.(png|npy|gz)", link) and "window" in link]


@pytest.mark.parametrize(("split", "index"), [("test", 4), ("train", 1187)])
def test_nibabel_reads_back_what_numpy_reads(
    split: str, index: int, real_client: TestClient, truth: Read
) -> None:
    answer = real_client.get(f"/d/adrenalmnist3d/{split}/{index}.nii.gz")
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers
    image: Any = nibabel.Nifti1Image.from_bytes(gzip.decompress(answer.content))
    expected = truth("adrenalmnist3d").images(split)[index]
    np.testing.assert_array_equal(np.asarray(image.dataobj), expected, strict=True)
    np.testing.assert_array_equal(image.affine, np.eye(4))


def test_the_page_offers_the_files_and_says_what_is_not_known(real_client: TestClient) -> None:
    shown = page(real_client, f"{VOLUME}?y=3")
    files = {link for link in shown.links() if link.startswith(f"{VOLUME}.")}
    slices = {f"{VOLUME}.png?axis={a}&slice={k}" for a, k in (("z", 14), ("y", 3), ("x", 14))}
    assert files == slices | {f"{VOLUME}.npy", f"{VOLUME}.nii.gz"}
    assert "no voxel size" in shown.text()
    assert "i, j, k are z, y, x" in shown.text()


def test_without_nibabel_the_page_and_the_address_name_the_extra(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nifti, "find_spec", lambda _: None)
    shown = page(real_client, VOLUME)
    assert f"{VOLUME}.nii.gz" not in shown.links()
    assert "extra “nifti”" in shown.text()
    assert "extra “nifti”" in page(real_client, f"{VOLUME}.nii.gz", 501).text()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/d/breastmnist/test/3.nii.gz", 404),
        ("/d/adrenalmnist3d/test/298.nii.gz", 404),
        ("/d/adrenalmnist3d/dev/0.nii.gz", 404),
        ("/d/adrenalmnist3d/test/one.nii.gz", 404),
    ],
)
def test_what_is_no_volume_is_refused_in_words(
    address: str, status: int, real_client: TestClient
) -> None:
    assert page(real_client, address, status).text()


@pytest.fixture
def owner(serve: Serve, volumes: Path, tmp_path: Path) -> TestClient:
    server = serve(
        volumes,
        access="private",
        owner_token=TOKEN,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )
    browser = visitor(server)
    browser.get(f"/?token={TOKEN}")
    return browser


SHARED = bytes_of(12, 5, 6, 7)


@pytest.fixture
def volumes(write: Write) -> Path:
    return write("cubes.npz", test_images=SHARED, test_labels=labelled(12))


def test_a_guest_moves_through_the_volume_that_is_shared_and_no_other(owner: TestClient) -> None:
    link = share(owner, "/d/cubes/test/7")
    guest = visitor(owner)
    shown = page(guest, f"{link}?z=1&window=20-90")
    (form,) = shown.having("data-slices")
    np.testing.assert_array_equal(numbers(guest, form.get("data-voxels", "")), SHARED[7])
    for axis, stage in enumerate(shown.all("figure", class_="stage")):
        assert stage.get("data-src", "").startswith(f"{link}/1/atlas-")
        slices = np.moveaxis(SHARED[7], axis, 0)
        atlas = picture(guest, stage.get("data-src", ""))
        cells = cut(atlas, int(stage.get("data-columns", "")), slices[0].shape, len(slices))
        np.testing.assert_array_equal(cells, slices)
    assert [words(heading) for heading in shown.all("h2", id="about")] == ["About this volume"]
    (readout,) = shown.having("data-readout")
    assert words(readout) == f"z 1, y 3, x 3: {SHARED[7][1, 3, 3]}"
    assert guest.get(f"{link}/2/atlas-z.png").status_code == 404
    assert guest.get(f"{link}/1/atlas-w.png").status_code == 404


def test_a_guests_picture_of_all_slices_tells_nothing_and_is_kept_by_the_browser_alone(
    owner: TestClient,
) -> None:
    first, second = (share(owner, "/d/cubes", hide_labels="1") for _ in range(2))
    guest = visitor(owner)
    answers = [guest.get(f"{link}/3/atlas-x.png") for link in (first, second)]
    assert {answer.headers["cache-control"] for answer in answers} == {"private, no-cache"}
    tags = {answer.headers["etag"] for answer in answers}
    assert len(tags) == 2
    for answer in answers:
        assert not re.search(r"cubes|test", repr(answer.headers))
        with Image.open(io.BytesIO(answer.content)) as image:
            assert set(image.info) == set()
    html = guest.get(f"{first}/3").text
    assert not re.search(r"\btest\b|data-(index|split)|/d/|/pictures/", html)


def sent(client: TestClient, address: str, **typed: str) -> str:
    """Send the form of a volume's page as a browser does, every field of it; say where it leads."""
    (form,) = page(client, address).having("data-slices")
    fields = {
        each.get("name", ""): each.get("value", "")
        for each in form.iter("input")
        if each.get("type") != "checkbox" or "checked" in each.attrib
    }
    for choice in form.iter("select"):
        (chosen,) = [each for each in choice.iter("option") if "selected" in each.attrib]
        fields[choice.get("name", "")] = chosen.get("value", "")
    assert {"z", "y", "x", "low", "high", "map"} <= fields.keys()
    answer = client.get(f"{form.get('action')}?{urlencode(fields | typed)}")
    assert answer.status_code == 303
    there = answer.headers["location"]
    assert client.get(there).status_code == 200
    return there


@pytest.mark.parametrize(
    ("typed", "seen", "where"),
    [
        ({}, "", ""),
        ({"z": "0"}, "", "z=0"),
        ({"high": "90", "smooth": "1", "x": "6"}, "window=0-90&smooth=1", "x=6"),
        ({"map": "viridis"}, "map=viridis", ""),
    ],
)
def test_an_address_that_a_form_made_says_only_what_is_not_as_usual(
    typed: dict[str, str], seen: str, where: str, owner: TestClient
) -> None:
    fields = {"title": "T", "question": "Q?", "scale": "yes-no", "practice": "2"}
    send(owner, "/studies/new?of=/d/cubes", "/studies", **fields)
    made = send(owner, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (reading,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    for path, kept, zoom in (
        ("/d/cubes/test/7", "", ""),
        ("/d/cubes/test/7", "split=test&label=1", "zoom=2"),
        (f"{share(owner, '/d/cubes')}/3", "", "zoom=4"),
        (f"{reading}/read/2", "", ""),
        (f"{reading}/practice/1", "choice=1", ""),
    ):
        asked = "&".join(filter(None, (kept, zoom)))
        given = "&".join(filter(None, (kept, seen, zoom, where)))
        there = sent(owner, f"{path}?{asked}", **typed)
        assert there == (f"{path}?{given}" if given else path)


def test_a_link_to_a_volume_carries_the_slices_and_zoom_it_is_seen_at(owner: TestClient) -> None:
    link = share(owner, "/d/cubes/test/7?z=0&zoom=2&smooth=1")
    assert link.partition("?")[2] == "smooth=1&zoom=2&z=0"
    assert "?" not in share(owner, "/d/cubes?zoom=2")


def test_a_study_of_volumes_calls_them_so_also_when_their_file_is_gone(
    real: Callable[[str], Path], serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "data" / "adrenalmnist3d.npz"
    file.parent.mkdir()
    shutil.copy(real(file.stem), file)
    server = serve(file.parent)
    fields = {"title": "T", "question": "What?", "scale": "labels", "practice": "3"}
    new = "/studies/new?of=/d/adrenalmnist3d?split=val"
    assert send(server, new, "/studies", **fields, repeats="20").status_code == 303
    made = send(server, "/studies/1", "/studies/1/readers", name="Ann", days="30").text
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    ann = visitor(server)
    assert 'aria-label="Volume 1,' in ann.get(f"{link}/read/1").text
    # A slice is this volume's own, and not carried to the next one.
    assert f'action="{link}/answers?zoom=2"' in ann.get(f"{link}/read/1?z=3&zoom=2").text
    send(ann, f"{link}/read/1", f"{link}/answers", choice="0")
    for told in ("You are asked to read 114 volumes.", "What this study shows is not on"):
        study = page(server, "/studies/1").text()
        # Of the 98 in the file, and a fifth of them twice.
        assert "Volumes 95 volumes to read, 3 more to practise on" in study
        assert "Hidden repeats 19 volumes" in study
        assert "95 volumes, 1 reader" in page(server, "/studies").text()
        assert told in page(ann, link).text()
        assert "image" not in page(ann, link).text()
        agreement = page(server, "/studies/1/agreement")
        assert " volumes of adrenalmnist3d were to be read" in agreement.text().lower()
        (cell,) = (
            link for link in agreement.having("aria-label") if "/cases" in str(link.get("href"))
        )
        assert str(cell.get("aria-label")).startswith("1 volume: ")
        assert "1 volume." in page(server, str(cell.get("href"))).text()
        file.unlink(missing_ok=True)
