"""The array store: inflating, the first page of a huge set, pages of an index, starting."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.library import Library
from app.datasets.opening import MEMBERS
from app.datasets.selection import parse
from app.server import create_app
from app.settings import Settings
from benchmarks import standins
from benchmarks.report import Figure, paired, ratios

RUNS = 3
MILLIONS = 10
HUGE_GB = 4
# As published at 28 px, the largest of which are at 64 px here: sizes only, all pixels zero.
EIGHTEEN = [(count, 28) for count in (107_180, 112_120, 10_015, 109_309, 5_856, 1_600, 780)] + [
    (count, 64) for count in (17_092, 236_386, 58_830, 23_583, 25_211, 1_742, 1_633, 1_584)
]
EIGHTEEN += [(1_370, 128), (1_908, 128), (1_759, 128)]

MEMORY = """
import sys, time
from pathlib import Path
from app.arrays.archive import read_archive
from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.opening import MEMBERS

def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(l.split()[1]) for l in lines if l.startswith("Private_")) / 1024

archive = read_archive(Path(sys.argv[1]), MEMBERS)
store = Store(Cache(Path(sys.argv[2]), 10**12))
idle, most = private(), 0.0
def note(_progress):
    global most
    most = max(most, private())
for name in archive.members:
    store.prepare(archive, name, note)
print(max(most, private()) - idle)
"""


def figures() -> list[Figure]:
    """Measure all of it in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lightbox-bench-") as name:
        folder = Path(name)
        return [*_inflating(folder), _first_page(folder), _last_page(folder), _start(folder)]


def _inflating(folder: Path) -> list[Figure]:
    path = folder / "pathmnist.npz"
    standins.pathmnist(path)
    runs = iter(range(100))

    def ours() -> float:
        store = Store(Cache(folder / f"cache{next(runs)}", 10**12))
        began = time.perf_counter()
        dataset = Library([path], store).dataset("pathmnist")
        for member in MEMBERS:
            store.prepare(dataset.archive, member)
        return time.perf_counter() - began

    def theirs() -> float:
        began = time.perf_counter()
        with np.load(path) as archive:
            for member in archive.files:
                archive[member]
        return time.perf_counter() - began

    mine, peer = paired(RUNS, ours, theirs)
    command = [sys.executable, "-c", MEMORY, str(path), str(folder / "memory")]
    used = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    what = "inflating the PathMNIST stand-in, flushed to disk, against np.load"
    return [
        Figure(what, ratios(peer, mine), "×", 1.0, at_least=True, note=f"{min(mine):.2f} s"),
        Figure("memory over idle while inflating it", (float(used),), " MB", 64, at_least=False),
    ]


def _first_page(folder: Path) -> Figure:
    path = folder / "huge.npz"
    standins.huge(path, HUGE_GB)
    firsts, whole = [], 0.0
    for run in range(RUNS):
        settings = Settings(cache_dir=folder / f"huge{run}", paths=(path,))
        with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
            began = time.perf_counter()
            page = client.get("/d/huge").text
            sheet = page.split('data-sheet="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
            while not sheet:
                page = client.get("/d/huge").text
                sheet = page.split('data-sheet="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
            client.get(sheet).raise_for_status()
            firsts.append(time.perf_counter() - began)
            if not run:
                while "is being" in client.get("/d/huge").text:
                    time.sleep(0.2)
                whole = time.perf_counter() - began
    what = f"first page, with thumbnails, of a set with {HUGE_GB} GB deflated, empty cache"
    note = f"1/{whole / min(firsts):.0f} of the full inflate ({whole:.1f} s)"
    return Figure(what, tuple(firsts), " s", 1.0, at_least=False, note=note)


def _last_page(folder: Path) -> Figure:
    path = folder / "labelled.npz"
    standins.labelled(path, MILLIONS * 10**6)
    dataset = Library([path], Store(Cache(folder / "index", 10**12))).dataset("labelled")
    selection = parse("label=3")
    last = (dataset.subset(selection).total - 1) // 100 * 100

    def page(first: int) -> float:
        began = time.perf_counter()
        for _ in range(50):
            dataset.labels_of(dataset.subset(selection).items(first, first + 100))
        return time.perf_counter() - began

    page(0), page(last)
    lasts, firsts = paired(7, lambda: page(last), lambda: page(0))
    what = f"last page of a label filter against the first, {MILLIONS} million items"
    return Figure(what, ratios(lasts, firsts), "×", 1.2, at_least=False)


def _start(folder: Path) -> Figure:
    sets = folder / "eighteen"
    sets.mkdir()
    for number, (count, side) in enumerate(EIGHTEEN):
        standins.sparse(sets / f"set{number:02}.npz", count, side)
    settings = Settings(cache_dir=folder / "eighteen-cache", paths=(sets,))
    lightbox = str(Path(sys.executable).parent / "lightbox")
    environment = {"LIGHTBOX_CACHE_DIR": str(settings.cache_dir), "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [lightbox, "prepare", str(sets)], check=True, env=environment, capture_output=True
    )

    def start() -> float:
        began = time.perf_counter()
        with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
            client.get("/").raise_for_status()
        return time.perf_counter() - began

    what = "start and catalogue with 18 prepared files of real sizes (sparse stand-ins)"
    return Figure(what, tuple(start() for _ in range(RUNS)), " s", 1.5, at_least=False)
