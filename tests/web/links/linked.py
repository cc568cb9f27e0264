"""A data set to share, and what of it must not be told."""

import io
import re

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

# What would tell: a label, the split, where an item stands. Names of HTML attributes do not.
TOLD = (
    r"\b700000[012]\b|\btest\b|data-(index|split)|histogram|(?<!aria-)(?<!<)(?<!</)label(?!ledby)"
)
TOKEN = "the-token-of-the-owner"
NUMBER = 150
PIXELS = np.random.default_rng(5).integers(0, 256, (NUMBER, 9, 9), np.uint8)
LABELS = (np.arange(NUMBER) % 3 + 7_000_000).astype(np.int64)


def cells(html: str) -> list[str]:
    return re.findall(r'<li class="cell">.*?</li>', html, re.DOTALL)


def picture(browser: TestClient, address: str) -> np.ndarray:
    answer = browser.get(address)
    assert answer.status_code == 200
    return np.asarray(Image.open(io.BytesIO(answer.content)))
