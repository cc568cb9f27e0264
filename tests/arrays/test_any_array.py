"""Random arrays through random writers come out as NumPy reads them."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from corpus.writers import npy_bytes, write
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from app.arrays.cache import Cache
from app.arrays.store import Store

from .reading import archive_of, assert_same, oracle, whole

KINDS = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=9)
ARRAYS = hnp.arrays(KINDS, SHAPES, fill=st.nothing())


def _ordered(array: NDArray[Any], order: str) -> NDArray[Any]:
    return np.asarray(array, order=order)  # type: ignore[call-overload, no-any-return]


MEMBERS = st.builds(
    lambda array, order, version: npy_bytes(_ordered(array, order), (version, 0)),
    ARRAYS,
    st.sampled_from("CF"),
    st.sampled_from([1, 2, 3]),
)


@settings(max_examples=300)
@given(
    members=st.lists(MEMBERS, min_size=1, max_size=4),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    level=st.integers(0, 9),
    zip64=st.booleans(),
    streamed=st.booleans(),
    positions=st.randoms(use_true_random=False),
)
def test_any_array_by_any_writer_is_read_exactly(
    members: list[bytes], method: int, level: int, zip64: bool, streamed: bool, positions: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.npz"
        named = {f"m{number}.npy": content for number, content in enumerate(members)}
        write(path, named, method=method, level=level, zip64=zip64, streamed=streamed)
        expected = oracle(path)
        # Nothing is written to the cache, for speed: its files are tested elsewhere.
        store = Store(Cache(path / "no folder", 0))
        archive = archive_of(path)
        assert not archive.refused
        for name, array in expected.items():
            opened = store.open(archive, name)
            assert_same(whole(opened), array)
            chosen = [positions.randrange(len(array)) for _ in range(5 if len(array) else 0)]
            found = opened.take(np.array(chosen, np.int64))
            assert_same(found, np.ascontiguousarray(array[np.array(chosen, np.int64)]))
