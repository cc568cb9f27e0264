"""A raw query string → its values, or one sentence on what is wrong with one."""

import re
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from app.errors import MalformedError, MissingError, plain
from app.phrases import Amount, Phrase

# Far above what our own links need, far below what costs anything to read.
QUERY_MOST: Final = 4_000
PARAMETERS_MOST: Final = 256

_S = TypeVar("_S", bound=str)
_D = TypeVar("_D")

# No longer than Python reads.
_WHOLE: Final = re.compile(r"-?[0-9]{1,4000}", re.ASCII)
# Fits 64 bits, and is more than there is of anything: a larger number is as good as this one.
_MOST: Final = 10**18


def require_readable(query: str) -> None:
    """Raise MalformedError for a query string that is too long, or no list of parameters."""
    # Nothing can be wrong with a short one that escapes nothing.
    if len(query) >= PARAMETERS_MOST or "%" in query:
        parameters(query)


def parameters(query: str) -> dict[str, list[str]]:
    """Give each parameter's values in order, without empty ones. Raises MalformedError."""
    if len(query) > QUERY_MOST:
        raise MalformedError(
            "query",
            Phrase(
                "The address is longer than {query_most} characters.", query_most=Amount(QUERY_MOST)
            ),
        )
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, max_num_fields=PARAMETERS_MOST, errors="strict"
        )
    except UnicodeDecodeError:
        raise MalformedError(
            "query", Phrase("The address holds bytes that are not UTF-8.")
        ) from None
    except ValueError:
        raise MalformedError(
            "query",
            Phrase(
                "The address holds more than {parameters_most} parameters.",
                parameters_most=PARAMETERS_MOST,
            ),
        ) from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        # An emptied form field (`split=`) is a filter left open, not a value.
        if value:
            given.setdefault(name, []).append(value)
    return given


def page_in(query: str) -> int:
    """Read the page alone from a raw query string, whatever else it holds.

    Raises MalformedError, or MissingError for one below 1.
    """
    return page_of(parameters(query))


def page_of(given: dict[str, list[str]]) -> int:
    """Give the page, 1 where none is named. Raises MalformedError, MissingError for one below."""
    page = exact_number("page", last(given, "page", "1"))
    if page < 1:
        raise MissingError(
            "page",
            Phrase("There is no page {page}; pages are numbered from 1.", page=short(str(page))),
        )
    return page


def bounded(given: dict[str, list[str]], name: str, least: int, most: int, default: int) -> int:
    """Give the whole number of that name, from ``least`` to ``most``. Raises MalformedError."""
    number = exact_number(name, last(given, name, str(default)))
    if not least <= number <= most:
        raise MalformedError(
            name,
            Phrase(
                "{name} must be from {least} to {most}, not {number}.",
                name=name,
                least=least,
                most=most,
                number=short(str(number)),
            ),
        )
    return number


def one_of(given: dict[str, list[str]], name: str, choices: tuple[_S, ...], default: _D) -> _S | _D:
    """Give the choice of that name, ``default`` where there is none. Raises MalformedError."""
    if name not in given:
        return default
    value = given[name][-1]
    for choice in choices:
        if value == choice:
            return choice
    raise MalformedError(
        name,
        Phrase(
            "{name} must be one of {choices}, not “{value}”.",
            name=name,
            choices=", ".join(choices),
            value=readable(value),
        ),
    )


def last(given: dict[str, list[str]], name: str, default: str) -> str:
    """Give the value that stands last, as forms with a hidden default before a choice send it."""
    return given.get(name, [default])[-1]


def whole_number(name: str, value: str) -> int:
    """Read the value of a parameter of that name as an int; one beyond ±10¹⁸ is given as that.

    Raises MalformedError.
    """
    return max(-_MOST, min(_MOST, exact_number(name, value)))


def exact_number(name: str, value: str) -> int:
    """Read it however large it is: who looks whether it is there can tell back what was sent.

    Raises MalformedError.
    """
    if not _WHOLE.fullmatch(value):
        raise MalformedError(
            name,
            Phrase(
                "{name} must be a whole number, not “{value}”.", name=name, value=readable(value)
            ),
        )
    return int(value)


def number_in_path(value: str) -> int:
    """Read a number that stands in an address's path; -1, which nothing has, where it is none."""
    try:
        return exact_number("address", value)
    except MalformedError:
        return -1


def digits(value: str, most: int) -> int | None:
    """Read a number that is written in at most so many digits, and nothing else; else None."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= most else None


def readable(value: str) -> str:
    """Shorten a hostile or mistyped value so that it can stand in a sentence."""
    return short(plain(value))


def short(text: str) -> str:
    """Give as much of a text as may stand in a sentence."""
    return text if len(text) <= 40 else text[:39] + "…"
