"""A study's form: what it asks is what is made, and what can't be read is refused."""

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .visiting import send


@pytest.fixture
def server(serve: Serve, write: Write) -> TestClient:
    labels = (np.arange(40) % 2).astype(np.int64)
    return serve(write("atlas.npz", test_images=np.zeros((40, 5, 5), np.uint8), test_labels=labels))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "own",
    [
        "Cannot  tell",
        "nicht beurteilbar",
        " Nicht\tBeurteilbar ",
        "Nicht beurteilbar, oder die Qualität ist zu schlecht",
        "cannot tell, or the quality is too poor",
    ],
)
def test_the_answer_that_can_always_be_given_is_refused_in_every_language(
    own: str, language: str, server: TestClient
) -> None:
    server.headers["accept-language"] = language
    fields = {"title": "T", "question": "What?", "scale": "own", "choices": f"yes\r\n{own}\r\nno"}
    refused = send(server, "/studies/new?of=/d/atlas", "/studies", **fields)
    assert refused.status_code == 422
    told = "can always be answered" if language == "en" else "kann immer geantwortet werden"
    assert told in refused.text
    assert server.get("/studies/1").status_code == 404
