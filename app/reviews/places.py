"""Places in an order, as texts that sort by it: between any two there is always another.

So one item moves without a word about the others. A place is read as a fraction in base 36, and
never ends with a 0, which would make two texts of one fraction.
"""

from collections.abc import Iterator
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_HALF: Final = _DIGITS[len(_DIGITS) // 2]
# Room to count in: far more than there will ever be items in a collection.
_WIDTH: Final = 10


def after(last: str) -> Iterator[str]:
    """Yield places behind ``last`` (empty: from the beginning), one behind the other."""
    number = int(last[:_WIDTH].ljust(_WIDTH, "0"), len(_DIGITS))
    while True:
        number += 1
        yield _written(number) + _HALF


def between(low: str, high: str, number: int) -> list[str]:
    """Give that many places, ascending, between ``low`` (empty: from the beginning) and ``high``.

    ``low`` stands before ``high``.
    """
    if not number:
        return []
    middle = _middle(low, high)
    before = (number - 1) // 2
    return [
        *between(low, middle, before),
        middle,
        *between(middle, high, number - 1 - before),
    ]


def _middle(low: str, high: str) -> str:
    written = ""
    bounded = True
    while True:
        at = len(written)
        a = _DIGITS.index(low[at]) if at < len(low) else 0
        b = _DIGITS.index(high[at]) if bounded else len(_DIGITS)
        middle = (a + b) // 2
        if middle > a:
            return written + _DIGITS[middle]
        written += _DIGITS[a]
        bounded = bounded and a == b  # once below ``high``, whatever follows


def _written(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_WIDTH, _DIGITS[0])
