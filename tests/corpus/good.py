"""One file of every kind that NumPy can write in the layout, or that other writers make of it."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corpus.writers import dataset, header_of, npy_bytes, write, write_arrays

Writer = Callable[[Path], object]

_TYPES: Final = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64"),
)


def _typed(dtype: str) -> dict[str, NDArray[Any]]:
    """Values to the ends of the type's range, in every array."""
    random = np.random.default_rng(1)
    kind = np.dtype(dtype)
    arrays = dataset(counts=(9, 3, 4))
    for name in list(arrays):
        if not name.endswith("images"):
            continue
        shape = arrays[name].shape
        if kind.kind == "b":
            arrays[name] = random.integers(0, 2, shape).astype(kind)
        elif kind.kind == "f":
            arrays[name] = random.normal(0, 1e4, shape).astype(kind)
            arrays[name].flat[:3] = [np.nan, np.inf, -np.inf]
        else:
            ends = np.iinfo(kind)
            arrays[name] = random.integers(ends.min, ends.max, shape, kind, endpoint=True)
    return arrays


def _ordered(order: str) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(array, order=order) for name, array in dataset().items()}  # type: ignore[call-overload]


def _swapped(byteorder: Any) -> dict[str, NDArray[Any]]:
    wide = {name: array.astype(np.uint16) * 257 for name, array in dataset().items()}
    return {name: array.astype(array.dtype.newbyteorder(byteorder)) for name, array in wide.items()}


def _labelled(form: str) -> dict[str, NDArray[Any]]:
    arrays = dataset()
    for name in [name for name in arrays if name.endswith("labels")]:
        flat = arrays[name][:, 0]
        columns = (flat[:, None] >= np.arange(14)).astype(np.uint8)
        arrays[name] = {"(N,)": flat, "(N, 1)": flat[:, None], "(N, K)": columns}[form]
    return arrays


def _with_channel_axis(*splits: str) -> dict[str, NDArray[Any]]:
    images = {f"{split}_images" for split in splits}
    return {
        name: array[..., np.newaxis] if name in images else array
        for name, array in dataset().items()
    }


def _only(*splits: str) -> dict[str, NDArray[Any]]:
    return {name: array for name, array in dataset().items() if name.startswith(splits)}


def _prefixed(path: Path) -> None:
    """Members with extra fields and a comment behind the directory, as other zip tools write."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in dataset().items():
            info = zipfile.ZipInfo(f"{name}.npy", (2024, 5, 6, 7, 8, 10))
            info.extra = b"UT\x05\x00\x03" + bytes(4)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, npy_bytes(array))
        archive.comment = b"made elsewhere"


def _extra(path: Path) -> None:
    extra = {"notes.txt": b"not an array", "class_names.npy": npy_bytes(np.arange(3))}
    write(path, {f"{k}.npy": npy_bytes(v) for k, v in dataset().items()} | extra)


def _names_in_other_encodings(path: Path) -> None:
    """UTF-8 with its flag, and bytes of some old code page without."""
    others = {"größe.npy": npy_bytes(np.arange(3)), "xxxx.npy": npy_bytes(np.arange(3))}
    write(path, others | {f"{k}.npy": npy_bytes(v) for k, v in dataset().items()})
    path.write_bytes(path.read_bytes().replace(b"xxxx.npy", b"\xe4\xf6\xfc\xff.npy"))


def _mixed_methods(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, array) in enumerate(dataset().items()):
            method = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            archive.writestr(f"{name}.npy", npy_bytes(array), method)


def _one_axis_in_fortran_order(path: Path) -> None:
    """NumPy says C of what is both; other writers need not."""
    members = {f"{name}.npy": npy_bytes(array) for name, array in dataset().items()}
    labels = dataset()["train_labels"]
    members["train_labels.npy"] = header_of(f"({len(labels)},)", fortran=True) + labels.tobytes()
    write(path, members)


def _file(make: Callable[[], dict[str, NDArray[Any]]], **options: Any) -> Writer:
    return lambda path: write_arrays(path, make(), **options)


_PACKINGS: Final = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}

GOOD: Final[dict[str, Writer]] = {
    "numpy savez": lambda path: np.savez(path, allow_pickle=True, **dataset()),
    "numpy savez_compressed": lambda path: np.savez_compressed(
        path, allow_pickle=True, **dataset()
    ),
    **{
        f"{packing}, zip64 {zip64}, streamed {streamed}": _file(
            dataset, method=method, zip64=zip64, streamed=streamed
        )
        for packing, method in _PACKINGS.items()
        for zip64 in (False, True)
        for streamed in (False, True)
    },
    **{
        f"deflate level {level}": _file(partial(dataset, counts=(90, 5, 7)), level=level)
        for level in (0, 1, 9)
    },
    **{f"npy version {version}": _file(dataset, version=(version, 0)) for version in (1, 2, 3)},
    **{
        f"{order} order, {packing}": _file(partial(_ordered, order), method=method)
        for order in "CF"
        for packing, method in _PACKINGS.items()
    },
    **{
        f"byte order {order}, {packing}": _file(partial(_swapped, order), method=method)
        for order in "<>"
        for packing, method in _PACKINGS.items()
    },
    "a channel axis in one split": _file(partial(_with_channel_axis, "val")),
    "a channel axis in all splits but one": _file(partial(_with_channel_axis, "train", "test")),
    **{dtype: _file(partial(_typed, dtype)) for dtype in _TYPES},
    **{f"labels {form}": _file(partial(_labelled, form)) for form in ("(N,)", "(N, 1)", "(N, K)")},
    **{
        f"items {item}": _file(partial(dataset, item=item))
        for item in ((8, 8), (5, 11), (8, 8, 1), (7, 9, 3), (6, 7, 8), (1, 1), (4, 4, 4))
    },
    "only val": _file(partial(_only, "val")),
    "train and test": _file(partial(_only, "train", "test")),
    "an empty split": _file(partial(dataset, counts=(12, 0, 7))),
    "an empty split, stored": _file(partial(dataset, counts=(0, 5, 7)), method=0),
    "all splits empty": _file(partial(dataset, counts=(0, 0, 0))),
    "one item each": _file(partial(dataset, counts=(1, 1, 1))),
    "members in reverse": _file(lambda: dict(reversed(dataset().items()))),
    "streamed in many blocks": _file(
        partial(dataset, counts=(300, 5, 7)), level=1, streamed=True, zip64=True
    ),
    "extra members": _extra,
    "names in other encodings": _names_in_other_encodings,
    "stored and deflated": _mixed_methods,
    "extra fields and a comment": _prefixed,
    "one axis in Fortran order": _one_axis_in_fortran_order,
    "names without .npy": lambda path: write(
        path, {name: npy_bytes(array) for name, array in dataset().items()}
    ),
}
