"""A server with a study, and its reader."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..visiting import send, visitor
from .invited import LABELS, PIXELS, invited


@pytest.fixture
def server(serve: Serve, write: Write, tmp_path: Path) -> TestClient:
    path = write("atlas.npz", test_images=PIXELS, test_labels=LABELS[:, None])
    return serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")


@pytest.fixture
def reader(server: TestClient) -> tuple[TestClient, str]:
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", "repeats": "20"}
    made = send(server, "/studies/new?of=/d/atlas", "/studies", **fields, practice="3", seed="5")
    assert made.status_code == 303
    return visitor(server), invited(server)
