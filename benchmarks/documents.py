"""Puts the figures into docs/performance.md: a table, and a plot of how far each one is."""

import html
import math
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import HEAD, Figure

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "performance.md"
PLOT = DOCS / "images" / "performance.svg"
MARKS = re.compile(r"(<!-- figures -->\n).*(<!-- end of figures -->)", re.DOTALL)

LEGEND = """![How far each figure is from what it must reach](images/performance.svg)

A bar right of the line is better than it must be; an eighth of the width is twice as good."""

WIDTH, LEFT, STEP, HEIGHT, TOP = 760, 420, 26, 14, 30
FURTHEST = 4  # halvings or doublings of what must be reached
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.bar{fill:#2a6f97}.missed{fill:#c1121f}"
    ".goal{stroke:#333}.aim{stroke:#333;stroke-dasharray:3 2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.goal,.aim{stroke:#ddd}.bar{fill:#61a5c2}}"
)


def write(figures: Sequence[Figure]) -> None:
    """Replace the table between the page's marks, and the plot."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {_processor()}."
    table = "\n".join((HEAD, *(figure.line() for figure in figures)))
    filled = f"\n{table}\n\n{machine}\n\n{LEGEND}\n\n"
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKS.sub(lambda m: m[1] + filled + m[2], text), encoding="utf-8")
    PLOT.write_text(plot([figure for figure in figures if figure.goal]), encoding="utf-8")


def plot(figures: Sequence[Figure]) -> str:
    """Draw one bar a figure: right of the line it is better than it must be, by that factor."""
    unit = (WIDTH - LEFT) / (2 * FURTHEST)
    middle = LEFT + FURTHEST * unit
    height = TOP + STEP * len(figures) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>How far each figure is from what it must reach</title>",
        f"<style>{STYLE}</style>",
        f'<text x="{middle}" y="14" text-anchor="middle">must reach (dashed: aim)</text>',
    ]
    for place, figure in enumerate(figures):
        y = TOP + place * STEP
        length = unit * _doublings(figure, figure.median) if figure.values else 0
        words = figure.what if len(figure.what) < 66 else figure.what[:64] + "…"
        kind = "bar" if figure.reached else "bar missed"
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{html.escape(words)}</text>'
            f'<rect class="{kind}" x="{middle + min(0, length):.1f}" y="{y}" '
            f'width="{abs(length):.1f}" height="{HEIGHT}"/>'
        )
        if figure.aim:
            x = middle + unit * _doublings(figure, figure.aim)
            parts.append(f'<path class="aim" d="M{x:.1f} {y - 3}v{HEIGHT + 6}"/>')
    parts.append(f'<path class="goal" d="M{middle} 20V{height - 6}"/></svg>\n')
    return "\n".join(parts)


def _doublings(figure: Figure, value: float) -> float:
    """Say how many times twice as good as it must be; the other way round below 0."""
    factor = math.log2(max(value, 1e-9) / figure.goal)
    return max(-FURTHEST, min(FURTHEST, factor if figure.at_least else -factor))


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.machine()
