"""Estimates with 95 % intervals: the percentile bootstrap by case.

Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13. Drawing cases with
replacement is a multinomial draw over the distinct patterns of answers, so a resample costs as much
as there are patterns, however many cases there are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.phrases import Phrase
from app.reviews.coefficients import Floats, Ints

Statistic = Callable[[Floats, Ints], Floats]

RESAMPLES: Final = 1000
FEW_CASES: Final = 10

_BLOCK: Final = 1_000_000  # numbers drawn at a time: 8 MB
_LEVELS: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Measure:
    """One number with its 95 % interval; shares are from 0 to 1.

    ``n`` is the number of cases it rests on. Where it is not defined, ``estimate`` is None and
    ``note`` says why; else ``note`` says what to mind, or is empty. ``whose`` is told where it
    stands among those of others.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    note: str
    whose: str = ""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made. Each measure starts from the seed anew.

    So a measure's interval depends on its own cases only, not on what else is measured.
    """

    seed: int
    resamples: int = RESAMPLES

    def draws(self, counts: Ints, block: int = _BLOCK) -> Iterator[Floats]:
        """Yield the resamples' weights (at most ``block`` numbers at a time, P), row by row.

        ``counts`` (P,) is how often each pattern occurs among the cases. The numbers are the same
        for any ``block``.
        """
        random = np.random.default_rng(self.seed)
        total = int(counts.sum())
        rows = max(1, block // len(counts))
        for start in range(0, self.resamples, rows):
            size = min(rows, self.resamples - start)
            yield random.multinomial(total, counts / total, size).astype(np.float64)

    def measure(self, name: str, cases: Ints, statistic: Statistic, undefined: str) -> Measure:
        """Measure ``cases`` (n, F), n at least 1: a row is all the statistic needs of a case.

        ``undefined`` is the note where the statistic is not defined for these cases.
        """
        return self.measures({name: statistic}, cases, undefined)[0]

    def measures(
        self, named: Mapping[str, Statistic], cases: Ints, undefined: str
    ) -> tuple[Measure, ...]:
        """Measure the same cases by several statistics: what each alone gives, drawn once."""
        patterns, counts = np.unique(cases, axis=0, return_counts=True)
        once = counts[None].astype(np.float64)
        estimates = {name: statistic(once, patterns).item() for name, statistic in named.items()}
        drawn: dict[str, list[Floats]] = {
            name: [] for name, estimate in estimates.items() if not np.isnan(estimate)
        }
        for weights in self.draws(counts) if drawn else ():
            for name, values in drawn.items():
                values.append(named[name](weights, patterns))
        return tuple(
            self._measure(name, estimate, np.concatenate(drawn[name]), len(cases))
            if name in drawn
            else Measure(name, None, None, None, len(cases), undefined)
            for name, estimate in estimates.items()
        )

    def _measure(self, name: str, estimate: float, drawn: Floats, number: int) -> Measure:
        defined = drawn[~np.isnan(drawn)]
        low, high = np.quantile(defined, _LEVELS).tolist() if len(defined) else (None, None)
        note = self._note(number, len(defined), low == high)
        return Measure(name, estimate, low, high, number, note)

    def _note(self, number: int, defined: int, flat: bool) -> str:
        if not defined:
            return Phrase("No interval: the measure is defined in none of the resamples.")
        notes: list[Phrase] = []
        if number < FEW_CASES:
            notes.append(Phrase("Fewer than {few} cases: the interval is rough.", few=FEW_CASES))
        if defined < self.resamples:
            left_out = self.resamples - defined
            notes.append(
                Phrase(
                    "Not defined in {left_out} of {resamples} resamples, which are left out.",
                    left_out=left_out,
                    resamples=self.resamples,
                )
            )
        if flat:
            notes.append(Phrase("The interval has no width, which proves nothing for other cases."))
        return Phrase.joined(notes)
