"""One server of the real files, and one window of each engine."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from running import Server

from .browsers import MissingBrowserError, find
from .firefox import firefox
from .webkit import webkit
from .window import Window

Start = Callable[..., AbstractContextManager[Window]]
ENGINES: dict[str, Start] = {"webkit": webkit, "firefox": firefox}


@pytest.fixture(scope="session")
def address(data_folder: Path) -> Iterator[str]:
    """Where the server is."""
    with Server(data_folder) as server:
        yield server.address


@pytest.fixture(scope="session", params=ENGINES)
def window(request: pytest.FixtureRequest, address: str) -> Iterator[Window]:
    """The window. Where there is no such browser, its tests are skipped; in CI they fail."""
    try:
        programs = find(request.param)
    except MissingBrowserError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(f"not tested in this engine: {missing}")
    with ENGINES[request.param](address, *programs) as opened:
        yield opened
