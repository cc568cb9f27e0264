"""The style sheet's own scales, read from it, so that no list of them can grow old beside it."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.web.bundled import bundled

_COLOUR: Final = "#[0-9a-f]{3,6}"
_PAIR: Final = re.compile(rf"--([a-z0-9-]+): light-dark\(({_COLOUR}), ({_COLOUR})\);")
_PLAIN: Final = re.compile(rf"--([a-z0-9-]+): ({_COLOUR});")
_LENGTH: Final = re.compile(r"--([str][a-z0-9-]+): ([^;]+);")
_READING: Final = re.compile(r'\[data-look="reading"\] \{([^}]*--ground[^}]*)\}')


@dataclass(frozen=True)
class Token:
    """A custom property without its dashes, and what is told of it.

    Of a colour that is its contrast to the ground, or to what its name says it stands on: by day,
    by night and in the reading room.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Tokens:
    """All of them, in the order of the style sheet."""

    colours: tuple[Token, ...]
    marks: tuple[Token, ...]  # of labels, named as their class is: hue-0, hue-o0
    spaces: tuple[Token, ...]
    types: tuple[Token, ...]
    corners: tuple[Token, ...]


@cache
def tokens() -> Tokens:
    """Read them."""
    css = (bundled("static") / "css" / "foundation.css").read_text()
    pairs = {name: pair for name, *pair in _PAIR.findall(css)}
    room = {name: pair[1] for name, pair in pairs.items()}
    room |= _PLAIN.findall("".join(_READING.findall(css)))
    looks = [{name: pair[place] for name, pair in pairs.items()} for place in (0, 1)] + [room]

    def colour(name: str) -> Token:
        ground = name.removeprefix("on-") if name.startswith("on-") else "ground"
        ratios = [_contrast(look[name], look[ground]) for look in looks]
        return Token(name, " / ".join(f"{ratio:.1f}" for ratio in ratios))

    def lengths(prefix: str) -> tuple[Token, ...]:
        found = _LENGTH.findall(css)
        return tuple(Token(name, text) for name, text in found if re.match(prefix, name))

    colours = [colour(name) for name in pairs]
    marks = re.compile("hue-|grade-")
    return Tokens(
        colours=tuple(each for each in colours if not marks.match(each.name)),
        marks=tuple(
            Token(each.name.replace("grade-", "hue-o"), each.text)
            for each in colours
            if marks.match(each.name)
        ),
        spaces=lengths("s[0-9]$"),
        types=lengths("t-"),
        corners=lengths("r[0-9]$"),
    )


def _contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
