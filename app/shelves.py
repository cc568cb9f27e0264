"""What the settings name, opened: the cache folder, and the datasets to be served."""

import os
from pathlib import Path
from typing import Final

import app
from app.arrays.cache import Cache
from app.arrays.store import Store
from app.catalogue.facts import DEMO
from app.datasets.library import Library
from app.errors import UsageError
from app.settings import PREFIX, Settings

DEMO_FILE: Final = Path(app.__file__).parent / "demo" / f"{DEMO}.npz"


def open_store(settings: Settings) -> Store:
    """Open the cache folder that the settings name."""
    return Store(Cache(settings.cache_dir, settings.cache_bytes))


def open_library(settings: Settings, store: Store) -> Library:
    """Open what the settings name: paths, else the data folder, else the embedded demo."""
    if settings.paths:
        return Library(settings.paths, store)
    return Library([settings.data_dir], store, fallback=DEMO_FILE)


def require_data_folder(settings: Settings) -> None:
    """Raise UsageError if the data folder is a file, or a link that leads to no folder.

    One that is not there yet is as good as an empty one, and made by the first file for it.
    """
    folder = settings.data_dir
    # os.path's questions answer no where pathlib's raise: under a folder that is shut.
    if not settings.paths and os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112
        raise UsageError(
            f"{PREFIX}DATA_DIR names {folder}, which is no folder; set it to one, or name the "
            "file after “lightbox serve”."
        )
