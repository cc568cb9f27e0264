"""Collections made and changed by their forms, for the tests of pages."""

import re
from urllib.parse import quote

import numpy as np
from httpx2 import Response
from starlette.testclient import TestClient

from ..reading import page
from ..visiting import fields_of, send

RANDOM = np.random.default_rng(5)
EYES = RANDOM.integers(0, 256, (250, 9, 9, 3), np.uint8)
BONES = RANDOM.integers(0, 256, (30, 12, 12), np.uint8)
LABELS = (np.arange(250) % 4).astype(np.uint8)
Where = tuple[str, str, int]


def ticked(client: TestClient, address: str, *chosen: Where) -> list[str]:
    """The values of the boxes at these images."""
    boxes = {}
    for box in page(client, address).all("input", type="checkbox", name="item"):
        split, index, _, dataset = (box.get("value") or "").split("-", 3)
        boxes[dataset, split, int(index)] = box.get("value") or ""
    return [boxes[where] for where in chosen]


def collect(client: TestClient, grid: str, *chosen: Where, **fields: str) -> Response:
    """Fill in the form that puts images of a grid into a collection (or flags them)."""
    address = f"/collections/add?of={quote(grid, safe='')}"
    given: dict[str, str | list[str]] = {"which": "chosen", "to": "", "name": "New", "do": "add"}
    hidden = fields_of(client.get(address).text, "/collections/add")
    items = ticked(client, address, *chosen)
    return client.post("/collections/add", data={**given, **hidden, **fields, "item": items})


def change(client: TestClient, address: str, do: str, *chosen: Where, **fields: str) -> Response:
    """Tick images of a collection and press a button."""
    action = f"{address.partition('?')[0]}/change"
    hidden = fields_of(client.get(address).text, action)
    items = ticked(client, address, *chosen)
    return client.post(action, data={**hidden, "do": do, **fields, "item": items})


def undo(client: TestClient, after: Response) -> int:
    """Press Undo on the page that one is led to."""
    address = after.headers["location"]
    (action,) = re.findall(r'action="([^"]+/undo)"', client.get(address).text)
    return send(client, address, action).status_code


def shown(client: TestClient, address: str = "/collections/1") -> list[Where]:
    return [
        (thumb.href.split("/")[2] if thumb.href else "", thumb.split, thumb.index)
        for thumb in page(client, address).thumbs()
    ]


def eye(*indexes: int) -> list[Where]:
    return [("eyes", "test", index) for index in indexes]
