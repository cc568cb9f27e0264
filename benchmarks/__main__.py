"""Prints every figure against what it must reach; exits 1 if one is missing or not reached."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import audit, browser, documents, pages, servers, standins, store, throughput
from benchmarks.report import HEAD, Figure

# For each part, what the report calls it where it can't be measured at all.
PARTS = {
    "pages": "page complete, cold and warm",
    "throughput": "cached picture against nginx; grid HTML against an empty page",
    "crowd": "200 visitors",
    "bytes": "bytes of a first visit",
    "navigation": "in Chromium: navigation → all thumbnails loaded",
    "audit": "Lighthouse",
    "store": "the array store",
}


def main() -> None:
    """Measure, print, and say plainly what was not reached."""
    asked = _arguments()
    print(HEAD, flush=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="lightbox-bench-") as name:
        folder = Path(name)
        kept = asked.folder or folder
        file, cache = kept / "pathmnist.npz", kept / "cache"
        if not file.exists() and set(asked.only) - {"bytes", "audit", "store"}:
            standins.pathmnist(file)
            servers.prepare(file, cache)
        measures: dict[str, Callable[[], list[Figure]]] = {
            "pages": lambda: pages.complete(file, cache, quick=asked.quick),
            "throughput": lambda: throughput.throughput(
                file, cache, folder / "nginx", quick=asked.quick
            ),
            "crowd": lambda: pages.crowd(file, cache, quick=asked.quick),
            "bytes": lambda: browser.first_visit(cache),
            "navigation": lambda: browser.navigation(file, cache, quick=asked.quick),
            "audit": lambda: audit.audit(folder),
            "store": store.figures,
        }
        for part in asked.only:
            for figure in _measured(part, measures[part]):
                print(figure.line(), flush=True)
                figures.append(figure)
    if asked.write_docs:
        documents.write(figures)
    missed = [f"{figure.what}: {figure.mark}" for figure in figures if not figure.reached]
    if missed:
        sys.exit("\n".join(("", "THE BENCHMARK FAILED.", *missed)))


def _measured(part: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    """Measure a part; where it can't be, say so in its place and go on with the others."""
    try:
        return measure()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        why = f"{type(error).__name__}: {error}".replace("\n", " ")
        return [Figure(PARTS[part], (), "", 0, at_least=True, note=why)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument(
        "--folder", type=Path, help="keep the stand-in here, for the next time", metavar="FOLDER"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="put the figures into docs/performance.md"
    )
    asked = parser.parse_args()
    if asked.write_docs and (asked.quick or list(asked.only) != list(PARTS)):
        parser.error("--write-docs takes all parts in full length")
    return asked


if __name__ == "__main__":
    main()
