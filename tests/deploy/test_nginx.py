"""What visitors get through nginx, whatever happens to one replica behind it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from running import PATIENCE

from app.web.forms import BODY_MOST

from .conftest import Replicas, Visit
from .front import OWNER, Front

GRID = "/d/immunodemo"

# As deploy/nginx.conf has them.
PAGES_AT_ONCE = 100
MOST_FAILURES = 2

# Each of them stays under the limit of pages.
VISITORS = 6
VISITS = 40


def test_nginx_reads_the_configuration_without_a_warning(front: Front) -> None:
    done = front.check()

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "/",
        GRID,
        f"{GRID}/test/3",
        f"{GRID}/test/3.png",
        "/api/datasets/immunodemo",
        "/static/lightbox.css",
        "/d/unknown",
    ],
)
def test_an_answer_comes_as_the_replica_gave_it(
    path: str, front: Front, replicas: Replicas, visit: Visit
) -> None:
    direct = visit(replicas[0].address).get(path)

    through = visit(front.address).get(path)

    assert through.status_code == direct.status_code
    assert through.content == direct.content
    assert _told(through).items() >= _told(direct).items()


def test_a_picture_is_kept_and_comes_byte_for_byte(
    front: Front, replicas: Replicas, visit: Visit
) -> None:
    client = visit(front.address)
    address = _sheet(client, page=2)

    asked = [client.get(address) for _ in range(2)]

    assert [answer.headers["x-cache-status"] for answer in asked] == ["MISS", "HIT"]
    assert {answer.content for answer in asked} == {visit(replicas[1].address).get(address).content}


def test_a_picture_that_the_browser_has_is_not_sent_again(front: Front, visit: Visit) -> None:
    client = visit(front.address)
    address = _sheet(client)
    known = client.get(address).headers["etag"]

    again = client.get(address, headers={"If-None-Match": known})

    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in again.headers["cache-control"]


def test_exact_pixels_are_asked_for_each_time_and_not_sent_again(
    front: Front, visit: Visit
) -> None:
    client = visit(front.address)
    first = client.get(f"{GRID}/test/3.png")

    again = client.get(f"{GRID}/test/3.png", headers={"If-None-Match": first.headers["etag"]})

    assert (first.headers["cache-control"], again.status_code) == ("no-cache", 304)
    assert "x-cache-status" not in first.headers


def test_a_part_of_a_picture_is_that_part(front: Front, visit: Visit) -> None:
    client = visit(front.address)
    address = _sheet(client, page=3)
    whole = client.get(address).content

    part = client.get(address, headers={"Range": "bytes=100-299"})

    assert (part.status_code, part.content) == (206, whole[100:300])


@pytest.mark.parametrize("folder", ["static", "vendor"])
def test_a_file_that_pages_name_is_kept(folder: str, front: Front, visit: Visit) -> None:
    client = visit(front.address)
    found = re.search(rf'"(/{folder}/[^"]+)"', client.get(GRID).text)
    assert found
    client.get(found[1])

    assert client.get(found[1]).headers["x-cache-status"] == "HIT"


def test_the_metrics_are_not_for_visitors(front: Front, replicas: Replicas, visit: Visit) -> None:
    client = visit(front.address)

    for path in ("/metrics", "/metrics?a=1", "//metrics", "/d/../metrics", "/%6detrics"):
        request = httpx2.Request("GET", front.address, extensions={"target": path.encode()})
        assert client.send(request).status_code == 403, path
    assert client.get("/metrics/").status_code in (307, 404)
    assert visit(replicas[0].address).get("/metrics").status_code == 200


def test_the_health_of_what_stands_behind_is_told(front: Front, visit: Visit) -> None:
    assert visit(front.address).get("/healthz").json() == {"status": "ok"}


def test_a_body_that_no_form_has_is_refused(front: Front, visit: Visit) -> None:
    answer = visit(front.address).post("/share", content=b"a" * (BODY_MOST + 1))

    assert answer.status_code == 413


def test_the_largest_form_comes_through(front: Front, visit: Visit) -> None:
    answer = visit(front.address).post("/share", content=b"a" * BODY_MOST)

    # Lightbox's own answer: a visitor may share nothing.
    assert answer.status_code == 403
    assert "<h1" in answer.text


def test_who_asks_by_a_long_address_takes_no_replica_out(front: Front, visit: Visit) -> None:
    # Some 8,000 bytes, as many as nginx takes; each is escaped to three where it leads on.
    target = b"/keys/?" + b'"' * 7_900
    long = httpx2.Request("GET", front.address, extensions={"target": target})

    led = [visit(front.address).send(long) for _ in range(2 * MOST_FAILURES)]

    assert {answer.status_code for answer in led} == {307}
    assert all(answer.headers["location"].endswith("/keys?" + "%22" * 7_900) for answer in led)
    assert visit(front.address).get("/healthz").status_code == 200


def test_who_asks_too_much_is_told_to_wait_and_nobody_else_is(front: Front, visit: Visit) -> None:
    greedy, other = visit(front.address), visit(front.address)
    picture = _sheet(other)

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: greedy.get("/healthz/none"), range(PAGES_AT_ONCE * 3)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) in range(1, PAGES_AT_ONCE * 2 + 1)
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert greedy.get(picture).status_code == 200
    assert other.get("/").status_code == 200


def test_what_nginx_logs_lets_nobody_in(front: Front, visit: Visit) -> None:
    token = "Rk3vXoM1bq9uZyT5hWc7eNf2"
    addresses = (
        *(f"/s/{token}", f"/s/{token}/3.png", f"/%73/{token}%0A/read/2?zoom=2"),
        *(f"/?token={token}", f"/preferences?back=/s/{token}", f"/d/none/3?back={token}"),
    )
    client = visit(front.address)
    for address in addresses:
        client.get(address)
    client.post(f"/s/{token}/3/notes", data={"note": "x" * 20_000})  # goes by a file
    with ThreadPoolExecutor(16) as many:
        asked = many.map(lambda _: client.get(f"/s/{token}"), range(PAGES_AT_ONCE * 3))
        assert 429 in {answer.status_code for answer in asked}
    client.get("/d/last")

    _wait_until(lambda: "/d/last" in front.logged())
    written = front.logged()
    assert token not in written
    assert '"GET /s/.../3.png HTTP/1.1" ' in written
    assert '"GET /d/none/3 HTTP/1.1" 4' in written


def test_what_it_logs_of_failures_lets_nobody_in_and_names_the_replicas(
    nginx: str, tmp_path: Path, visit: Visit
) -> None:
    token = "Qm7cTzYp4nXw8LrVb2sKe6Ad"
    with Front(nginx, tmp_path, [1, 2]) as front:  # where nobody listens
        client = visit(front.address)
        assert client.post(f"/s/{token}/answers", content=b"x" * 400_000).status_code == 413
        assert client.get(f"/s/{token}/1").status_code == 503
        assert client.get(f"/?token={token}").status_code == 503
        _wait_until(lambda: '"GET / HTTP/1.1" 503' in front.logged())
        written = front.logged()
    assert token not in written
    (failed,) = (line for line in written.splitlines() if '"GET /s/.../1 HTTP/1.1" 503' in line)
    assert set(re.findall(r"127\.0\.0\.1:(\d)\b", failed)) == {"1", "2"}
    assert failed.endswith('"502, 502"')


def test_no_visitor_notices_that_a_replica_dies_or_comes_back(
    front: Front, replicas: Replicas, visit: Visit
) -> None:
    mortal, other = replicas
    walks = [Walk(visit(front.address)) for _ in range(VISITORS)]
    with ThreadPoolExecutor(VISITORS) as many:
        for walk in walks:
            many.submit(walk.go)
        _wait_until(lambda: sum(len(walk.seen) for walk in walks) >= VISITORS * VISITS // 4)
        # It stops between two answers, and is killed with requests that it has not answered.
        # Killed in the middle of an answer, it takes that one with it: half has been sent on.
        with ExitStack() as pause:
            for walk in walks:
                pause.enter_context(walk.pause)
            mortal.freeze()
        _wait_until(lambda: all(walk.has_stopped() for walk in walks))
        mortal.kill()
    assert {answer for walk in walks for answer in walk.seen} == {200}
    assert {len(walk.seen) for walk in walks} == {VISITS}

    mortal.start()
    mortal.wait()
    client = visit(front.address)
    _wait_until(lambda: client.get("/").status_code != 200 or mortal.answered() > 0)
    other.kill()
    assert {client.get("/").status_code for _ in range(20)} == {200}


def test_a_kept_picture_outlives_every_replica(
    front: Front, replicas: Replicas, visit: Visit
) -> None:
    client = visit(front.address)
    address = _sheet(client)
    whole = client.get(address).content

    for replica in replicas:
        replica.kill()

    assert client.get(address).content == whole
    away = client.get("/")
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")


def test_a_file_still_being_unpacked_takes_no_replica_out(
    nginx: str, tmp_path: Path, visit: Visit
) -> None:
    with _stand_ins() as (asked, ports), Front(nginx, tmp_path, ports) as front:
        client = visit(front.address)
        waiting = [client.get("/unpacking") for _ in range(10)]

        assert {(answer.status_code, answer.headers["retry-after"]) for answer in waiting} == {
            (503, "2")
        }
        assert len(asked) == 10
        assert client.get("/").status_code == 200


def test_what_was_left_without_an_answer_is_asked_again_unless_it_changes_something(
    nginx: str, tmp_path: Path, visit: Visit
) -> None:
    with _stand_ins() as (asked, ports), Front(nginx, tmp_path, ports) as front:
        client = visit(front.address)
        client.post("/hang-up")
        client.get("/hang-up")

        assert [method for method, _ in asked] == ["POST", "GET", "GET"]


def test_a_replica_that_gives_no_answers_is_left_alone(
    nginx: str, tmp_path: Path, visit: Visit
) -> None:
    with _stand_ins() as (asked, ports), Front(nginx, tmp_path, ports) as front:
        client = visit(front.address)

        assert {client.get("/half-dead").status_code for _ in range(10)} == {200}
        assert len(asked) == 10 + MOST_FAILURES


def test_a_replica_is_told_who_asked_and_for_what_host(
    nginx: str, tmp_path: Path, visit: Visit
) -> None:
    with _stand_ins() as (asked, ports), Front(nginx, tmp_path, ports) as front:
        said = {"Host": "lightbox.example", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "x"}
        visit(front.address).get("/", headers=said)

        ((_, told),) = asked
        assert told["Host"] == told["X-Forwarded-Host"] == "lightbox.example"
        assert told["X-Forwarded-For"].startswith("127.0.0.")
        assert told["X-Forwarded-Proto"] == "http"


def test_who_tries_wrong_tokens_keeps_nobody_else_out(front: Front, visit: Visit) -> None:
    stranger, owner = visit(front.address), visit(front.address)
    # More than each of two replicas takes in a minute.
    tries = [stranger.get("/", params={"token": f"wrong-{n}"}) for n in range(25)]

    assert {answer.status_code for answer in tries[:10]} == {403}
    assert (tries[-1].status_code, tries[-1].headers["retry-after"]) == (429, "60")
    assert owner.get("/", params={"token": OWNER}).status_code == 303


def _sheet(client: httpx2.Client, page: int = 1) -> str:
    """Give the address of the thumbnails of a page of five."""
    answer = client.get(GRID, params={"page": page, "per_page": 5})
    found = re.search(r"/sheets/[^\")]+\.png(\?[^\")]*)?", answer.text)
    assert found, f"{answer.status_code}: {answer.text}"
    return found[0].replace("&amp;", "&")


class Walk:
    """Someone who looks at page after page; while ``pause`` is held, at none."""

    def __init__(self, client: httpx2.Client) -> None:
        self.seen: list[int | str] = []
        self.pause = threading.Lock()
        self._client = client
        self._began = time.monotonic()

    def go(self) -> None:
        """Visit the pages with their pictures, and note how each was answered."""
        for page in range(1, VISITS + 1):
            with self.pause:
                self._began = time.monotonic()
                try:
                    answer = self._client.get(_sheet(self._client, page))
                    self.seen.append(answer.status_code)
                except (httpx2.HTTPError, AssertionError) as error:
                    self.seen.append(repr(error))
            time.sleep(0.02)

    def has_stopped(self) -> bool:
        """Say whether they wait for an answer, or have no more to look at."""
        waits = self.pause.locked() and time.monotonic() - self._began > 1
        return waits or len(self.seen) == VISITS


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _told(answer: httpx2.Response) -> dict[str, str]:
    """Give the headers that the two connections don't differ in."""
    own = {"date", "server", "connection"}
    return {name: value for name, value in answer.headers.items() if name not in own}


Asked = list[tuple[str, dict[str, str]]]


@contextmanager
def _stand_ins() -> Iterator[tuple[Asked, list[int]]]:
    """Two replicas that answer as one says, and a list of what they were asked."""
    asked: Asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.command, dict(self.headers.items())))
            first = self.server.server_address == servers[0].server_address
            if self.path == "/hang-up" or (self.path == "/half-dead" and first):
                return
            self.send_response(503 if self.path == "/unpacking" else 200)
            self.send_header("Retry-After", "2")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ExitStack() as stack:
        servers = [ThreadingHTTPServer(("127.0.0.1", 0), Answers) for _ in range(2)]
        for server in servers:
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield asked, [server.server_port for server in servers]
