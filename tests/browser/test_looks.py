"""How pages look, against pictures of them that somebody has looked at: ``looks/``.

The pictures are of the embedded demo, half as large as the window. Letters differ from one
machine's fonts to another's, so the comparison is of small squares and their brightness, and it
is left out, in words, where the fonts are others. ``make looks`` takes the pictures again.
"""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page
from running import Server

from .conftest import ROOT, Watch, visit

DEMO: Final = ROOT / "app" / "demo" / "immunodemo.npz"
LOOKS: Final = Path(__file__).parent / "looks"
FONTS: Final = LOOKS / "fonts.json"
RENEW: Final = bool(os.environ.get("LIGHTBOX_RENEW_LOOKS"))

# A square of 8 × 8 pixels differs where its brightness (0 to 255) does by more than 12; two in a
# hundred may.
SIDE: Final = 8
STEP: Final = 12
SHARE: Final = 0.02

PAGES: Final = {
    "catalogue": "/",
    "grid": "/d/immunodemo",
    "filtered": "/d/immunodemo?split=test&label=1&order=random&seed=2&per_page=20",
    "nothing": "/d/immunodemo?split=val&label=0&page=1&noted=flagged",
    "item": "/d/immunodemo/train/19",
    "about": "/d/immunodemo/about",
    "pixels": "/d/immunodemo/pixels",
    "compare": "/compare?a=/d/immunodemo?label=0&b=/d/immunodemo?label=1",
    "export": "/d/immunodemo/export?split=test",
    "share": "/share?of=/d/immunodemo?split=test",
    "published": "/catalogue/organmnist3d",
    "problem": "/d/nothing",
    "preferences": "/preferences",
    "styleguide": "/styleguide",
}
WIDTHS: Final = {360: 740, 768: 1024, 1440: 900}
MODES: Final = ("light", "dark", "reading")

# Widths of words in the fonts that the style sheet asks for; other fonts have others.
MEASURE: Final = """() => ["system-ui", "ui-monospace, monospace"].map(family => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `20px ${family}`;
  return Math.round(10 * pen.measureText("Lightbox shows 1,080 images").width);
})"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the demo and nothing else; no page names a folder."""
    folder = tmp_path_factory.mktemp("looks")
    places = {
        "LIGHTBOX_CACHE_DIR": str(folder / "cache"),
        "LIGHTBOX_DATABASE_URL": f"sqlite:///{folder}/reviews.sqlite",
    }
    with Server(DEMO, **places) as running:
        yield running


def fonts_are_the_same(page: Page) -> bool:
    found = page.evaluate(MEASURE)
    if RENEW:
        LOOKS.mkdir(exist_ok=True)
        FONTS.write_text(json.dumps(found) + "\n")
    return bool(found == json.loads(FONTS.read_text()))


def halved(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as image:
        return image.convert("RGB").reduce(2)


def squares(image: Image.Image) -> NDArray[np.float64]:
    """The mean brightness of each square."""
    grey = np.asarray(image.convert("L"), np.float64)
    height, width = (length // SIDE for length in grey.shape)
    cut = grey[: height * SIDE, : width * SIDE]
    means: NDArray[np.float64] = cut.reshape(height, SIDE, width, SIDE).mean(axis=(1, 3))
    return means


def differing(one: Image.Image, other: Image.Image) -> float:
    """The share of squares that differ."""
    if one.size != other.size:
        return 1.0
    return float((np.abs(squares(one) - squares(other)) > STEP).mean())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did_when_somebody_looked_at_it(
    name: str, width: int, page: Page, demo: Server, watch: Watch, tmp_path: Path
) -> None:
    watch.address = demo.address
    watch.expected = ["404"] if name == "problem" else []
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.emulate_media(reduced_motion="reduce")
    visit(page, demo.address + PAGES[name])
    if not fonts_are_the_same(page):
        pytest.skip("the fonts of this machine are not those of the pictures")
    told = []
    for mode in MODES:
        page.evaluate("look => { document.documentElement.dataset.look = look }", mode)
        now = halved(page.screenshot(animations="disabled", caret="hide"))
        file = LOOKS / f"{name}-{width}-{mode}.webp"
        if RENEW:
            now.save(file, quality=50, method=6)
        with Image.open(file) as known:
            share = differing(now, known.convert("RGB"))
        if share > SHARE:
            now.save(tmp_path / f"{file.stem}.png")
            told.append(f"{file.name}: {share:.1%} differ; now: {tmp_path / file.stem}.png")
    assert not told, "; ".join(told)


def test_the_comparison_sees_what_an_eye_sees() -> None:
    """A head that is gone, and what has moved by a letter. One button's colour is below it."""
    file = LOOKS / "grid-1440-light.webp"
    with Image.open(file) as image:
        known = image.convert("RGB")
    assert differing(known, known) == 0
    without = known.copy()
    without.paste((255, 255, 255), (0, 0, known.width, 60))
    assert differing(without, known) > SHARE
    moved = known.copy()
    moved.paste(known.crop((0, 0, known.width - 12, known.height)), (12, 0))
    assert differing(moved, known) > SHARE
