"""Takes the documentation's pictures from the running demo, into ``docs/images/``.

Each page in light and in dark, and a short animation for the README: the embedded demo alone.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Literal

from find_browser import find
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
]

PAGES: Final = {
    "catalogue": "/",
    "grid": "/d/immunodemo",
    "filtered": "/d/immunodemo?split=test&label=2",
    "image": "/d/immunodemo/train/19",
}
LOOKS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WINDOW: Final = (1280, 800)
COLOURS: Final = 128  # of a still; text stays sharp, and a picture takes half the bytes

TOUR: Final = "tour.webp"
TOUR_WIDTH: Final = 720
TOUR_WINDOW: Final = (1080, 675)
TOUR_BYTES: Final = 400_000
TOUR_FILTERS: Final = {"split-test": "?split=test", "label-2": "?split=test&label=2"}
SECONDS: Final = 1.6  # that each step of it stands


def main() -> None:
    """Start a server of the demo, visit each page, and keep what is seen."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        for look in LOOKS:
            page = _open(browser, WINDOW, look)
            for name, path in PAGES.items():
                page.goto(address + path, wait_until="networkidle")
                _write_still(_seen(page), IMAGES / f"{name}-{look}.png")
        _write_tour([*_tour(_open(browser, TOUR_WINDOW, "light"), address)], IMAGES / TOUR)
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """Serve the demo from folders that are empty, and give the address."""
    command = [str(Path(sys.executable).with_name("lightbox")), "serve", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        ours = {
            "LIGHTBOX_CACHE_DIR": f"{folder}/cache",
            "LIGHTBOX_DATA_DIR": f"{folder}/data",
            "LIGHTBOX_DATABASE_URL": f"sqlite:///{folder}/reviews.sqlite",
        }
        plain = {name: value for name, value in os.environ.items() if "LIGHTBOX" not in name}
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain | ours)
        assert server.stdout
        try:
            yield server.stdout.readline().split()[-1].rstrip("/")
        finally:
            server.terminate()
            server.wait()


def _open(browser: Browser, window: tuple[int, int], look: Literal["light", "dark"]) -> Page:
    width, height = window
    return browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=look,
        locale="en-GB",
        reduced_motion="reduce",
    )


def _tour(page: Page, address: str) -> Iterator[Image.Image]:
    """Catalogue, grid, filter, image: a frame each, by the clicks that a visitor makes."""
    page.goto(address + "/", wait_until="networkidle")
    yield _seen(page)
    page.get_by_role("link", name="Demo: stained tissue patches").first.click()
    page.wait_for_url("**/d/immunodemo")
    yield _settled(page)
    for id_, query in TOUR_FILTERS.items():
        page.locator(f"#{id_}").click()
        page.wait_for_url(partial(_ends_with, query))
        yield _settled(page)
    page.locator("#results [data-split]").nth(4).click()
    page.wait_for_url("**/d/immunodemo/test/*")
    yield _settled(page)


def _ends_with(query: str, url: str) -> bool:
    return url.endswith(query)


def _settled(page: Page) -> Image.Image:
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)  # so that nothing is marked as pointed at
    page.evaluate("scrollTo(0, 0)")
    return _seen(page)


def _seen(page: Page) -> Image.Image:
    with Image.open(io.BytesIO(page.screenshot())) as image:
        return image.convert("RGB")


def _write_still(image: Image.Image, path: Path) -> None:
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT))


def _write_tour(frames: list[Image.Image], path: Path) -> None:
    """Write the animation, as good as fits into its bound."""
    height = round(TOUR_WIDTH * frames[0].height / frames[0].width)
    first, *more = (
        frame.resize((TOUR_WIDTH, height), Image.Resampling.LANCZOS) for frame in frames
    )
    for quality in (85, 75, 65, 55, 45):
        first.save(
            path,
            save_all=True,
            append_images=more,
            duration=round(SECONDS * 1000),
            loop=0,
            quality=quality,
            method=6,
        )
        if path.stat().st_size <= TOUR_BYTES:
            print(path.relative_to(ROOT))
            return
    sys.exit(f"{path.name} is larger than {TOUR_BYTES} bytes; take fewer frames.")


if __name__ == "__main__":
    main()
