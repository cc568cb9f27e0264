"""Counts on pages and in the API are those that NumPy counts, under the same filters."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from starlette.testclient import TestClient

from .reading import SPLITS, Page, Truth, json_of, page, sent, words

Read = Callable[[str], Truth]

FILTERS = pytest.mark.parametrize(
    ("splits", "labels"),
    [((), ()), (("val",), ()), ((), (1,)), (("train", "test"), (0, 3)), (("test",), (4,))],
)


def asked(splits: tuple[str, ...], labels: tuple[int, ...]) -> str:
    return "&".join([*(f"split={s}" for s in splits), *(f"label={v}" for v in labels)])


def count(truth: Truth, split: str, value: int) -> int:
    return int(np.count_nonzero(truth.labels(split) == value))


def facet(shown: Page, name: str) -> dict[str, int]:
    """What a filter says: value → count."""
    found = {}
    for row in shown.one("form", id="filters").iter("label"):
        for box in row.iter("input"):
            if box.get("name") == name:
                counted = next(e for e in row.iter() if e.get("class") == "count")
                found[box.get("value", "")] = int((counted.text or "").replace(",", ""))
    return found


@FILTERS
def test_the_histogram_counts_what_numpy_counts(
    splits: tuple[str, ...], labels: tuple[int, ...], real_client: TestClient, truth: Read
) -> None:
    known = truth("retinamnist")
    answer = json_of(real_client, f"/api/datasets/retinamnist/histogram?{asked(splits, labels)}")
    assert answer["total"] == len(known.selected(splits, labels))
    counted = {
        split: {int(value): number for value, number in counts.items() if number}
        for split, counts in answer["splits"].items()
    }
    assert counted == {
        split: {
            value: count(known, split, value)
            for value in known.values()
            if (not labels or value in labels) and count(known, split, value)
        }
        for split in SPLITS
        if not splits or split in splits
    }


@FILTERS
def test_the_table_of_the_histogram_has_the_same_counts_and_shares(
    splits: tuple[str, ...], labels: tuple[int, ...], real_client: TestClient, truth: Read
) -> None:
    known = truth("retinamnist")
    table = page(real_client, f"/d/retinamnist?{asked(splits, labels)}").one("table")
    rows = [[words(cell) for cell in row] for row in table.iter("tr")]
    shown_splits = [split for split in SPLITS if not splits or split in splits]
    assert rows[0] == ["Label", *shown_splits]
    expected = [
        [
            f"{count(known, split, value):,} "
            f"({100 * count(known, split, value) / len(known.labels(split)):.1f} %)"
            for split in shown_splits
        ]
        for value in known.values()
        if not labels or value in labels
    ]
    assert [row[1:] for row in rows[1:]] == expected


def test_each_bar_leads_to_as_many_images_as_it_counts(
    real_client: TestClient, truth: Read
) -> None:
    known = truth("breastmnist")
    bars = [
        element
        for element in page(real_client, "/d/breastmnist").all("a")
        if "bar-link" in element.get("class", "")
    ]
    assert len(bars) == 6
    totals = {
        json_of(real_client, "/api/datasets/breastmnist/items?" + bar.get("href", "")[15:])["total"]
        for bar in bars
    }
    assert totals == {count(known, split, value) for split in SPLITS for value in known.values()}


@FILTERS
def test_a_split_is_counted_under_the_label_filter_and_not_its_own(
    splits: tuple[str, ...], labels: tuple[int, ...], real_client: TestClient, truth: Read
) -> None:
    shown = page(real_client, f"/d/retinamnist?{asked(splits, labels)}")
    assert facet(shown, "split") == {
        split: len(truth("retinamnist").selected((split,), labels)) for split in SPLITS
    }


@FILTERS
def test_a_label_is_counted_under_the_split_filter_and_not_its_own(
    splits: tuple[str, ...], labels: tuple[int, ...], real_client: TestClient, truth: Read
) -> None:
    shown = page(real_client, f"/d/retinamnist?{asked(splits, labels)}")
    assert facet(shown, "label") == {
        str(value): len(truth("retinamnist").selected(splits, (value,)))
        for value in truth("retinamnist").values()
    }


def test_a_box_that_is_clicked_and_clicked_again_leads_back(real_client: TestClient) -> None:
    start = "/d/retinamnist?label=2"
    onward = canonical(real_client, sent(filters(real_client, start), "split-val"))
    assert onward == "/d/retinamnist?split=val&label=2"
    back = canonical(real_client, sent(filters(real_client, onward), "split-val"))
    assert back == start


def test_several_boxes_may_be_sent_at_once(real_client: TestClient, truth: Read) -> None:
    form = filters(real_client, "/d/retinamnist?label=2")
    onward = sent(form, "split-train", "split-test", "label-0", "label-2")
    there = "/d/retinamnist?split=train&split=test&label=0"
    assert canonical(real_client, onward) == there
    number = len(truth("retinamnist").selected(("train", "test"), (0,)))
    assert f"100 of {number} images" in page(real_client, onward).text()


def filters(client: TestClient, address: str) -> Element:
    return page(client, address).one("form", id="filters")


def canonical(client: TestClient, address: str) -> str:
    """The page's own address: without what is usual."""
    return page(client, address).one("div", id="results").get("data-address", "")
