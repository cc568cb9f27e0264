"""Takes the documentation's pictures from the running application, into ``docs/images/``.

Serves the real files where they are (``LIGHTBOX_TEST_DATA``), else the embedded demo.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from find_browser import find
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
DATA = Path(os.environ.get("LIGHTBOX_TEST_DATA", ROOT.parent / "shared" / "data"))
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

REAL = {
    "catalogue": "/",
    "grid": "/d/retinamnist",
    "filtered": "/d/breastmnist?split=test&label=0",
    "image": "/d/retinamnist/train/19",
    "volume": "/d/adrenalmnist3d/val/5",
}
DEMO = {"catalogue": "/", "grid": "/d/immunodemo", "image": "/d/immunodemo/train/19"}


def main() -> None:
    """Start a server, visit each page, and keep what is seen."""
    real = DATA.is_dir()
    command = [str(Path(sys.executable).parent / "lightbox"), "serve", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "LIGHTBOX_CACHE_DIR": f"{folder}/cache",
            "LIGHTBOX_DATA_DIR": f"{folder}/data",
        }
        server = subprocess.Popen(
            command + ([str(DATA)] if real else []),
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert server.stdout
        try:
            address = server.stdout.readline().split()[-1].rstrip("/")
            take(address, REAL if real else DEMO)
        finally:
            server.terminate()
            server.wait()


def take(address: str, pages: dict[str, str]) -> None:
    """Write one picture a page, as it opens at 1440 pixels."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name, path in pages.items():
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            print(f"docs/images/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
