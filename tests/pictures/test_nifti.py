"""A volume as NIfTI: nibabel reads back NumPy's array, index for index, and no made-up geometry."""

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from app.errors import NotInstalledError
from app.pictures import nifti

KINDS = ["?", "u1", "i1", "<u2", ">u2", "i2", "u4", ">i4", "u8", "i8", "f2", "f4", ">f8"]


def volume(kind: str) -> Any:
    random = np.random.default_rng(6)
    numbers = random.integers(0, 2 if kind == "?" else 128, (3, 4, 5)).astype(kind)
    dtype = np.dtype(kind)
    if dtype.kind in "iu":
        numbers[0, 0, :2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    elif dtype.kind == "f":
        numbers[0, 0, :2] = np.finfo(dtype).min, np.inf
    return numbers


def read(data: bytes) -> Any:
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(data))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_read_back_where_numpy_has_it(kind: str, order: Any) -> None:
    expected = volume(kind)
    image = read(nifti.encode(np.asarray(expected, order=order)))
    given = np.asarray(image.dataobj)
    np.testing.assert_array_equal(given, expected)
    if kind not in ("?", "f2"):
        assert given.dtype == expected.dtype.newbyteorder("=")


def test_the_header_claims_no_size_and_no_orientation() -> None:
    image = read(nifti.encode(volume("u1")))
    np.testing.assert_array_equal(image.affine, np.eye(4))
    assert image.header.get_xyzt_units() == ("unknown", "unknown")
    assert b"unknown" in bytes(image.header["descrip"])


def test_the_same_volume_gives_the_same_bytes_at_any_time() -> None:
    made = nifti.encode(volume("i2"))
    assert made == nifti.encode(volume("i2"))
    assert made[4:8] == bytes(4)  # MTIME (RFC 1952, 2.3.1), where 0 says nothing


def test_without_nibabel_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nifti, "find_spec", lambda _: None)
    with pytest.raises(NotInstalledError, match=r"extra “nifti”.*\.npy"):
        nifti.encode(volume("u1"))
