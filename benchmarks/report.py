"""One line of the report: what was measured, on both sides, and what it had to reach."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure. ``values`` are the runs; ``reached`` compares their median."""

    what: str
    values: tuple[float, ...]
    unit: str
    goal: float
    at_least: bool
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def reached(self) -> bool:
        return self.median >= self.goal if self.at_least else self.median <= self.goal

    def line(self) -> str:
        spread = f"{min(self.values):.2f}–{max(self.values):.2f}"
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g}{self.unit}"
        mark = "reached" if self.reached else "NOT REACHED"
        measured = f"{self.median:.2f}{self.unit} ({spread})"
        return f"| {self.what} | {goal} | {measured} | {mark} | {self.note} |"


HEAD = "| what | must reach | median (spread) | | |\n|---|---|---|---|---|"


def paired(
    runs: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Measure both sides in turn, so that noise hits both."""
    mine, peer = [], []
    for _ in range(runs):
        mine.append(ours())
        peer.append(theirs())
    return mine, peer


def ratios(upper: Sequence[float], lower: Sequence[float]) -> tuple[float, ...]:
    """Divide run by run."""
    return tuple(u / max(low, 1e-9) for u, low in zip(upper, lower, strict=True))
