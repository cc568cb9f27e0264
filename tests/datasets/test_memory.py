"""Memory stays flat, at any size of file."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import header_of, npy_bytes

MOST = 64 * 1024 * 1024
COUNT = 4_000_000
SCRIPT = Path(__file__).with_name("reading_all_over.py")


def write_large(path: Path, method: int, *, fortran: bool) -> Path:
    """Synthetic: 400 MB of pictures in four million items, and labels in eight bytes each."""
    block = (np.arange(100_000) % 251).astype(np.uint8).tobytes() * 10
    header = header_of((COUNT, 10, 10), fortran=fortran)
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        with archive.open("train_images.npy", "w", force_zip64=True) as member:
            member.write(header)
            for _ in range(COUNT * 100 // len(block)):
                member.write(block)
        labels = np.arange(COUNT, dtype=np.int64) % 5
        archive.writestr("train_labels.npy", npy_bytes(labels))
    return path


@pytest.mark.parametrize(
    ("method", "fortran"),
    [(0, False), (8, False), (0, True)],
    ids=["stored", "deflated", "Fortran"],
)
def test_a_large_file_takes_no_more_than_64_mb_over_the_idle_process(
    method: int, fortran: bool, tmp_path: Path
) -> None:
    path = write_large(tmp_path / "synthetic.npz", method, fortran=fortran)
    done = subprocess.run(
        [sys.executable, SCRIPT, path, tmp_path / "cache"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(done.stdout)
    assert not found["refused"]
    assert found["pages"] > 500
    assert found["opening"] <= MOST
    assert found["reading"] <= MOST
    assert found["describing"] <= MOST
    assert found["adding up"] <= MOST
