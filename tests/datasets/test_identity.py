"""A file is the published one by its MD5 alone; what it holds can only cast doubt."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.catalogue.facts import Facts, all_facts, facts_for
from app.datasets import identity
from app.datasets.dataset import Dataset
from app.datasets.identity import differences, identify
from app.datasets.opening import open_dataset
from app.errors import ArchiveError

EACH = pytest.mark.parametrize("facts", all_facts(), ids=lambda facts: facts.id)
REAL = pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])


def nothing(_done: int) -> None:
    pass


def synthetic(facts: Facts, counts: dict[str, int], size: int = 28) -> dict[str, NDArray[Any]]:
    """Arrays in the set's exact shape: not the published ones."""
    item = (size,) * facts.dimensions + ((3,) if facts.channels == 3 else ())
    columns = len(facts.labels) if facts.task.startswith("multi-label") else 1
    arrays: dict[str, NDArray[Any]] = {}
    for split, count in counts.items():
        arrays[f"{split}_images"] = np.zeros((count, *item), np.uint8)
        arrays[f"{split}_labels"] = np.zeros((count, columns), np.uint8)
    return arrays


def written(folder: Path, store: Store, stem: str, arrays: dict[str, NDArray[Any]]) -> Dataset:
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / f"{stem}.npz", allow_pickle=False, **arrays)
    return open_dataset(folder / f"{stem}.npz", store)


def few(facts: Facts) -> dict[str, int]:
    return dict.fromkeys(facts.counts, 2)


# By the MD5


@REAL
def test_the_md5_is_hashlibs(name: str, real: Callable[[str], Path], store: Store) -> None:
    dataset = open_dataset(real(name), store)
    told: list[int] = []
    found = identity.md5(dataset.archive, store, told.append)
    assert found == hashlib.md5(real(name).read_bytes()).hexdigest()
    assert told[-1] == real(name).stat().st_size


def test_it_is_read_once_and_kept_on_disk(tmp_path: Path, store: Store) -> None:
    dataset = written(
        tmp_path, store, "mine", {"test_images": np.zeros((1, 2, 2)), "test_labels": np.zeros(1)}
    )
    told: list[int] = []
    first = identity.md5(dataset.archive, store, told.append)
    assert told
    told.clear()
    assert (
        identity.md5(dataset.archive, Store(Cache(tmp_path / "cache", 10**9)), told.append) == first
    )
    assert not told


@pytest.mark.published
@REAL
def test_a_real_file_is_official(name: str, real: Callable[[str], Path], store: Store) -> None:
    dataset = open_dataset(real(name), store)
    found = identify(dataset, identity.md5(dataset.archive, store, nothing))
    assert found.standing == "official"
    assert "current record" in found.sentence
    assert found.differences == ()


@pytest.mark.published
def test_an_official_file_under_another_name_is_recognised(
    real: Callable[[str], Path], tmp_path: Path, store: Store
) -> None:
    path = Path(shutil.copy(real("breastmnist"), tmp_path / "mine.npz"))
    dataset = open_dataset(path, store)
    found = identify(dataset, identity.md5(dataset.archive, store, nothing))
    assert found.standing == "official"
    assert "BreastMNIST in the current record, under another name" in found.sentence


@pytest.mark.published
def test_an_official_file_under_another_published_name_is_not_taken_for_that(
    real: Callable[[str], Path], tmp_path: Path, store: Store
) -> None:
    path = Path(shutil.copy(real("breastmnist"), tmp_path / "pneumoniamnist.npz"))
    dataset = open_dataset(path, store)
    found = identify(dataset, identity.md5(dataset.archive, store, nothing))
    assert found.standing == "different"
    assert "named pneumoniamnist.npz, but its MD5 is that of the published BreastMNIST" in (
        found.sentence
    )
    assert "train has 546 instead of 4,708" in found.differences


def test_a_file_of_the_earlier_record_is_official_and_says_so(tmp_path: Path, store: Store) -> None:
    facts = facts_for("organmnist3d")
    assert facts
    dataset = written(tmp_path, store, "organmnist3d", synthetic(facts, few(facts)))
    found = identify(dataset, facts.files[0].md5s[1])
    assert found.standing == "official"
    assert found.is_earlier
    assert "earlier record" in found.sentence


def test_the_right_form_with_other_pixels_is_not_official(tmp_path: Path, store: Store) -> None:
    facts = facts_for("vesselmnist3d")
    assert facts
    for counts in (facts.counts, facts.earlier_counts):
        dataset = written(tmp_path, store, "vesselmnist3d", synthetic(facts, dict(counts)))
        found = identify(dataset, identity.md5(dataset.archive, store, nothing))
        assert found.differences == ()
        assert found.standing == "different"
        assert "Its counts, shape and labels are as published" in found.sentence


def test_a_file_of_ones_own_is_not_published(tmp_path: Path, store: Store) -> None:
    dataset = written(
        tmp_path, store, "mine", {"test_images": np.zeros((1, 2, 2)), "test_labels": np.zeros(1)}
    )
    assert identify(dataset, "0" * 32).standing == "unpublished"
    assert differences(dataset) == ()


def test_until_the_md5_is_known_nothing_is_claimed(
    real: Callable[[str], Path], store: Store
) -> None:
    dataset = open_dataset(real("breastmnist"), store)
    found = identify(dataset, None)
    assert (found.standing, found.md5) == ("checking", None)
    assert "being checked" in found.sentence


def test_an_md5_that_cannot_be_known_is_said_with_the_reason(
    real: Callable[[str], Path], store: Store
) -> None:
    dataset = open_dataset(real("breastmnist"), store)
    error = ArchiveError(dataset.archive.path, "can't be read", "look at the disk")
    found = identify(dataset, None, error)
    assert found.standing == "unknown"
    assert "breastmnist.npz can't be read; look at the disk." in found.sentence


def test_a_file_that_changes_meanwhile_has_no_md5(tmp_path: Path, store: Store) -> None:
    dataset = written(
        tmp_path, store, "mine", {"test_images": np.zeros((1, 2, 2)), "test_labels": np.zeros(1)}
    )
    dataset.archive.path.write_bytes(b"other")
    with pytest.raises(ArchiveError, match="was changed while it was being read"):
        identity.md5(dataset.archive, store, nothing)


# At a glance


@EACH
def test_a_synthetic_file_in_a_sets_exact_shape_differs_in_its_counts_alone(
    facts: Facts, tmp_path: Path, store: Store
) -> None:
    for file in facts.files[:2]:
        stem = file.name.removesuffix(".npz")
        dataset = written(tmp_path, store, stem, synthetic(facts, few(facts), file.size))
        assert len(differences(dataset)) == 3
        assert all(" has 2 instead of " in each for each in differences(dataset))


def test_a_split_that_is_not_there_is_a_difference(tmp_path: Path, store: Store) -> None:
    facts = facts_for("breastmnist")
    assert facts
    dataset = written(tmp_path, store, "breastmnist", synthetic(facts, {"train": 546, "val": 78}))
    assert differences(dataset) == ("test is not served here, and 156 are published",)


def test_splits_of_two_records_do_not_go_together(tmp_path: Path, store: Store) -> None:
    facts = facts_for("organcmnist")
    assert facts
    mixed = dict(facts.counts) | {"train": facts.earlier_counts["train"]}
    dataset = written(tmp_path, store, "organcmnist", synthetic(facts, mixed))
    assert differences(dataset) == ("its splits have counts of two different records",)


@pytest.mark.parametrize(
    ("stem", "item", "told"),
    [
        ("breastmnist", (28, 28, 3), "an item has shape 28 × 28 × 3, not 28 × 28"),
        ("breastmnist_64", (28, 28), "an item has shape 28 × 28, not 64 × 64"),
        ("retinamnist", (28, 28), "an item has shape 28 × 28, not 28 × 28 × 3"),
        ("adrenalmnist3d", (28, 28), "an item has shape 28 × 28, not 28 × 28 × 28"),
    ],
)
def test_another_shape_is_a_difference(
    stem: str, item: tuple[int, ...], told: str, tmp_path: Path, store: Store
) -> None:
    arrays = {"test_images": np.zeros((2, *item), np.uint8), "test_labels": np.zeros(2, np.uint8)}
    assert told in differences(written(tmp_path, store, stem, arrays))


def test_a_last_axis_of_one_is_none(tmp_path: Path, store: Store) -> None:
    facts = facts_for("breastmnist")
    assert facts
    arrays = synthetic(facts, dict(facts.counts))
    arrays = {k: v[..., None] if k.endswith("images") else v for k, v in arrays.items()}
    assert differences(written(tmp_path, store, "breastmnist", arrays)) == ()


def test_labels_out_of_range_are_a_difference(tmp_path: Path, store: Store) -> None:
    facts = facts_for("breastmnist")
    assert facts
    arrays = synthetic(facts, dict(facts.counts))
    arrays["val_labels"][3:5] = [[7], [2]]
    dataset = written(tmp_path, store, "breastmnist", arrays)
    assert differences(dataset) == ("it has labels that are not published: 2, 7",)


@pytest.mark.parametrize(("columns", "told"), [(1, "1 column"), (5, "5 columns")])
def test_another_number_of_label_columns_is_a_difference(
    columns: int, told: str, tmp_path: Path, store: Store
) -> None:
    arrays = {
        "test_images": np.zeros((2, 28, 28), np.uint8),
        "test_labels": np.eye(2, columns, dtype=np.uint8),
    }
    found = differences(written(tmp_path, store, "chestmnist", arrays))
    assert f"test has labels in {told}, not in 14" in found
