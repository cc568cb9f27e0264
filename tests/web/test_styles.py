"""The files of static/css: one sheet for every page, and no rule is left over."""

import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .visiting import share, visitor

ROOT = Path(__file__).parents[2]
FILES = {file.name: file.read_text() for file in ROOT.glob("static/css/*.css")}
# The owner's own page for whoever changes the looks.
ALONE = "styleguide.css"
CLASS = re.compile(r"\.([a-z][\w-]*)")
BLANKS = str.maketrans("", "", " \n")
# What htmx puts on elements.
FOREIGN = {"htmx-request"}


def classes(css: str) -> set[str]:
    """The classes that rules ask for."""
    plain = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", css, flags=re.DOTALL)
    preludes = re.findall(r"([^{};]+)\{", plain)
    return {name for prelude in preludes for name in CLASS.findall(prelude)}


def test_no_rule_is_for_a_class_that_no_page_has() -> None:
    sources = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/*.js")]
    text = "\n".join(file.read_text() for file in [*sources, *ROOT.glob("app/web/*.py")])
    words = set(re.findall(r"[\w-]+", text))
    # Such as notice-{{ notice.kind }}.
    families = tuple(set(re.findall(r"([a-z]+-)\{", text)))
    known = {name for css in FILES.values() for name in classes(css)} - FOREIGN
    assert {each for each in known if each not in words and not each.startswith(families)} == set()


@pytest.fixture
def public(serve: Serve, write: Write) -> TestClient:
    write(test_images=np.zeros((3, 8, 8), np.uint8), test_labels=np.array([0, 1, 1], np.uint8))
    return serve(write("two.npz", test_images=np.zeros((3, 8, 8), np.uint8)).parent)


def linked(browser: TestClient, address: str) -> list[str]:
    answer = browser.get(address)
    assert answer.status_code in (200, 404), address
    return re.findall(r'rel="stylesheet" href="([^"]+)"', answer.text)


def bare(css: str) -> str:
    """Rules without what browsers pass over."""
    return "".join(part.partition("*/")[2] for part in f"*/{css}".split("/*")).translate(BLANKS)


def test_the_sheet_is_all_the_files_and_the_order_of_layers_comes_first(
    public: TestClient,
) -> None:
    (address,) = linked(public, "/")
    sheet = public.get(address)

    rest = bare(sheet.text)
    assert rest.startswith(bare(FILES["foundation.css"]))
    for name in sorted(FILES.keys() - {ALONE}):
        rules = bare(FILES[name])
        assert rest.count(rules) == 1, name
        rest = rest.replace(rules, "")
    assert rest == ""
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"


def test_the_sheet_is_kept_for_ever_only_under_its_own_version(public: TestClient) -> None:
    (address,) = linked(public, "/")
    plain = address.partition("?")[0]

    own, other = public.get(address), public.get(f"{plain}?v=another")

    assert own.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (
        other.headers["cache-control"] == public.get(plain).headers["cache-control"] == "no-cache"
    )
    assert other.text == own.text
    again = public.get(address, headers={"If-None-Match": own.headers["etag"]})
    assert again.status_code == 304


def test_every_kind_of_page_has_the_one_sheet(serve: Serve, write: Write) -> None:
    file = write(test_images=np.zeros((3, 8, 8), np.uint8), test_labels=np.array([0, 1, 1]))
    owner = visitor(serve(file, access="private", owner_token="the-token-of-the-owner"))
    owner.get("/?token=the-token-of-the-owner")
    guests = share(owner, "/d/made")

    pages = ["/", "/nowhere", "/d/made", "/d/made/about", "/d/made/test/0", "/studies", "/compare"]
    one = {tuple(linked(owner, address)) for address in pages}
    guest = {tuple(linked(visitor(owner), address)) for address in (guests, f"{guests}/1")}

    assert one == guest
    assert [len(each) for each in one] == [1]
    assert len(linked(owner, "/styleguide")) == 2
