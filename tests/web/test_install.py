"""Lightbox as an app: what a browser is told for it, on any server, and that it tells no more."""

import io
import json
import runpy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import page
from .visiting import share, visitor

ICONS = Path(__file__).parents[2] / "static" / "icons"
OWNER = "the-token-of-the-owner"


def manifest_of(client: TestClient, address: str) -> tuple[str, dict[str, Any]]:
    """Where the manifest is that a page names, and what it says."""
    shown = page(client, address)
    where = shown.one("link", rel="manifest").get("href", "")
    answer = client.get(where)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/manifest+json"
    return where, json.loads(answer.content)


@pytest.fixture
def private(serve: Serve, write: Write, tmp_path: Path) -> TestClient:
    path = write(
        "secret.npz",
        test_images=np.zeros((3, 5, 5), np.uint8),
        test_labels=np.zeros((3, 1), np.uint8),
    )
    return serve(
        path,
        access="private",
        owner_token=OWNER,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )


def test_a_stranger_at_a_private_server_gets_the_manifest_and_no_word_of_what_is_there(
    private: TestClient,
) -> None:
    stranger, owner = visitor(private), visitor(private)
    owner.get(f"/?token={OWNER}")
    where, manifest = manifest_of(owner, "/")
    assert stranger.get(where).json() == manifest
    assert "secret" not in json.dumps(manifest)
    assert {manifest["start_url"], manifest["scope"], manifest["id"]} == {"/"}
    for icon in manifest["icons"]:
        answer = stranger.get(urljoin(where, icon["src"]))
        assert answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            with Image.open(io.BytesIO(answer.content)) as image:
                assert "x".join(map(str, image.size)) == icon["sizes"]


def test_who_holds_a_link_is_not_asked_to_install_what_is_closed_to_them(
    private: TestClient,
) -> None:
    owner = visitor(private)
    owner.get(f"/?token={OWNER}")
    shown = page(visitor(private), share(owner, "/d/secret"))
    assert not list(shown.all("link", rel="manifest"))


@pytest.mark.parametrize("icon", sorted(path.name for path in ICONS.glob("*.png")))
def test_each_icon_is_as_the_drawing_is_now(icon: str) -> None:
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "draw_icons.py"))
    ((_, side, square, part),) = (each for each in script["ICONS"] if each[0] == icon)
    drawn = script["draw"](side, part, square=square)
    with Image.open(ICONS / icon) as kept:
        np.testing.assert_array_equal(np.asarray(kept), np.asarray(drawn))
