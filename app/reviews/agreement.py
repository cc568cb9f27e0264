"""How well readers agree: with each other, with the stored label, and with themselves.

"Cannot tell" and missing answers are left out of every measure and counted apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.phrases import Phrase
from app.reviews import coefficients
from app.reviews.coefficients import Ints
from app.reviews.differences import Disagreement, Table, against_stored, divided, tabulate
from app.reviews.intervals import RESAMPLES, Bootstrap, Measure, Statistic

NO_ANSWER: Final = -1
CANNOT_TELL: Final = -2

PERCENT: Final = Phrase("Percent agreement")
COHEN: Final = Phrase("Cohen's kappa")
COHEN_QUADRATIC: Final = Phrase("Cohen's kappa, quadratic weights")
FLEISS: Final = Phrase("Fleiss' kappa")
STORED: Final = Phrase("the stored label")
AGAIN: Final = Phrase("the same reader again")

_Column = tuple[str, NDArray[np.integer]]

_ONE_CATEGORY: Final = Phrase("Not defined: all answers are in one category.")


@dataclass(frozen=True)
class Readings:
    """What the readers answered.

    ``categories`` are named in order; an answer is a category's number, ``NO_ANSWER`` or
    ``CANNOT_TELL``. ``answers`` and ``repeats`` (a reader's second answer to the same case) are
    integers (readers, cases); ``stored`` (cases,) is the dataset's own label, ``NO_ANSWER`` where
    the question is not about it.
    """

    categories: tuple[str, ...]
    ordinal: bool
    readers: tuple[str, ...]
    answers: NDArray[np.integer]
    repeats: NDArray[np.integer]
    stored: NDArray[np.integer]

    def __post_init__(self) -> None:
        """Refuse what would be measured wrongly. Raises ValueError."""
        if not self.categories:
            raise ValueError("there are no categories")
        shape = (len(self.readers), *self.stored.shape)
        if self.stored.ndim != 1 or self.answers.shape != shape or self.repeats.shape != shape:
            raise ValueError("answers and repeats are (readers, cases), stored is (cases,)")
        for numbers in (self.answers, self.repeats, self.stored):
            if numbers.size and not CANNOT_TELL <= numbers.min() <= numbers.max() < len(
                self.categories
            ):
                raise ValueError("an answer is outside the categories")


@dataclass(frozen=True)
class ReaderCounts:
    """Cases one reader answered, could not tell, and has left unanswered."""

    reader: str
    answered: int
    cannot_tell: int
    unanswered: int

    @property
    def has_begun(self) -> bool:
        """Say whether there is any answer of this reader, be it that they can't tell."""
        return self.answered + self.cannot_tell > 0


@dataclass(frozen=True)
class Comparison:
    """Two columns of answers: two readers, a reader and the stored label, or a reader twice."""

    first: str
    second: str
    measures: tuple[Measure, ...]
    table: Table


@dataclass(frozen=True)
class Agreement:
    """All that is known of a study's agreement; who never began is compared with nobody.

    ``disagreements`` are in the order of ``differences.divided``, ``against_stored`` as there too.
    ``positive`` is the category that sensitivity is about, None unless there are two.
    """

    readers: tuple[ReaderCounts, ...]
    pairs: tuple[Comparison, ...]
    with_stored: tuple[Comparison, ...]
    with_self: tuple[Comparison, ...]
    together: tuple[Measure, ...]
    positive: str | None
    disagreements: tuple[Disagreement, ...]
    against_stored: tuple[int, ...]

    def measures(self) -> Iterator[Measure]:
        """Yield every measure, and tell whose it is."""
        yield from self.together
        for comparison in (*self.pairs, *self.with_stored, *self.with_self):
            for measure in comparison.measures:
                yield replace(measure, whose=f"{comparison.first} and {comparison.second}")


def figure(measure: Measure, value: float) -> str:
    """Write a measure's estimate, or an end of its interval, the English way: “69.2 %”, “0.71”."""
    if measure.name == PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:z.2f}"


def measure_agreement(
    readings: Readings, *, seed: int, positive: int = 1, resamples: int = RESAMPLES
) -> Agreement:
    """Measure all there is to measure; the same readings and seed give the same numbers.

    ``positive`` is the number of the category that sensitivity is about, used only where there are
    two. Raises ValueError where it is neither.
    """
    binary = len(readings.categories) == 2
    if binary and positive not in (0, 1):
        raise ValueError("the positive category is 0 or 1")
    bootstrap = Bootstrap(seed, resamples)
    named = list(zip(readings.readers, readings.answers, strict=True))
    has_stored = (readings.stored >= 0).any()
    has_repeats = (readings.repeats != NO_ANSWER).any()
    tallies = _tally(readings)
    counts = tuple(_count(reader, answers) for reader, answers in named)
    # Who was invited and never began takes no case away from the others, nor any room.
    begun = [number for number, each in enumerate(counts) if each.has_begun]
    compared = [named[number] for number in begun]
    return Agreement(
        readers=counts,
        pairs=tuple(
            _compare(readings, bootstrap, first, second)
            for first, second in combinations(compared, 2)
        ),
        with_stored=tuple(
            _compare_stored(readings, bootstrap, reading, positive)
            for reading in compared
            if has_stored
        ),
        with_self=tuple(
            _compare(readings, bootstrap, reading, (AGAIN, again))
            for reading, again in zip(compared, readings.repeats[begun], strict=True)
            if has_repeats
        ),
        together=(
            _fleiss(bootstrap, tallies, len(begun)),
            _alpha(readings, bootstrap, tallies, len(begun)),
        ),
        positive=readings.categories[positive] if binary else None,
        disagreements=divided(tallies, ordinal=readings.ordinal),
        against_stored=against_stored(tallies, readings.stored),
    )


def _count(reader: str, answers: NDArray[np.integer]) -> ReaderCounts:
    return ReaderCounts(
        reader=reader,
        answered=int((answers >= 0).sum()),
        cannot_tell=int((answers == CANNOT_TELL).sum()),
        unanswered=int((answers == NO_ANSWER).sum()),
    )


def _compare(
    readings: Readings,
    bootstrap: Bootstrap,
    first: _Column,
    second: _Column,
) -> Comparison:
    answers = np.stack([first[1], second[1]], axis=1).astype(np.int64)
    cases = np.flatnonzero((answers >= 0).all(axis=1))
    pairs = answers[cases]
    statistics: dict[str, Statistic] = {PERCENT: coefficients.percent}
    if readings.ordinal:
        statistics[COHEN_QUADRATIC] = coefficients.cohen_quadratic
    statistics[COHEN] = coefficients.cohen
    measures = (
        bootstrap.measures(statistics, pairs, _ONE_CATEGORY)
        if len(pairs)
        else tuple(_missing(name, Phrase("No case has both answers.")) for name in statistics)
    )
    return Comparison(first[0], second[0], measures, tabulate(readings.categories, cases, pairs))


def _compare_stored(
    readings: Readings, bootstrap: Bootstrap, reading: _Column, positive: int
) -> Comparison:
    comparison = _compare(readings, bootstrap, reading, (STORED, readings.stored))
    if len(readings.categories) != 2:
        return comparison
    accuracy = _accuracy(readings, bootstrap, reading[1], positive)
    return replace(comparison, measures=(*comparison.measures, *accuracy))


def _accuracy(
    readings: Readings, bootstrap: Bootstrap, answers: NDArray[np.integer], positive: int
) -> Iterator[Measure]:
    """Sensitivity and specificity: the share answered as stored, among either stored label."""
    category = readings.categories[positive]
    sensitivity = Phrase("Sensitivity (positive: {category})", category=category)
    specificity = Phrase("Specificity (positive: {category})", category=category)
    for title, label in ((sensitivity, positive), (specificity, 1 - positive)):
        chosen = answers[(readings.stored == label) & (answers >= 0)].astype(np.int64)
        pairs = np.stack([chosen, np.full_like(chosen, label)], axis=1)
        if len(pairs):
            yield bootstrap.measure(title, pairs, coefficients.percent, _ONE_CATEGORY)
        else:
            yield _missing(
                title,
                Phrase(
                    "No answered case is stored as {category}.", category=readings.categories[label]
                ),
            )


def _tally(readings: Readings) -> Ints:
    """Count, for each case, the readers who chose each category: (cases, K) int64."""
    tallies = np.empty((len(readings.stored), len(readings.categories)), np.int64)
    for category in range(len(readings.categories)):
        tallies[:, category] = (readings.answers == category).sum(axis=0)
    return tallies


def _fleiss(bootstrap: Bootstrap, tallies: Ints, readers: int) -> Measure:
    if readers < 3:
        return _missing(FLEISS, Phrase("It takes three readers or more."))
    complete = tallies[tallies.sum(axis=1) == readers]
    if not len(complete):
        return _missing(FLEISS, Phrase("No case has answers of all readers."))
    return bootstrap.measure(FLEISS, complete, coefficients.fleiss, _ONE_CATEGORY)


def _alpha(readings: Readings, bootstrap: Bootstrap, tallies: Ints, readers: int) -> Measure:
    name = (
        Phrase("Krippendorff's alpha, ordinal")
        if readings.ordinal
        else Phrase("Krippendorff's alpha, nominal")
    )
    if readers < 2:
        return _missing(name, Phrase("It takes two readers or more."))
    comparable = tallies[tallies.sum(axis=1) >= 2]
    if not len(comparable):
        return _missing(name, Phrase("No case has answers of two readers."))
    statistic = coefficients.alpha_ordinal if readings.ordinal else coefficients.alpha_nominal
    return bootstrap.measure(name, comparable, statistic, _ONE_CATEGORY)


def _missing(name: str, note: str) -> Measure:
    return Measure(name, None, None, None, 0, note)
