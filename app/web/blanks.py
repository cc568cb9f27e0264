"""Pages that differ in little: drawn once with blanks, which are filled for each of them."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

# No text or address of anybody else can hold what nobody else knows.
_SIGN: Final = secrets.token_hex(16)

ANY_PAGE: Final = 10**30 + secrets.randbelow(10**30)
"""Stands where a page's number goes, in addresses, too: longer than any that one holds."""

# What templates are indented by, which nobody sees and every page would carry.
_INDENTS: Final = re.compile(r"\n\s+")
_BLANKS: Final = re.compile(f"{_SIGN}-([a-z0-9]+)-|({ANY_PAGE})")


def blank(name: str) -> Markup:
    """Give what stands, in a template, where each page has something of its own."""
    return Markup(f"{_SIGN}-{name}-")  # noqa: S704 (hexadecimal digits, and a word of ours)


class Blank:
    """HTML of many pages, cut where they differ; nothing in it may depend on its indents."""

    def __init__(self, html: str) -> None:
        # By turns: text, name of a blank or None, page number or None.
        parts = _BLANKS.split(_INDENTS.sub("\n", html))
        self._texts = [text.encode() for text in parts[::3]]
        self._names = [name or "page" for name in parts[1::3]]

    def filled(self, page: int, own: Mapping[str, str]) -> bytes:
        """Give the HTML of one page, by its number and what it has of its own by name."""
        filling = {name: text.encode() for name, text in {**own, "page": str(page)}.items()}
        pieces = [self._texts[0]]
        for name, text in zip(self._names, self._texts[1:], strict=True):
            pieces += filling[name], text
        return b"".join(pieces)
