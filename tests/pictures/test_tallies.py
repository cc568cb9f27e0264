"""Sums of a bounded sample come at once, sums of everything in the background, and are kept."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import data_at, flip, write_arrays

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets import survey
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import SPLITS, Selection, parse
from app.datasets.survey import Surveys
from app.errors import TooManyError
from app.pictures import tallies
from app.pictures.tallies import Tallies, inquire
from app.pictures.tally import measure

PATIENCE = 20.0
IMAGES = np.random.default_rng(1).integers(0, 256, (400, 6, 7), np.uint8)


@pytest.fixture
def dataset(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(tallies, "SAMPLE_ITEMS", 50)
    arrays: dict[str, Any] = {}
    for split, part in zip(SPLITS, np.split(IMAGES, [200, 300]), strict=True):
        arrays[f"{split}_images"] = part
        arrays[f"{split}_labels"] = np.arange(len(part)) % 3
    return open_dataset(write_arrays(tmp_path / "mine.npz", arrays), store)


def new(store: Store) -> Tallies:
    return Tallies(store, Surveys(store))


def sampled(dataset: Dataset, query: str, number: int) -> Any:
    """The pictures of the first so many items of a random order."""
    items = dataset.subset(parse(query)).items(0, number)
    starts = np.array([0, 200, 300])
    return IMAGES[starts[items.splits] + items.positions]


def test_past_the_bound_a_random_sample_is_taken(dataset: Dataset, store: Store) -> None:
    asked = inquire(dataset, Selection())
    assert (asked.number, asked.total, asked.is_whole) == (50, 400, False)
    found = new(store).ask(asked, PATIENCE).value
    assert found
    assert found.images[0] == 50
    expected = sampled(dataset, "order=random&seed=0", 50)
    np.testing.assert_allclose(found.mean(0)[..., 0], expected.mean(axis=0))


def test_the_seed_of_a_random_order_is_the_samples_seed(dataset: Dataset, store: Store) -> None:
    query = "order=random&seed=7&split=train"
    found = new(store).ask(inquire(dataset, parse(query)), PATIENCE).value
    assert found
    expected = sampled(dataset, query, 50)
    np.testing.assert_allclose(found.mean(0)[..., 0], expected.mean(axis=0))


def test_large_pictures_are_bounded_by_their_bytes(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_BYTES", 42 * 10)
    assert inquire(dataset, Selection()).number == 10


def test_within_the_bound_nothing_depends_on_order_page_or_seed(dataset: Dataset) -> None:
    names = {
        inquire(dataset, parse(f"split=test&label=1{rest}")).name
        for rest in ("", "&page=2&per_page=7", "&order=random&seed=5", "&order=label&bars=share")
    }
    assert len(names) == 1


def test_what_changes_the_sums_changes_their_name(dataset: Dataset) -> None:
    asked = [
        *(Selection(), Selection(splits=("test",)), Selection(labels=(1,)), parse("order=random")),
        *(parse("order=random&seed=1"), parse("label=1&match=all"), parse("label=none")),
    ]
    names = {inquire(dataset, each).name for each in asked}
    everything = inquire(dataset, Selection(), everything=True)
    # The order alone changes nothing: its seed is that of the sample.
    assert len(names | {everything.name}) == len(asked)


def test_all_of_a_large_selection_is_added_up_once_and_kept_on_disk(
    dataset: Dataset, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = inquire(dataset, Selection(), everything=True)
    assert (asked.number, asked.background) == (400, True)
    first = new(store).ask(asked, PATIENCE).value
    assert first
    np.testing.assert_allclose(first.mean(0)[..., 0], IMAGES.mean(axis=0))

    def never(*_: object) -> None:
        raise AssertionError("it was added up again")

    monkeypatch.setattr(tallies, "measure", never)
    later = Store(Cache(dataset.archive.path.parent / "cache", 10**10))
    again = new(later).ask(asked, PATIENCE).value
    assert again
    assert (again.labels, again.bins) == (first.labels, first.bins)
    for name in ("images", "sums", "counts", "outside", "left_out"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_of_stored_pictures_that_fail_their_checksum_no_sums_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_ITEMS", 50)
    # Large members that are stored are read in place while they are being checked.
    for module in ("job", "store"):
        monkeypatch.setattr(f"app.arrays.{module}.SMALL", 5_000)
    path = tmp_path / "mine.npz"
    np.savez(path, test_images=IMAGES, test_labels=np.arange(400) % 3)
    flip(path, data_at(path.read_bytes(), "test_images.npy") + 5_000)
    store = Store(Cache(tmp_path / "cache", 10**9))
    asked = inquire(open_dataset(path, store), Selection(), everything=True)
    found = new(store).ask(asked, PATIENCE)
    assert found.value is None
    assert "test_images fails its checksum" in str(found.error)


def test_where_the_cache_cannot_be_written_all_is_added_up_in_memory(
    dataset: Dataset,
) -> None:
    nowhere = Store(Cache(dataset.archive.path / "no folder", 0))
    found = new(nowhere).ask(inquire(dataset, Selection(), everything=True), PATIENCE).value
    assert found
    assert found.images[0] == 400


def test_a_selection_within_the_bound_is_never_a_background_task(dataset: Dataset) -> None:
    asked = inquire(dataset, parse("split=test&label=0"), everything=True)
    assert (asked.is_whole, asked.background) == (True, False)


@pytest.fixture
def halted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Adding up everything waits until the test lets it go on."""
    go_on = threading.Event()

    def waiting(dataset: Dataset, runs: Any, labels: Any, bins: Any, report: Any) -> Any:
        items = list(runs)
        if sum(map(len, items)) > 50:
            report(42)
            assert go_on.wait(PATIENCE)
        return measure(dataset, iter(items), labels, bins, report)

    monkeypatch.setattr(tallies, "measure", waiting)
    yield go_on.set
    go_on.set()


def test_a_sample_does_not_wait_behind_whole_files(
    dataset: Dataset, store: Store, halted: Callable[[], None]
) -> None:
    working = new(store)
    asked = [inquire(dataset, parse(f"label={n}"), everything=True) for n in range(3)]
    assert all(working.ask(each, 0.0).pending for each in asked)
    assert working.ask(inquire(dataset, Selection()), PATIENCE).value
    halted()
    assert all(working.ask(each, PATIENCE).value for each in asked)


def test_nobody_can_have_more_computed_than_a_few_wait_for(
    dataset: Dataset,
    store: Store,
    halted: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "_WAITING_MOST", 1)
    working = new(store)
    asked = [inquire(dataset, parse(f"label={n}"), everything=True) for n in range(3)]
    asked.append(inquire(dataset, Selection(splits=("train",)), everything=True))
    with pytest.raises(TooManyError, match="in a minute"):
        assert all(working.ask(each, 0.0).pending for each in asked)
    halted()


def test_only_so_many_bytes_of_sums_stay_in_memory(
    dataset: Dataset, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_KEPT_BYTES", 30_000)
    surveys = Surveys(store)
    working = Tallies(store, surveys)
    for seed in range(20):
        found = working.ask(inquire(dataset, parse(f"order=random&seed={seed}")), PATIENCE).value
        assert found
    kept = [task.value for task in working._samples._tasks.values()]
    assert sum(each.nbytes for each in kept) < 30_000 + kept[0].nbytes
    assert len(kept) < 20


def test_labels_that_memory_has_no_room_for_are_left_out_and_counted(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "_SUMS_BYTES", 3 * 42 * 8)
    asked = inquire(dataset, Selection())
    assert (asked.labels, asked.left_out) == ((0, 1), 1)
    monkeypatch.setattr(tallies, "_SUMS_BYTES", 41 * 8)
    assert not tallies.fits(dataset)
