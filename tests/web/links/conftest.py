"""A private server of one data set, and its owner."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..visiting import visitor
from .linked import LABELS, PIXELS, TOKEN


@pytest.fixture
def made(write: Write) -> Path:
    return write("atlas.npz", test_images=PIXELS, test_labels=LABELS[:, None])


@pytest.fixture
def owner(serve: Serve, made: Path, tmp_path: Path) -> TestClient:
    server = serve(
        made,
        access="private",
        owner_token=TOKEN,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )
    browser = visitor(server)
    browser.get(f"/?token={TOKEN}")
    return browser
