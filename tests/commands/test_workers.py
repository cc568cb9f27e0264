"""How a server ends, and what becomes of workers that are killed."""

import os
import re
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest
from running import LIGHTBOX, PATIENCE, Server, children, is_alive, of_process, wait_until_gone

from app.serving import _SILENT_SECONDS

from .commanding import ENDINGS, ended


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
