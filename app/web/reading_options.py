"""What a reader chooses from: the answers of a study, each with its key, and how sure one is."""

import re
from dataclasses import dataclass
from typing import Final

from app.reviews.agreement import CANNOT_TELL
from app.reviews.answers import CONFIDENCES
from app.reviews.designs import Choice, Design
from app.web.language import gettext as _
from app.web.language import later

CANNOT: Final = "cannot"
CANNOT_TEXT: Final = later("Cannot tell, or the quality is too poor")
# None of the digits, so that it is the same in every study.
_CANNOT_KEY: Final = "u"
_KEYS_MOST: Final = 9
_LEADING_DIGIT: Final = re.compile(r"\d\b", re.ASCII)


@dataclass(frozen=True)
class Option:
    """One answer to choose: ``key`` is what picks it, or empty."""

    value: str
    text: str
    key: str
    chosen: bool


def options(design: Design, chosen: int | None) -> tuple[Option, ...]:
    """Give the choices, and the one for who can't tell; ``chosen`` is a choice's number."""
    all_choices = design.choices
    choices = [
        Option(str(n), choice.name, key, n == chosen)
        for n, (choice, key) in enumerate(zip(all_choices, _keys(all_choices), strict=True))
    ]
    return (*choices, Option(CANNOT, _(CANNOT_TEXT), _CANNOT_KEY, chosen == CANNOT_TELL))


def confidences(design: Design, chosen: int | None) -> tuple[Option, ...]:
    """Give how sure one may be, where the study asks it."""
    asked = CONFIDENCES if design.ask_confidence else ()
    return tuple(Option(str(n), str(n), "", n == chosen) for n in asked)


def _keys(choices: tuple[Choice, ...]) -> list[str]:
    """Give the digit that each answer carries: a grade is typed as it is called.

    Where not each has one of its own, their places from 1, and none beyond nine.
    """
    carried = [_carried(choice) for choice in choices]
    if all(carried) and len(set(carried)) == len(carried):
        return carried
    return [str(n) if n <= _KEYS_MOST else "" for n in range(1, len(choices) + 1)]


def _carried(choice: Choice) -> str:
    if choice.value is not None:
        return str(choice.value) if 0 <= choice.value <= _KEYS_MOST else ""
    found = _LEADING_DIGIT.match(choice.name)
    return found[0] if found else ""
