"""`lightbox check` and `lightbox prepare`: what they say of files, good and bad."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import dataset, npy_bytes, npy_header, write
from running import LIGHTBOX, PATIENCE, Server, anybody, environment

from .commanding import Run, ended, one_sentence


def test_check_says_of_a_good_file_as_what_it_is_served(run: Run, made: Path) -> None:
    done = run("check", made)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(made) in done.stdout
    assert "train 5, test 3" in done.stdout


def test_a_file_that_python_2_wrote_is_served_without_a_word_of_warning(
    tmp_path: Path, cache: dict[str, str]
) -> None:
    members = {f"{name}.npy": npy_bytes(array) for name, array in dataset().items()}
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (12L, 8L, 9L), }"
    members["train_images.npy"] = npy_header(header) + bytes(12 * 8 * 9)
    # Not in this process, whose warnings are errors.
    done = ended(cache, LIGHTBOX, "check", write(tmp_path / "old.npz", members))
    assert (done.returncode, done.stderr) == (0, "")
    assert "train 12, val 5, test 7" in done.stdout


@pytest.mark.published
def test_check_says_in_one_line_whether_a_file_is_the_published_one(
    run: Run, made: Path, real: Callable[[str], Path]
) -> None:
    named = Path(shutil.copy(made, made.with_name("breastmnist.npz")))
    done = run("check", made, named, real("retinamnist"))
    assert (done.returncode, done.stderr) == (0, "")
    own, other, official = [line for line in done.stdout.splitlines() if "  identity: " in line]
    assert "not a published file of MedMNIST" in own
    assert "named breastmnist.npz, but its MD5 is not that of the published file" in other
    assert "train has 5 instead of 546" in other
    assert "Official: its MD5 is that of RetinaMNIST in the current record" in official
    assert "MD5 bd4c0672f1bba3e3a89f0e4e876791e4" in official


def test_check_says_of_a_bad_file_why_not(run: Run, made: Path) -> None:
    bad = made.with_name("bad.npz")
    bad.write_text("no zip")
    done = run("check", made.parent)
    assert done.returncode == 1
    assert f"{bad}: not served" in done.stdout
    assert re.search(r"refused: bad\.npz .*\.", done.stdout)
    assert f"{made}: served" in done.stdout


def test_check_says_how_much_of_a_folder_it_passes_over(run: Run, made: Path) -> None:
    folder = made.parent
    (folder / "bad.NPZ").write_text("no zip")
    assert "passed over" not in run("check", folder).stdout
    os.mkfifo(folder / "pipe.npz")
    assert run("check", folder).stdout.splitlines()[-1] == (
        "1 other entry was passed over: hidden, or no .npz file"
    )
    (folder / "deeper.npz").mkdir()
    for name in (".hidden.npz", "README", "named"):
        (folder / name).write_text("no zip")
    last = "4 other entries were passed over: hidden, or no .npz file"
    assert run("check", folder, folder / ".", folder / "named").stdout.splitlines()[-1] == last
    assert "passed over" not in run("check", made).stdout


def test_check_says_it_in_json(run: Run, made: Path) -> None:
    bad = made.with_name("bad.npz")
    bad.write_text("no zip")
    done = run("check", "--json", made.parent)
    assert done.returncode == 1
    found: dict[str, Any] = {file["id"]: file for file in json.loads(done.stdout)["files"]}
    assert (found["made"]["served"], found["made"]["good"]) == (True, True)
    assert found["made"]["splits"] == {"train": 5, "test": 3}
    assert found["made"]["identity"]["standing"] == "unpublished"
    assert found["made"]["identity"]["md5"] == hashlib.md5(made.read_bytes()).hexdigest()
    assert (found["bad"]["served"], found["bad"]["good"]) == (False, False)
    assert found["bad"]["refused"][0]["reason"].startswith("bad.npz ")


def test_check_exits_1_for_a_file_that_is_served_in_part(run: Run, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "half.npz",
        test_images=np.zeros((3, 8, 8), np.uint8),
        test_labels=np.zeros(3),
        val_images=np.zeros((3, 8, 8), np.uint8),
        val_labels=np.zeros(2),
    )
    done = run("check", tmp_path / "half.npz")
    assert done.returncode == 1
    assert "served as half" in done.stdout
    assert "refused: half.npz: val_images " in done.stdout


def test_check_counts_no_split_that_is_damaged(run: Run, tmp_path: Path) -> None:
    # Large enough that it is not read when it is opened.
    images = np.random.default_rng(0).integers(0, 256, (60_000, 28, 28), np.uint8)
    labels = np.arange(60_000) % 3
    file = tmp_path / "part.npz"
    np.savez(file, train_images=images, train_labels=labels)
    with np.load(file) as whole, zipfile.ZipFile(file) as archive:
        assert whole["train_images"].shape == images.shape
        middle = archive.getinfo("train_images.npy").header_offset + images.nbytes // 2
    with zipfile.ZipFile(file, "a") as archive:
        for name, array in (("test_images", images[:9]), ("test_labels", labels[:9])):
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, array)
    with file.open("r+b") as stream:
        stream.seek(middle)
        byte = stream.read(1)[0]
        stream.seek(middle)
        stream.write(bytes([byte ^ 16]))
    done = run("check", file, "--json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)["files"]
    assert report["splits"] == {"test": 9}
    assert "train_images" in str(report["refused"])


def test_a_file_that_is_named_in_two_ways_is_one(run: Run, made: Path) -> None:
    done = run("check", made, os.path.relpath(made), made.parent)
    assert (done.returncode, done.stdout.count("served as made")) == (0, 1)


def test_what_is_said_goes_into_its_file_though_the_bar_is_on_a_terminal(
    made: Path, cache: dict[str, str], tmp_path: Path
) -> None:
    path = made.rename(made.with_name("[bold]made.npz"))
    ours, theirs = os.openpty()
    with (tmp_path / "out.txt").open("w+") as out:
        done = subprocess.run(
            [LIGHTBOX, "prepare", path],
            env=environment(**cache, TERM="xterm", COLUMNS="200"),
            stdout=out,
            stderr=theirs,
            timeout=PATIENCE,
            check=False,
        )
        out.seek(0)
        assert (done.returncode, out.read()) == (0, f"{path}: ready\n")
    os.close(theirs)
    assert "[bold]made.npz" in os.read(ours, 10_000).decode()
    os.close(ours)


def test_a_file_that_may_not_be_read_is_told_of_beside_the_others(
    run: Run, made: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, shut = open_folder / "good.npz", open_folder / "shut.npz"
    shutil.copy(made, good)
    shutil.copy(made, shut)
    shut.chmod(0o000)
    cache = {"LIGHTBOX_CACHE_DIR": str(open_folder / "cache")}
    assert run("check", good).returncode == 0  # also imports what nobody could import
    # Else it answers for who started the process, not for whom it is now.
    monkeypatch.setattr(os, "access", partial(os.access, effective_ids=True))
    with anybody():
        checked = run("check", good, shut, **cache)
        prepared = run("prepare", good, shut, **cache)
    assert (checked.returncode, prepared.returncode) == (1, 1)
    assert "good.npz: served as good" in checked.stdout
    assert "shut.npz can't be read (permission denied)" in checked.stdout
    assert "good.npz: ready" in prepared.stdout
    assert "shut.npz can't be read (permission denied)" in one_sentence(prepared.stderr)


def test_check_of_a_folder_without_files_is_a_wrong_use(run: Run, tmp_path: Path) -> None:
    done = run("check", tmp_path)
    assert done.returncode == 2
    one_sentence(done.stderr)


def test_prepare_does_ahead_what_the_first_visit_would(
    run: Run, made: Path, cache: dict[str, str]
) -> None:
    done = run("prepare", made)
    assert (done.returncode, done.stderr) == (0, "")
    before = sorted(path for path in Path(cache["LIGHTBOX_CACHE_DIR"]).rglob("*.npy"))
    assert before
    with Server(made, **cache) as server:
        server.get("/d/made/test/0.png")
    assert sorted(path for path in Path(cache["LIGHTBOX_CACHE_DIR"]).rglob("*.npy")) == before


def test_prepare_does_the_others_where_one_is_not_there(run: Run, made: Path) -> None:
    done = run("prepare", made.parent / "nothing.npz", made)
    assert (done.returncode, done.stdout) == (1, f"{made}: ready\n")
    assert "nothing.npz" in one_sentence(done.stderr)


def test_prepare_says_of_a_folder_that_nothing_is_in_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("prepare", tmp_path / "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no .npz files" in one_sentence(done.stderr)


def test_prepare_exits_1_for_a_file_that_is_refused(run: Run, made: Path) -> None:
    made.write_text("no zip")
    done = run("prepare", made)
    assert done.returncode == 1
    assert "made.npz" in one_sentence(done.stderr)
