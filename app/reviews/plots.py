"""A study's plots for a paper: a table of two answers, and measures with their intervals."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from app.reviews import drawing
from app.reviews.agreement import figure
from app.reviews.differences import Table
from app.reviews.drawing import Box, Drawing, Line, Mark, Text, breadth, clipped
from app.reviews.intervals import Measure

_INK: Final = "#000000"
_FAINT: Final = "#d5d9de"
_PAPER: Final = "#ffffff"
_DARK: Final = (0x1F, 0x4E, 0x8C)

_DEEP: Final = 0.74  # from this share on, white reads better than black

_MARGIN: Final = 16
_HEADING: Final = 36
_ROW: Final = 24
_NAME_LENGTH: Final = 60
_WHOSE_LEAST: Final = 20
_HEADING_SIZE: Final = 15

_GRID: Final = 720  # px, at most, for a table's cells
_CELL: Final = 56
_CELL_WITH_TEXT: Final = 18

_AXIS: Final = 360
_NUMBERS: Final = 230


def confusion_svg(table: Table, first: str, second: str) -> str:
    """Draw a table as SVG: ``first``'s answers by row, ``second``'s by column.

    Columns have the numbers of categories whose names stand at the rows. With so many categories
    that nothing could be read, names and counts are left out.
    """
    return drawing.svg(_confusion(table, first, second))


def confusion_png(table: Table, first: str, second: str) -> bytes:
    """Draw the same as PNG."""
    return drawing.png(_confusion(table, first, second))


def measures_svg(title: str, measures: Sequence[Measure]) -> str:
    """Draw measures as SVG, a row each: name, estimate and interval on one axis, and in numbers."""
    return drawing.svg(_measures(title, measures))


def measures_png(title: str, measures: Sequence[Measure]) -> bytes:
    """Draw the same as PNG."""
    return drawing.png(_measures(title, measures))


def _confusion(table: Table, first: str, second: str) -> Drawing:
    number = len(table.categories)
    cell = min(_CELL, _GRID / number)
    legible = cell >= _CELL_WITH_TEXT
    names = [clipped(f"{at}  {name}", _NAME_LENGTH) for at, name in enumerate(table.categories)]
    gutter = math.ceil(max(map(breadth, names)) + _MARGIN) if legible else 0
    left, top = _MARGIN + gutter, _MARGIN + _HEADING + _ROW
    side = cell * number
    heading = clipped(f"Rows: {first}, columns: {second}", 2 * _NAME_LENGTH)
    marks: list[Mark] = [Text(_MARGIN, _MARGIN + _HEADING / 3, heading, size=_HEADING_SIZE)]
    largest = int(table.counts.max())
    for row, column in sorted(table.cases):
        count = int(table.counts[row, column])
        share = count / largest
        x, y = left + column * cell, top + row * cell
        marks.append(Box(x, y, cell, cell, _shade(share)))
        if legible:
            colour = _PAPER if share > _DEEP else _INK
            size = _fitting(str(count), cell)
            marks.append(Text(x + cell / 2, y + cell / 2, str(count), "middle", size, colour))
    steps = range(number + 1) if legible else (0, number)
    for step in steps:
        at = step * cell
        marks.append(Line(left, top + at, left + side, top + at, _FAINT))
        marks.append(Line(left + at, top, left + at, top + side, _FAINT))
    if legible:
        for at, name in enumerate(names):
            middle = (at + 0.5) * cell
            marks.append(Text(_MARGIN, top + middle, name))
            marks.append(Text(left + middle, top - 12, str(at), "middle"))
    width = max(left + side, _MARGIN + breadth(heading, _HEADING_SIZE)) + _MARGIN
    return Drawing(heading, math.ceil(width), math.ceil(top + side + _MARGIN), tuple(marks))


def _fitting(text: str, width: float) -> int:
    """Give the size at which a text fits into a cell, 13 px at most."""
    return min(13, math.floor(13 * (width - 4) / breadth(text)))


def _shade(share: float) -> str:
    """Mix white and the dark colour; the least share is told from nothing."""
    depth = 0.08 + 0.92 * share
    return "#" + "".join(f"{round(255 + (part - 255) * depth):02x}" for part in _DARK)


def _measures(title: str, measures: Sequence[Measure]) -> Drawing:
    names = [_name(measure) for measure in measures]
    left = 2 * _MARGIN + math.ceil(max(map(breadth, names), default=0))
    top = _MARGIN + _HEADING
    bottom = top + _ROW * len(measures)
    start = _axis_start(measures)
    heading = clipped(title, 2 * _NAME_LENGTH)
    marks: list[Mark] = [Text(_MARGIN, _MARGIN + _HEADING / 3, heading, size=_HEADING_SIZE)]

    def place(value: float) -> float:
        return left + _AXIS * (value - start) / (1 - start)

    for tick in range(round(4 * start), 5):
        x = place(tick / 4)
        marks.append(Line(x, top, x, bottom, _INK if tick == 0 else _FAINT))
        marks.append(Text(x, bottom + 14, f"{tick / 4:g}", "middle", 12))
    for at, (name, measure) in enumerate(zip(names, measures, strict=True)):
        y = top + (at + 0.5) * _ROW
        marks.append(Text(_MARGIN, y, name))
        marks.append(Text(left + _AXIS + _MARGIN, y, _in_numbers(measure), size=12))
        if measure.low is not None and measure.high is not None:
            marks.append(Line(place(measure.low), y, place(measure.high), y, _INK, 2))
        if measure.estimate is not None:
            marks.append(Box(place(measure.estimate) - 4, y - 4, 8, 8, _shade(1)))
    width = max(left + _AXIS + _MARGIN + _NUMBERS, _MARGIN + breadth(heading, _HEADING_SIZE))
    return Drawing(heading, math.ceil(width + _MARGIN), bottom + 40, tuple(marks))


def _axis_start(measures: Sequence[Measure]) -> float:
    """Begin the axis at 0, or at the quarter below the least value."""
    least = min((value for measure in measures for value in _values(measure)), default=0)
    return min(0, math.floor(4 * least) / 4)


def _values(measure: Measure) -> Iterator[float]:
    yield from (each for each in (measure.estimate, measure.low) if each is not None)


def _name(measure: Measure) -> str:
    name = str(measure.name)
    if measure.whose:
        # Gives way to what was measured: readers' names can be longer than there is room.
        room = max(_NAME_LENGTH - len(name) - 2, _WHOSE_LEAST)
        name = f"{clipped(measure.whose, room)}: {name}"
    return clipped(name, _NAME_LENGTH)


def _in_numbers(measure: Measure) -> str:
    cases = f"n = {measure.n:,}"
    if measure.estimate is None:
        return f"not defined, {cases}"
    estimate = figure(measure, measure.estimate)
    if measure.low is None or measure.high is None:
        return f"{estimate}, {cases}"
    low, high = figure(measure, measure.low), figure(measure, measure.high)
    return f"{estimate} ({low} to {high}), {cases}"
