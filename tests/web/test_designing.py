"""A study's form: what it asks is what is made, and what can't be read is refused."""

import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import page, words
from .visiting import send, visitor


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
        "Nicht beurteilbar, oder die Qualita\u0308t ist zu schlecht",
        "cannot tell, or the quality is too poor",
        "nicht beur\u00adteil\u00adbar\u200e",
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


@pytest.mark.parametrize(
    ("drawn", "practice", "share", "told", "shown"),
    [
        ("2", "0", "10", "1 image", 5),  # of four images
        ("3", "4", "10", "1 image", 3),
        ("4", "0", "20", "2 images", 10),
        ("2", "0", "0", "none", 4),
        ("1", "1", "30", "none", 1),  # right behind itself, it would be no secret
    ],
)
def test_who_asks_for_repeats_gets_one_at_least(
    drawn: str, practice: str, share: str, told: str, shown: int, server: TestClient
) -> None:
    fields = {"title": "T", "question": "What?", "scale": "yes-no", "per_label": drawn}
    asked = {**fields, "practice": practice, "repeats": share}
    send(server, "/studies/new?of=/d/atlas", "/studies", **asked)
    assert f"Hidden repeats {told}" in page(server, "/studies/1").text()
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    read = page(visitor(server), f"{path}/read/1")
    assert words(read.one("p", class_="progress-line")) == f"1 of {shown}"


@pytest.mark.parametrize("seen", ["window=2", "map=rainbow", "invert=7"])
def test_an_address_that_says_wrongly_how_its_images_are_seen_is_refused(
    seen: str, server: TestClient
) -> None:
    refused = page(server, f"/studies/new?of=/d/atlas?{seen}", 422)
    assert seen.partition("=")[0] in refused.text()
