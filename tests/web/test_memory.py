"""Answers kept in memory: bounded by all that they take."""

from app.web.memory import Answers, Kept

TINY = Kept(b"", [], bytes(70), None)


def test_many_tiny_answers_are_kept_within_the_bound_too() -> None:
    answers = Answers(100_000)
    for number in range(1_000):
        answers.put(number, TINY)
    # Each has headers and an address, which are larger.
    assert sum(answers.get(number) is not None for number in range(1_000)) < 100
    assert answers.get(999) is TINY


def test_what_is_kept_anew_counts_once() -> None:
    answers = Answers(100_000)
    answers.put("first", TINY)
    for _ in range(1_000):
        answers.put("again", TINY)
    assert answers.get("first") is TINY
