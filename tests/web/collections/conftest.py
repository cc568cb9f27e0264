"""Two data sets of random pixels, and a collection of both."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from .choosing import BONES, EYES, LABELS, collect, eye


@pytest.fixture
def eyes(write: Write) -> Path:
    return write("eyes.npz", test_images=EYES, test_labels=LABELS[:, None])


@pytest.fixture
def client(serve: Serve, write: Write, eyes: Path) -> TestClient:
    bones = write("bones.npz", train_images=BONES, train_labels=LABELS[:30, None] % 2)
    return serve(eyes, bones)


@pytest.fixture
def three(client: TestClient) -> TestClient:
    """A server with one collection: two of one dataset, and one of another between them."""
    collect(client, "/d/eyes", *eye(7), name="Mixed")
    collect(client, "/d/bones", ("bones", "train", 3), to="1")
    collect(client, "/d/eyes", *eye(2), to="1")
    return client
