"""Texts that people type, made safe to keep and to show."""

import re
import unicodedata
from typing import Final

from app.errors import MalformedError
from app.phrases import Amount, Phrase

# Unicode's property Bidi_Control: with them a text shows other than it is.
_BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN: Final = "\ufeff\ufff9\ufffa\ufffb"
_DROPPED: Final = frozenset(_BIDI + _UNSEEN)
_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS: Final = frozenset({"Cc", "Cs"})


def cleaned(text: str, most: int, lines: bool, part: str = "text") -> str:
    """Give a typed text without control characters, bidi controls, lone surrogates and margins.

    With ``lines``, line breaks stay (as newlines); else they and tabs become spaces. ``part`` names
    the field in the error. Raises MalformedError for more than ``most`` characters.
    """
    if len(text) > 2 * most + 1_000:
        raise _too_long(part, most)  # whatever is left of it
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    if not lines:
        text = text.replace("\n", " ")
    kept = "".join(c for c in text if c == "\n" or _is_kept(c)).strip()
    if len(kept) > most:
        raise _too_long(part, most)
    return kept


def _is_kept(character: str) -> bool:
    return character not in _DROPPED and unicodedata.category(character) not in _CONTROLS


def _too_long(part: str, most: int) -> MalformedError:
    return MalformedError(
        part,
        Phrase(
            "The {part} is longer than {most} characters; shorten it.", part=part, most=Amount(most)
        ),
    )
