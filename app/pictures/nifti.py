"""One volume → a NIfTI-1 file, gzipped. Needs nibabel, which comes with the extra ``nifti``.

The axes stay as they are stored: the file's i, j, k are z, y, x, so that what nibabel reads back is
NumPy's array, index for index. MedMNIST's files say neither the size of a voxel nor where the
patient's left is. The affine is the identity, which is no statement about either, and the header's
units are "unknown".
"""

import io
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from app.errors import NotInstalledError
from app.phrases import Phrase

NOTE: Final = Phrase(
    "In the NIfTI file i, j, k are z, y, x as stored. The dataset gives no voxel size and no "
    "orientation: the affine is the identity."
)
_DESCRIPTION: Final = b"i, j, k are z, y, x as stored; voxel size, orientation unknown"
# What NIfTI-1 has no number for → the next type that holds every value.
_WIDER: Final[dict[str, type[np.generic]]] = {"bool": np.uint8, "float16": np.float32}
_LEVEL: Final = 2


def why_missing() -> str:
    """Say why NIfTI can't be written here; nothing where it can."""
    if find_spec("nibabel"):
        return ""
    return Phrase(
        "NIfTI needs nibabel, which is not installed here; install Lightbox with its extra "
        "“nifti”, or take the .npy."
    )


def encode(volume: NDArray[Any]) -> bytes:
    """Write a volume (D, H, W) of any real type as ``.nii.gz``; nothing in it tells when.

    Values and type are kept; bool becomes uint8 and float16 float32, which hold the same values.
    Raises NotInstalledError.
    """
    if missing := why_missing():
        raise NotInstalledError(missing)
    import nibabel

    kind = _WIDER.get(volume.dtype.name, volume.dtype.newbyteorder("="))
    plain = volume.astype(kind, copy=False)
    # The type is named since nibabel would refuse to guess it for 64-bit whole numbers.
    image = nibabel.Nifti1Image(plain, np.eye(4), dtype=plain.dtype)
    image.header["descrip"] = _DESCRIPTION
    packed = io.BytesIO()
    with igzip.IGzipFile("", "wb", _LEVEL, packed, mtime=0) as file:  # type: ignore[no-untyped-call]
        image.to_file_map({"image": nibabel.FileHolder(fileobj=file)})
    return packed.getvalue()
