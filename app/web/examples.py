"""What the style guide shows in parts that no data set fills: one example of each state.

These are English, as what people write and publish is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.web import addresses
from app.web.agreement_pages import Cell, Compared, MeasureRow, TableRow
from app.web.catalogue import RefusedFile
from app.web.filters import Chips, Facet, FacetValue
from app.web.notes import Notes, Said
from app.web.offers import Progress
from app.web.pager import pager
from app.web.reading_options import Option
from app.web.views import Choice, Link, Notice, Pager

HERE: Final = f"{addresses.STYLEGUIDE}#main"
_LONG: Final = "a label whose name is longer than the room there is for it, as some are"
_PAGES: Final = 14


@dataclass(frozen=True)
class Chapter:
    """A part of the guide, and what is to be known of what it shows."""

    id: str
    title: str
    text: str


CHAPTERS: Final = (
    Chapter(
        "colour",
        "Colour",
        "Greys and one accent, so that images keep the colour to themselves. Behind each name "
        "its contrast to the ground: light / dark / reading room. Text has at least 4.5, an edge "
        "that must be seen and a mark of a label at least 3.",
    ),
    Chapter("scales", "Space, type, corners", "One scale each. Fonts are the system's."),
    Chapter(
        "looks",
        "The looks",
        "The same parts in each look, whatever this page has: data-look on any element gives its "
        "colours to all within.",
    ),
    Chapter(
        "buttons",
        "Buttons and links",
        "A button is known by its words. Where there is nothing to do it stays, without an edge, "
        "so that nothing beside it moves.",
    ),
    Chapter(
        "filters",
        "Filters",
        "What is chosen is told by a tick, by weight and to screen readers, never by colour alone.",
    ),
    Chapter(
        "cells",
        "Cells",
        "An image, its mark and its label. Pointed at, it has a thin line; in focus, a thick "
        "one; ticked, a line within.",
    ),
    Chapter(
        "pages",
        "Pages",
        "Above the images the two steps and a field; below them all the numbers. What is not "
        "there keeps its place.",
    ),
    Chapter(
        "words",
        "Notices",
        "Above what they are about: something to know, something that is wrong, something under "
        "way. An alarm floats over the page.",
    ),
    Chapter(
        "numbers",
        "Facts and tables",
        "Numbers stand in columns, to be compared. A wide table scrolls by itself, also by keys.",
    ),
    Chapter(
        "cards",
        "Cards",
        "A dataset that is here has a whole line around it; one that is not, a broken one.",
    ),
    Chapter("image", "An image", "Drawn pixel by pixel, on a ground that does not shine."),
    Chapter(
        "forms",
        "Forms",
        "Every field has its words above it. One that can't be taken as it is has a thick edge "
        "at its start.",
    ),
)


def _row(name: str, numbers: Sequence[int], same: int) -> TableRow:
    cells = (
        Cell(str(n), f"{n} images", HERE if n else None, round(9 * n / 51), place == same)
        for place, n in enumerate(numbers)
    )
    return TableRow(name, tuple(cells))


class Examples:
    """One of each; their links lead ``here``, those of pagers to the top of the same page."""

    here: str = HERE
    notices: tuple[Notice, ...] = (
        Notice("note", "Shown through a window from 12 (black) to 1,200 (white)."),
        Notice("warning", "train_images: is cut off after 120 MB; get the file again."),
        Notice("progress", "train is being unpacked and checked: 40 % is done."),
    )
    chips: Chips = Chips((Link("test", HERE), Link(_LONG, HERE, title=_LONG)), HERE)
    findings: Facet = Facet(
        "finding",
        "Findings",
        "finding",
        (
            FacetValue("0", "atelectasis", "1,204", on=True, hue="0"),
            FacetValue("1", _LONG, "88", on=False, hue="1"),
            FacetValue("2", "effusion", "0", on=False, hue="2"),
        ),
        HERE,
        (Link("Any", HERE, current=True), Link("All", HERE), Link("None", HERE)),
    )
    pagers: tuple[tuple[str, Pager], ...] = tuple(
        (name, pager(number, _PAGES, lambda number: f"{addresses.STYLEGUIDE}?page={number}"))
        for name, number in (("First page", 1), ("A page between", 7), ("Last page", _PAGES))
    )
    notes: Notes = Notes(
        problem="",
        changed="",
        rows=(
            Said(
                1, "A. Reader", "2026-11-25 04:00 UTC", "Artefact", "Dust, lower left.", False, HERE
            ),
        ),
        history=(
            Said(
                2, "A. Reader", "2026-11-24 16:30 UTC", "Duplicate", "Same as train 7?", True, None
            ),
            Said(3, "A. Reader", "2026-11-24 16:32 UTC", "", "Taken back", False, None),
        ),
        action=addresses.STYLEGUIDE,
        check="",
        image="",
        flags=(
            Choice("", "No flag", selected=False),
            Choice("artefact", "Artefact", selected=True),
            Choice("other", "Other", selected=False),
        ),
        text_most=2_000,
        name="",
        name_most=100,
        hint="shown with the note",
    )
    measures: tuple[MeasureRow, ...] = (
        MeasureRow("Krippendorff alpha", "0.71", "0.60 to 0.82", "120", ""),
        MeasureRow("Intraclass correlation", "–", "–", "120", "There are fewer than two grades."),
    )
    refused: tuple[RefusedFile, ...] = (
        RefusedFile("broken.npz", "broken.npz is cut off; get the file again."),
    )
    downloads: tuple[Progress, ...] = (
        Progress("Download of 64 px", 62, 100, "62 of 100 MB, 4 seconds left"),
        Progress("Download of 128 px", 0, None, "Waiting for the other one"),
    )
    choices: tuple[Choice, ...] = (
        Choice("a", "By index", selected=True),
        Choice("b", "By label", selected=False),
        Choice("c", "Random", selected=False),
    )
    answers: tuple[Option, ...] = (
        Option("0", "benign", "1", chosen=False),
        Option("1", "malignant", "2", chosen=True),
        Option("none", "cannot tell", "", chosen=False),
    )
    sure: tuple[Option, ...] = tuple(Option(str(n), str(n), "", chosen=n == 4) for n in range(1, 6))

    compared: Compared = Compared(
        id="pair",
        heading="A and B",
        first="A",
        second="B",
        measures=(),
        columns=("benign", "malignant", "cannot tell"),
        rows=(
            _row("benign", (51, 6, 1), 0),
            _row("malignant", (4, 47, 0), 1),
            _row("cannot tell", (2, 0, 9), 2),
        ),
        plots=(),
    )
