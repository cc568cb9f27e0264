"""What `make words` finds beside calls in code: the sentences in the catalogue's tables."""

import tomllib
from collections.abc import Iterator
from typing import Any, BinaryIO

# Fields of app/catalogue/*.toml that pages say in their language; all else is as published.
_FIELDS = ("text", "terms")


def extract_tables(
    file: BinaryIO, _keywords: object, _comments: object, **_options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Give each sentence once, in Babel's form for a method of extraction."""
    for sentence in dict.fromkeys(_sentences(tomllib.load(file))):
        yield 1, "", sentence, []


def _sentences(value: Any) -> Iterator[str]:  # noqa: ANN401 (any value of a TOML document)
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _FIELDS and isinstance(inner, str):
                yield inner
            else:
                yield from _sentences(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sentences(inner)
