"""What Chromium sees: the bytes of a first visit, and when the last thumbnail is there."""

import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import servers
from benchmarks.report import Figure, paired, ratios

ROOT = Path(__file__).parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# When each thumbnail is in the document, and the pictures and styles that show it have come, in ms
# after the navigation began; and the load event, which waits for scripts besides.
LOADED = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const seen = performance.getEntriesByType("resource").filter((each) =>
    each.startTime < page.loadEventStart &&
    /^\\/(sheets|image)\\/|\\.css$/.test(new URL(each.name).pathname));
  const pictures = seen.filter((each) => !/\\.css/.test(each.name));
  const there = Math.max(page.domInteractive, ...seen.map((each) => each.responseEnd));
  return [pictures.length, there, page.loadEventStart];
}"""


def navigation(file: Path, cache: Path, *, quick: bool) -> list[Figure]:
    """Open pages that neither the browser nor the server has seen before."""
    runs = 3 if quick else 61  # one page alone takes half as long, or twice, as the machine is
    order = random.Random(7).sample(range(2, 1_071), runs)
    with (
        servers.lightbox(file, cache) as own,
        servers.peer("benchmarks.obvious", OBVIOUS_FILE=str(file)) as obvious,
        _chromium() as chromium,
    ):
        mine_in, theirs_in = _tab(chromium), _tab(chromium)

        def ours(number: int) -> tuple[float, float]:
            return _loaded(mine_in, f"{own}/d/pathmnist?page={number}", 1)

        def theirs(number: int) -> tuple[float, float]:
            return _loaded(theirs_in, f"{obvious}/?page={number}", 100)

        ours(1), theirs(1)
        mine, peers = iter(order), iter(order)
        sides = paired(runs, lambda: ours(next(mine)), lambda: theirs(next(peers)))
    there, events = ([[each[part] for each in side] for side in sides] for part in (0, 1))
    medians = [statistics.median(side) for side in (*there, *events)]
    return [
        Figure(
            "in Chromium: navigation → all thumbnails loaded, against the obvious application",
            ratios(*reversed(there)),
            "×",
            5,
            at_least=True,
            note=f"{medians[0]:.0f} ms against {medians[1]:.0f}, nothing cached; "
            f"to the load event, scripts included, {medians[2]:.0f} against {medians[3]:.0f}",
            aim=10,
        )
    ]


def first_visit(folder: Path) -> list[Figure]:
    """Count the bytes of a first visit, as Chromium gets them, headers included."""
    data = Path(os.environ.get("LIGHTBOX_TEST_DATA", ROOT.parent / "shared" / "data"))
    file = data / "retinamnist.npz"
    if not file.is_file():
        raise servers.MissingToolError("no retinamnist.npz; name its folder in LIGHTBOX_TEST_DATA")
    with servers.lightbox(file, folder) as own, _chromium() as chromium:
        page = chromium.new_page()
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: dict[str, float] = {}
        names: dict[str, str] = {}
        wire.on(
            "Network.requestWillBeSent",
            lambda e: names.update({e["requestId"]: e["request"]["url"]}),
        )
        wire.on(
            "Network.loadingFinished",
            lambda e: sizes.update({names[e["requestId"]]: e["encodedDataLength"]}),
        )
        page.goto(f"{own}/d/retinamnist", wait_until="networkidle")
        ahead = page.locator("#results").get_attribute("data-prefetch") or ""
        page.close()
    later = sum(size for url, size in sizes.items() if url.removeprefix(own) in ahead.split())
    kinds: dict[str, float] = {}
    for url, size in sizes.items():
        if url.removeprefix(own) not in ahead.split():
            kind = url.removeprefix(own).split("?")[0].rpartition(".")[2].rpartition("/")[2]
            kind = "HTML" if kind == "retinamnist" else kind
            kinds[kind] = kinds.get(kind, 0) + size
    note = ", ".join(f"{kind} {size / 1000:.1f}" for kind, size in kinds.items())
    return [
        Figure(
            "bytes of a first visit, page of 100 Retina thumbnails, all told",
            (sum(kinds.values()) / 1000,),
            " KB",
            250,
            at_least=False,
            note=f"{note}; then, when idle, the next page's sheet: {later / 1000:.1f}",
            aim=180,
        )
    ]


def _tab(chromium: Browser) -> Page:
    """Open a tab that keeps nothing; its process is there before anything is timed.

    Nor is a colour scheme emulated, as Playwright does: at each navigation Chromium then styles
    the whole page that is left once more before it takes the new one (20 ms for a grid).
    """
    page = chromium.new_page(
        viewport={"width": 1440, "height": 900},
        color_scheme="null",
        contrast="null",
        forced_colors="null",
        reduced_motion="null",
    )
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return page


def _loaded(page: Page, address: str, pictures: int) -> tuple[float, float]:
    """Open a page; gives when all thumbnails were there, and its load event, in ms."""
    page.goto(address, wait_until="networkidle")
    number, there, event = page.evaluate(LOADED)
    if number != pictures:
        raise RuntimeError(f"{address} loaded {number} pictures, not {pictures}")
    return float(there), float(event)


def chromium_path() -> str:
    """Find Chromium; root on Debian gets it. Raises MissingToolError."""
    finder: list[str | Path] = [sys.executable, ROOT / "scripts" / "find_browser.py", "--install"]
    found = subprocess.run(finder, check=False, capture_output=True, text=True)
    if found.returncode:
        raise servers.MissingToolError("no Chromium")
    return found.stdout.split("\n")[-2]


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
