"""The commands as a user types them: what they print, how they end, what they refuse."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import numpy as np
import pytest
from corpus.writers import dataset, npy_bytes, npy_header, write
from documents import ROOT
from running import (
    LIGHTBOX,
    PATIENCE,
    Server,
    anybody,
    ask,
    children,
    environment,
    is_alive,
    of_process,
    wait_until_gone,
)

from app.catalogue.facts import all_facts
from app.cli import main
from app.serving import _SILENT_SECONDS
from app.settings import Settings
from app.shelves import open_library, open_store


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]
ENDINGS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    """Variables that keep what is served away from the user's own folders."""
    return {
        "LIGHTBOX_CACHE_DIR": str(tmp_path / "cache"),
        "LIGHTBOX_DATA_DIR": str(tmp_path / "none"),
    }


def ended(variables: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(
        command,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture
def run(
    cache: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command to its end, in this process: most of a command's time is its imports."""
    for name in environment().keys() ^ os.environ.keys():
        monkeypatch.delenv(name)

    def command(*arguments: str | Path, **variables: str) -> Done:
        for name, value in (cache | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["lightbox", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, *capfd.readouterr())

    return command


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A small file that is served."""
    path = tmp_path / "data" / "made.npz"
    path.parent.mkdir()
    np.savez_compressed(
        path,
        train_images=np.zeros((5, 8, 8), np.uint8),
        train_labels=np.arange(5) % 2,
        test_images=np.zeros((3, 8, 8), np.uint8),
        test_labels=np.arange(3) % 2,
    )
    return path


def one_sentence(text: str) -> str:
    """Say that standard error holds one sentence for a person, and give it."""
    assert "Traceback" not in text
    assert text.startswith("lightbox: ")
    assert text.count("\n") == 1
    assert text.endswith(".\n")
    return text


def test_commands_wait_neither_for_the_web_nor_for_the_database() -> None:
    read = "import app.cli, sys; print(*{'fastapi', 'sqlalchemy', 'uvicorn'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_version_is_the_packages(run: Run) -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"lightbox {package['version']}\n")
    assert "--version" in run("--help").stdout


def test_serve_prints_one_line_with_the_address_once_it_answers(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, **cache) as server:
        assert re.fullmatch(r".* http://127\.0\.0\.1:\d+/\n", server.line)
        assert b"made" in server.get("/")
        code, out, err = server.end()
    assert (code, out, err) == (0, "", "")


def test_a_server_whose_standard_output_is_closed_serves(made: Path, cache: dict[str, str]) -> None:
    closed = ("sh", "-c", 'exec "$0" "$@" 2>&1 >&-', LIGHTBOX)
    with Server(made, program=closed, **cache) as server:
        assert server.line.startswith("Standard output can't be used (it is closed). Lightbox is")
        assert b"made" in server.get("/")
        assert server.end() == (0, "", "")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("error", ["&-", "/dev/full"])
def test_a_server_whose_standard_error_is_closed_or_full_serves(
    error: str, workers: str, made: Path, cache: dict[str, str]
) -> None:
    if error == "/dev/full" and not Path(error).exists():
        pytest.skip("this system has no /dev/full")
    unheard = ("sh", "-c", f'exec "$0" "$@" 2>{error}', LIGHTBOX)
    with Server(made, "--private", "--workers", workers, program=unheard, **cache) as server:
        assert ask(f"{server.address}/healthz")
        assert server.end() == (0, "", "")


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_server_whose_address_can_not_be_printed_tells_it_on_standard_error(
    made: Path, cache: dict[str, str]
) -> None:
    full = ("sh", "-c", 'exec "$0" "$@" 2>&1 >/dev/full', LIGHTBOX)
    with Server(made, program=full, **cache) as server:
        assert server.line.startswith("Standard output can't be used (no space left on device). ")
        assert b"made" in server.get("/")
        assert server.end() == (0, "", "")


@ENDINGS
def test_a_signal_ends_the_server_with_exit_code_0_and_no_word(
    number: signal.Signals, made: Path, cache: dict[str, str]
) -> None:
    with Server(made, **cache) as server:
        assert server.end(number) == (0, "", "")


@ENDINGS
def test_an_answer_under_way_is_finished_before_the_server_ends(
    number: signal.Signals, tmp_path: Path, cache: dict[str, str]
) -> None:
    # Far more than the kernel's buffers hold: it can't have been sent when the signal comes.
    volume = np.random.default_rng(3).integers(0, 256, (1, 64, 1000, 1000), dtype=np.uint8)
    np.savez(tmp_path / "large.npz", test_images=volume, test_labels=np.zeros(1, np.uint8))
    with Server(tmp_path / "large.npz", **cache) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.sendall(b"GET /d/large/test/0.npy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = bytearray(client.recv(1000))
            server.process.send_signal(number)
            while block := client.recv(1_000_000):
                received += block
        _, err = server.process.communicate(timeout=PATIENCE)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body.endswith(volume.tobytes()[-1_000_000:])
    assert len(body) > volume.nbytes
    assert (server.process.returncode, err) == (0, "")


STARTING = """
import os, sys
from app import cli

moment, number = sys.argv[1], int(sys.argv[2])

def signalled(*arguments, **options):
    os.kill(os.getpid(), number)
    return done(*arguments, **options)

if moment == "import":
    class Finder:
        def find_spec(name, path=None, target=None):
            if name == "app.server":
                os.kill(os.getpid(), number)
    sys.meta_path.insert(0, Finder)
else:
    from app import serving
    of, name = {"application": (serving, "create_app"), "server": (serving._Server, "run")}[moment]
    done = getattr(of, name)
    setattr(of, name, signalled)
sys.argv = ["lightbox", "serve", "--port", "0", sys.argv[3]]
cli.main()
"""


@ENDINGS
@pytest.mark.parametrize("moment", ["import", "application", "server"])
def test_a_signal_while_it_starts_ends_it_too(
    moment: str, number: signal.Signals, made: Path, cache: dict[str, str]
) -> None:
    done = ended(cache, sys.executable, "-c", STARTING, moment, str(int(number)), made)
    assert (done.returncode, done.stderr) == (0, "")


@ENDINGS
def test_several_workers_serve_and_end_together(
    number: signal.Signals, made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--workers", "2", **cache) as server:
        for _ in range(20):
            assert b'data-split="train"' in server.get("/d/made")
        workers = children(server.process.pid)
        assert len(workers) >= 2
        code, out, err = server.end(number)
        assert (code, out, err) == (0, "", "")
        assert wait_until_gone(workers)


def test_a_killed_worker_is_replaced_and_no_later_request_fails(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--workers", "2", **cache) as server:

        def workers() -> set[int]:
            found = children(server.process.pid)
            return {pid for pid in found if "spawn_main" in of_process(pid, "cmdline")}

        ended = []
        for _ in range(2):
            before = workers()
            assert len(before) == 2
            killed = before.pop()
            ended.append(killed)
            os.kill(killed, signal.SIGKILL)
            assert wait_until_gone([killed])
            deadline = time.monotonic() + PATIENCE
            while len(workers() - {killed}) < 2 and time.monotonic() < deadline:
                # Each on a connection of its own; an error status or a cut answer raises.
                assert b'data-split="train"' in server.get("/d/made")
            assert len(workers() - {killed}) == 2
            for _ in range(50):
                assert b'data-split="train"' in server.get("/d/made")
        said = server.end()[2]
        assert [f"Worker {pid} ended; it is replaced." in said for pid in ended] == [True, True]


def test_a_worker_that_replaces_another_begins_no_new_database(
    made: Path, cache: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "reviews.sqlite"
    cache["LIGHTBOX_DATABASE_URL"] = f"sqlite:///{file}"
    assert ended(cache, LIGHTBOX, "share", "/d/made").returncode == 0
    with Server(made, "--workers", "2", **cache) as server:
        server.get("/links")
        for left in tmp_path.glob("reviews.sqlite*"):
            left.unlink()
        killed = [
            pid
            for pid in children(server.process.pid)
            if "spawn_main" in of_process(pid, "cmdline")
        ]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert wait_until_gone(killed)
        with pytest.raises(HTTPError) as refused:
            server.get("/links")
        assert "reviews.sqlite is gone" in refused.value.read().decode()
    assert not file.exists()


def test_workers_end_when_their_parent_is_killed(made: Path, cache: dict[str, str]) -> None:
    with Server(made, "--workers", "2", **cache) as server:
        assert b'data-split="train"' in server.get("/d/made")
        workers = children(server.process.pid)
        server.process.kill()
        server.process.wait(PATIENCE)
        try:
            assert wait_until_gone(workers)
        finally:
            for left in filter(is_alive, workers):
                os.kill(left, signal.SIGKILL)
        with socket.create_server(("127.0.0.1", server.port)):
            pass


def test_a_worker_that_gets_no_processor_for_a_while_is_not_replaced(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--workers", "2", **cache) as server:
        before = children(server.process.pid)
        for pid in before:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(6.5)  # uvicorn's own patience ends after 5 s
        for pid in before:
            if is_alive(pid):
                os.kill(pid, signal.SIGCONT)
        assert b'data-split="train"' in server.get("/d/made")
        assert children(server.process.pid) == before
        code, out, err = server.end()
        assert (code, out, err) == (0, "", "")


def test_a_worker_that_ends_while_a_sign_is_waited_for_is_replaced_at_once(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--workers", "2", **cache) as server:
        before = children(server.process.pid)
        workers = [pid for pid in before if "spawn_main" in of_process(pid, "cmdline")]
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)  # they are asked twice a second
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _SILENT_SECONDS / 2
        while not set(children(server.process.pid)) - set(before):
            assert time.monotonic() < deadline, "nobody has noticed"
            time.sleep(0.05)
        assert b'data-split="train"' in server.get("/d/made")


def test_workers_count_their_requests_together(made: Path, cache: dict[str, str]) -> None:
    with Server(made, "--workers", "2", **cache) as server:
        for _ in range(30):
            server.get("/d/made/test/1")
        text = server.get("/metrics").decode()
    route = re.escape('{route="/d/{dataset_id}/{split}/{index}",status="200"}')
    counted = re.findall(f"^lightbox_requests_total{route} (.*)$", text, re.MULTILINE)
    assert [float(value) for value in counted] == [30.0]


def test_a_proxy_in_the_environment_does_not_keep_the_address_from_being_printed(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, http_proxy="http://127.0.0.1:9", **cache) as server:
        assert server.get("/healthz")


def test_a_server_of_one_interface_with_a_name_of_its_own_says_where_it_is(
    made: Path, cache: dict[str, str]
) -> None:
    named = {"LIGHTBOX_BASE_URL": "https://lightbox.example", "LIGHTBOX_OWNER_TOKEN": "t" * 20}
    with Server(made, "--host", "127.0.0.2", **cache, **named) as server:
        assert server.line.startswith("Lightbox is at http://127.0.0.2:")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_database_that_can_not_be_named_so_is_said_once(
    workers: str, cache: dict[str, str]
) -> None:
    url = {"LIGHTBOX_DATABASE_URL": "mysql://somebody@nowhere/else"}
    done = ended({**cache, **url}, LIGHTBOX, "serve", "--port", "0", "--workers", workers)
    assert (done.returncode, done.stdout) == (2, "")
    assert "LIGHTBOX_DATABASE_URL" in one_sentence(done.stderr)


@pytest.mark.parametrize("command", ["serve", "check", "prepare"])
def test_a_path_that_is_not_there_is_named_without_a_traceback(
    command: str, tmp_path: Path, cache: dict[str, str]
) -> None:
    done = ended(cache, LIGHTBOX, command, tmp_path / "nothing.npz")
    assert done.returncode == (2 if command == "serve" else 1)
    assert "nothing.npz" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["nothing.npz", "a" * 300, "made.npz/inside.npz"])
def test_serving_a_path_that_is_not_there_is_refused_in_one_sentence(
    name: str, run: Run, made: Path
) -> None:
    done = run("serve", made.parent / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert name in one_sentence(done.stderr)


OWNER = "a-token-of-the-owner"


def test_beyond_loopback_a_server_is_private_unless_public_was_said(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--host", "0.0.0.0", **cache) as server:
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: 127.0.0.1") == 401
    with Server(made, "--host", "0.0.0.0", "--public", **cache) as server:
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: 127.0.0.1") == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_owner_of_a_private_server_enters_by_the_token_that_was_set(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_OWNER_TOKEN"] = OWNER
    with Server(made, "--private", "--workers", workers, **cache) as server:
        assert ask_raw(server, b"GET / HTTP/1.1\r\nHost: localhost") == 401
        bearer = f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OWNER}"
        for _ in range(10):
            assert ask_raw(server, bearer.encode()) == 200
        code, out, err = server.end()
    # A token that somebody set is nothing to print.
    assert (code, out, err) == (0, "", "")


def test_a_token_beyond_ascii_is_known_in_either_encoding_of_a_header(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--private", LIGHTBOX_OWNER_TOKEN="voilà", **cache) as server:
        for encoding in ("utf-8", "latin-1"):  # curl's, and urllib's
            head = "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer voilà"
            assert ask_raw(server, head.encode(encoding)) == 200


def test_a_token_that_was_made_is_told_once_on_standard_error(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, "--private", **cache) as server:
        _, out, err = server.end()
    assert out == ""
    (token,) = re.findall(r"^The owner enters at http\S+\?token=(\S{30,})$", err.strip())
    assert token not in server.line


@pytest.mark.parametrize(
    ("host", "here"), [("0.0.0.0", "127.0.0.1"), ("0", "127.0.0.1"), ("::", "[::1]")]
)
def test_a_server_on_every_address_names_one_that_a_browser_can_open(
    host: str, here: str, made: Path, cache: dict[str, str]
) -> None:
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with Server(made, "--host", host, **cache) as server:
        assert re.fullmatch(rf"Lightbox is at http://{re.escape(here)}:\d+/\n", server.line)
        assert server.get("/healthz")
        _, _, err = server.end()
    assert err.startswith(f"The owner enters at {server.address}/?token=")


def test_a_public_server_answers_under_any_name(made: Path, cache: dict[str, str]) -> None:
    with Server(made, "--public", **cache) as server:
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: example.org") == 200


def test_a_loopback_server_answers_under_its_own_names_only(
    made: Path, cache: dict[str, str]
) -> None:
    with Server(made, **cache) as server:
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: localhost:1") == 200
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: example.org") == 421
        assert ask_raw(server, b"GET /d/made HTTP/1.0") == 421
        twice = b"\r\nHost: localhost\r\nHost: localhost"
        assert ask_raw(server, b"GET /d/made HTTP/1.1" + twice) == 400


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_name_in_the_base_url_is_answered_too(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_BASE_URL"] = "https://pictures.example.org/"
    with Server(made, "--workers", workers, **cache) as server:
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: pictures.example.org") == 200
        assert ask_raw(server, b"GET /d/made HTTP/1.1\r\nHost: example.org") == 421


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


def test_an_empty_data_folder_serves_the_demo_and_calls_it_that(cache: dict[str, str]) -> None:
    with Server(**cache) as server:
        (demo,) = json.loads(server.get("/api/datasets"))["datasets"]
        page = server.get(demo["page_url"]).decode()
    assert "not MedMNIST" in page


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_data_folder_that_is_a_file_is_said_at_the_start(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made)
    done = ended(cache, LIGHTBOX, "serve", "--port", "0", "--workers", workers)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"LIGHTBOX_DATA_DIR names {made}, which is no folder" in one_sentence(done.stderr)


@pytest.mark.parametrize("to", ["itself", "nowhere"])
def test_a_data_folder_that_is_a_link_to_no_folder_is_said_at_the_start(
    to: str, tmp_path: Path, cache: dict[str, str]
) -> None:
    link = tmp_path / "itself"
    link.symlink_to(tmp_path / to)
    cache["LIGHTBOX_DATA_DIR"] = str(link)
    done = ended(cache, LIGHTBOX, "serve", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"LIGHTBOX_DATA_DIR names {link}, which is no folder" in one_sentence(done.stderr)


def test_a_data_folder_that_is_a_file_is_nothing_to_one_who_names_a_path(
    made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made)
    with Server(made.parent, **cache) as server:
        assert b"made" in server.get("/")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_data_folder_is_served_when_no_path_is_named(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made.parent)
    with Server("--workers", workers, **cache) as server:
        (only,) = json.loads(server.get("/api/datasets"))["datasets"]
    assert only["id"] == "made"


def test_a_path_that_is_named_goes_before_the_data_folder(
    made: Path, tmp_path: Path, cache: dict[str, str]
) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(made.read_bytes())
    cache["LIGHTBOX_DATA_DIR"] = str(made.parent)
    with Server(other, **cache) as server:
        (only,) = json.loads(server.get("/api/datasets"))["datasets"]
    assert only["id"] == "other"


def test_what_can_be_made_again_goes_to_the_cache_folder(made: Path, cache: dict[str, str]) -> None:
    with Server(made, **cache) as server:
        server.get("/d/made")
    assert [path for path in Path(cache["LIGHTBOX_CACHE_DIR"]).rglob("*") if path.is_file()]
    assert [path.name for path in made.parent.iterdir()] == ["made.npz"]


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


def test_a_file_that_may_not_be_read_keeps_no_server_from_starting(
    run: Run, made: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = open_folder / "shut.npz"
    shutil.copy(made, shut)
    shut.chmod(0o000)
    begun: list[Settings] = []
    monkeypatch.setattr("app.serving.run", lambda settings, *_: begun.append(settings))
    # Else it answers for who started the process, not for whom it is now.
    monkeypatch.setattr(os, "access", partial(os.access, effective_ids=True))
    with anybody():
        done = run("serve", shut, LIGHTBOX_CACHE_DIR=str(open_folder / "cache"))
        (settings,) = begun
        (refusal,) = open_library(settings, open_store(settings)).shelf().refused
    assert (done.returncode, done.stderr) == (0, "")
    assert "shut.npz can't be read (permission denied)" in str(refusal)


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


def test_check_of_a_folder_without_files_is_a_wrong_use(run: Run, tmp_path: Path) -> None:
    done = run("check", tmp_path)
    assert done.returncode == 2
    one_sentence(done.stderr)


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


def ask_raw(server: Server, head: bytes) -> int:
    """Send a request as it stands, and give the status of the answer (0: hung up on)."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(head + b"\r\nConnection: close\r\n\r\n")
        answer = b""
        try:
            while block := client.recv(65_536):
                answer += block
        except ConnectionResetError:
            pass
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    "line",
    [
        b"GET /d/made?label=\xff\xfe HTTP/1.1",
        b"GET /d/\xe6\x97\xa5 HTTP/1.1",
        b"GET /d/../../etc/passwd HTTP/1.1",
        b"GET /d/%00 HTTP/1.1",
        b"GET //evil.com/ HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET /d/made?" + b"a" * 200_000 + b" HTTP/1.1",
        b"FLY /d/made HTTP/1.1",
        b"nonsense",
        b"\x00\x01\x02",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_what_no_client_should_send_is_refused_and_the_server_lives(
    line: bytes, odd_server: Server
) -> None:
    status = ask_raw(odd_server, line + b"\r\nHost: localhost")
    assert status in {0, *range(400, 500)}
    assert odd_server.get("/healthz")


@pytest.mark.parametrize("target", [b"/d/%252e%252e", b"/d/a%20b", b"/d/50%25", b"/d/%E6%97%A5"])
def test_an_id_of_any_characters_is_found_on_the_wire(target: bytes, odd_server: Server) -> None:
    assert ask_raw(odd_server, b"GET " + target + b" HTTP/1.1\r\nHost: localhost") == 200


@pytest.fixture(scope="module")
def odd_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server of files with odd names, for many odd requests."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("made", "%2e%2e", "a b", "50%", "日"):
        np.savez(
            folder / f"{name}.npz",
            test_images=np.zeros((3, 8, 8), np.uint8),
            test_labels=np.zeros(3, np.uint8),
        )
    cache = str(tmp_path_factory.mktemp("cache"))
    with Server(folder, LIGHTBOX_CACHE_DIR=cache) as server:
        yield server
        code, _, err = server.end()
        assert code == 0
        assert "Traceback" not in err
