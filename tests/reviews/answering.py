"""Readings made for tests."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.reviews.agreement import Readings


def readings_of(
    answers: Sequence[Sequence[int]] | NDArray[np.integer],
    *,
    categories: int = 3,
    ordinal: bool = False,
    repeats: Sequence[Sequence[int]] | None = None,
    stored: Sequence[int] | NDArray[np.integer] | None = None,
) -> Readings:
    """Readings of readers A, B, …; without repeats and stored labels unless given."""
    given = np.array(answers, np.int64)
    given = given.reshape(len(answers), -1)
    return Readings(
        categories=tuple(f"grade {number}" for number in range(categories)),
        ordinal=ordinal,
        readers=tuple("ABCDEFGHIJ"[: len(given)]),
        answers=given,
        repeats=np.full_like(given, -1) if repeats is None else np.array(repeats),
        stored=np.full(given.shape[1], -1) if stored is None else np.array(stored),
    )


def ordinary(readers: int, cases: int, categories: int, *, seed: int = 1) -> Readings:
    """Readers who are right six times of ten, and leave out an answer now and then."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, categories, cases)
    shape = (readers, cases)
    answers = np.where(random.random(shape) < 0.6, truth, random.integers(0, categories, shape))
    answers[random.random(shape) < 0.1] = -1
    answers[random.random(shape) < 0.05] = -2
    return readings_of(answers, categories=categories, stored=truth)


@st.composite
def any_readings(draw: st.DrawFn) -> Readings:
    """Any readings that a study can come to, the empty and the one-sided ones too."""
    readers = draw(st.integers(0, 4))
    cases = draw(st.integers(0, 12))
    categories = draw(st.integers(1, 4))
    answer = st.integers(-2, draw(st.integers(-1, categories - 1)))

    def columns() -> NDArray[np.int64]:
        listed = draw(st.lists(answer, min_size=readers * cases, max_size=readers * cases))
        return np.array(listed, np.int64).reshape(readers, cases)

    return Readings(
        categories=tuple(f"grade {number}" for number in range(categories)),
        ordinal=draw(st.booleans()),
        readers=tuple("ABCD"[:readers]),
        answers=columns(),
        repeats=columns(),
        stored=np.array(draw(st.lists(answer, min_size=cases, max_size=cases)), np.int64),
    )
