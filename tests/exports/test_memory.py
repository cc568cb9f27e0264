"""Memory stays flat, whatever is exported."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet

MOST = 48 * 1024 * 1024
COUNT = 400_000
SCRIPT = Path(__file__).with_name("exporting_all.py")


def test_400_000_items_take_no_more_than_48_mb_in_any_form(tmp_path: Path) -> None:
    """Synthetic: 58 MB of pictures; one label in six is 0, more than zip counts to."""
    path = tmp_path / "synthetic.npz"
    images = np.arange(COUNT * 144, dtype=np.uint32).astype(np.uint8).reshape(COUNT, 12, 12)
    labels = np.arange(COUNT, dtype=np.int64)[:, None] % 6
    np.savez(path, allow_pickle=False, train_images=images, train_labels=labels)
    done = subprocess.run(
        [sys.executable, SCRIPT, path, tmp_path / "cache", tmp_path],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    peaks = json.loads(done.stdout)
    assert max(peaks.values()) <= MOST, peaks
    table = pd.read_csv(tmp_path / "rows.csv")
    order = table["index"].to_numpy()
    assert np.array_equal(np.sort(order), np.arange(COUNT))
    assert np.array_equal(table["labels"], order % 6)
    rows = pyarrow.parquet.read_table(tmp_path / "rows.parquet", columns=["index"])
    assert np.array_equal(rows["index"].to_numpy(), order)
    with np.load(tmp_path / "some.npz") as arrays:
        assert np.array_equal(arrays["train_images"], images[order])
        assert np.array_equal(arrays["train_labels"], labels[order])
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert len(archive.namelist()) == 2 + np.count_nonzero(labels == 0) > 65_535
