"""What the README tells a newcomer to type is typed here, in a clean copy of the checkout."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from documents import ROOT, commands
from running import ask, read_line

FILE = ROOT / "README.md"
README = FILE.read_text()

# As MedMNIST v2 publishes it.
BREAST_MD5 = "750601b1f35ba3300ea97c75c52ff8f6"

# Which test below types what. A command that nobody types is a promise that nobody checks.
TYPED = {
    "make run": "test_make_run_installs_and_opens_the_demo",
    "make test": "test_continuous_integration_types_what_the_readme_says",
    ".venv/bin/lightbox get breastmnist --to path/to/folder": (
        "test_a_published_set_is_brought_into_a_folder"
    ),
    ".venv/bin/lightbox serve path/to/retinamnist.npz path/to/folder": (
        "test_files_and_folders_are_served_by_name"
    ),
    ".venv/bin/lightbox check path/to/folder": "test_a_folder_is_checked",
}


def test_every_command_of_the_readme_is_typed_by_a_test() -> None:
    assert set(commands(FILE)) == set(TYPED)
    assert all(test in globals() for test in TYPED.values())


def test_the_first_screen_is_two_commands_a_picture_and_three_sentences() -> None:
    first = README.partition("\n## ")[0]
    assert commands(FILE)[:2] == ["make run", "make test"]
    assert len(re.findall(r"^!\[", first, re.MULTILINE)) == 1


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [
        link for link in links if not urlsplit(link).scheme and not (ROOT / link).exists()
    ] == []


def test_continuous_integration_types_what_the_readme_says() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make lint", "make test"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git knows or would take, and nothing that was installed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    folder = tmp_path_factory.mktemp("clone") / "lightbox"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of someone who has set nothing, and whose data folder is empty."""
    ours = re.compile("MAKE|MFLAGS|ARGS$|VIRTUAL_ENV|PYTHON|PYTEST|LIGHTBOX|PROMETHEUS")
    plain = {name: value for name, value in os.environ.items() if not ours.match(name)}
    home = tmp_path_factory.mktemp("home")
    return plain | {
        "LIGHTBOX_DATA_DIR": str(home / "data"),
        "LIGHTBOX_CACHE_DIR": str(home / "cache"),
    }


Type = Callable[[str], str]


@pytest.fixture
def type_and_open(clone: Path, newcomer: dict[str, str]) -> Iterator[Type]:
    """Type a command that serves, wait for the address, and press Ctrl-C at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(command: str) -> str:
        process = subprocess.Popen(
            _on_a_free_port(command),
            shell=True,
            cwd=clone,
            env=newcomer,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        assert process.stdout
        while True:
            line = read_line(process.stdout, process)
            if found := re.search(r"http://\S+", line):
                return found[0].rstrip("/")

    yield start
    for process in begun:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said


def _on_a_free_port(command: str) -> str:
    """Type the command as it stands; only where its port is taken, with another."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", 8000))
        except OSError:
            return f'{command} ARGS="--port 0"' if command == "make run" else f"{command} --port 0"
    return command


def test_make_run_installs_and_opens_the_demo(type_and_open: Type) -> None:
    address = type_and_open("make run")
    assert b"<h1" in ask(f"{address}/")
    (demo,) = json.loads(ask(f"{address}/api/datasets"))["datasets"]
    page = ask(address + demo["page_url"]).decode()
    assert "data-split" in page
    scripts = re.findall(r'<script[^>]+src="([^"]+)"', page)
    scripts += re.findall(r'<meta name="htmx-src" content="([^"]+)"', page)
    assert any("htmx" in script for script in scripts)
    for script in scripts:
        assert ask(address + script)


@pytest.fixture(scope="module")
def installed(clone: Path, newcomer: dict[str, str], real: Callable[[str], Path]) -> Path:
    """The copy after ``make setup``, with the files that the README's examples name."""
    subprocess.run(["make", "setup"], cwd=clone, env=newcomer, check=True, capture_output=True)
    folder = clone / "path" / "to" / "folder"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(real("retinamnist"), folder.parent)
    shutil.copy(real("breastmnist"), folder)
    return clone


def test_a_published_set_is_brought_into_a_folder(
    installed: Path, newcomer: dict[str, str], mirror: str, real: Callable[[str], Path]
) -> None:
    brought = installed / "path" / "to" / "folder" / "breastmnist.npz"
    kept = brought.read_bytes()
    brought.unlink()
    done = subprocess.run(
        f".venv/bin/lightbox get breastmnist --to path/to/folder --from {mirror}",
        shell=True,
        cwd=installed,
        env=newcomer,
        capture_output=True,
        text=True,
        check=False,
    )
    published = hashlib.md5(real("breastmnist").read_bytes()).hexdigest() == BREAST_MD5
    assert done.returncode == (0 if published else 1), done.stderr
    assert brought.exists() == published
    brought.write_bytes(kept)


def test_files_and_folders_are_served_by_name(installed: Path, type_and_open: Type) -> None:
    assert installed
    address = type_and_open(".venv/bin/lightbox serve path/to/retinamnist.npz path/to/folder")
    found = json.loads(ask(f"{address}/api/datasets"))["datasets"]
    assert [dataset["id"] for dataset in found] == ["breastmnist", "retinamnist"]


def test_a_folder_is_checked(installed: Path, newcomer: dict[str, str]) -> None:
    done = subprocess.run(
        ".venv/bin/lightbox check path/to/folder",
        shell=True,
        cwd=installed,
        env=newcomer,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "BreastMNIST" in done.stdout
