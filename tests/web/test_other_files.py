"""Files that are not as MedMNIST writes them: other labels, splits, names and members."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import numpy as np
import pytest

from .conftest import Serve, Write
from .made import RANDOM, bytes_of, labelled
from .reading import json_of, page, picture, ten_to_a_row, words


def multi_label(write: Write) -> tuple[Any, Any]:
    labels = RANDOM.integers(0, 2, (60, 5), dtype=np.uint8)
    labels[7] = 0
    path = write(train_images=bytes_of(60, 8, 8), train_labels=labels)
    return labels, path


def test_an_item_may_carry_several_labels_or_none(serve: Serve, write: Write) -> None:
    labels, path = multi_label(write)
    items = json_of(serve(path), "/api/datasets/made/items")["items"]
    assert [item["labels"] for item in items] == [np.flatnonzero(row).tolist() for row in labels]


def test_a_label_filter_gives_the_items_that_carry_any_of_them(serve: Serve, write: Write) -> None:
    labels, path = multi_label(write)
    thumbs = page(serve(path), "/d/made?label=1&label=3").thumbs()
    expected = np.flatnonzero(labels[:, 1] | labels[:, 3]).tolist()
    assert [thumb.index for thumb in thumbs] == expected


def test_counts_of_several_labels_are_column_sums(serve: Serve, write: Write) -> None:
    labels, path = multi_label(write)
    fields = json_of(serve(path), "/api/datasets/made")
    assert fields["task"] == "multi-label, binary-class"
    assert fields["splits"]["train"]["labels"] == {
        str(column): int(total) for column, total in enumerate(labels.sum(axis=0))
    }


def test_an_item_without_labels_says_so(serve: Serve, write: Write) -> None:
    _, path = multi_label(write)
    assert "no label" in words(page(serve(path), "/d/made/train/7").one("p", class_="label"))


def test_labels_beyond_the_published_names_are_shown_as_numbers(serve: Serve, write: Write) -> None:
    labels = np.array([[0], [1], [7]], np.uint8)
    path = write("breastmnist.npz", test_images=bytes_of(3, 28, 28), test_labels=labels)
    client = serve(path)
    names = json_of(client, "/api/datasets/breastmnist")["labels"]
    assert [label["name"] for label in names] == ["malignant", "normal, benign", "7"]
    assert page(client, "/d/breastmnist?label=7").thumbs()[0].name == "test 2, 7"


def test_labels_may_be_flat_negative_and_wide(serve: Serve, write: Write) -> None:
    labels = np.array([-3, 500, -3, 0], np.int64)
    client = serve(write(val_images=bytes_of(4, 8, 8), val_labels=labels))
    assert [t.index for t in page(client, "/d/made?label=-3").thumbs()] == [0, 2]
    assert json_of(client, "/api/datasets/made")["splits"]["val"]["labels"] == {
        "-3": 2,
        "0": 1,
        "500": 1,
    }


def test_of_many_labels_pages_say_how_many_are_not_named(serve: Serve, write: Write) -> None:
    made = write(test_images=bytes_of(30, 4, 4), test_labels=labelled(30, 30))
    client = serve(made)
    for address in ("/d/made/test/0", "/studies/new?of=/d/made"):
        assert re.search(
            r"labels:? 0, 1, [0-9, ]+ 18, 19 and 10 more ", page(client, address).text()
        )


def test_an_empty_split_is_there_and_says_that_nothing_matches(serve: Serve, write: Write) -> None:
    path = write(
        train_images=bytes_of(3, 8, 8),
        train_labels=labelled(3),
        val_images=np.zeros((0, 8, 8), np.uint8),
        val_labels=np.zeros((0, 1), np.uint8),
    )
    client = serve(path)
    assert json_of(client, "/api/datasets/made")["splits"]["val"]["count"] == 0
    shown = page(client, "/d/made?split=val")
    assert not shown.thumbs()
    assert "No images match" in shown.text()
    assert "this split is empty" in page(client, "/d/made/val/0", 404).text()


def test_filters_that_match_nothing_together_say_so_and_lead_back(
    serve: Serve, write: Write
) -> None:
    path = write(
        train_images=bytes_of(2, 8, 8),
        train_labels=np.array([0, 1]),
        test_images=bytes_of(1, 8, 8),
        test_labels=np.array([0]),
    )
    shown = page(serve(path), "/d/made?split=test&label=1")
    assert "No images match" in shown.text()
    assert {"/d/made", "/d/made?label=1", "/d/made?split=test"} <= shown.links()


def test_from_no_image_all_are_shown_in_the_same_order_and_size(serve: Serve, write: Write) -> None:
    path = write(
        train_images=bytes_of(2, 8, 8),
        train_labels=np.array([0, 1]),
        test_images=bytes_of(1, 8, 8),
        test_labels=np.array([0]),
    )
    kept = "order=label&per_page=20&thumbs=fit"
    empty = page(serve(path), f"/d/made?split=test&label=1&{kept}").one("div", class_="empty")
    assert [each.get("href") for each in empty.iter() if each.get("href")] == [f"/d/made?{kept}"]


def test_a_file_of_empty_splits_only_does_not_break_the_catalogue(
    serve: Serve, write: Write
) -> None:
    path = write(test_images=np.zeros((0, 8, 8), np.uint8), test_labels=np.zeros((0,), np.uint8))
    client = serve(path)
    page(client, "/")
    shown = page(client, "/d/made")
    assert not shown.thumbs()
    assert words(shown.one("div", class_="empty")) == "There are no images in this file."
    assert "made has no labels." in page(client, "/d/made?label=0", 404).text()


def test_one_split_alone_is_served_and_the_others_are_said_to_be_missing(
    serve: Serve, write: Write
) -> None:
    client = serve(write(val_images=bytes_of(4, 8, 8), val_labels=labelled(4)))
    assert list(json_of(client, "/api/datasets/made")["splits"]) == ["val"]
    assert "it has val" in page(client, "/d/made?split=test", 404).text()


NAMES = [
    "a b.npz",
    "façade-日本.npz",
    'it\'s "quoted".npz',
    "50%.npz",
    "a&b=c;d#e?.npz",
    "<b>bold<.npz",
    "a.b.npz",
    "{{ 7 * 7 }}.npz",
    ")url('x').npz",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_served_under_it(name: str, serve: Serve, write: Write) -> None:
    images = bytes_of(3, 8, 8)
    path = write(name, test_images=images, test_labels=labelled(3))
    client = serve(path.parent)
    (found,) = json_of(client, "/api/datasets")["datasets"]
    assert found["id"] == name.removesuffix(".npz")
    assert json_of(client, found["url"])["id"] == found["id"]
    assert found["page_url"] in page(client, "/").links()
    grid = page(client, found["page_url"])
    assert words(grid.one("h1")).startswith(found["id"])
    (sheet,) = grid.sheets()
    np.testing.assert_array_equal(picture(client, sheet), ten_to_a_row(images))
    item = page(client, grid.thumbs()[1].href)
    (stage,) = item.all("figure", class_="stage")
    shown = picture(client, next(stage.iter("img")).get("src", ""))
    np.testing.assert_array_equal(shown, images[1])
    for link in grid.links() | item.links():
        assert client.get(link).status_code == 200, link


@pytest.mark.parametrize("name", NAMES)
def test_what_leads_back_to_a_page_finds_it_under_any_name(
    name: str, serve: Serve, write: Write
) -> None:
    client = serve(write(name, test_images=bytes_of(3, 8, 8), test_labels=labelled(3)))
    item = f"/d/{quote(name.removesuffix('.npz'), safe='')}/test/1"
    tidied = client.get(f"{item}?low=0&high=90&map=grey").headers["location"]
    assert tidied == f"{item}?window=0-90"
    problem = page(client, f"{item}?low=9&high=2", 422)
    assert item in problem.links()
    (settings,) = [link for link in problem.links() if link.startswith("/preferences?")]
    assert dict(parse_qsl(urlsplit(settings).query))["back"] == f"{item}?low=9&high=2"


def test_members_outside_the_layout_are_ignored_and_said_to_be(serve: Serve, write: Write) -> None:
    path = write(
        test_images=bytes_of(3, 8, 8), test_labels=labelled(3), test_ages=np.array([1, 2, 3])
    )
    client = serve(path)
    assert "test_ages" in page(client, "/d/made").text()
    (ignored,) = json_of(client, "/api/datasets/made")["ignored"]
    assert "test_ages" in ignored
