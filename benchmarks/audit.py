"""What Lighthouse says of our pages, on our Chromium, as of a phone on a slow network."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import servers
from benchmarks.browser import FLAGS, ROOT, chromium_path
from benchmarks.report import Figure

FOLDER = Path(__file__).parent / "lighthouse"
DEMO = ROOT / "app" / "demo" / "immunodemo.npz"
PAGES = {"catalogue": "/", "grid": "/d/immunodemo", "image": "/d/immunodemo/train/19"}
GOALS = {"accessibility": 100, "best-practices": 100, "performance": 95}


def audit(folder: Path) -> list[Figure]:
    """Audit catalogue, grid, image and what a link shows; gives the lowest score of each kind."""
    node = _lighthouse()
    with servers.lightbox(DEMO, folder) as own:
        pages = PAGES | {"share": _shared(folder)}
        scores = {name: _scores(node, own + path, folder) for name, path in pages.items()}
    return [
        Figure(
            f"Lighthouse, {kind}: the lowest of {', '.join(pages)}",
            (min(each[kind] for each in scores.values()),),
            "",
            goal,
            at_least=True,
            note=", ".join(f"{name} {each[kind]:.0f}" for name, each in scores.items()),
        )
        for kind, goal in GOALS.items()
    ]


def _lighthouse() -> list[str | Path]:
    node = shutil.which("node", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if not node:
        raise servers.MissingToolError("node is not installed (make setup brings it)")
    if not (FOLDER / "node_modules").is_dir():
        subprocess.run(["npm", "ci"], cwd=FOLDER, check=True, capture_output=True)
    return [node, FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"]


def _shared(folder: Path) -> str:
    command: list[str | Path] = [servers.LIGHTBOX, "share", "/d/immunodemo?split=test", "--json"]
    made = subprocess.run(
        command, check=True, capture_output=True, text=True, env=servers.settings(folder)
    )
    return str(re.sub(r"^https?://[^/]+", "", json.loads(made.stdout)["url"]))


def _scores(lighthouse: list[str | Path], address: str, folder: Path) -> dict[str, float]:
    report = folder / "lighthouse.json"
    command = [*lighthouse, address, "--quiet", "--output=json", f"--output-path={report}"]
    command += [f"--only-categories={','.join(GOALS)}"]
    command += [f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}"]
    environment = os.environ | {"CHROME_PATH": chromium_path()}
    subprocess.run(command, check=True, capture_output=True, timeout=180, env=environment)
    categories = json.loads(report.read_text())["categories"]
    return {kind: 100 * categories[kind]["score"] for kind in GOALS}
