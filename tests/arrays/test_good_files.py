"""Whatever NumPy can write is read exactly as NumPy reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.good import GOOD, Writer
from corpus.writers import dataset, write_arrays

from app.arrays import inflate, mapping
from app.arrays.cache import Cache
from app.arrays.store import Store

from .reading import archive_of, assert_same, oracle, whole

KINDS = pytest.mark.parametrize("writer", GOOD.values(), ids=GOOD.keys())
NAMES = tuple(dataset())


@KINDS
def test_every_array_is_what_numpy_reads(writer: Writer, tmp_path: Path, store: Store) -> None:
    writer(tmp_path / "file.npz")
    expected = oracle(tmp_path / "file.npz")
    archive = archive_of(tmp_path / "file.npz", *NAMES)
    assert set(archive.members) == set(expected) & set(NAMES)
    for name in archive.members:
        assert_same(whole(store.open(archive, name)), expected[name])


@KINDS
def test_items_are_given_in_the_order_asked_for(
    writer: Writer, tmp_path: Path, store: Store
) -> None:
    writer(tmp_path / "file.npz")
    expected = oracle(tmp_path / "file.npz")
    archive = archive_of(tmp_path / "file.npz", *NAMES)
    random = np.random.default_rng(0)
    for name in archive.members:
        positions = random.permutation(np.arange(len(expected[name])).repeat(2))
        found = store.open(archive, name).take(positions.astype(np.int64))
        assert_same(found, np.ascontiguousarray(expected[name][positions]))


@KINDS
def test_the_first_items_are_given_without_the_rest(
    writer: Writer, tmp_path: Path, store: Store
) -> None:
    writer(tmp_path / "file.npz")
    expected = oracle(tmp_path / "file.npz")
    archive = archive_of(tmp_path / "file.npz", *NAMES)
    for name in archive.members:
        array = store.open(archive, name)
        assert_same(array.first(3), np.ascontiguousarray(expected[name][:3]))
        values = [*array.values_of_first(3)]
        assert b"".join(each.tobytes() for each in values) == expected[name][:3].tobytes()
        assert {each.dtype for each in values} <= {expected[name].dtype}


@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
def test_the_only_item_is_given_ahead(packing: int, tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "file.npz", dataset(counts=(1, 1, 1)), method=packing)
    archive = archive_of(path)
    for name, array in oracle(path).items():
        found = inflate.head(archive, archive.members[name], [(0, array.nbytes)])
        assert found == array.tobytes()


@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
def test_values_that_lie_in_two_blocks_are_given_ahead(
    packing: int, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflate, "READ", 50)
    monkeypatch.setattr(inflate, "WRITE", 50)  # six values and a quarter
    monkeypatch.setattr("app.arrays.store.SMALL", -1)
    expected = np.random.default_rng(1).normal(size=(9, 5, 7))
    path = write_arrays(tmp_path / "file.npz", {"train_images": expected}, method=packing)
    values = store.open(archive_of(path), "train_images").values_of_first(4)
    np.testing.assert_array_equal(np.concatenate([*values]), expected[:4].ravel())


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "at hand"])
@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
def test_a_slice_of_each_of_the_first_volumes_is_what_numpy_cuts(
    packing: int, ahead: bool, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflate, "WRITE", 50)  # less than a slice
    if ahead:
        monkeypatch.setattr("app.arrays.store.SMALL", -1)
    path = write_arrays(tmp_path / "file.npz", dataset(item=(6, 7, 8)), method=packing, level=1)
    array = store.open(archive_of(path), "train_images")
    for place in range(6):
        expected = oracle(path)["train_images"][:5, place]
        np.testing.assert_array_equal(array.first(5, place), expected)


@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("length", [1, 7, 128])
def test_an_array_is_whole_though_the_system_gives_it_in_small_pieces(
    length: int, packing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Smaller than the npy header, and as large as it."""
    path = write_arrays(tmp_path / "file.npz", dataset(counts=(3, 2, 2)), method=packing)
    archive = archive_of(path)
    monkeypatch.setattr(inflate, "READ", length)
    for name, array in oracle(path).items():
        assert b"".join(inflate.stream(archive, archive.members[name])) == array.tobytes()


def test_the_unpacked_copy_is_a_file_that_numpy_loads(tmp_path: Path, cache: Cache) -> None:
    arrays = dataset()
    arrays["train_images"] = np.asfortranarray(arrays["train_images"])
    path = write_arrays(tmp_path / "file.npz", arrays)
    archive = archive_of(path)
    for name, array in oracle(path).items():
        Store(cache).prepare(archive, name)
        assert_same(np.load(cache.path(archive.key, f"{name}.npy")), array)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_plane_of_each_volume_is_what_numpy_cuts(
    axis: int, packing: int, order: str, tmp_path: Path, store: Store
) -> None:
    arrays = dataset(item=(6, 7, 8))
    arrays["train_images"] = np.asarray(arrays["train_images"], order=order)  # type: ignore[call-overload]
    path = write_arrays(tmp_path / "file.npz", arrays, method=packing)
    array = store.open(archive_of(path), "train_images")
    positions = np.array([5, 3, 4, 4, 11, 0], np.int64)
    for place in range(arrays["train_images"].shape[1 + axis]):
        expected = oracle(path)["train_images"][positions].take(place, axis=1 + axis)
        np.testing.assert_array_equal(array.take(positions, (axis, place)), expected)


@pytest.mark.parametrize(
    "item", [(6, 7, 8), (3, 4, 5000), (2, 5000, 3)], ids=["small", "long rows", "large slices"]
)
@pytest.mark.parametrize("packing", [0, 8], ids=["stored", "deflated"])
def test_planes_of_large_volumes_are_what_numpy_cuts(
    packing: int,
    item: tuple[int, ...],
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mapping, "_READ_MOST", 150)
    monkeypatch.setattr(mapping, "_BLOCKS_BYTES", 20)  # two rows of small ones, and a half
    expected = np.random.default_rng(1).integers(0, 256, (3, *item), np.uint8)
    path = write_arrays(tmp_path / "file.npz", {"train_images": expected}, method=packing, level=1)
    array = store.open(archive_of(path), "train_images")
    positions = np.array([2, 0, 1, 1], np.int64)
    for axis, sides in enumerate(item):
        for place in {0, sides // 2, sides - 1}:
            planes = array.take(positions, (axis, place))
            assert_same(planes, expected[positions].take(place, axis=1 + axis))


@pytest.mark.parametrize("shape", [(20, 16, 16, 16), (2, 30, 40, 50)], ids=["many", "large"])
def test_values_of_an_array_in_fortran_order_that_lie_close_are_taken_together(
    shape: tuple[int, ...], tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    path = write_arrays(tmp_path / "file.npz", {"train_images": np.asfortranarray(volumes)})
    array = store.open(archive_of(path), "train_images")
    ndindex, places = np.ndindex, list[tuple[int, ...]]()

    def noted(shape: tuple[int, ...]) -> Any:
        places.append(shape)
        return ndindex(shape)

    monkeypatch.setattr(np, "ndindex", noted)
    np.testing.assert_array_equal(array.take(np.array([1])), volumes[[1]])
    assert places == [()]  # all at once


def test_members_that_are_not_asked_for_are_named(tmp_path: Path) -> None:
    GOOD["extra members"](tmp_path / "file.npz")
    archive = archive_of(tmp_path / "file.npz", *NAMES)
    assert archive.ignored == ("class_names.npy", "notes.txt")


def test_taking_nothing_gives_nothing(tmp_path: Path, store: Store) -> None:
    GOOD["numpy savez"](tmp_path / "file.npz")
    array = store.open(archive_of(tmp_path / "file.npz"), "train_images")
    assert array.take(np.empty(0, np.int64)).shape == (0, 8, 9)
