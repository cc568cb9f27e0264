"""The server, the browser, and what no page may do while either runs."""

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect
from ready import READY
from running import Server

ROOT = Path(__file__).parents[2]
OWNER = "the-token-of-the-owner"

# Nothing is timed here: a busy machine is no error.
expect.set_options(timeout=30_000)

Pixels = NDArray[np.uint8]

# Waits for an element's picture, and until it is drawn.
PAINTED = """async (element) => {
  if (matchMedia("(scripting: none)").matches) return;
  const [, address] = getComputedStyle(element).backgroundImage.match(/url\\("(.+)"\\)/) ?? [];
  const picture = address ? Object.assign(new Image(), { src: address }) : element;
  await picture.decode?.();
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, or what else there is; as root it runs without its sandbox."""
    found = subprocess.run(
        [sys.executable, ROOT / "scripts" / "find_browser.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return {
        "executable_path": found.stdout.strip(),
        "args": [
            *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        ],
    }


@pytest.fixture(scope="session")
def server(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server of the real files for all tests."""
    with Server(data_folder, **_places(tmp_path_factory)) as running:
        yield running


@pytest.fixture(scope="session")
def private(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A private server of the same files, whose owner enters by OWNER."""
    variables = _places(tmp_path_factory) | {"LIGHTBOX_OWNER_TOKEN": OWNER}
    with Server(data_folder, "--private", **variables) as running:
        yield running


def _places(factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = factory.mktemp("server")
    return {
        "LIGHTBOX_CACHE_DIR": str(folder / "cache"),
        "LIGHTBOX_DATABASE_URL": f"sqlite:///{folder}/reviews.sqlite",
    }


@pytest.fixture(scope="session")
def base_url(server: Server) -> str:
    """Where relative addresses lead."""
    return server.address


@pytest.fixture(scope="session")
def images(real: Callable[[str], Path]) -> Callable[[str, str], NDArray[Any]]:
    """The pictures of a split as NumPy reads them."""

    def read(name: str, split: str) -> NDArray[Any]:
        with np.load(real(name)) as file:
            found: NDArray[Any] = file[f"{split}_images"]
            return found

    return read


class Watch:
    """What went wrong in a browser; ``expected`` holds what a test provokes."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.expected: list[str] = []
        self.said: list[str] = []
        self.foreign: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of this context."""
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.address + "/", "data:")):
            self.foreign.append(request.url)

    def unexpected(self) -> list[str]:
        """What was said and not expected."""
        return [text for text in self.said if not any(part in text for part in self.expected)]


@pytest.fixture(autouse=True)
def watch(context: BrowserContext, base_url: str) -> Iterator[Watch]:
    """No test may leave an error on the console, or ask another server for anything."""
    watching = Watch(base_url)
    watching.over(context)
    yield watching
    assert not watching.unexpected()
    assert not watching.foreign


@pytest.fixture
def elsewhere(new_context: Callable[..., BrowserContext], watch: Watch) -> Callable[..., Page]:
    """Open a page in a context of its own: nothing is shared but the server."""

    def open_page(**settings: Any) -> Page:
        context = new_context(**settings)
        watch.over(context)
        return context.new_page()

    return open_page


@pytest.fixture
def at_home(watch: Watch, private: Server) -> None:
    """Let all pages be the private server's."""
    watch.address = private.address


@pytest.fixture
def owner(elsewhere: Callable[..., Page], private: Server) -> Page:
    """A page of the private server's owner."""
    page = elsewhere()
    visit(page, f"{private.address}/?token={OWNER}")
    expect(page).not_to_have_url(re.compile("token"))
    return page


def visit(page: Page, address: str) -> None:
    """Open a page and wait until all it loads is there, its scripts too."""
    page.goto(address)
    page.evaluate(READY)


def arrive(page: Page, address: str) -> None:
    """Wait until the browser is at an address that matches, and that page is whole."""
    expect(page).to_have_url(re.compile(address))
    page.wait_for_load_state()
    page.evaluate(READY)


def seen(element: Locator) -> Pixels:
    """The pixels of an element on the screen, as (H, W, 3).

    Cut out of the window's own picture: an element's alone would hold a row more where it stands
    between two rows of the screen. What it shows has come by then: a style's picture stops no page
    from being whole.
    """
    element.page.wait_for_load_state()
    element.scroll_into_view_if_needed()
    element.evaluate(PAINTED)
    box = element.bounding_box()
    assert box
    with Image.open(io.BytesIO(element.page.screenshot())) as image:
        window = np.asarray(image.convert("RGB"))
    top, left = round(box["y"]), round(box["x"])
    return window[top : top + round(box["height"]), left : left + round(box["width"])]


def enlarged(pixels: NDArray[Any], scale: int) -> Pixels:
    """Each pixel as a square of this side, grey as (H, W, 3)."""
    large = np.repeat(np.repeat(pixels, scale, axis=0), scale, axis=1)
    return np.stack([large] * 3, axis=2) if large.ndim == 2 else large


def thumb(page: Page, split: str, index: int) -> Locator:
    """The picture of a thumbnail."""
    return page.locator(f'[data-split="{split}"][data-index="{index}"] .pixels')


def shown(page: Page) -> list[tuple[str, int]]:
    """Split and index of the thumbnails on the page."""
    found = page.locator("[data-split]").evaluate_all(
        "all => all.map(each => [each.dataset.split, Number(each.dataset.index)])"
    )
    return [(split, index) for split, index in found]
