"""A served folder is shown as it is now: what is new, replaced, deleted or broken."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.web import studio

from .conftest import Serve, Write
from .reading import json_of, page, picture, ten_to_a_row

LIGHTBOX = Path(sys.executable).with_name("lightbox")


def grey(value: int, number: int = 3) -> dict[str, Any]:
    return {
        "test_images": np.full((number, 8, 8), value, np.uint8),
        "test_labels": np.zeros(number, np.uint8),
    }


def test_a_new_file_appears_without_a_restart(serve: Serve, write: Write) -> None:
    client = serve(write("one.npz", **grey(1)).parent)
    assert client.get("/d/two").status_code == 404
    write("two.npz", **grey(2))
    assert len(page(client, "/d/two").thumbs()) == 3
    assert "/d/two" in page(client, "/").links()


def test_a_deleted_file_is_gone_from_every_page(serve: Serve, write: Write) -> None:
    path = write("one.npz", **grey(1))
    client = serve(path.parent)
    page(client, "/d/one")
    path.unlink()
    for address in ("/d/one", "/d/one/test/0", "/d/one/test/0.png"):
        page(client, address, 404)
    json_of(client, "/api/datasets/one", 404)
    assert "/d/one" not in page(client, "/").links()


@pytest.mark.parametrize("how", ["deleted", "replaced", "out of reach"])
def test_pictures_in_memory_end_with_their_file(
    how: str, serve: Serve, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "_AGAIN_SECONDS", 0.0)
    images = np.full((3, 8, 8), 1000, np.uint16)
    path = write("one.npz", **(grey(10) | {"test_images": images}))
    client = serve(path.parent)
    # Drawn with its page; the other two when they are asked for.
    (sheet,) = page(client, "/d/one").sheets()
    (strip,) = re.findall(r'src="(/sheets/[^"]+)"', client.get("/").text)
    (image,) = re.findall(r'src="(/pictures/[^"]+)"', client.get("/d/one/test/0").text)
    assert [client.get(address).status_code for address in (strip, image)] == [200, 200]
    if how == "deleted":
        path.unlink()
    elif how == "replaced":
        write("one.npz", **grey(77))
    else:
        path.parent.rename(tmp_path / "away")
    after = [client.get(address).status_code for address in (sheet, strip, image)]
    assert after == [404, 404, 404]


def test_pictures_in_memory_are_given_without_looking_at_their_file_each_time(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "_AGAIN_SECONDS", 3600.0)
    path = write("one.npz", **grey(10))
    client = serve(path.parent)
    (sheet,) = page(client, "/d/one").sheets()
    assert client.get(sheet).status_code == 200
    path.unlink()
    assert client.get(sheet).status_code == 200


def test_a_replaced_file_shows_its_new_pixels_under_a_new_sheet(serve: Serve, write: Write) -> None:
    client = serve(write("one.npz", **grey(10)).parent)
    (before,) = page(client, "/d/one").sheets()
    assert picture(client, before).max() == 10
    write("one.npz", **grey(77))
    (after,) = page(client, "/d/one").sheets()
    assert after != before
    assert picture(client, after).min() == 77
    assert picture(client, "/d/one/test/0.png").min() == 77


def test_a_replaced_file_has_its_new_labels_and_counts(serve: Serve, write: Write) -> None:
    client = serve(write("one.npz", **grey(10)).parent)
    page(client, "/d/one")
    write("one.npz", **(grey(10, 5) | {"test_labels": np.array([0, 3, 3, 3, 0])}))
    assert [thumb.index for thumb in page(client, "/d/one?label=3").thumbs()] == [1, 2, 3]
    assert json_of(client, "/api/datasets/one")["splits"]["test"]["count"] == 5


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_noticed(
    serve: Serve, write: Write
) -> None:
    path = write("one.npz", **grey(10))
    client = serve(path.parent)
    page(client, "/d/one")
    other = write("other.npz", **grey(99))
    stat = path.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)
    assert picture(client, "/d/one/test/0.png").min() == 99


def test_one_picture_of_a_replaced_file_is_not_said_to_be_unchanged(
    serve: Serve, write: Write
) -> None:
    client = serve(write("one.npz", **grey(10)).parent)
    tag = client.get("/d/one/test/0.png").headers["etag"]
    write("one.npz", **grey(11))
    again = client.get("/d/one/test/0.png", headers={"If-None-Match": tag})
    assert again.status_code == 200


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def html(path: Path) -> None:
    path.write_text("<!DOCTYPE html><title>Sign in</title>")


def pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")


def pickled(path: Path) -> None:
    np.savez(path, test_images=np.array([{}], object), test_labels=np.zeros(1))


def foreign(path: Path) -> None:
    np.savez(path, x=np.zeros(3))


def uneven(path: Path) -> None:
    np.savez(path, test_images=np.zeros((3, 8, 8), np.uint8), test_labels=np.zeros(2, np.uint8))


@pytest.mark.parametrize("spoil", [cut, html, pointer, pickled, foreign, uneven])
def test_a_broken_file_is_refused_in_the_same_sentence_everywhere(
    spoil: Any, serve: Serve, write: Write, tmp_path: Path
) -> None:
    write("good.npz", **grey(1))
    path = write("bad.npz", **grey(2))
    spoil(path)
    client = serve(path.parent)

    (refusal,) = json_of(client, "/api/datasets")["refused"]
    sentence = " ".join(refusal["reason"].split())
    assert refusal["file"] == "bad.npz"
    assert sentence.startswith("bad.npz")
    assert sentence.endswith(".")

    assert sentence in page(client, "/").text()
    assert sentence in page(client, "/d/bad", 404).text()
    assert json_of(client, "/api/datasets/bad", 404)["error"] == refusal["reason"]
    checked = subprocess.run(
        [LIGHTBOX, "check", path, "--json"],
        env={**os.environ, "LIGHTBOX_CACHE_DIR": str(tmp_path / "another-cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    (file,) = json.loads(checked.stdout)["files"]
    assert [found["reason"] for found in file["refused"]] == [refusal["reason"]]


def test_a_broken_file_never_takes_a_good_one_down(serve: Serve, write: Write) -> None:
    write("good.npz", **grey(55))
    bad = write("bad.npz", **grey(2))
    html(bad)
    client = serve(bad.parent)
    (sheet,) = page(client, "/d/good").sheets()
    expected = ten_to_a_row(np.full((3, 8, 8), 55, np.uint8))
    np.testing.assert_array_equal(picture(client, sheet), expected)


def test_a_bad_split_is_said_on_the_page_of_the_others(serve: Serve, write: Write) -> None:
    path = write(**grey(5), val_images=np.zeros((2, 8, 8), np.uint8), val_labels=np.zeros(9))
    client = serve(path)
    (reason,) = (found["reason"] for found in json_of(client, "/api/datasets/made")["refused"])
    shown = page(client, "/d/made")
    assert len(shown.thumbs()) == 3
    assert " ".join(reason.split()) in shown.text()
    assert "val_images" in page(client, "/d/made?split=val", 404).text()


def test_a_broken_file_that_is_mended_is_served(serve: Serve, write: Write) -> None:
    path = write("one.npz", **grey(1))
    html(path)
    client = serve(path.parent)
    page(client, "/d/one", 404)
    write("one.npz", **grey(1))
    assert len(page(client, "/d/one").thumbs()) == 3


def test_an_empty_folder_says_where_files_belong(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert f"Put .npz files into {folder}" in page(serve(folder), "/").text()


def test_the_founding_sets_are_shown_when_absent_with_how_to_get_them(
    serve: Serve, write: Write
) -> None:
    shown = page(serve(write(**grey(1))), "/").text()
    for title in ("RetinaMNIST", "BreastMNIST", "PathMNIST"):
        assert title in shown


def test_an_empty_data_folder_shows_the_demo_called_what_it_is(
    serve: Serve, tmp_path: Path
) -> None:
    client = serve(data_dir=tmp_path / "nothing")
    (demo,) = json_of(client, "/api/datasets")["datasets"]
    shown = page(client, demo["page_url"]).text()
    assert "not MedMNIST" in shown
    assert "patches" in shown.lower()


def test_the_demo_makes_room_for_the_first_file(serve: Serve, write: Write) -> None:
    folder = write("one.npz", **grey(1)).parent
    hidden = folder / "one.npz"
    content = hidden.read_bytes()
    hidden.unlink()
    client = serve(data_dir=folder)
    (demo,) = json_of(client, "/api/datasets")["datasets"]
    assert demo["id"] != "one"
    hidden.write_bytes(content)
    (only,) = json_of(client, "/api/datasets")["datasets"]
    assert only["id"] == "one"


@pytest.mark.parametrize(
    "name", ["line\nbreak.npz", "bell\x07.npz", "\x85next.npz", "\u202egpj.npz"]
)
def test_a_name_that_cannot_stand_in_an_address_is_refused_on_a_clean_page(
    name: str, serve: Serve, write: Write
) -> None:
    write("good.npz", **grey(1))
    client = serve(write(f"{name}.npz", **grey(2)).parent)
    (refusal,) = json_of(client, "/api/datasets")["refused"]
    assert "name" in refusal["reason"]
    assert "/d/good" in page(client, "/").links()
