"""Names of labels as long as some are elsewhere: 150 characters, most of them in one long word.

Run as a program, it is ``lightbox`` whose labels are called so.
"""

from dataclasses import replace

from app.catalogue import facts
from app.catalogue.facts import Facts, LabelFact

LENGTH = 150


def name_of(value: int) -> str:
    """Give a label's name: one long word, and then some of usual length."""
    words = f"Pneumonoultramicroscopicsilicovolcanoconiosis{value} " + "with further findings, " * 5
    return words[: LENGTH - 1] + "."


def lengthened(of: Facts) -> Facts:
    """Call the labels of a dataset so."""
    labels = tuple(LabelFact(each.value, name_of(each.value)) for each in of.labels)
    return replace(of, labels=labels)


if __name__ == "__main__":
    read = facts._read
    facts._read = lambda name: tuple(map(lengthened, read(name)))  # type: ignore[assignment]
    from app.cli import main

    main()
