"""Puts into the wheel what the pages need and git does not keep under ``app/``.

A build hook, not a table in ``pyproject.toml``: hatchling would copy what the table names into an
editable install too, where the copies grow stale, and would fail while ``node_modules/`` is absent.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HTMX = ("LICENSE", "dist/htmx.min.js", "dist/ext/hx-preload.min.js")


class PageFiles(BuildHookInterface[Any]):
    """Adds templates, words, static files and htmx to a wheel that is not editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files before hatchling collects them; a missing one stops the build."""
        if version == "editable":
            return
        included = {name: f"app/_bundled/{name}" for name in ("templates", "static", "locale")}
        for name in HTMX:
            included[f"node_modules/htmx.org/{name}"] = f"app/_bundled/vendor/htmx/{name}"
        build_data["force_include"].update(included)
