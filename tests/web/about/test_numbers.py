"""The numbers on the page about a dataset: of its labels, and of its pixels."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from corpus.writers import patch_entry
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..reading import SPLITS, Page, Truth, words
from .described import about, notices

Read = Callable[[str], Truth]


def table(shown: Page, chapter: str, place: int = 0) -> dict[str, dict[str, str]]:
    """A chapter's table: cells by the heads of their row and column."""
    (section,) = [s for s in shown.all("section") if s.get("aria-labelledby") == chapter]
    found = [element for element in section.iter() if element.tag == "table"][place]
    rows = [row for row in found.iter() if row.tag == "tr"]
    heads = [words(cell) for cell in rows[0]]
    return {
        words(row[0]): dict(zip(heads[1:], map(words, row[1:]), strict=True)) for row in rows[1:]
    }


def lines_of(shown: Page) -> dict[str, Any]:
    """What the lines for training code say when they are run."""
    (block,) = shown.all("pre", aria_label="For training code")
    said: dict[str, Any] = {}
    exec("".join(block.itertext()), said)
    return said


# Numbers


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_statistics_are_numpys_raw_and_divided_by_255(
    name: str, real_client: TestClient, truth: Read
) -> None:
    found = table(about(real_client, name), "statistics")
    for split in SPLITS:
        images = truth(name).images(split)
        colour = images.ndim == 4 and images.shape[3] == 3
        flat = images.reshape(-1, 3 if colour else 1)
        for place, colours in enumerate(("red", "green", "blue") if colour else ("",)):
            row = found[f"{split} {colours}".rstrip()]
            mean, deviation = flat[:, place].mean(), flat[:, place].std()
            assert {head: float(cell) for head, cell in row.items()} == {
                "Mean": pytest.approx(mean, rel=1e-5),
                "Standard deviation": pytest.approx(deviation, rel=1e-5),
                "Mean ÷ 255": pytest.approx(mean / 255, rel=1e-5),
                "Deviation ÷ 255": pytest.approx(deviation / 255, rel=1e-5),
            }


def test_the_lines_for_training_code_run_and_are_numpys(
    real_client: TestClient, truth: Read
) -> None:
    shown = about(real_client, "retinamnist")
    said = lines_of(shown)
    scaled = truth("retinamnist").images("train") / 255
    np.testing.assert_allclose(said["mean"], scaled.mean(axis=(0, 1, 2)), rtol=1e-7)
    np.testing.assert_allclose(said["std"], scaled.std(axis=(0, 1, 2)), rtol=1e-7)


def test_labels_stand_with_number_name_and_counts(real_client: TestClient, truth: Read) -> None:
    found = table(about(real_client, "breastmnist"), "labels")
    assert list(found) == ["malignant (0)", "normal, benign (1)"]
    labels = {split: truth("breastmnist").labels(split) for split in SPLITS}
    for place, cells in enumerate(found.values()):
        for split in SPLITS:
            number = int((labels[split] == place).sum())
            assert cells[split] == f"{number} ({100 * number / len(labels[split]):.1f} %)"
        every = np.concatenate(list(labels.values()))
        assert cells["all"] == f"{(every == place).sum()} ({100 * (every == place).mean():.1f} %)"


def test_binary_labels_have_their_prevalence(real_client: TestClient) -> None:
    assert "The share is the prevalence." in about(real_client, "breastmnist").text()
    assert "prevalence" not in about(real_client, "retinamnist").text()


def test_ordinal_labels_have_a_mean_and_cumulative_counts(
    real_client: TestClient, truth: Read
) -> None:
    shown = about(real_client, "retinamnist")
    means, running = table(shown, "chapter"), table(shown, "chapter", 1)
    every = np.concatenate([truth("retinamnist").labels(split) for split in SPLITS])
    for head, labels in [*((s, truth("retinamnist").labels(s)) for s in SPLITS), ("all", every)]:
        assert means["Mean"][head] == f"{labels.mean():.3f}"
        for value, cells in enumerate(running.values()):
            number = int((labels <= value).sum())
            assert cells[head] == f"{number:,} ({100 * number / len(labels):.1f} %)"
    assert "up to mild non-proliferative diabetic retinopathy (1)" in running


@pytest.mark.parametrize(
    ("name", "columns", "row"), [("retinamnist", 1, "Mean"), ("chestmnist", 14, "Labels per image")]
)
def test_of_an_empty_split_there_is_no_mean(
    name: str, columns: int, row: str, serve: Serve, write: Write
) -> None:
    colour = (3,) if name == "retinamnist" else ()
    arrays: dict[str, Any] = {}
    for split, number in (("train", 4), ("val", 0)):
        arrays[f"{split}_images"] = np.zeros((number, 28, 28, *colour), np.uint8)
        arrays[f"{split}_labels"] = np.ones((number, columns), np.uint8)
    cells = table(about(serve(write(f"{name}.npz", **arrays)), name), "chapter")[row]
    mean = f"{columns}.000"
    assert cells == {"train": mean, "val": "–", "all": mean}


def test_images_and_labels_are_told_apart_where_an_image_carries_several(
    serve: Serve, write: Write
) -> None:
    random = np.random.default_rng(1)
    labels = {
        s: (random.random((n, 14)) < 0.1).astype(np.uint8)
        for s, n in zip(SPLITS, (60, 9, 8), strict=True)
    }
    arrays: dict[str, Any] = {}
    for split, columns in labels.items():
        arrays[f"{split}_images"] = np.zeros((len(columns), 28, 28), np.uint8)
        arrays[f"{split}_labels"] = columns
    shown = about(serve(write("chestmnist.npz", **arrays)), "chestmnist")
    counts, together = table(shown, "chapter"), table(shown, "chapter", 1)
    every = np.concatenate(list(labels.values())).astype(int)
    for head, columns in [*labels.items(), ("all", every)]:
        carried = columns.sum(axis=1)
        share = [
            f"{(w).sum()} ({100 * w.mean():.1f} %)"
            for w in (carried == 0, carried == 1, carried > 1)
        ]
        assert [row[head] for row in counts.values()] == [
            *(str(len(columns)), str(columns.sum()), f"{columns.sum() / len(columns):.3f}"),
            *share,
        ]
    numbers = [[int(cell) for cell in row.values()] for row in together.values()]
    np.testing.assert_array_equal(numbers, every.T @ every)
    assert list(together) == list(together["atelectasis (0)"])


def test_of_very_many_labels_no_table_of_pairs_is_made(serve: Serve, write: Write) -> None:
    labels = (np.random.default_rng(1).random((60, 90)) < 0.1).astype(np.uint8)
    client = serve(write(test_images=np.zeros((60, 4, 4), np.uint8), test_labels=labels))
    shown = about(client, "made")
    assert "Images with several labels" in table(shown, "chapter")
    assert "carry both labels" not in shown.text()


def test_pixels_that_are_no_bytes_are_given_as_they_are(serve: Serve, write: Write) -> None:
    images = np.random.default_rng(1).normal(3, 2, (9, 8, 8)).astype(np.float32)
    images[0, 0, 0] = np.nan
    client = serve(write(train_images=images, train_labels=np.zeros(9)))
    shown = about(client, "made")
    assert list(table(shown, "statistics")["train"]) == ["Mean", "Standard deviation"]
    assert "Note: Left out of train, as they are not finite: 1." in notices(shown)
    assert "values as stored" in shown.text()
    said = lines_of(shown)
    np.testing.assert_allclose(said["mean"], [np.nanmean(images, dtype=np.float64)], rtol=1e-7)
    np.testing.assert_allclose(said["std"], [np.nanstd(images, dtype=np.float64)], rtol=1e-7)


def test_where_no_pixel_is_finite_there_is_no_number(serve: Serve, write: Write) -> None:
    client = serve(write(train_images=np.full((2, 4, 4), np.nan), train_labels=np.zeros(2)))
    shown = about(client, "made")
    row = table(shown, "statistics")["train"]
    assert row == {"Mean": "–", "Standard deviation": "–"}
    assert not list(shown.all("pre", aria_label="For training code"))


def test_where_one_channel_has_no_number_no_code_leaves_it_out(serve: Serve, write: Write) -> None:
    images = np.ones((2, 4, 4, 3), np.float32)
    images[..., 2] = np.nan
    shown = about(serve(write(train_images=images, train_labels=np.zeros(2))), "made")
    found = table(shown, "statistics")
    assert [found[f"train {colour}"]["Mean"] for colour in ("red", "green", "blue")] == [
        "1.00000",
        "1.00000",
        "–",
    ]
    assert not list(shown.all("pre", aria_label="For training code"))


def test_a_damaged_split_says_why_it_has_no_numbers(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("app.arrays.job.SMALL", "app.arrays.store.SMALL"):
        monkeypatch.setattr(place, 300)
    path = write(
        train_images=np.ones((9, 8, 8), np.uint8),
        train_labels=np.zeros(9, np.uint8),
        test_images=np.ones((9, 8, 8), np.uint8),
        test_labels=np.zeros(9, np.uint8),
    )
    patch_entry(path, "test_images.npy", crc=7)
    shown = about(serve(path), "made")
    assert list(table(shown, "statistics")) == ["train"]
    assert any("test_images fails its checksum" in text for text in notices(shown))
