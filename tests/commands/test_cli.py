"""The commands as a user types them: what they print, how they end, what they refuse."""

import json
import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from documents import ROOT
from running import LIGHTBOX, PATIENCE, anybody, environment

from app.catalogue.facts import all_facts

from .commanding import Run, ended, one_sentence


def test_commands_wait_neither_for_the_web_nor_for_the_database() -> None:
    read = "import app.cli, sys; print(*{'fastapi', 'sqlalchemy', 'uvicorn'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_version_is_the_packages(run: Run) -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"lightbox {package['version']}\n")
    assert "--version" in run("--help").stdout


@pytest.mark.parametrize("error", ["&-", "/dev/full"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_command_whose_standard_error_is_closed_or_full_ends_as_it_would(
    unbuffered: str, error: str, made: Path, cache: dict[str, str]
) -> None:
    if error == "/dev/full" and not Path(error).exists():
        pytest.skip("this system has no /dev/full")
    variables = {**cache, "PYTHONUNBUFFERED": unbuffered}
    unheard = ("sh", "-c", f'"$0" "$@" 2>{error}', LIGHTBOX)
    for wrong in (["get", "nothing"], ["nothing"]):
        done = ended(variables, *unheard, *wrong)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    broken = made.with_name("broken.npz")  # before the other
    broken.write_bytes(b"PK")
    prepared = ended(variables, *unheard, "prepare", broken, made)
    assert (prepared.returncode, prepared.stdout) == (1, f"{made}: ready\n")


@pytest.mark.parametrize("command", ["serve", "check", "prepare"])
def test_a_path_that_is_not_there_is_named_without_a_traceback(
    command: str, tmp_path: Path, cache: dict[str, str]
) -> None:
    done = ended(cache, LIGHTBOX, command, tmp_path / "nothing.npz")
    assert done.returncode == (2 if command == "serve" else 1)
    assert "nothing.npz" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named(run: Run, made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", made, "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Port {port} " in one_sentence(done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "70000"),
        ("serve", "--workers", "0"),
        ("check",),
        ("fly",),
        ("serve", "-x"),
        ("serve", "--port", "0", "--host", "127.0.0..1"),
    ],
)
def test_a_wrong_use_exits_2_without_a_traceback(arguments: tuple[str, ...], run: Run) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIGHTBOX_CACHE_BYTES", "lots"),
        ("LIGHTBOX_CACHE_BYTES", "-1"),
        ("LIGHTBOX_PATHS", "not json"),
        ("LIGHTBOX_BASE_URL", "http://[bad"),
        ("LIGHTBOX_BASE_URL", "pictures"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(name: str, value: str, run: Run) -> None:
    done = run("serve", "--port", "0", **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert name.removeprefix("LIGHTBOX_").lower() in one_sentence(done.stderr).lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "\udcff"),
        ("get", "breastmnist", "--from", "http://127.0.0.1:1/\udcff"),
    ],
)
def test_what_was_typed_in_another_encoding_is_refused_in_one_sentence(
    arguments: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/reviews.sqlite"
    run("share", "/d/immunodemo", LIGHTBOX_DATABASE_URL=database)
    done = run(*arguments, LIGHTBOX_DATABASE_URL=database)
    assert done.returncode == 2
    assert "that are no UTF-8" in one_sentence(done.stderr)


def test_what_is_listed_says_what_is_here_without_a_terminal(run: Run, made: Path) -> None:
    (made.parent / "bloodmnist_64.npz").touch()
    done = run("list", LIGHTBOX_DATA_DIR=str(made.parent))
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert "64*" in rows["bloodmnist"]
    assert "28" in rows["bloodmnist"]
    assert not any("*" in word for word in rows["breastmnist"])


def test_a_file_with_capitals_in_its_ending_is_listed_as_here(run: Run, tmp_path: Path) -> None:
    (tmp_path / "breastmnist.NPZ").write_bytes(b"any")
    done = run("list", "--json", LIGHTBOX_DATA_DIR=str(tmp_path))
    here = {
        size["file"]
        for dataset in json.loads(done.stdout)["datasets"]
        for size in dataset["sizes"]
        if size["here"]
    }
    assert here == {"breastmnist.npz"}


def test_a_list_in_a_pipe_has_one_whole_line_for_each_dataset(run: Run) -> None:
    rows = [line.split("  ") for line in run("list").stdout.splitlines()[1:]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert [row[:3] for row in cells] == [
        [facts.id, facts.modality, facts.task] for facts in all_facts()
    ]


@pytest.mark.parametrize("folder", ["shut", "a" * 300])
def test_a_data_folder_that_may_not_be_looked_at_holds_nothing(
    folder: str, run: Run, open_folder: Path
) -> None:
    (open_folder / "shut").mkdir(0o000)
    assert run("list").returncode == 0  # also imports what nobody could import
    with anybody():
        done = run("list", "--json", LIGHTBOX_DATA_DIR=str(open_folder / folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(
        size["here"] for row in json.loads(done.stdout)["datasets"] for size in row["sizes"]
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("buffered", [True, False])
def test_a_full_disk_for_what_is_printed_is_one_sentence(
    buffered: bool, made: Path, cache: dict[str, str]
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [LIGHTBOX, "check", made],
            env=environment(**cache, PYTHONUNBUFFERED="" if buffered else "1"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert "no space left" in one_sentence(done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_reads_no_further_is_told_nothing(
    unbuffered: str, made: Path, cache: dict[str, str]
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as pipe:
        done = subprocess.run(
            [LIGHTBOX, "check", made],
            env=environment(**cache, PYTHONUNBUFFERED=unbuffered),
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "")


def test_a_name_that_the_terminal_can_not_say_is_printed_as_far_as_it_can(
    made: Path, cache: dict[str, str]
) -> None:
    named = made.rename(made.with_name("données.npz"))
    done = ended({**cache, "PYTHONIOENCODING": "ascii"}, LIGHTBOX, "check", named)
    assert (done.returncode, done.stderr) == (0, "")
    assert "donn\\xe9es.npz: served as" in done.stdout


@pytest.mark.parametrize(
    "said", ["nonsense", "serve --port x", "serve --workers 0", "share", "check --porty", "get"]
)
def test_what_is_no_command_is_refused_in_one_sentence(said: str, run: Run) -> None:
    done = run(*said.split())
    assert (done.returncode, done.stdout) == (2, "")
    one_sentence(done.stderr)


def test_without_a_command_it_tells_what_there_is(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert {"serve", "get", "check"} <= set(done.stdout.split())
