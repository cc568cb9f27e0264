"""A dataset in Croissant, read by the format's own library."""

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pytest
from mlcroissant._src.operation_graph.operations import extract
from starlette.testclient import TestClient

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.catalogue.facts import facts_for
from app.datasets.identity import identify
from app.datasets.opening import open_dataset
from app.web.croissant import as_croissant

from .conftest import Serve, Write
from .reading import SPLITS, json_of

# Said of itself by a library that this one stands on.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def croissant(client: TestClient, name: str) -> Any:
    answer = client.get(f"/api/datasets/{name}/croissant")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/ld+json"
    return answer.json()


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_the_formats_own_library_finds_no_error(
    name: str, real_client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = mlcroissant.Dataset(jsonld=croissant(real_client, name))
    assert not found.metadata.ctx.issues.errors
    assert "not standard" not in caplog.text
    facts = facts_for(name)
    assert facts
    metadata = found.metadata
    assert metadata.name == facts.title
    assert metadata.license == [facts.license_url]
    assert metadata.cite_as == facts.bibtex
    assert metadata.url == f"http://127.0.0.1/d/{name}/about"


@pytest.mark.published
def test_an_official_file_leads_to_the_published_record(
    real_client: TestClient, real: Callable[[str], Path]
) -> None:
    facts = facts_for("breastmnist")
    assert facts
    file = mlcroissant.Dataset(jsonld=croissant(real_client, "breastmnist")).metadata.distribution[
        0
    ]
    assert file.content_url == facts.files[0].url
    assert file.md5 == facts.files[0].md5s[0]
    assert file.content_size == f"{real('breastmnist').stat().st_size} B"


def test_the_file_of_the_earlier_record_leads_to_that(write: Write, tmp_path: Path) -> None:
    facts = facts_for("organmnist3d")
    assert facts
    path = write(
        "organmnist3d.npz",
        test_images=np.zeros((2, 28, 28, 28), np.uint8),
        test_labels=np.zeros((2, 1), np.uint8),
    )
    dataset = open_dataset(path, Store(Cache(tmp_path / "cache", 10**9)))
    found = as_croissant(dataset, identify(dataset, facts.files[0].md5s[1]), "https://x.example/")
    assert found["distribution"][0]["contentUrl"] == facts.files[0].earlier_url
    assert mlcroissant.Dataset(jsonld=found).metadata.distribution[0].md5 == facts.files[0].md5s[1]


def test_another_file_of_that_name_does_not(serve: Serve, write: Write) -> None:
    path = write(
        "breastmnist.npz",
        test_images=np.zeros((2, 28, 28), np.uint8),
        test_labels=np.zeros((2, 1), np.uint8),
    )
    found = croissant(serve(path), "breastmnist")
    assert found["distribution"][0]["contentUrl"] == "breastmnist.npz"
    assert "its MD5 is not that of the published file" in found["description"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # leaves files open
def test_its_arrays_come_out_as_numpy_reads_them(
    serve: Serve, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It unpacks into a folder in the home folder, else.
    monkeypatch.setattr(extract, "EXTRACT_PATH", type(extract.EXTRACT_PATH)(tmp_path / "unpacked"))
    random = np.random.default_rng(2)
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        arrays[f"{split}_images"] = random.integers(0, 256, (5, 8, 8), np.uint8)
        arrays[f"{split}_labels"] = random.integers(0, 3, (5, 1), np.uint8)
    path = write("mine.npz", **arrays)
    described = path.with_name("croissant.json")
    described.write_text(json.dumps(croissant(serve(path), "mine")))
    found = mlcroissant.Dataset(jsonld=described)
    read = {}
    for record in found.records("members"):
        split, part = record["members/split"].decode(), record["members/part"].decode()
        read[f"{split}_{part}"] = np.load(io.BytesIO(record["members/content"]))
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


def test_splits_and_labels_are_listed_with_names_and_counts(real_client: TestClient) -> None:
    found = mlcroissant.Dataset(jsonld=croissant(real_client, "breastmnist"))
    assert list(found.records("splits")) == [
        {"splits/name": "train", "splits/items": 546},
        {"splits/name": "val", "splits/items": 78},
        {"splits/name": "test", "splits/items": 156},
    ]
    assert list(found.records("labels")) == [
        {"labels/value": 0, "labels/name": "malignant"},
        {"labels/value": 1, "labels/name": "normal, benign"},
    ]


def test_an_empty_dataset_is_valid_too(serve: Serve, write: Write) -> None:
    path = write(test_images=np.zeros((0, 8, 8), np.uint8), test_labels=np.zeros((0, 1), np.uint8))
    assert mlcroissant.Dataset(jsonld=croissant(serve(path), "made")).metadata.name == "made"


def test_a_dataset_that_is_not_there_is_said_as_json(real_client: TestClient) -> None:
    assert json_of(real_client, "/api/datasets/nothing/croissant", 404)["part"] == "dataset"


def test_the_api_page_tells_of_it(real_client: TestClient) -> None:
    assert "/api/datasets/{dataset_id}/croissant" in real_client.get("/api/docs").text
