"""Where the real data sets are; what is tested on a stand-in instead is said at the end."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LIGHTBOX_TEST_DATA") or ROOT.parent / "shared" / "data")

# Item shape, items by split, number of labels: as in the real files.
SHAPES = {
    "retinamnist": ((28, 28, 3), (1080, 120, 400), 5),
    "breastmnist": ((28, 28), (546, 78, 156), 2),
    "adrenalmnist3d": ((28, 28, 28), (1188, 98, 298), 2),
}

_missing = pytest.StashKey[set[str]]()


@pytest.fixture(scope="session")
def data_folder(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Path]:
    """A folder with the three real data sets; where they can't be had, with stand-ins."""
    absent = _absent()
    if not absent:
        yield DATA
        return
    if os.environ.get("CI"):
        pytest.fail(f"{DATA} has no {', '.join(sorted(absent))}; set LIGHTBOX_TEST_DATA to theirs")
    pytestconfig.stash[_missing] = absent
    folder = tmp_path_factory.mktemp("data")
    for name in SHAPES:
        if name in absent:
            _write_stand_in(folder / f"{name}.npz", *SHAPES[name])
        else:
            (folder / f"{name}.npz").symlink_to(DATA / f"{name}.npz")
    yield folder


@pytest.fixture(scope="session")
def real(data_folder: Path) -> Callable[[str], Path]:
    """Where the real data set of that name is."""
    return lambda name: data_folder / f"{name}.npz"


@pytest.fixture(scope="session")
def mirror(data_folder: Path) -> Iterator[str]:
    """The published files at an address on this machine, since tests ask no other."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Quiet, directory=str(data_folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what all tests share: that takes long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what stand-ins can't show; in CI their absence is a failure of its own."""
    if item.get_closest_marker("published") and _absent() and not os.environ.get("CI"):
        pytest.skip("only the published files themselves can show it")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which data sets were not the real ones."""
    absent = config.stash.get(_missing, set())
    if absent:
        terminalreporter.section("stand-ins")
        terminalreporter.write_line(
            f"Not tested on real data, which {DATA} does not have: {', '.join(sorted(absent))}. "
            "Random pixels of the same shape stood in."
        )


def _absent() -> set[str]:
    return {name for name in SHAPES if not (DATA / f"{name}.npz").is_file()}


def _write_stand_in(
    path: Path, item: tuple[int, ...], counts: tuple[int, int, int], labels: int
) -> None:
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{split}_images"] = random.integers(0, 256, (count, *item), np.uint8)
        arrays[f"{split}_labels"] = random.integers(0, labels, (count, 1), np.uint8)
    np.savez_compressed(path, allow_pickle=False, **arrays)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may use; pytest's own is for one user."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)
