"""Lightbox as an app, as Chromium judges it; and its icons, as Chromium draws the same drawing."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from .conftest import ROOT, visit

ICONS = ROOT / "static" / "icons"


def test_chromium_finds_nothing_wrong_with_the_manifest(page: Page) -> None:
    visit(page, "/")
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"].endswith(page.locator("link[rel=manifest]").get_attribute("href") or "-")
    # A private window can't install anything, whatever the page is.
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in errors] in ([], ["in-incognito"])


@pytest.mark.parametrize("side", [192, 512])
def test_an_icon_is_what_chromium_makes_of_the_drawing(side: int, page: Page) -> None:
    page.set_viewport_size({"width": side, "height": side})
    svg = (ICONS / "favicon.svg").read_text()
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{side}px}}</style>{svg}")
    with Image.open(io.BytesIO(page.screenshot())) as image:
        drawn = np.asarray(image.convert("RGB")).astype(int)
    with Image.open(ICONS / f"icon-{side}.png") as icon:
        ground = Image.new("RGBA", icon.size, "#fff")
        ground.alpha_composite(icon)
        ours = np.asarray(ground.convert("RGB")).astype(int)
    # Edges between two pixels are softened each in its own way.
    assert (np.abs(drawn - ours).max(axis=2) > 8).mean() < 0.02
