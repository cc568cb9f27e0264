"""A study's images, and readers who are asked to look at them."""

import re

import numpy as np
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..visiting import send, visitor

NUMBER = 60
PIXELS = np.random.default_rng(8).integers(0, 256, (NUMBER, 7, 7), np.uint8)
LABELS = (np.arange(NUMBER) % 2 + 8_800).astype(np.int64)
TOLD = r"\b880[01]\b|\b(train|val|test)\b|data-(index|split)|(?<!aria-)label(?!ledby|>| class)"


def invited(server: TestClient, name: str = "A") -> str:
    """Add a reader to the study; give the path of their link."""
    made = send(server, "/studies/1", "/studies/1/readers", name=name, days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    return str(path)


def begun(
    serve: Serve, write: Write, number: int, answered: int, **more: str
) -> tuple[TestClient, TestClient, str]:
    """A server with a study of so many images, and its reader, who has answered the first."""
    labels = np.resize(LABELS, (number, 1))
    pixels = np.zeros((number, 4, 4), np.uint8)
    server = serve(write("few.npz", test_images=pixels, test_labels=labels))
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", **more}
    send(server, "/studies/new?of=/d/few", "/studies", **fields)
    link, browser = invited(server), visitor(server)
    for place in range(1, answered + 1):
        send(browser, f"{link}/read/{place}", f"{link}/answers", choice="1")
    return server, browser, link
