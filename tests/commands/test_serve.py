"""`lightbox serve`: where it says it is, who may look, and under which names it answers."""

import os
import re
import shutil
import socket
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import LIGHTBOX, PATIENCE, Server, anybody, ask

from app.settings import Settings
from app.shelves import open_library, open_store

from .commanding import Run, ended, one_sentence


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_server_whose_address_can_not_be_printed_tells_it_on_standard_error(
    made: Path, cache: dict[str, str]
) -> None:
    full = ("sh", "-c", 'exec "$0" "$@" 2>&1 >/dev/full', LIGHTBOX)
    with Server(made, program=full, **cache) as server:
        assert server.line.startswith("Standard output can't be used (no space left on device). ")
        assert b"made" in server.get("/")
        assert server.end() == (0, "", "")


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
