"""Wherever pictures are seen through a window of their values, it is said which."""

import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from .collections.choosing import collect
from .conftest import Serve, Write
from .reading import page
from .visiting import share, visitor

DEEP = np.array([-300, 0, 5, 700], np.int16).reshape(1, 2, 2)
SAID = "Shown through a window from -300 (black) to 700 (white)"


@pytest.fixture
def owner(serve: Serve, write: Write) -> TestClient:
    labels = np.zeros((1, 1), np.uint8)
    return serve(
        write("deep.npz", test_images=DEEP, test_labels=labels),
        write("other.npz", test_images=DEEP * np.int16(10), test_labels=labels),
        write("bytes.npz", test_images=DEEP.astype(np.uint8), test_labels=labels),
    )


def told(browser: TestClient, address: str) -> list[str]:
    """What a page says of windows."""
    text = page(browser, address).text().replace("−", "-").replace(",", "")
    return re.findall(
        r"(?:(?:deep|other|bytes): )?Shown through a window from \S+ \(black\) to \S+ \(white\)",
        text,
    )


@pytest.mark.parametrize("hidden", [{}, {"hide_labels": "1"}])
@pytest.mark.parametrize("place", ["", "/1"])
def test_guests_are_told_as_long_as_it_is_so(
    owner: TestClient, hidden: dict[str, str], place: str
) -> None:
    link = share(owner, "/d/deep?split=test", **hidden) + place
    guest = visitor(owner)
    assert told(guest, link) == [SAID]
    assert told(guest, f"{link}?window=0-5") == told(guest, f"{link}?invert=1") == []
    assert told(guest, share(owner, "/d/bytes?split=test", **hidden) + place) == []


def test_a_collection_tells_it_of_each_dataset(owner: TestClient) -> None:
    collect(owner, "/d/deep", ("deep", "test", 0), name="Both")
    assert told(owner, "/collections/1") == [SAID]
    for name in ("bytes", "other"):
        collect(owner, f"/d/{name}", (name, "test", 0), to="1")
    guest = visitor(owner)
    for browser, address in ((owner, "/collections/1"), (guest, share(owner, "/collections/1"))):
        assert told(browser, address) == [
            f"deep: {SAID}",
            "other: Shown through a window from -3000 (black) to 7000 (white)",
        ]


def test_who_chooses_from_a_grid_is_told(owner: TestClient) -> None:
    assert told(owner, "/collections/add?of=/d/deep") == [SAID]
    assert told(owner, "/collections/add?of=/d/bytes") == []
