"""Where an image may carry several labels: any of them, all, none; images told from labels."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.datasets.selection import parse

from .conftest import Serve, Write
from .reading import Page, json_of, page, sent, words

RANDOM = np.random.default_rng(4)
ROWS = {
    split: (RANDOM.random((count, 14)) < 0.12).astype(np.uint8)
    for split, count in (("train", 260), ("test", 90))
}
QUERIES = [
    "",
    "label=0&label=3",
    "label=0&label=3&match=all",
    "split=test&label=2&match=all",
    "label=none",
    "label=5&label=none",
    "label=5&label=none&match=all",
    "label=none&match=all",
    "label=0&label=3&match=none",
    "split=test&label=2&match=none",
    "label=5&label=none&match=none",
    "label=none&match=none",
    "match=none",
]
EVERY_FILTER = pytest.mark.parametrize("query", QUERIES)


@pytest.fixture
def chest(write: Write) -> Path:
    arrays: dict[str, Any] = {f"{split}_labels": rows for split, rows in ROWS.items()}
    for split, rows in ROWS.items():
        arrays[f"{split}_images"] = RANDOM.integers(0, 256, (len(rows), 28, 28), np.uint8)
    return write("chestmnist.npz", **arrays)


@pytest.fixture
def client(serve: Serve, chest: Path) -> TestClient:
    return serve(chest)


def meant(query: str) -> list[tuple[str, int]]:
    """The items that a query means, as NumPy finds them in the label columns."""
    asked = parse(query)
    columns = list(asked.labels)
    found = []
    for split, rows in ROWS.items():
        if asked.splits and split not in asked.splits:
            continue
        bare = np.asarray(~rows.any(axis=1))
        if asked.match == "none":
            passes = ~rows[:, columns].any(axis=1) & ~(bare & asked.unlabelled)
        elif asked.match == "all":
            passes = rows[:, columns].all(axis=1) & (bare | (not asked.unlabelled))
        elif columns or asked.unlabelled:
            passes = rows[:, columns].any(axis=1) | (bare & asked.unlabelled)
        else:
            passes = np.ones(len(rows), np.bool_)
        found += [(split, int(index)) for index in np.flatnonzero(passes)]
    return found


def total(client: TestClient, href: str) -> int:
    answer = json_of(client, f"/api/datasets/chestmnist/items?{urlsplit(href).query}")
    return int(answer["total"])


def count_of(row: Element) -> int:
    found = next(e for e in row.iter() if e.get("class") == "count")
    return int((found.text or "").replace(",", ""))


@EVERY_FILTER
def test_the_grid_and_the_api_give_the_items_that_numpy_finds(
    query: str, client: TestClient
) -> None:
    expected = meant(query)
    shown = page(client, f"/d/chestmnist?{query}&per_page=500")
    assert [(thumb.split, thumb.index) for thumb in shown.thumbs()] == expected
    answer = json_of(client, f"/api/datasets/chestmnist/items?{query}&per_page=500")
    assert [(item["split"], item["index"]) for item in answer["items"]] == expected


@EVERY_FILTER
def test_the_api_tells_images_from_labels(query: str, client: TestClient) -> None:
    expected = meant(query)
    answer = json_of(client, f"/api/datasets/chestmnist/histogram?{query}")
    assert answer["total"] == len(expected)
    for split in answer["splits"]:
        mine = [ROWS[split][index] for name, index in expected if name == split]
        assert answer["items"][split] == len(mine)
        assert answer["unlabelled"][split] == sum(not row.any() for row in mine)
        carried = {str(label): sum(int(row[label]) for row in mine) for label in range(14)}
        assert answer["splits"][split] == carried


@EVERY_FILTER
def test_each_bar_leads_to_as_many_images_as_it_counts(query: str, client: TestClient) -> None:
    shown = page(client, f"/d/chestmnist?{query}")
    bars = [a for a in shown.all("a") if a.get("class") == "bar-link"]
    assert bars or query.endswith("label=none&match=none")
    if "label=" in query and "match=none" in query:
        # One label, but none of others: no address says that, so these bars lead nowhere.
        ends = {urlsplit(bar.get("href", "")).query.split("&")[-1] for bar in bars}
        assert ends <= {"label=none"}
    for bar in bars:
        said = re.search(r"(train|val|test) ([\d,]+) · ", bar.get("aria-label", ""))
        assert said
        assert total(client, bar.get("href", "")) == int(said[2].replace(",", ""))


@pytest.mark.parametrize("query", ["label=0&match=all", "label=0&label=3&match=all", "match=all"])
def test_with_all_of_a_label_counts_what_would_be_left(query: str, client: TestClient) -> None:
    form = page(client, f"/d/chestmnist?{query}").one("form", id="filters")
    open_ = {
        box.get("id", ""): row
        for row in form.iter("label")
        for box in row.iter("input")
        if box.get("name") == "label" and box.get("checked") is None
    }
    assert len(open_) > 10
    for name, row in open_.items():
        assert total(client, sent(form, name)) == count_of(row)


def test_of_all_that_carry_some_label_each_label_is_counted(client: TestClient) -> None:
    shown = page(client, "/d/chestmnist?label=none&match=none")
    table = shown.one("details", id="distribution-table")
    _, *rows = ([words(cell) for cell in row] for row in table.iter("tr"))
    told = [[int(cell.split()[0]) for cell in cells] for _, *cells in rows]
    assert told == np.stack([ROWS["train"].sum(axis=0), ROWS["test"].sum(axis=0)], axis=1).tolist()


def test_without_a_filter_no_label_counts_the_images_that_carry_none(client: TestClient) -> None:
    form = page(client, "/d/chestmnist").one("form", id="filters")
    (row,) = (
        row for row in form.iter("label") for box in row.iter("input") if box.get("value") == "none"
    )
    bare = sum(int((~rows.any(axis=1)).sum()) for rows in ROWS.values())
    assert count_of(row) == bare
    assert total(client, sent(form, "label-none")) == bare


def test_how_labels_are_put_together_is_chosen_by_links_that_keep_the_filter(
    client: TestClient,
) -> None:
    shown = page(client, "/d/chestmnist?label=0&label=3&page=1&order=label")
    switch = {words(link): link for link in shown.all("a") if link.get("id", "")[:6] == "match-"}
    assert list(switch) == ["Any of them", "All of them", "None of them"]
    assert switch["Any of them"].get("aria-current") == "true"
    onward = switch["All of them"].get("href", "")
    assert onward == "/d/chestmnist?label=0&label=3&match=all&order=label"
    heading = words(page(client, onward).one("h1"))
    assert "(0) and " in heading
    assert "(0) or " in words(shown.one("h1"))
    without = words(page(client, switch["None of them"].get("href", "")).one("h1"))
    assert "without " in without
    assert "(0) or " in without


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("No finding", "label=none"),
        ("no", "label=5&label=none"),
        ("pneumonia", "label=6"),
    ],
)
def test_the_search_finds_what_the_list_shows(typed: str, query: str, client: TestClient) -> None:
    answer = client.get("/d/chestmnist/find", params={"find": typed}, follow_redirects=False)
    assert answer.headers["location"] == f"/d/chestmnist?{query}"


def test_the_form_carries_the_filter_along(client: TestClient) -> None:
    shown = page(client, "/d/chestmnist?label=4&label=none&match=all")
    form = shown.one("form", id="filters")
    assert parse(urlsplit(sent(form)).query) == parse("label=4&label=none&match=all")


def test_each_part_of_the_filter_can_be_taken_away(client: TestClient) -> None:
    shown = page(client, "/d/chestmnist?label=4&label=none")
    chips = {link.get("href") for link in shown.all("a", class_="chip")}
    assert chips == {"/d/chestmnist?label=none", "/d/chestmnist?label=4"}
    assert shown.one("a", class_="clear").get("href") == "/d/chestmnist"


def test_what_is_left_out_is_called_so_where_it_can_be_taken_back(client: TestClient) -> None:
    shown = page(client, "/d/chestmnist?label=4&label=none&match=none")
    chips = [words(chip) for chip in shown.all("a", class_="chip")]
    assert chips == ["Remove the filter without mass (4)", "Remove the filter with a label"]


def test_the_distribution_says_how_many_images_and_how_many_labels(client: TestClient) -> None:
    rows = np.concatenate([ROWS["train"], ROWS["test"]])
    said = (
        f"here {len(rows)} images carry {rows.sum()} labels, "
        f"{(~rows.any(axis=1)).sum()} of them none."
    )
    assert said in page(client, "/d/chestmnist").text()


def test_the_distribution_of_volumes_counts_volumes(serve: Serve, write: Write) -> None:
    volumes, rows = np.zeros((5, 4, 6, 7), np.uint8), np.eye(5, 3, dtype=np.uint8)
    server = serve(write("solid.npz", test_images=volumes, test_labels=rows))
    told = "here 5 volumes carry 3 labels, 2 of them none."
    assert told in page(server, "/d/solid").text()


def test_none_without_a_label_are_those_with_one(client: TestClient) -> None:
    heading = words(page(client, "/d/chestmnist?label=none&match=none").one("h1"))
    assert "with a label" in heading
    assert "without" not in heading


def test_none_of_a_label_and_none_without_one_is_said_in_two_parts(client: TestClient) -> None:
    heading = words(page(client, "/d/chestmnist?label=4&label=none&match=none").one("h1"))
    assert "without mass (4) · with a label" in heading.replace("\N{NO-BREAK SPACE}", " ")


def test_a_selection_that_is_exported_or_shared_is_named_by_its_filter(client: TestClient) -> None:
    for address in (
        "/d/chestmnist/export?label=0&label=none",
        "/share?of=/d/chestmnist%3Flabel%3D0%26label%3Dnone",
    ):
        assert "(0) or no label" in page(client, address).text()


def offered(shown: Page) -> list[str]:
    return [e.get("id", "") for e in shown.all("*") if e.get("id", "")[:6] in ("match-", "label-")]


def test_a_set_of_one_label_each_offers_nothing_of_this(real_client: TestClient) -> None:
    assert offered(page(real_client, "/d/breastmnist")) == ["label-0", "label-1"]


def test_asked_for_by_address_it_is_answered_there_too(real_client: TestClient) -> None:
    for query in ("label=none", "label=0&label=1&match=all"):
        shown = page(real_client, f"/d/breastmnist?{query}")
        assert "No images match these filters." in shown.text()
        assert not shown.thumbs()


def test_an_empty_split_may_have_more_columns_of_labels(serve: Serve, write: Write) -> None:
    labels = RANDOM.integers(0, 2, (10, 3))
    client = serve(
        write(
            train_images=np.zeros((10, 8, 8), np.uint8),
            train_labels=labels,
            val_images=np.zeros((0, 8, 8), np.uint8),
            val_labels=np.zeros((0, 5), np.int64),
        )
    )
    chapter = page(client, "/d/made/about").one("section", aria_labelledby="chapter")
    (_, together) = (each for each in chapter.iter() if each.tag == "table")
    cells = [[int(words(cell)) for cell in row.iter("td")] for row in together.iter("tr")][1:]
    np.testing.assert_array_equal(cells, labels.T @ labels)
    assert len(page(client, "/d/made").thumbs()) == 10
    for query, found in (("", labels), ("?label=2", labels[labels[:, 2] == 1])):
        items = json_of(client, f"/api/datasets/made/items{query}")["items"]
        assert [item["labels"] for item in items] == [np.flatnonzero(r).tolist() for r in found]
    counts = json_of(client, "/api/datasets/made/histogram")["splits"]
    assert list(counts["train"].values()) == labels.sum(axis=0).tolist()
    assert counts["val"] == {"0": 0, "1": 0, "2": 0}
    json_of(client, "/api/datasets/made/items?label=3", 404)
    for address in ("/d/made/export", "/d/made/export.csv", "/d/made/pixels"):
        assert client.get(address).status_code == 200
