"""Every page of every selection shows what NumPy finds in the file: items, order and pixels."""

from collections.abc import Callable
from functools import cache
from itertools import chain
from math import ceil

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.shelves import DEMO_FILE

from .reading import SPLITS, Thumb, Truth, json_of, page, picture, ten_to_a_row, words

Read = Callable[[str], Truth]
Items = list[tuple[str, int]]
Shown = Callable[[str], tuple[list[Thumb], list[str]]]

DATASETS = pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
SIZES = pytest.mark.parametrize("per_page", [100, 37])


def selections(truth: Truth) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """No filter, each split, each label, and each of both."""
    return [
        (splits, labels)
        for splits in ((), *((split,) for split in SPLITS))
        for labels in ((), *((value,) for value in truth.values()))
    ]


def query(splits: tuple[str, ...] = (), labels: tuple[int, ...] = (), **others: object) -> str:
    pairs = [
        *(f"split={split}" for split in splits),
        *(f"label={label}" for label in labels),
        *(f"{name}={value}" for name, value in others.items()),
    ]
    return "&".join(pairs)


@pytest.fixture(scope="module")
def shown(real_client: TestClient) -> Shown:
    """Thumbnails and sheets of a page; parsed once for the tests that walk through all of them."""

    @cache
    def ask(address: str) -> tuple[list[Thumb], list[str]]:
        answer = page(real_client, address)
        return answer.thumbs(), answer.sheets()

    return ask


def in_pages(items: Items, per_page: int) -> list[Items]:
    return [items[at : at + per_page] for at in range(0, len(items), per_page)] or [[]]


@SIZES
@DATASETS
def test_every_page_of_every_selection_lists_what_numpy_selects(
    name: str, per_page: int, real_client: TestClient, truth: Read, shown: Shown
) -> None:
    for splits, labels in selections(truth(name)):
        expected = truth(name).selected(splits, labels)
        joined: Items = []
        for number, on_page in enumerate(in_pages(expected, per_page), start=1):
            asked = query(splits, labels, per_page=per_page, page=number)
            thumbs, _ = shown(f"/d/{name}?{asked}")
            assert [(thumb.split, thumb.index) for thumb in thumbs] == on_page, asked
            assert [thumb.href.partition("?")[0] for thumb in thumbs] == [
                f"/d/{name}/{split}/{index}" for split, index in on_page
            ]
            joined += [(thumb.split, thumb.index) for thumb in thumbs]
        assert joined == expected
        behind = query(splits, labels, per_page=per_page, page=number + 1)
        assert real_client.get(f"/d/{name}?{behind}").status_code == 404


@SIZES
@DATASETS
def test_every_page_of_the_api_lists_what_numpy_selects(
    name: str, per_page: int, real_client: TestClient, truth: Read
) -> None:
    for splits, labels in selections(truth(name)):
        expected = truth(name).selected(splits, labels)
        for number, on_page in enumerate(in_pages(expected, per_page), start=1):
            asked = query(splits, labels, per_page=per_page, page=number)
            answer = json_of(real_client, f"/api/datasets/{name}/items?{asked}")
            assert [(item["split"], item["index"]) for item in answer["items"]] == on_page, asked
            assert [item["labels"] for item in answer["items"]] == [
                [int(truth(name).labels(split)[index])] for split, index in on_page
            ]
            assert answer["total"] == len(expected)
            assert answer["pages"] == max(1, ceil(len(expected) / per_page))
            assert (answer["page"], answer["per_page"]) == (number, per_page)


@SIZES
@DATASETS
def test_every_sheet_holds_the_pixels_of_its_page_ten_to_a_row(
    name: str, per_page: int, real_client: TestClient, truth: Read, shown: Shown
) -> None:
    for splits, labels in selections(truth(name)):
        expected = truth(name).selected(splits, labels)
        for number, on_page in enumerate(in_pages(expected, per_page), start=1):
            if not on_page:
                continue
            asked = query(splits, labels, per_page=per_page, page=number)
            _, (sheet,) = shown(f"/d/{name}?{asked}")
            drawn = picture(real_client, sheet)
            np.testing.assert_array_equal(drawn, ten_to_a_row(truth(name).cells(on_page)), asked)


def test_a_page_of_500_has_five_sheets_and_each_its_hundred(
    real_client: TestClient, truth: Read
) -> None:
    items = truth("retinamnist").selected()[500:1000]
    sheets = page(real_client, "/d/retinamnist?per_page=500&page=2").sheets()
    assert len(sheets) == 5
    for sheet, at in zip(sheets, range(0, 500, 100), strict=True):
        cells = truth("retinamnist").cells(items[at : at + 100])
        np.testing.assert_array_equal(picture(real_client, sheet), ten_to_a_row(cells))


def test_several_splits_and_labels_are_all_of_them_in_the_fixed_order(
    real_client: TestClient, truth: Read
) -> None:
    asked = query(("test", "val"), (4, 0, 2), per_page=500)
    thumbs = page(real_client, f"/d/retinamnist?{asked}").thumbs()
    expected = truth("retinamnist").selected(("val", "test"), (0, 2, 4))
    assert [(thumb.split, thumb.index) for thumb in thumbs] == expected


def test_all_three_splits_are_the_same_as_none(real_client: TestClient) -> None:
    every = page(real_client, "/d/breastmnist?split=test&split=train&split=val").thumbs()
    assert every == page(real_client, "/d/breastmnist").thumbs()


def test_a_thumbnail_is_named_by_split_index_and_label(real_client: TestClient) -> None:
    names = {t.index: t.name for t in page(real_client, "/d/breastmnist?split=val").thumbs()}
    labels = json_of(real_client, "/api/datasets/breastmnist/items?split=val")["items"]
    assert [item["index"] for item in labels] == list(names)
    for item in labels:
        name = names[item["index"]]
        assert name.startswith(f"val {item['index']}, ")
        assert item["names"][0] in name


def everything(client: TestClient, name: str, asked: str, per_page: int) -> Items:
    """All pages joined, as the page lists them."""
    first = json_of(client, f"/api/datasets/{name}/items?{asked}&per_page={per_page}")
    return list(
        chain.from_iterable(
            [
                (thumb.split, thumb.index)
                for thumb in page(
                    client, f"/d/{name}?{asked}&per_page={per_page}&page={number}"
                ).thumbs()
            ]
            for number in range(1, first["pages"] + 1)
        )
    )


@DATASETS
def test_by_label_items_stand_by_label_then_split_then_index(
    name: str, real_client: TestClient, truth: Read
) -> None:
    known = truth(name)
    expected = sorted(  # stable, so that split and index keep their order within a label
        known.selected(), key=lambda item: int(known.labels(item[0])[item[1]])
    )
    assert everything(real_client, name, "order=label", 500) == expected


@DATASETS
def test_random_order_holds_every_item_once(
    name: str, real_client: TestClient, truth: Read
) -> None:
    shuffled = everything(real_client, name, "order=random&seed=7", 100)
    assert shuffled != truth(name).selected()
    assert sorted(shuffled) == sorted(truth(name).selected())


def test_random_order_keeps_to_the_filters(real_client: TestClient, truth: Read) -> None:
    asked = query(("train",), (1, 3), order="random", seed=2)
    shuffled = everything(real_client, "retinamnist", asked, 50)
    assert sorted(shuffled) == sorted(truth("retinamnist").selected(("train",), (1, 3)))


def test_the_same_seed_gives_the_same_order_at_any_page_size(real_client: TestClient) -> None:
    once = everything(real_client, "breastmnist", "order=random&seed=41", 50)
    again = everything(real_client, "breastmnist", "order=random&seed=41", 130)
    assert once == again


def test_another_seed_gives_another_order(real_client: TestClient) -> None:
    one = everything(real_client, "breastmnist", "order=random&seed=1", 500)
    other = everything(real_client, "breastmnist", "order=random&seed=2", 500)
    assert one != other


def test_a_sheet_in_random_order_shows_the_items_of_its_page(
    real_client: TestClient, truth: Read
) -> None:
    shown = page(real_client, "/d/breastmnist?order=random&seed=9&page=3")
    items = [(thumb.split, thumb.index) for thumb in shown.thumbs()]
    (sheet,) = shown.sheets()
    cells = truth("breastmnist").cells(items)
    np.testing.assert_array_equal(picture(real_client, sheet), ten_to_a_row(cells))


def test_the_heading_says_in_words_what_is_seen(real_client: TestClient, truth: Read) -> None:
    heading = words(page(real_client, "/d/breastmnist?split=test&label=0").one("h1"))
    number = len(truth("breastmnist").selected(("test",), (0,)))
    assert heading == f"BreastMNIST · test · malignant (0) · {number} images"


def test_pages_lead_to_first_previous_next_and_last(real_client: TestClient) -> None:
    links = page(real_client, "/d/breastmnist?label=1&per_page=20&page=10").links()
    last = json_of(real_client, "/api/datasets/breastmnist/items?label=1&per_page=20")["pages"]
    for number in (9, 11, last):
        assert f"/d/breastmnist?label=1&per_page=20&page={number}" in links
    assert "/d/breastmnist?label=1&per_page=20" in links


def test_a_label_is_called_by_its_meaning_only_where_its_name_is_a_number(
    real_client: TestClient, serve: Callable[..., TestClient]
) -> None:
    assert "no apparent retinopathy (0)" in words(page(real_client, "/d/retinamnist").one("main"))
    demo = serve(DEMO_FILE)
    assert "much brown stain (2)" in words(page(demo, "/d/immunodemo").one("main"))
    image = words(page(demo, "/d/immunodemo/train/40").one("main"))
    assert "much brown stain (2)" in image
    assert "60 % of the pixels or more are stained" in image
