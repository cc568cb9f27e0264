"""What a researcher settles before the first reading."""

import math
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from app.datasets.subset import Items
from app.errors import MalformedError
from app.phrases import Amount, Phrase
from app.reviews.agreement import CANNOT_TELL, NO_ANSWER
from app.reviews.items import require_dataset
from app.reviews.orders import repeats_of
from app.reviews.texts import cleaned

TITLE_MOST: Final = 200
QUESTION_MOST: Final = 500
CHOICE_MOST: Final = 100
CHOICES_MOST: Final = 50
CHOICES: Final = range(2, CHOICES_MOST + 1)
ITEMS_MOST: Final = 10_000
REPEATS_MOST: Final = 0.5
PRACTICE_MOST: Final = 50

# Can always be answered, and is none of the choices.
CANNOT_TELL_NAME: Final = "cannot tell"

_INTEGERS: Final = range(-(2**62), 2**62)


@dataclass(frozen=True)
class Choice:
    """One answer that can be given, and the data set's label value that it means, if any."""

    name: str
    value: int | None = None


@dataclass(frozen=True)
class Design:
    """A study's question and rules; nothing of it changes afterwards.

    ``repeats`` is the share of items shown twice, from 0 to 0.5; ``practice`` how many items are
    set aside for practice; ``seed`` what every order follows from.
    ``source`` is the canonical address that the items were taken from, of ``drawn_from`` items, and
    ``per_label`` how many of each label were drawn from them at random (0: all were taken). None in
    studies of form 1, which did not keep them.
    """

    title: str
    dataset: str
    content: str
    question: str
    choices: tuple[Choice, ...]
    ordinal: bool = False
    ask_confidence: bool = False
    repeats: float = 0.0
    practice: int = 0
    seed: int = 0
    source: str | None = None
    drawn_from: int | None = None
    per_label: int | None = None

    def choice_of(self, label: int | None) -> int:
        """Give the number of the choice that means this label value, or NO_ANSWER."""
        values = [choice.value for choice in self.choices]
        return values.index(label) if label is not None and label in values else NO_ANSWER

    def name_of(self, answer: int) -> str:
        """Give the name of an answer: a choice's number, or CANNOT_TELL."""
        return CANNOT_TELL_NAME if answer == CANNOT_TELL else self.choices[answer].name


def checked(design: Design, items: Items) -> Design:
    """Give the design with its texts cleaned, and one repeat at least where any were asked for.

    Raises MalformedError for what nobody could read.
    """
    require_dataset(design.dataset, design.content)
    title = _filled(design.title, TITLE_MOST, "title")
    question = _filled(design.question, QUESTION_MOST, "question")
    choices = tuple(
        replace(choice, name=_filled(choice.name, CHOICE_MOST, "choice"))
        for choice in design.choices
    )
    names = {as_heard(choice.name) for choice in choices}
    values = [choice.value for choice in choices if choice.value is not None]
    if len(choices) not in CHOICES:
        raise MalformedError(
            "choices",
            Phrase("A question needs from 2 to {choices_most} choices.", choices_most=CHOICES_MOST),
        )
    if len(names) < len(choices) or len(set(values)) < len(values):
        raise MalformedError(
            "choices", Phrase("Two choices have the same name, or mean the same label.")
        )
    if CANNOT_TELL_NAME in names:
        raise MalformedError(
            "choices",
            Phrase(
                "“{cannot_tell_name}” can always be answered; leave it out.",
                cannot_tell_name=CANNOT_TELL_NAME,
            ),
        )
    if not all(number in _INTEGERS for number in (*values, design.seed)) or design.seed < 0:
        raise MalformedError(
            "seed", Phrase("The seed, or a label value, is no number that can be kept.")
        )
    _check_numbers(design, len(items))
    if len(set(zip(items.splits.tolist(), items.positions.tolist(), strict=True))) < len(items):
        raise MalformedError(
            "items", Phrase("An item is named twice; repeats are added by the study.")
        )
    repeats = _at_least_one(design.repeats, len(items) - design.practice)
    return replace(design, title=title, question=question, choices=choices, repeats=repeats)


def _at_least_one(share: float, items: int) -> float:
    """Give the share of repeats that was asked for, or that of one item where it would be none.

    Settled here, once: were it rounded up in ``orders``, readings under way would change.
    """
    is_none = share > 0 and items > 1 and not repeats_of(items, share)
    return 1 / items if is_none else share


def as_heard(name: str) -> str:
    """Give a choice's name without what makes no other answer of it.

    That is capitals, wide spaces, whether ü is one character or two, and what has no width: a soft
    hyphen, or a joiner, which is kept as it was typed, as other scripts are written with it.
    """
    seen = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", " ".join(seen.split()).casefold())


def _check_numbers(design: Design, items: int) -> None:
    if not (math.isfinite(design.repeats) and 0 <= design.repeats <= REPEATS_MOST):
        raise MalformedError(
            "repeats",
            Phrase(
                "The share of repeats must be from 0 to {repeats_most}.", repeats_most=REPEATS_MOST
            ),
        )
    if not 0 <= design.practice <= PRACTICE_MOST:
        raise MalformedError(
            "practice",
            Phrase(
                "From 0 to {practice_most} items can be set aside for practice.",
                practice_most=PRACTICE_MOST,
            ),
        )
    if not 1 <= items - design.practice <= ITEMS_MOST:
        raise MalformedError(
            "items",
            Phrase(
                "A study has from 1 to {items_most} items besides those for practice; {items} "
                "were selected.",
                items_most=Amount(ITEMS_MOST),
                items=Amount(items),
            ),
        )


def _filled(text: str, most: int, part: str) -> str:
    kept = cleaned(text, most, lines=False, part=part)
    if not kept:
        raise MalformedError(part, Phrase("The {part} is empty; fill it in.", part=part))
    return kept
