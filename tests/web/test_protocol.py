"""Kept pictures are given at once, and that is no way around anything: on a real server."""

import contextlib
import http.client
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import PATIENCE, Server

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the demo; every picture that is asked for here was asked for before."""
    folder = tmp_path_factory.mktemp("at_once")
    with Server(LIGHTBOX_DATA_DIR=str(folder), LIGHTBOX_CACHE_DIR=str(folder / "cache")) as running:
        yield running


@pytest.fixture(scope="module")
def picture(server: Server) -> str:
    found = re.search(rb'data-sheet="([^"]+)"', server.get("/d/immunodemo"))
    assert found
    address = found[1].decode().replace("&amp;", "&")
    server.get(address)
    return address


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    """Connect, and ask once: from then on kept pictures come at once."""
    opened = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    ask(opened, "/healthz")
    yield opened
    opened.close()


def ask(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> Answer:
    connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def test_a_later_request_gets_the_very_answer_of_the_first(server: Server, picture: str) -> None:
    fresh = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    first, *later = (ask(fresh, picture) for _ in range(4))
    fresh.close()
    for status, headers, body in later:
        assert status == 200
        assert headers | {"date": ""} == first[1] | {"date": ""}
        assert body == first[2]
        assert body.startswith(b"\x89PNG")


def test_a_picture_drawn_with_its_page_is_the_very_one_that_is_drawn_when_asked_for(
    server: Server, picture: str, tmp_path: Path
) -> None:
    with Server(LIGHTBOX_DATA_DIR=str(tmp_path), LIGHTBOX_CACHE_DIR=str(tmp_path / "c")) as other:
        fresh = http.client.HTTPConnection("127.0.0.1", other.port, timeout=PATIENCE)
        asked_for = ask(fresh, picture)
        fresh.close()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    status, headers, body = ask(connection, picture)
    connection.close()
    assert (status, body) == (asked_for[0], asked_for[2])
    assert headers | {"date": ""} == asked_for[1] | {"date": ""}


def given_from_memory(server: Server) -> float:
    found = re.search(rb"^lightbox_kept_answers_total (\S+)$", server.get("/metrics"), re.MULTILINE)
    assert found
    return float(found[1])


def test_pages_and_pictures_take_turns_on_one_connection(
    connection: http.client.HTTPConnection, picture: str
) -> None:
    for _ in range(3):
        assert ask(connection, picture)[1]["content-type"] == "image/png"
        assert ask(connection, "/d/immunodemo")[1]["content-type"].startswith("text/html")


def test_what_is_asked_in_one_piece_is_answered_in_its_order(server: Server, picture: str) -> None:
    def asking(path: str, more: str = "") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()

    pieces = (
        asking(picture),
        asking("/healthz"),
        asking(picture),
        asking(picture, "Connection: close\r\n"),
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"".join(pieces))
        got = b"".join(iter(lambda: client.recv(65536), b""))
    kinds = re.findall(rb"content-type: ([a-z/]+)", got)
    assert [kind for kind in kinds if kind == b"image/png"] == [b"image/png"] * 3
    assert kinds[1] != b"image/png"
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 4


def test_who_reads_slowly_gets_every_byte_in_its_order(server: Server, picture: str) -> None:
    asking = f"GET {picture} HTTP/1.1\r\nHost: localhost\r\n".encode()
    expected = server.get(picture)
    assert len(expected) > 100_000
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", server.port))
        # Far more than the kernel's buffers hold, and nothing is read before all was asked for.
        for _ in range(99):
            client.sendall(asking + b"\r\n")
            time.sleep(0.001)
        client.sendall(asking + b"Connection: close\r\n\r\n")
        got = b"".join(iter(lambda: client.recv(65536), b""))
    answers = got.split(b"HTTP/1.1 200 OK\r\n")
    assert answers[0] == b""
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers[1:]] == [expected] * 100


def test_for_who_takes_nothing_no_more_is_made_than_can_be_sent(
    server: Server, picture: str
) -> None:
    asking = f"GET {picture} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert len(server.get(picture)) > 100_000
    before = given_from_memory(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        client.sendall(asking * 1_000)  # 100 MB and more, of which the kernel holds a few
        # Others are answered meanwhile; by then all is done for it that will be.
        made = [given_from_memory(server) for _ in range(20)][-1] - before
    assert 0 < made < 300


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_asks_for_the_last_time_is_answered_no_more(
    version: str, server: Server, picture: str
) -> None:
    expected = server.get(picture)
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = f"GET {picture} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as opened:
        opened.sendall(first)
        answered = opened.recv(65_536)
        assert answered.startswith(b"HTTP/1.1 200")
        opened.sendall(last.encode())
        received = b""
        while not received.endswith(expected):
            received += opened.recv(65_536)
        with contextlib.suppress(ConnectionError):  # it is closed by now
            opened.sendall(first)
            assert opened.recv(65_536) == b""


def test_who_leaves_in_the_middle_disturbs_nobody(server: Server, picture: str) -> None:
    asking = f"GET {picture} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.sendall(asking * 3)
            client.recv(100)
            # Closed with a reset, while most is still to come.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert server.get(picture).startswith(b"\x89PNG")
    assert server.process.poll() is None


def test_who_leaves_with_several_requests_to_be_answered_is_no_fault_of_ours(
    tmp_path: Path,
) -> None:
    folder = str(tmp_path)
    with Server(LIGHTBOX_DATA_DIR=folder, LIGHTBOX_CACHE_DIR=folder) as running:
        for seed in range(4):
            asking = "".join(
                f"GET /d/immunodemo?order=random&seed={seed}&page={page} HTTP/1.1\r\n"
                "Host: localhost\r\n\r\n"
                for page in (1, 2, 1, 2)
            )
            with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as client:
                client.sendall(asking.encode())
                client.recv(100)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        running.get("/healthz")
        _code, _out, err = running.end()
    assert err == ""


def test_who_leaves_in_the_middle_of_a_form_is_no_fault_of_ours(tmp_path: Path) -> None:
    begun = b"POST /share HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nof="
    with Server(LIGHTBOX_DATA_DIR=str(tmp_path), LIGHTBOX_CACHE_DIR=str(tmp_path)) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as client:
            client.sendall(begun)
            running.get("/healthz")  # by now it reads the form
        running.get("/healthz")
        _code, _out, err = running.end()
    assert err == ""


def test_many_pictures_leave_few_files_open(
    server: Server, connection: http.client.HTTPConnection
) -> None:
    open_files = Path(f"/proc/{server.process.pid}/fd")
    before = len(list(open_files.iterdir()))
    for seed in range(80):
        page = ask(connection, f"/d/immunodemo?order=random&seed={seed}")[2]
        found = re.search(rb'data-sheet="([^"]+)"', page)
        assert found
        for _ in range(2):
            body = ask(connection, found[1].decode().replace("&amp;", "&"))[2]
            assert len(body) > 100_000
    assert len(list(open_files.iterdir())) < before + 50


def test_only_a_picture_that_is_asked_for_again_is_put_into_a_file(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with Server(LIGHTBOX_DATA_DIR=folder, LIGHTBOX_CACHE_DIR=folder) as running:
        opened = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
        page = ask(opened, "/d/immunodemo")[2]
        found = re.search(rb'data-sheet="([^"]+)"', page)
        assert found

        def files_after(times: int) -> int:
            for _ in range(times):
                assert len(ask(opened, found[1].decode().replace("&amp;", "&"))[2]) > 100_000
            open_files = Path(f"/proc/{running.process.pid}/fd").iterdir()
            return sum("lightbox-answer" in str(file.readlink()) for file in open_files)

        assert files_after(1) == 0
        assert files_after(2) > 0
        opened.close()


def test_head_sends_no_body(connection: http.client.HTTPConnection, picture: str) -> None:
    status, headers, body = ask(connection, picture, "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) == len(ask(connection, picture)[2])


def test_who_has_the_picture_is_told_so(
    connection: http.client.HTTPConnection, picture: str
) -> None:
    tag = ask(connection, picture)[1]["etag"]
    assert ask(connection, picture, If_None_Match=tag)[0] == 304


def test_a_foreign_name_is_refused(connection: http.client.HTTPConnection, picture: str) -> None:
    assert ask(connection, picture)[0] == 200
    assert ask(connection, picture, Host="evil.example")[0] == 421


@pytest.mark.parametrize(
    ("hosts", "status"),
    [([], 421), (["evil.example", "127.0.0.1"], 400), (["127.0.0.1", "127.0.0.1"], 400)],
    ids=["none", "two", "one twice"],
)
def test_who_names_no_host_or_several_is_not_answered_at_once(
    hosts: list[str], status: int, connection: http.client.HTTPConnection, picture: str
) -> None:
    assert ask(connection, picture)[0] == 200
    connection.putrequest("GET", picture, skip_host=True)
    for host in hosts:
        connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status == status


def test_every_answer_carries_the_policy(
    connection: http.client.HTTPConnection, picture: str
) -> None:
    _, headers, _ = ask(connection, picture)
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]


def test_a_private_server_asks_every_time_who_it_is(tmp_path: Path) -> None:
    owner = "owner-of-the-test"
    with Server(
        "--private",
        LIGHTBOX_OWNER_TOKEN=owner,
        LIGHTBOX_DATA_DIR=str(tmp_path),
        LIGHTBOX_CACHE_DIR=str(tmp_path / "cache"),
    ) as private:
        entered = http.client.HTTPConnection("127.0.0.1", private.port, timeout=PATIENCE)
        mine = {"Authorization": f"Bearer {owner}"}
        page = ask(entered, "/d/immunodemo", **mine)[2].decode()
        found = re.search(r'data-sheet="([^"]+)"', page)
        assert found
        address = found[1].replace("&amp;", "&")
        for _ in range(2):
            status, headers, _ = ask(entered, address, **mine)
            assert status == 200
            assert headers["cache-control"].startswith("private")
        assert ask(entered, address)[0] == 401
        entered.close()
