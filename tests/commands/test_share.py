"""``lightbox share``: a link made here opens on the server that uses the same database."""

import json
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest
from running import LIGHTBOX, PATIENCE, Server, environment

from app.arrays.archive import read_archive
from app.datasets.opening import MEMBERS
from app.reviews import collected, collecting, links, studies
from app.reviews.database import Database
from app.reviews.items import Item

from .commanding import ended, one_sentence

Share = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "made.npz"
    path.parent.mkdir()
    images = np.random.default_rng(2).integers(0, 256, (30, 8, 8), np.uint8)
    np.savez(path, test_images=images, test_labels=np.arange(30, dtype=np.uint8)[:, None] % 3)
    return path


@pytest.fixture
def places(made: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "LIGHTBOX_CACHE_DIR": str(tmp_path / "cache"),
        "LIGHTBOX_DATABASE_URL": f"sqlite:///{tmp_path}/reviews.sqlite",
        "LIGHTBOX_DATA_DIR": str(made.parent),
    }


@pytest.fixture
def share(places: dict[str, str]) -> Share:
    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [LIGHTBOX, "share", *arguments],
            env=environment(**places | variables),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


def test_a_link_made_on_the_terminal_opens_on_a_private_server(
    share: Share, places: dict[str, str], made: Path
) -> None:
    done = share("/d/made?label=1&split=test", "--title", "Look", "--days", "3", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert set(told) == {"url", "token", "expires"}
    assert told["url"].endswith(f"/s/{told['token']}")
    left = datetime.fromisoformat(told["expires"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    with Server(made, "--private", **places) as server, httpx2.Client() as guest:
        page = guest.get(f"{server.address}/s/{told['token']}")
        assert page.status_code == 200
        assert "Look" in page.text
        assert page.text.count('<li class="cell">') == 10
        assert guest.get(f"{server.address}/d/made").status_code == 401


def test_a_link_carries_the_public_address(share: Share) -> None:
    done = share("/d/made/test/4", LIGHTBOX_BASE_URL="https://pictures.example.org/")
    assert done.stdout.startswith("https://pictures.example.org/s/")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("origin", "base_url", "carried"),
    [
        ("http://127.0.0.1:9123", "", "http://127.0.0.1:9123"),
        ("http://localhost", "", "http://localhost"),
        (" http://local\nhost", "", "http://localhost"),  # as mail programs break it
        ("http://127.0.0.1:9123", "https://pictures.example.org", "https://pictures.example.org"),
        (
            "https://pictures.example.org",
            "https://pictures.example.org/",
            "https://pictures.example.org",
        ),
    ],
)
def test_an_address_may_be_as_the_browser_shows_it(
    origin: str, base_url: str, carried: str, share: Share, places: dict[str, str]
) -> None:
    done = share(f"{origin}/d/made?label=1&split=test", LIGHTBOX_BASE_URL=base_url)
    assert done.stdout.startswith(f"{carried}/s/")
    (link,) = links.all_links(Database(places["LIGHTBOX_DATABASE_URL"]))
    assert link.target == "/d/made?split=test&label=1"


def test_a_dataset_that_only_the_server_has_can_be_shared(
    share: Share, places: dict[str, str], made: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = share("/d/made", "--hide-labels", "--json", LIGHTBOX_DATA_DIR=str(empty))
    assert done.returncode == 0
    with Server(made, "--private", **places) as server, httpx2.Client() as guest:
        page = guest.get(f"{server.address}/s/{json.loads(done.stdout)['token']}")
        # What it shows is settled by now: another file under the name is not shown instead.
        other = np.zeros((30, 8, 8), np.uint8)
        np.savez(made, test_images=other, test_labels=np.zeros((30, 1), np.uint8))
        later = guest.get(page.url)
    assert later.status_code == 410
    assert page.text.count('<li class="cell">') == 30
    assert "data-index" not in page.text


def test_a_study_is_made_with_one_reader(share: Share, places: dict[str, str], made: Path) -> None:
    done = share("/d/made?label=1", "--study", "--title", "Reading", "--json")
    single = share("/d/made/test/7", "--study", "--json")
    assert (done.returncode, single.returncode) == (0, 0)
    with Server(made, "--private", **places) as server, httpx2.Client() as reader:
        link, one = (
            f"{server.address}/s/{json.loads(each.stdout)['token']}" for each in (done, single)
        )
        assert "Reading" in reader.get(link).text
        assert "1 of 10" in reader.get(f"{link}/read/1").text
        # An image's address is that image, not all those of its dataset.
        assert "<title>1 of 1 ·" in reader.get(f"{one}/read/1").text
    database = Database(places["LIGHTBOX_DATABASE_URL"])
    # Who knows the seed can work out the order.
    assert len({study.design.seed for study in studies.all_studies(database)} - {0, 1}) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("/d/made?label=9",), 1),
        (("/d/made?label=x",), 1),
        (("/d/made?split=train",), 1),
        (("/d/made/test/30",), 1),
        (("/d/nothing/test/abc",), 1),
        (("/nowhere",), 1),
        (("/d/",), 1),
        (("/d/\udcff",), 1),  # a byte that is no text, as Python hands it over
        (("https://elsewhere.example/d/made",), 1),
        (("http://name:word@localhost/d/made",), 1),
        (("ftp://localhost/d/made",), 1),
        (("http://localhost:port/d/made",), 1),
        (("http://localhost:0/d/made",), 1),
        (("/d/made", "--days", "0"), 2),
        (("/d/made", "--days", "3651"), 2),
        (("/d/made", "--days", "1.5"), 2),
        (("/d/nothing", "--study"), 1),
        (("/d/made/test/30", "--study"), 1),
        ((), 2),
    ],
)
def test_what_cannot_be_shared_is_said_in_one_sentence(
    arguments: tuple[str, ...], code: int, share: Share
) -> None:
    done = share(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("lightbox: ")
    assert done.stderr.count("\n") == 1


def test_what_is_no_index_is_named_as_it_was_given(share: Share) -> None:
    assert share("/d/made/test/3.5").stderr == "lightbox: There is no test image 3.5 there.\n"
    large = "1234567890" * 3
    assert f" image {large} there" in share(f"/d/made/test/{large}").stderr


def test_a_file_that_is_refused_is_not_shared_but_said_why(share: Share, made: Path) -> None:
    made.write_bytes(made.read_bytes()[:300])
    done = share("/d/made", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lightbox: made.npz has no whole zip directory at its end")
    assert done.stderr.count("\n") == 1


def test_a_study_of_a_file_that_is_not_at_hand_says_where_to_name_it(share: Share) -> None:
    assert "LIGHTBOX_DATA_DIR" in share("/d/nothing", "--study").stderr


def test_a_database_that_cannot_be_used_is_said_in_one_sentence(
    share: Share, tmp_path: Path
) -> None:
    (tmp_path / "no-database").write_text("something else, longer than a header of SQLite is" * 9)
    done = share("/d/made", LIGHTBOX_DATABASE_URL=f"sqlite:///{tmp_path}/no-database")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lightbox: ")
    assert "Traceback" not in done.stderr


def test_a_collection_is_shared_from_the_terminal(
    share: Share, places: dict[str, str], made: Path
) -> None:
    content = read_archive(made, MEMBERS).content
    with closing(Database(places["LIGHTBOX_DATABASE_URL"])) as database:
        found = collected.create(database, "Two")
        empty = collected.create(database, "None")
        items = [Item("made", content, "test", index) for index in (5, 2)]
        collecting.add(database, found.id, items, lambda *_: ())
    done = share(f"/collections/{found.id}", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    token = json.loads(done.stdout)["token"]
    with Server(made, "--private", **places) as server:
        html = server.get(f"/s/{token}").decode()
        assert re.findall(r'data-index="(\d+)"', html) == ["5", "2"]
    refused = share(f"/collections/{empty.id}")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "lightbox: There are no images in this collection; put some into it first.\n"
    )
    absent = share("/collections/9")
    assert (absent.returncode, absent.stdout) == (1, "")
    assert absent.stderr == "lightbox: There is no collection 9.\n"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_link_is_made_that_nobody_would_see(form: list[str], places: dict[str, str]) -> None:
    done = ended(places, "sh", "-c", '"$0" "$@" >&-', LIGHTBOX, "share", "/d/made", *form)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Standard output is closed" in one_sentence(done.stderr)
    assert not Path(places["LIGHTBOX_DATABASE_URL"].removeprefix("sqlite:///")).exists()


def test_a_link_that_finds_no_room_is_told_on_standard_error(places: dict[str, str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = ended(places, "sh", "-c", '"$0" "$@" >/dev/full', LIGHTBOX, "share", "/d/made")
    link, sentence = done.stderr.splitlines(keepends=True)
    assert done.returncode == 1
    assert "Standard output can't be used" in one_sentence(sentence)
    with Server(places["LIGHTBOX_DATA_DIR"], **places) as server:
        assert server.get(urlsplit(link.strip()).path)
