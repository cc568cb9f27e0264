"""Sentences of the inner rooms: English text that a page can say in another language.

A ``Phrase`` is its English text to whoever prints it (the terminal, the API, a log), and still
knows the form and the values it was made of, by which ``web/language.py`` finds the translation.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Self

_LISTED_MOST: Final = 20


class Amount(int):
    """A number that is written with thousands separators; all others are names of something."""

    def __str__(self) -> str:
        """1080 → “1,080”."""
        return f"{int(self):,}"


class Phrase(str):
    """English text made of a form and of values: ``Phrase("There is no {what}.", what=name)``."""

    __slots__ = ("form", "many", "number", "values")
    form: str
    values: Mapping[str, object]
    many: str
    number: int

    def __new__(cls, form: str, /, **values: object) -> Self:
        """Make the text of its one form."""
        return cls._made(form, form, "", 0, values)

    @classmethod
    def plural(cls, one: str, many: str, number: int, /, **values: object) -> Self:
        """Make the text of the form that fits the number, which stands in it as ``{number}``."""
        form = one if number == 1 else many
        return cls._made(form, one, many, number, {"number": Amount(number), **values})

    @classmethod
    def joined(cls, sentences: Iterable[str], /) -> Self:
        """Put sentences one after another."""
        texts = {f"s{number}": sentence for number, sentence in enumerate(sentences)}
        return cls(" ".join(f"{{{name}}}" for name in texts), **texts)

    @classmethod
    def _made(
        cls, english: str, form: str, many: str, number: int, values: Mapping[str, object]
    ) -> Self:
        made = super().__new__(cls, english.format(**values) if values else english)
        made.form, made.many, made.number, made.values = form, many, number, values
        return made


def listed(names: Iterable[str]) -> str:
    """List some names, and say how many more there are: “0, 1, 2”, “0, 1, … 19 and 10 more”."""
    every = tuple(names)
    first = ", ".join(every[:_LISTED_MOST])
    if len(every) <= _LISTED_MOST:
        return first
    rest = len(every) - _LISTED_MOST
    return Phrase.plural(
        "{listed} and {number} more", "{listed} and {number} more", rest, listed=first
    )


def capital(text: str) -> str:
    """Begin a text with a capital letter, and leave the others as they are."""
    return text[:1].upper() + text[1:]
