"""Texts that people type: what is taken out, and what stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MalformedError
from app.reviews.texts import cleaned


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b", "ab"),
        ("a\x1b[31mb", "a[31mb"),
        ("exe\u202egpj", "exegpj"),
        ("\u2066a\u2069\u200e\u061c", "a"),
        ("a\ud800b", "ab"),
        ("\ufeffa", "a"),
        ("  a \t b  ", "a   b"),
        ("a\r\nb\rc\u2028d", "a b c d"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("naïve 👩🏽‍⚕️ שלום", "naïve 👩🏽‍⚕️ שלום"),
    ],
)
def test_what_deceives_is_taken_out_and_the_rest_stays(typed: str, kept: str) -> None:
    assert cleaned(typed, 100, lines=False) == kept


def test_line_breaks_stay_where_there_may_be_lines() -> None:
    assert cleaned("\na\r\nb\rc\x85d\n", 100, lines=True) == "a\nb\nc\nd"


def test_the_bound_is_on_what_is_kept() -> None:
    assert cleaned("\x00" * 50 + "a" * 10, 10, lines=False) == "a" * 10
    with pytest.raises(MalformedError, match="The note is longer than 10 characters"):
        cleaned("a" * 11, 10, lines=False, part="note")


@given(st.text(st.characters()), st.booleans())
def test_nothing_that_controls_is_left(typed: str, lines: bool) -> None:
    kept = cleaned(typed, 1_000, lines)
    assert cleaned(kept, 1_000, lines) == kept
    kept.encode()
    left = {character for character in kept if unicodedata.category(character) == "Cc"}
    assert left <= ({"\n"} if lines else set())
    assert not {c for c in kept if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI", "PDF"}}
