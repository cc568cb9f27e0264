"""The API says what a dataset is, in the fields that were promised."""

from collections.abc import Callable

import numpy as np
import pytest
from starlette.testclient import TestClient

from .reading import SPLITS, Truth, json_of, page, picture

Read = Callable[[str], Truth]


def test_a_dataset_has_every_field_that_was_promised(real_client: TestClient) -> None:
    fields = json_of(real_client, "/api/datasets/retinamnist")
    assert list(fields)[:11] == [
        *("id", "title", "task", "modality", "shape", "channels", "labels", "splits"),
        *("citation", "source_urls", "license"),
    ]


@pytest.mark.parametrize(
    ("name", "title", "task", "modality", "shape", "channels"),
    [
        ("retinamnist", "RetinaMNIST", "ordinal-regression", "Fundus Camera", [28, 28, 3], 3),
        ("breastmnist", "BreastMNIST", "binary-class", "Breast Ultrasound", [28, 28], 1),
        ("adrenalmnist3d", "AdrenalMNIST3D", "binary-class", None, [28, 28, 28], 1),
    ],
)
def test_a_known_dataset_is_named_as_published(
    name: str,
    title: str,
    task: str,
    modality: str | None,
    shape: list[int],
    channels: int,
    real_client: TestClient,
) -> None:
    fields = json_of(real_client, f"/api/datasets/{name}")
    assert (fields["id"], fields["title"], fields["task"]) == (name, title, task)
    assert (fields["shape"], fields["channels"]) == (shape, channels)
    assert modality in (None, fields["modality"])
    assert fields["license"] == "CC-BY-4.0"
    assert fields["citation"]
    assert fields["source_urls"]


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_counts_by_split_and_label_are_numpys(
    name: str, real_client: TestClient, truth: Read
) -> None:
    known = truth(name)
    expected = {}
    for split in SPLITS:
        values, counts = np.unique(known.labels(split), return_counts=True)
        labels = {str(value): int(count) for value, count in zip(values, counts, strict=True)}
        expected[split] = {"count": len(known.images(split)), "labels": labels}
    assert json_of(real_client, f"/api/datasets/{name}")["splits"] == expected


def test_labels_have_their_published_names(real_client: TestClient) -> None:
    assert json_of(real_client, "/api/datasets/breastmnist")["labels"] == [
        {"value": 0, "name": "malignant"},
        {"value": 1, "name": "normal, benign"},
    ]


def test_an_item_has_the_fields_that_were_promised_and_no_other(real_client: TestClient) -> None:
    answer = json_of(real_client, "/api/datasets/breastmnist/items?split=test&per_page=1")
    assert list(answer) == ["total", "page", "pages", "per_page", "items"]
    assert list(answer["items"][0]) == [
        *("split", "index", "labels", "names", "page_url", "image_url"),
    ]


def test_an_items_addresses_lead_to_its_page_and_its_exact_pixels(
    real_client: TestClient, truth: Read
) -> None:
    (item,) = json_of(real_client, "/api/datasets/retinamnist/items?split=val&per_page=1&page=57")[
        "items"
    ]
    assert real_client.get(item["page_url"]).status_code == 200
    np.testing.assert_array_equal(
        picture(real_client, item["image_url"]), truth("retinamnist").images("val")[56]
    )


def test_the_list_names_every_dataset_once(real_client: TestClient) -> None:
    answer = json_of(real_client, "/api/datasets")
    assert [found["id"] for found in answer["datasets"]] == [
        *("adrenalmnist3d", "breastmnist", "retinamnist"),
    ]


@pytest.mark.parametrize(
    ("address", "status", "part"),
    [
        ("/api/datasets/nothing", 404, "dataset"),
        ("/api/datasets/nothing/items", 404, "dataset"),
        ("/api/datasets/breastmnist/items?split=dev", 404, "split"),
        ("/api/datasets/breastmnist/items?label=9", 404, "label"),
        ("/api/datasets/breastmnist/items?page=9", 404, "page"),
        ("/api/datasets/breastmnist/items?page=0", 404, "page"),
        ("/api/datasets/breastmnist/items?page=x", 422, "page"),
        ("/api/datasets/breastmnist/items?label=x", 422, "label"),
        ("/api/datasets/breastmnist/items?per_page=501", 422, "per_page"),
        ("/api/datasets/breastmnist/items?per_page=0", 422, "per_page"),
        ("/api/datasets/breastmnist/items?order=size", 422, "order"),
        ("/api/datasets/breastmnist/items?order=random&seed=-1", 422, "seed"),
        ("/api/datasets/breastmnist/histogram?label=9", 404, "label"),
        ("/api/nothing", 404, "address"),
    ],
)
def test_an_error_names_the_part_that_is_wrong(
    address: str, status: int, part: str, real_client: TestClient
) -> None:
    answer = json_of(real_client, address, status)
    assert answer["part"] == part
    assert real_client.get(answer["back"]).status_code == 200
    assert answer["error"].endswith(".")


def test_the_schema_describes_every_field(real_client: TestClient) -> None:
    schema = json_of(real_client, "/api/openapi.json")
    ours = [
        (name, field)
        for name, model in schema["components"]["schemas"].items()
        for field, described in model.get("properties", {}).items()
        if not described.get("description")
    ]
    assert not ours


def test_the_page_describes_what_each_answer_holds_to_its_last_field(
    real_client: TestClient,
) -> None:
    described = page(real_client, "/api/docs")
    terms = {"".join(dt.itertext()).strip() for dt in described.all("dt")}
    # As far down as the answers themselves go.
    (item,) = json_of(real_client, "/api/datasets/breastmnist/items?per_page=1")["items"]
    about = json_of(real_client, "/api/datasets/breastmnist")
    assert terms >= {f"items[].{field}" for field in item}
    assert terms >= {f"labels[].{field}" for field in about["labels"][0]}
    assert terms >= {f"splits.*.{field}" for field in about["splits"]["test"]}
    assert terms >= {f"identity.{field}" for field in about["identity"]}


def test_the_page_says_which_values_a_parameter_may_have(real_client: TestClient) -> None:
    said = page(real_client, "/api/docs").text()
    for text in (
        "per_page integer, from 1 to 500; 100 if not given",
        "order one of index, label, random; index if not given",
        "dataset_id string, required The dataset's id",
        "identity.md5 string or null",
        "splits.*.count integer Number of items.",
    ):
        assert text in " ".join(said.split())


def test_the_schema_describes_the_parameters_that_the_grid_takes(real_client: TestClient) -> None:
    schema = json_of(real_client, "/api/openapi.json")
    given = schema["paths"]["/api/datasets/{dataset_id}/items"]["get"]["parameters"]
    assert [parameter["name"] for parameter in given if parameter["in"] == "query"] == [
        *("split", "label", "match", "noted", "page", "per_page", "order", "seed"),
    ]


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/api/datasets/{dataset_id}", "/api/datasets/nope", 404),
        ("/api/datasets/{dataset_id}/items", "/api/datasets/breastmnist/items?page=x", 422),
        ("/api/datasets/{dataset_id}/histogram", "/api/datasets/nope/histogram", 404),
        ("/api/datasets/{dataset_id}/croissant", "/api/datasets/nope/croissant", 404),
        ("/api/datasets/{dataset_id}/croissant", "/api/datasets/breastmnist/croissant", 200),
    ],
)
def test_the_schema_names_the_form_that_an_answer_has(
    path: str, asked: str, status: int, real_client: TestClient
) -> None:
    responses = json_of(real_client, "/api/openapi.json")["paths"][path]["get"]["responses"]
    answer = real_client.get(asked)
    assert answer.status_code == status
    assert list(responses[str(status)]["content"]) == [answer.headers["content-type"]]


def test_the_schema_says_what_a_stranger_to_a_private_server_gets(real_client: TestClient) -> None:
    paths = json_of(real_client, "/api/openapi.json")["paths"]
    assert all("401" in path["get"]["responses"] for path in paths.values())


def test_the_server_says_that_it_lives_and_can_answer(real_client: TestClient) -> None:
    assert json_of(real_client, "/healthz")["status"] == "ok"
    assert json_of(real_client, "/readyz")["status"] == "ready"


@pytest.mark.parametrize(
    ("method", "address", "route"),
    [
        ("GET", "/d/breastmnist/test/3", "/d/{dataset_id}/{split}/{index}"),
        ("GET", "/d/breastmnist?page=3", "/d/{dataset_id}"),
        ("POST", "/d/breastmnist", "/d/{dataset_id}"),
    ],
)
def test_metrics_count_requests_by_route_and_never_by_address(
    method: str, address: str, route: str, real_client: TestClient
) -> None:
    status = real_client.request(method, address).status_code
    text = real_client.get("/metrics").text
    assert f'lightbox_requests_total{{route="{route}",status="{status}"}}' in text
    assert "breastmnist" not in text
