"""The files of static/css: each page loads the rules of its classes, and no rule is left over."""

import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .visiting import send, share, visitor

ROOT = Path(__file__).parents[2]
TOKEN = "the-token-of-the-owner"
CLASS = re.compile(r"\.([a-z][\w-]*)")
# What htmx puts on elements.
FOREIGN = {"htmx-request"}


def selectors(css: str) -> set[frozenset[str]]:
    """The classes that each selector asks for."""
    plain = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", css, flags=re.DOTALL)
    preludes = re.findall(r"([^{};]+)\{", plain)
    split = [each for prelude in preludes for each in re.split(r",(?![^(]*\))", prelude)]
    return {frozenset(CLASS.findall(each)) for each in split} - {frozenset()}


STYLES = {file.name: selectors(file.read_text()) for file in ROOT.glob("static/css/*.css")}
ALL = frozenset[frozenset[str]]().union(*STYLES.values())


def test_no_rule_is_for_a_class_that_no_page_has() -> None:
    sources = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/*.js")]
    text = "\n".join(file.read_text() for file in [*sources, *ROOT.glob("app/web/*.py")])
    words = set(re.findall(r"[\w-]+", text))
    # Such as notice-{{ notice.kind }}.
    families = tuple(set(re.findall(r"([a-z]+-)\{", text)))
    known = frozenset[str]().union(*ALL) - FOREIGN
    assert {each for each in known if each not in words and not each.startswith(families)} == set()


@pytest.fixture
def made(write: Write) -> Path:
    random = np.random.default_rng(1)
    write(
        "two_0.npz",
        test_images=random.integers(0, 256, (40, 8, 9, 3), np.uint8),
        test_labels=random.integers(0, 2, (40, 4), np.uint8),
    )
    return write(
        test_images=random.integers(0, 256, (120, 7, 8, 9), np.uint8),
        train_images=random.integers(0, 256, (20, 7, 8, 9), np.uint8),
        test_labels=np.arange(120, dtype=np.uint8)[:, None] % 3,
        train_labels=np.arange(20, dtype=np.uint8)[:, None] % 3,
    ).parent


@pytest.fixture
def owner(serve: Serve, made: Path) -> TestClient:
    private = serve(made, access="private", owner_token=TOKEN)
    browser = visitor(private)
    assert browser.get(f"/?token={TOKEN}").status_code == 303
    return browser


def check(browser: TestClient, address: str) -> None:
    """Assert that a page loads the rules of all its classes that have any."""
    answer = browser.get(address)
    assert answer.status_code in (200, 401, 404), address
    html = answer.text
    sheets = re.findall(r'href="/static/css/([^"?]+)', html)
    assert sheets[:2] == ["foundation.css", "layout.css"]
    used = {name for each in re.findall(r'\sclass="([^"]*)"', html) for name in each.split()}
    loaded = set[frozenset[str]]().union(*(STYLES[sheet] for sheet in sheets))
    missing = {tuple(each) for each in ALL if each <= used} - {tuple(each) for each in loaded}
    assert missing == set(), address


PAGES = [
    *("/", "/?q=path", "/nowhere", "/catalogue/breastmnist", "/preferences", "/api/docs"),
    "/styleguide",
    *("/d/made", "/d/made?split=test&label=1", "/d/made?split=val&label=2", "/d/two_0?label=none"),
    *("/d/made/about", "/d/made/pixels", "/d/made/export", "/d/two_0/about", "/d/two_0/pixels"),
    *("/d/made/test/0", "/d/two_0/test/0", "/d/made/test/0/sizes", "/d/made/test/999"),
    *("/compare", "/compare?a=/d/made?label=0&b=/d/two_0", "/share?of=/d/made", "/links"),
    *("/studies", "/studies/new?of=/d/made", "/collections", "/collections/add?of=/d/made"),
]


def test_every_page_of_the_owner_loads_the_rules_of_its_classes(owner: TestClient) -> None:
    fields = {"title": "Study", "question": "What?", "scale": "labels", "practice": "2"}
    assert send(owner, "/studies/new?of=/d/made", "/studies", **fields).status_code == 303
    assert send(owner, "/collections", "/collections", name="Those").status_code == 303
    put = {"which": "page", "to": "1", "do": "add"}
    assert send(owner, "/collections/add?of=/d/made", "/collections/add", **put).status_code == 303
    for address in [*PAGES, "/studies/1", "/studies/1/agreement", "/collections/1"]:
        check(owner, address)


def test_every_page_of_a_guest_loads_the_rules_of_its_classes(owner: TestClient) -> None:
    guest = visitor(owner)
    grid = share(owner, "/d/two_0", may_comment="1")
    volumes = share(owner, "/d/made", hide_labels="1", message="Look.", title="Those")
    locked = share(owner, "/d/made", passphrase="a passphrase")
    addresses = [grid, volumes, f"{grid}/1", f"{volumes}/1", f"{volumes}/999", locked, "/"]
    for address in addresses:
        check(guest, address)


def test_every_page_of_a_reader_loads_the_rules_of_its_classes(owner: TestClient) -> None:
    fields = {"title": "Study", "question": "What?", "scale": "labels", "practice": "2"}
    assert send(owner, "/studies/new?of=/d/made", "/studies", **fields).status_code == 303
    named = send(owner, "/studies/1", "/studies/1/readers", name="a", days="30")
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', named.text)
    reader = visitor(owner)
    for address in (link, f"{link}/practice/1", f"{link}/read/1"):
        check(reader, address)
