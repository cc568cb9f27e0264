"""What becomes of a collection: files that change, exports, studies."""

import csv
import io
import zipfile
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import flip
from PIL import Image
from starlette.testclient import TestClient

from app.web import exports

from ..conftest import Serve, Write
from ..reading import page, words
from ..visiting import fields_of, send
from .choosing import BONES, EYES, LABELS, collect, eye, shown, ticked


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
