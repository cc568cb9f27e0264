"""One line of the report: what was measured, on both sides, and what it had to reach."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

Taken = TypeVar("Taken")

HEAD: Final = (
    "| what | must reach | aim | median (spread over runs) | | |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Figure:
    """A measured figure. ``values`` are the runs; ``reached`` compares their median.

    Without values it was not measured, and ``note`` says why.
    """

    what: str
    values: tuple[float, ...]
    unit: str
    goal: float
    at_least: bool
    note: str = ""
    aim: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def reached(self) -> bool:
        return self._is_within(self.goal)

    @property
    def mark(self) -> str:
        if not self.values:
            return "NOT MEASURED"
        if self.aim is not None and self._is_within(self.aim):
            return "aim reached"
        return "reached" if self.reached else "NOT REACHED"

    @property
    def measured(self) -> str:
        if not self.values:
            return "–"
        spread = f" ({min(self.values):.2f}–{max(self.values):.2f})" if len(self.values) > 1 else ""
        return f"{self.median:.2f}{self.unit}{spread}"

    def line(self) -> str:
        cells = self.what, self._bound(self.goal), self._bound(self.aim), self.measured, self.mark
        return f"| {' | '.join(cells)} | {self.note} |"

    def _bound(self, value: float | None) -> str:
        return "" if value is None else f"{'≥' if self.at_least else '≤'} {value:g}{self.unit}"

    def _is_within(self, bound: float) -> bool:
        if not self.values:
            return False
        return self.median >= bound if self.at_least else self.median <= bound


def paired(
    runs: int, ours: Callable[[], Taken], theirs: Callable[[], Taken]
) -> tuple[list[Taken], list[Taken]]:
    """Measure both sides in turn, so that noise hits both."""
    mine, peer = [], []
    for _ in range(runs):
        mine.append(ours())
        peer.append(theirs())
    return mine, peer


def ratios(upper: Sequence[float], lower: Sequence[float]) -> tuple[float, ...]:
    """Divide run by run."""
    return tuple(u / max(low, 1e-9) for u, low in zip(upper, lower, strict=True))
