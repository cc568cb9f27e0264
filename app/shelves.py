"""What the settings name, opened: the cache folder, and the datasets to be served."""

from pathlib import Path
from typing import Final

import app
from app.arrays.cache import Cache
from app.arrays.store import Store
from app.catalogue.facts import DEMO
from app.datasets.library import Library
from app.settings import Settings

DEMO_FILE: Final = Path(app.__file__).parent / "demo" / f"{DEMO}.npz"


def open_store(settings: Settings) -> Store:
    """Open the cache folder that the settings name."""
    return Store(Cache(settings.cache_dir, settings.cache_bytes))


def open_library(settings: Settings, store: Store) -> Library:
    """Open what the settings name: paths, else the data folder, else the embedded demo."""
    if settings.paths:
        return Library(settings.paths, store)
    return Library([settings.data_dir], store, fallback=DEMO_FILE)
