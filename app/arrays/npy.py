"""The header that stands before an array in an npy file: read with suspicion, and written.

Source: NumPy's NEP 1, and ``numpy.lib.format``, which does the work.
"""

import io
import warnings
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy

# Version 3 differs from 2 in the header's encoding only, for field names, which no array of
# numbers has.
_READERS: Final = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
    (3, 0): npy.read_array_header_2_0,
}

# NumPy warns of headers that Python 2 wrote, `(12L, 8L, 9L)`, which it reads all the same. For all
# threads at once: `warnings.catch_warnings` is not safe among several.
warnings.filterwarnings("ignore", "Reading `.npy`", UserWarning)


def read_header(start: bytes) -> tuple[int, tuple[int, ...], bool, np.dtype[Any]]:
    """Read a header from a file's first bytes: its length in bytes, shape, Fortran order, dtype.

    Raises ValueError.
    """
    file = io.BytesIO(start)
    version = npy.read_magic(file)
    read = _READERS.get(version)
    if read is None:
        raise ValueError(f"unknown version {version[0]}.{version[1]}")
    try:
        shape, fortran, dtype = read(file)
    except ValueError as error:
        if "<ast." in str(error):  # and an address in memory
            raise ValueError("it is not a plain literal") from None
        raise
    except Exception as error:
        # NumPy evaluates the header as a Python literal and lets through what that raises:
        # TypeError, RecursionError, MemoryError, tokenize.TokenError, IndentationError.
        raise ValueError(type(error).__name__) from None
    return file.tell(), tuple(int(side) for side in shape), fortran, dtype


def write_header(dtype: np.dtype[Any], shape: tuple[int, ...], *, fortran: bool = False) -> bytes:
    """Give the header (version 1) of an array."""
    file = io.BytesIO()
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": fortran, "shape": shape}
    npy.write_array_header_1_0(file, header)
    return file.getvalue()
