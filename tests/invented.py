"""A language that does not exist, for what no real one shows.

Every sentence of the catalogue stands in ⟦brackets⟧, two fifths longer than in English, and runs
from right to left: what has no brackets is not in the catalogue, and what has no room overflows.
Run as a program, it is ``lightbox`` with that language besides.
"""

import json
from dataclasses import replace
from pathlib import Path

from babel.messages.pofile import read_po

from app.web import language
from app.web.language import Language

LOCALE = Path(__file__).parents[1] / "locale"
# Arabic's tag, so that browsers take it for what it seems to be.
TAG = "ar"


def stretched(sentence: str) -> str:
    """Put a sentence in brackets, and make it longer."""
    return f"⟦{sentence}{' ~' * (len(sentence) // 5)}⟧"


def invented() -> Language:
    """Make the language of the sentences that are in the German catalogue."""
    with (LOCALE / "de.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    words = {each.id: stretched(each.id) for each in messages if isinstance(each.id, str)}
    scripts = {
        each.id: stretched(each.id)
        for each in messages
        if isinstance(each.id, str) and any(name.endswith(".js") for name, _ in each.locations)
    }
    return replace(
        language.read("en"),
        tag=TAG,
        name="invented",
        direction="rtl",
        words=words,
        plurals={
            each.id[0]: (stretched(each.id[0]), stretched(each.id[1]))
            for each in messages
            if not isinstance(each.id, str)
        },
        scripts=json.dumps(scripts),
    )


if __name__ == "__main__":
    made, real, known = invented(), language.read, language.tags()
    language.read = lambda tag: made if tag == TAG else real(tag)  # type: ignore[assignment]
    language.tags = lambda: (*known, TAG)  # type: ignore[assignment]
    from app.cli import main

    main()
