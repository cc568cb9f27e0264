"""What the documentation says is true: commands are typed, names exist, links lead somewhere."""

import csv
import hashlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from documents import ROOT, blocks, commands, lines, written
from PIL import Image
from running import Server, environment
from typer.testing import CliRunner

from app.catalogue.facts import published_as
from app.cli import cli
from app.datasets import indexing, opening
from app.pictures.sheet import CELL_SIDE_MOST
from app.reviews import designs, lifetimes, links
from app.reviews.database import Database
from app.reviews.export import COLUMNS
from app.reviews.studies import READERS_MOST
from app.settings import HANDED_DOWN, PREFIX, Settings
from app.shelves import DEMO_FILE

GROUP: Any = typer.main.get_command(cli)

# What begins so needs a host or a package that a test does not have, and is read, not typed.
# Images, nginx and PostgreSQL have tests of their own, in tests/deploy/ and tests/reviews/; what
# make does, test_readme.py tests.
ELSEWHERE = ("docker", "createuser", "createdb", ".venv/bin/python", ".venv/bin/pybabel", "make")

# A block that names one of these is read, not typed: no such host or file is at hand.
NOT_HERE = ("example/", "mirror.example.org", "pathmnist")

ALL = sorted({(path, command) for path in written() for command in commands(path)})
every_document = pytest.mark.parametrize("path", written(), ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation's pages, those made from the code too."""
    folder = tmp_path_factory.mktemp("docs") / "pages"
    script = ROOT / "scripts" / "gather_docs.py"
    subprocess.run([sys.executable, script, folder], env=environment(), check=True)
    return folder


@pytest.mark.parametrize(("path", "command"), ALL, ids=[f"{p.stem}: {c}" for p, c in ALL])
def test_every_command_can_be_read(path: Path, command: str) -> None:
    match shlex.split(command):
        case ["export", *variables]:
            assert all(each.startswith(PREFIX) and "=" in each for each in variables)
        case [".venv/bin/lightbox", name, *arguments]:
            # Raises where an option is unknown or an argument is missing.
            assert GROUP.commands[name].make_context(name, arguments).params
        case ["curl", *words]:
            assert any(word.startswith("http://127.0.0.1:8000/") for word in words), path
        case [first, *_]:
            assert first in ELSEWHERE


@every_document
def test_every_target_of_make_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [command.split()[1] for command in commands(path) if command.startswith("make ")]
    named += re.findall(r"`make ([a-z]+)", path.read_text())
    assert set(named) <= targets


@every_document
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = re.findall(rf"\b{PREFIX}([A-Z_]+)\b", path.read_text())
    compose = re.findall(rf"{PREFIX}([A-Z_]+)", (ROOT / "deploy" / "compose.yaml").read_text())
    known = {name.upper() for name in set(Settings.model_fields) - HANDED_DOWN}
    assert set(named) <= known | set(compose)


def test_the_reference_has_every_setting_with_its_meaning(site: Path) -> None:
    text = (site / "reference" / "settings.md").read_text()
    named = re.findall(rf"^\| `{PREFIX}(\w+)` \| \w.+ \| \S.* \|$", text, re.MULTILINE)
    assert {name.lower() for name in named} == set(Settings.model_fields) - HANDED_DOWN


def test_the_reference_has_every_option_of_every_command(site: Path) -> None:
    text = (site / "reference" / "command-line.md").read_text()
    parts = dict(re.findall(r"^## (\w+)$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    for name, command in GROUP.commands.items():
        options = [option for each in command.params for option in each.opts if "--" in option]
        assert set(re.findall(r"`(--[a-z-]+)`", parts.pop(name))) >= set(options)
    assert parts == {}


def test_the_reference_says_what_is_so_where_nothing_is_said(site: Path) -> None:
    text = (site / "reference" / "command-line.md").read_text()
    rows = dict(re.findall(r"^\| `--([a-z-]+)`.*? \| (.*) \| .* \|$", text, re.MULTILINE))
    assert "By default private, but open where only this machine reaches it." in rows["public"]
    assert "LIGHTBOX_MIRROR if not given" in rows["from"]
    assert "1 to 3650" in rows["days"]
    assert "at most 64" in rows["workers"]
    text = (site / "reference" / "settings.md").read_text()
    assert re.search(r"`LIGHTBOX_HOSTS` \| .* answers to every name, as long as none is set", text)


def test_a_server_that_others_reach_answers_to_every_name_until_one_is_set() -> None:
    asked = {"Host": "elsewhere.example"}
    for set_, status in (({}, 200), ({"LIGHTBOX_HOSTS": "replica-1"}, 421)):
        with Server("--host", "0.0.0.0", **set_) as server:
            connection = HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/healthz", headers=asked)
            assert connection.getresponse().status == status
            connection.close()


def test_the_reference_has_every_address_of_the_api(site: Path) -> None:
    text = (site / "reference" / "api.md").read_text()
    access = (ROOT / "tests" / "web" / "access" / "test_access.py").read_text()
    paths = re.findall(r'^    "(/api/datasets[^"]*)": \(', access, re.MULTILINE)
    assert paths
    assert [path for path in paths if f"`GET {path}`" not in text] == []


def test_every_address_in_the_reference_is_a_route() -> None:
    text = (ROOT / "docs" / "reference" / "addresses.md").read_text()
    cells = re.findall(r"^\| (`/.*?) \|", text, re.MULTILINE)
    named = {address for cell in cells for address in re.findall(r"`([^`]+)`", cell)}
    # Which that test compares with the application's own routes.
    access = (ROOT / "tests" / "web" / "access" / "test_access.py").read_text()
    assert named
    assert [address for address in named if f'"{address}": (' not in access] == []


def test_the_reference_has_every_address_that_one_can_visit() -> None:
    text = (ROOT / "docs" / "reference" / "addresses.md").read_text()
    access = (ROOT / "tests" / "web" / "access" / "test_access.py").read_text()
    # Addresses to look at, not those that forms send to.
    visited = re.findall(r'^    "(/[^"]*)": \(\s*"(?!POST )', access, re.MULTILINE)
    assert len(visited) > 40
    # What pages are made of, what stands under a link, and what the API has its own page for.
    inner = re.compile(
        r"/(static|vendor|sheets|pictures|s/\{token\}/|api/datasets|robots\.txt)|"
        r".*/(sheet|difference)\.png"
    )
    outer = [address for address in visited if not inner.match(address)]
    assert [address for address in outer if f"`{address}`" not in text] == []


@pytest.mark.parametrize(("guide", "form"), [("share", "share"), ("study", "study_new")])
def test_the_how_to_names_every_field_of_the_form(guide: str, form: str) -> None:
    told = " ".join((ROOT / "docs" / "how-to" / f"{guide}.md").read_text().split()).casefold()
    drawn = (ROOT / "templates" / "pages" / f"{form}.html").read_text()
    named = re.findall(r"<(?:label for=\S+|legend)>\{\{ _\(\"([^\"(,]+)", drawn)
    named += re.findall(r"options\(\"\w+\", _\(\"([^\"]+)", drawn)
    assert len(named) > 4
    assert [name for name in named if name.strip().casefold() not in told] == []


@pytest.mark.parametrize(
    ("guide", "text", "limit"),
    [
        ("own-files", "at most {} pixels a side", opening.IMAGE_SIDE_MOST),
        ("own-files", "at most {} different labels", indexing.VALUES_MOST),
        ("share", "for 1 to {} days", lifetimes.DAYS_MOST),
        ("study", "one a line; from 2 to {} |", designs.CHOICES_MOST),
        ("study", "at most {} images, besides those for practice", designs.ITEMS_MOST),
        ("study", "and {} readers", READERS_MOST),
        ("study", "practise on | up to {};", designs.PRACTICE_MOST),
    ],
)
def test_the_how_to_names_the_limit_that_holds(guide: str, text: str, limit: int) -> None:
    told = " ".join((ROOT / "docs" / "how-to" / f"{guide}.md").read_text().split())
    assert text.format(f"{limit:,}") in told


def test_the_how_to_look_names_what_the_pages_say() -> None:
    text = " ".join((ROOT / "docs" / "how-to" / "look.md").read_text().split())
    said = "".join(
        path.read_text()
        for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app" / "web").glob("*.py")]
    )
    named = re.findall(r"\*\*([^*]+)\*\*", text)
    assert len(named) > 15
    assert [name for name in named if f'("{name}")' not in said and f'"{name}"' not in said] == []


@pytest.mark.parametrize("start", ["README.md", "docs/index.md", "mkdocs.yml"])
def test_every_how_to_is_led_to(start: str) -> None:
    text = (ROOT / start).read_text()
    names = [path.name for path in (ROOT / "docs" / "how-to").glob("*.md")]
    assert [name for name in names if f"how-to/{name}" not in text] == []


def test_the_promises_name_from_which_size_on_thumbnails_are_reduced() -> None:
    told = " ".join((ROOT / "docs" / "promises.md").read_text().split())
    assert f"thumbnails of images of more than {CELL_SIDE_MOST} pixels a side are reduced" in told


def test_the_how_to_names_every_column_of_the_answers() -> None:
    text = (ROOT / "docs" / "how-to" / "study.md").read_text()
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []


def test_the_reference_names_what_strangers_get_of_a_private_server() -> None:
    text = (ROOT / "docs" / "reference" / "addresses.md").read_text()
    access = (ROOT / "tests" / "web" / "access" / "test_access.py").read_text()
    opened = re.findall(r'^    "(/[a-z]+)": \(.*, OPEN\),$', access, re.MULTILINE)
    (told,) = re.findall(r"Of a private server(.*?)\n\n", text, re.DOTALL)
    files = {"/static"}  # what pages are made of
    assert sorted(set(opened) - files) == sorted(set(re.findall(r"`(/[a-z]+)`", told)) - {"/enter"})


def test_links_and_pictures_of_all_pages_are_there(site: Path) -> None:
    missing = []
    for page in site.rglob("*.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            target = link.partition("#")[0]
            if target and not re.match("https?:", link) and not (page.parent / target).exists():
                missing.append((page.name, link))
    assert missing == []


def test_the_site_is_built_and_loads_nothing_from_elsewhere(site: Path, tmp_path: Path) -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    for name, folder in (("docs_dir", site), ("site_dir", tmp_path / "site")):
        text = re.sub(rf"^{name}: .*$", f"{name}: {folder}", text, flags=re.MULTILINE)
    (tmp_path / "mkdocs.yml").write_text(text)
    # Anchors too: --strict makes an error of each warning.
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict"],
        cwd=tmp_path,
        env=environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)="([^"]+)"', page.read_text()
        )
        assert loaded
        assert [address for address in loaded if re.match("(https?:)?//", address)] == []


class Reader:
    """Someone who types a document's commands in order, in a folder of their own."""

    def __init__(self, folder: Path, mirror: str, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.mirror, self.patch = folder, mirror, patch
        patch.chdir(folder)
        self.variables = {
            "LIGHTBOX_DATA_DIR": str(folder / "data"),
            "LIGHTBOX_CACHE_DIR": str(folder / "cache"),
            "LIGHTBOX_DATABASE_URL": f"sqlite:///{folder}/reviews.sqlite",
        }
        self.servers: list[Server] = []
        self.said: list[str] = []

    def follow(self, name: str) -> None:
        """Type all that a document says."""
        for kind, text in blocks(ROOT / "docs" / f"{name}.md", "sh", "python"):
            if kind == "python":
                exec(text, {})
            elif not any(word in text for word in NOT_HERE):
                for line in lines(text):
                    self._type(shlex.split(line))

    def _type(self, words: list[str]) -> None:
        match words:
            case ["export", variable]:
                name, _, value = variable.partition("=")
                self.variables[name] = value
            case ["curl", "-s", address, *to]:
                found = self.servers[-1].get(address.removeprefix("http://127.0.0.1:8000"))
                (self.folder / (to[1] if to else "shown.json")).write_bytes(found)
            case [_, "serve", *arguments]:
                self.servers.append(Server(*arguments, **self.variables))
            case [_, "get", *arguments]:
                self._run("get", *arguments, "--from", self.mirror)
            case [".venv/bin/lightbox", *arguments]:
                self._run(*arguments)
            case [first, *_]:
                assert first in ELSEWHERE

    def _run(self, *words: str) -> None:
        # In this process: a dozen would take their time to begin.
        for name, value in self.variables.items():
            self.patch.setenv(name, value)
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, (words, done.output)
        self.said += done.stdout.splitlines()

    def ids(self) -> set[str]:
        """What the last server serves."""
        found = re.findall(rb'"page_url":"/d/([^"]+)"', self.servers[-1].get("/api/datasets"))
        return {name.decode() for name in found}


@pytest.fixture
def reader(tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    found = Reader(tmp_path, mirror, monkeypatch)
    yield found
    ended = [server.end(signal.SIGINT) for server in found.servers]
    assert [code for code, _, _ in ended] == [0] * len(ended)
    for server in found.servers:
        server.__exit__(None, None, None)


def test_the_tutorial_leads_from_the_demo_to_a_study(reader: Reader) -> None:
    reader.follow("tutorial")
    with np.load(DEMO_FILE) as file:
        stained = np.flatnonzero(file["test_labels"][:, 0] == 2)
        image = file["train_images"][19]
    rows = list(csv.DictReader((reader.folder / "stained.csv").read_text().splitlines()))
    assert [int(row["index"]) for row in rows] == stained.tolist()
    np.testing.assert_array_equal(np.asarray(Image.open(reader.folder / "patch.png")), image)
    shared, study, kept = reader.said
    (server,) = reader.servers
    for link in (shared, study):
        assert b"<h1" in server.get(link.removeprefix("http://127.0.0.1:8000"))
    assert (reader.folder / kept.partition(":")[0]).is_file()


def test_the_how_to_gets_data_sets(reader: Reader, real: Callable[[str], Path]) -> None:
    names = ("breastmnist", "retinamnist", "adrenalmnist3d")
    if not all(published_as(hashlib.md5(real(name).read_bytes()).hexdigest()) for name in names):
        pytest.skip("the data sets are stand-ins, which no checksum lets through")
    reader.follow("how-to/get")
    brought = sorted(path.name for path in reader.folder.rglob("*mnist*.npz"))
    assert brought == sorted(f"{name}.npz" for name in names)
    assert reader.ids() == {"adrenalmnist3d"}


def test_the_how_to_writes_a_file_that_is_served(reader: Reader) -> None:
    reader.follow("how-to/own-files")
    assert reader.ids() == {"scans"}
    about = reader.servers[-1].get("/api/datasets/scans").decode()
    assert '"shape":[64,48]' in about
    assert re.findall(r'"count":(\d+)', about) == ["60", "30"]


def test_the_how_to_shares(reader: Reader, real: Callable[[str], Path]) -> None:
    for name in ("data", "path/to/folder"):
        (reader.folder / name).mkdir(parents=True)
        shutil.copy(real("breastmnist"), reader.folder / name)
    reader.follow("how-to/share")
    (link,) = reader.said
    base = reader.variables["LIGHTBOX_BASE_URL"]
    assert link.startswith(f"{base}/s/")
    asked = HTTPConnection("127.0.0.1", reader.servers[-1].port)
    asked.request("GET", link.removeprefix(base), headers={"Host": base.partition("//")[2]})
    assert asked.getresponse().status == 200
    asked.close()


def test_the_how_to_backs_up_and_restores(reader: Reader) -> None:
    with closing(Database(reader.variables["LIGHTBOX_DATABASE_URL"])) as database:
        links.make(database, "grid", "/d/made", title="Kept")
    reader.follow("how-to/backup")
    assert (reader.folder / "reviews.backup").is_file()
    assert "restored" in reader.said[-1]
