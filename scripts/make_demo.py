"""Makes the embedded demo, ``app/demo/immunodemo.npz``; ``make demo`` runs it.

What it is: one public picture, a colon section whose brown (DAB) marks the protein FHL2, cut into
324 patches that share no pixel. What it is not: a MedMNIST dataset, or a diagnosis. Its labels are
computed from the stain, so that they can be checked by eye.

The bytes come out the same each time: members are stored, not deflated, and carry a fixed date.
"""

import io
import zipfile
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry

OUTPUT = Path(__file__).parent.parent / "app" / "demo" / "immunodemo.npz"

SIDE = 28
GRID = 18  # 18 x 18 patches of 28 px: all of the 512 px picture but 4 px at each edge
ROWS = {"train": slice(0, 12), "val": slice(12, 15), "test": slice(15, 18)}

# Concentration of DAB, as scikit-image's colour deconvolution gives it, above which a pixel counts
# as stained: set by eye, where the glands come out white and the tissue between them black.
STAINED = 0.05
# The share of stained pixels at which a patch takes the next label: below 10 % is 0, below 60 % is
# 1, the rest is 2.
SHARES = (0.1, 0.6)

Pixels = npt.NDArray[np.uint8]
T = TypeVar("T", bound=np.generic)


def cut(picture: npt.NDArray[T]) -> npt.NDArray[T]:
    """Cut ``(504, 504, …)`` into patches by row and column: ``(18, 18, 28, 28, …)``."""
    rows = picture.reshape(GRID, SIDE, GRID, SIDE, *picture.shape[2:])
    return rows.swapaxes(1, 2)


def arrays() -> dict[str, Pixels]:
    """Compute the members in MedMNIST's layout: images ``(n, 28, 28, 3)``, labels ``(n, 1)``."""
    picture: Pixels = immunohistochemistry()
    margin = (picture.shape[0] - GRID * SIDE) // 2
    picture = picture[margin:-margin, margin:-margin]
    shares = cut(rgb2hed(picture)[..., 2] > STAINED).mean(axis=(2, 3))
    labels = np.digitize(shares, SHARES).astype(np.uint8)
    patches = cut(picture)
    members = {}
    for split, rows in ROWS.items():
        members[f"{split}_images"] = patches[rows].reshape(-1, SIDE, SIDE, 3)
        members[f"{split}_labels"] = labels[rows].reshape(-1, 1)
    return members


def write(members: dict[str, Pixels], path: Path) -> None:
    """Write an npz whose bytes depend on ``members`` alone (``np.savez`` puts the date in)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in members.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, wherever it is made
            archive.writestr(info, member.getvalue())


if __name__ == "__main__":
    made = arrays()
    OUTPUT.parent.mkdir(exist_ok=True)
    write(made, OUTPUT)
    counts = {name: np.bincount(made[f"{name}_labels"][:, 0]).tolist() for name in ROWS}
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes; patches by label: {counts}")
