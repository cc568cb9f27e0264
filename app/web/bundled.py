"""Where files stand that are not Python: inside the wheel, or in the checkout."""

from functools import cache
from pathlib import Path
from typing import Final

import app

_PACKAGE: Final = Path(app.__file__).parent


@cache
def bundled(name: str) -> Path:
    """Find the folder ``templates``, ``static`` or ``locale``."""
    inside = _PACKAGE / "_bundled" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


@cache
def htmx_folder() -> Path:
    """Find htmx's package: inside the wheel, or where npm put it."""
    inside = _PACKAGE / "_bundled" / "vendor" / "htmx"
    return inside if inside.is_dir() else _PACKAGE.parent / "node_modules" / "htmx.org"
