"""What documents tell their readers to type."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def written() -> list[Path]:
    """The documents that are written by hand."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path, *kinds: str) -> list[tuple[str, str]]:
    """Kind and text of the code blocks of these kinds, in order."""
    form = rf"^```({'|'.join(kinds)})\n(.*?)^```"
    return re.findall(form, path.read_text(), re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """The commands of a block, without comments."""
    return [line for each in text.splitlines() if (line := each.partition(" #")[0].strip())]


def commands(path: Path) -> list[str]:
    """Every command of a document."""
    return [line for _, text in blocks(path, "sh") for line in lines(text)]
