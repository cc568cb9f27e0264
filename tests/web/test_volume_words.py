"""Volumes are called so, and images images, where readers and guests are told of them."""

import re
from html import unescape

import numpy as np
import pytest
from corpus.writers import flip
from numpy.typing import NDArray
from starlette.testclient import TestClient

from app.web.cases import more

from .conftest import Serve, Write
from .reading import page
from .visiting import send, share, visitor

SHAPES = {"volume": (8, 6, 7, 5), "image": (8, 14, 15)}
LABELS = np.arange(8, dtype=np.uint8)[:, None] % 2
KINDS = pytest.mark.parametrize("kind", SHAPES)


def pixels(kind: str) -> NDArray[np.uint8]:
    return np.random.default_rng(4).integers(0, 256, SHAPES[kind], np.uint8)


def study(server: TestClient, **fields: str) -> str:
    """Make a study; give the link of its reader."""
    design = {"title": "R", "question": "Q?", "scale": "yes-no", "seed": "3", **fields}
    assert send(server, "/studies/new?of=/d/made", "/studies", **design).status_code == 303
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    return unescape(link)


def kinds_on(browser: TestClient, address: str) -> set[str]:
    """Of which kinds a page speaks to who sees it."""
    return set(re.findall("image|volume", page(browser, address).text().lower()))


@KINDS
def test_a_reader_of_volumes_is_told_of_volumes(kind: str, serve: Serve, write: Write) -> None:
    server = serve(write(test_images=pixels(kind), test_labels=LABELS))
    link, reader = study(server, practice="2"), visitor(server)
    for path in ("", "/read/1", "/practice/1", "/practice/1?choice=1", "/practice/2"):
        assert kinds_on(reader, f"{link}{path}") <= {kind}, path
    for place in range(1, 7):
        send(reader, f"{link}/read/{place}", f"{link}/answers", choice="1")
    assert "Nothing is left to answer" in page(reader, link).text()
    assert kinds_on(reader, link) <= {kind}


@KINDS
def test_a_question_is_proposed_in_the_word_for_what_is_seen(
    kind: str, serve: Serve, write: Write
) -> None:
    server = serve(write(test_images=pixels(kind), test_labels=LABELS))
    field = page(server, "/studies/new?of=/d/made").one("input", name="question")
    assert field.get("value") == f"What does this {kind} show?"


@KINDS
@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "1 {} can't be shown and is left out"), (3, "3 {}s can't be shown and are left out")],
)
def test_what_is_left_out_is_called_what_it_is(
    number: int, told: str, kind: str, serve: Serve, write: Write
) -> None:
    path = write(
        train_images=pixels(kind)[:number],
        train_labels=LABELS[:number],
        test_images=pixels(kind)[4:],
        test_labels=LABELS[4:],
    )
    server = serve(path)
    link, reader = study(server), visitor(server)
    flip(path, path.read_bytes().index(b"train_images.npy") + 200)
    for place in range(1, number + 5):
        reader.get(f"{link}/read/{place}")  # by which the damage is found
    assert told.format(kind) in page(reader, link).text()


@KINDS
def test_who_asks_a_link_for_another_is_told_what_it_shows(
    kind: str, serve: Serve, write: Write
) -> None:
    server = serve(write(test_images=pixels(kind), test_labels=LABELS))
    for address, place, told in (
        ("/d/made", 9, f"This link shows 8 {kind}s, from 1 on."),
        ("/d/made/test/3", 2, f"This link shows 1 {kind} and no other."),
    ):
        link = share(server, address)
        assert told in page(visitor(server), f"{link}/{place}", 404).text()


def test_of_many_volumes_the_first_are_counted_as_volumes() -> None:
    assert more(60, 24, volumes=True) == "60 volumes, the first 24 of them."
    assert more(60, 24, volumes=False) == "60 images, the first 24 of them."
    assert more(1, 24, volumes=True) == "1 volume."
