"""A private server, and its owner."""

import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..visiting import send, share, visitor
from .owning import TOKEN


@pytest.fixture
def made(write: Write) -> Path:
    # Volumes, which have every route that pictures have, and more.
    random = np.random.default_rng(1)
    return write(
        test_images=random.integers(0, 256, (120, 7, 8, 9), np.uint8),
        test_labels=np.arange(120, dtype=np.uint8)[:, None] % 3,
    )


@pytest.fixture
def private(serve: Serve, made: Path, tmp_path: Path) -> TestClient:
    return serve(
        made,
        access="private",
        owner_token=TOKEN,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )


@pytest.fixture
def owner(private: TestClient) -> TestClient:
    browser = visitor(private)
    assert browser.get(f"/?token={TOKEN}").status_code == 303
    return browser


@pytest.fixture
def links(owner: TestClient) -> dict[str, str]:
    """A link to some images, and one of a study's two readers."""
    fields = {"title": "Study", "question": "What?", "scale": "labels", "practice": "2"}
    assert send(owner, "/studies/new?of=/d/made", "/studies", **fields).status_code == 303
    readers = [
        send(owner, "/studies/1", "/studies/1/readers", name=name, days="30") for name in "ab"
    ]
    assert [answer.status_code for answer in readers] == [200, 200]
    made = re.compile(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"')
    paths = [path for answer in readers for path in made.findall(answer.text)]
    # Who never began is compared with nobody.
    for path in paths:
        send(visitor(owner), f"{path}/read/1", f"{path}/answers", choice="0")
    assert send(owner, "/collections", "/collections", name="Those").status_code == 303
    put = {"which": "page", "to": "1", "do": "add"}
    assert send(owner, "/collections/add?of=/d/made", "/collections/add", **put).status_code == 303
    return {"link": share(owner, "/d/made?label=1"), "reader": paths[0]}
