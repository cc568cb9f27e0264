"""Servers to ask, without a network: each test says what they serve."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.dependencies import models
from starlette.testclient import TestClient

from app.server import create_app
from app.settings import Settings

from .reading import Truth

Serve = Callable[..., TestClient]
Write = Callable[..., Path]


def _client(cache: Path, *paths: Path, **settings: Any) -> TestClient:
    # Never the user's own.
    settings.setdefault("database_url", f"sqlite:///{cache.parent / 'reviews.sqlite'}")
    application = create_app(Settings(paths=paths, cache_dir=cache, **settings))
    return TestClient(application, base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture(scope="package", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is not given another place out of the database of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def real_client(
    data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A server of the real files."""
    with _client(tmp_path_factory.mktemp("cache"), data_folder) as client:
        yield client


@pytest.fixture(scope="session")
def truth(real: Callable[[str], Path]) -> Callable[[str], Truth]:
    """The real files as NumPy reads them."""
    known: dict[str, Truth] = {}

    def read(name: str) -> Truth:
        if name not in known:
            known[name] = Truth.of(real(name))
        return known[name]

    return read


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve these files and folders, with these settings."""
    with ExitStack() as stack:

        def start(*paths: Path, **settings: Any) -> TestClient:
            return stack.enter_context(_client(tmp_path / "cache", *paths, **settings))

        yield start
    # FastAPI keeps the routes of thousands of applications, and all that hangs on them: the longer
    # the tests ran, the longer each collection of garbage took.
    for each in vars(models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of these members, deflated as MedMNIST's are, and say where it is."""

    def save(name: str = "made.npz", **members: Any) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, **members)
        return path

    return save
