"""One server of the real files, and one window of WebKit."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Server

from .driver import MissingWebKitError, WebKit, started


@pytest.fixture(scope="session")
def window(data_folder: Path) -> Iterator[WebKit]:
    """The window. Where there is no WebKit, its tests are skipped; in CI they fail."""
    with Server(data_folder) as server:
        try:
            with started(server.address) as opened:
                yield opened
        except MissingWebKitError as missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(f"Safari's engine is not tested: {missing}")
