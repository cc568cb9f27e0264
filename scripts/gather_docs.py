"""Gathers the documentation's pages in one folder: those written, and those made from the code.

Use: ``gather_docs.py FOLDER``; what is in the folder is replaced.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from reference import pages

ROOT: Final = Path(__file__).parent.parent


def gather(folder: Path) -> None:
    """Put all pages and pictures into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    shutil.copy(ROOT / "CHANGELOG.md", folder / "changelog.md")
    for name, text in pages().items():
        (folder / "reference" / name).write_text(text, encoding="utf-8")
    (folder / "decisions" / "index.md").write_text(_decisions(folder), encoding="utf-8")


def _decisions(folder: Path) -> str:
    """List the decisions, so that a new one is found without a list to keep."""
    files = sorted((folder / "decisions").glob("[0-9]*.md"))
    titles = [(file.name, file.read_text(encoding="utf-8").splitlines()[0]) for file in files]
    lines = [f"- [{title.lstrip('# ')}]({name})" for name, title in titles]
    return "# Decisions\n\nWhy it is built so: one page each.\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
