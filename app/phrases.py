"""Sentences of the inner rooms: English text that a page can say in another language.

A ``Phrase`` is its English text to whoever prints it (the terminal, the API, a log), and still
knows the form and the values it was made of, by which ``web/language.py`` finds the translation.
"""

from collections.abc import Mapping
from typing import Self


class Phrase(str):
    """English text made of a form and of values: ``Phrase("There is no {what}.", what=name)``.

    Whole numbers are written with thousands separators; what is no amount is given as text.
    """

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
        return cls._made(form, one, many, number, {"number": number, **values})

    @classmethod
    def _made(
        cls, english: str, form: str, many: str, number: int, values: Mapping[str, object]
    ) -> Self:
        texts = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in values.items()
        }
        made = super().__new__(cls, english.format(**texts) if values else english)
        made.form, made.many, made.number, made.values = form, many, number, values
        return made
