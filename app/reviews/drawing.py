"""A drawing of lines, boxes and texts, written as SVG or as PNG: one layout, two writers.

Coordinates are pixels from the top left; a text is centred on its ``y``.
"""

import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from app.errors import plain

_PNG_SCALE: Final = 2  # for print
_PIXELS_MOST: Final = 20_000_000

# What Pillow's own font lacks, and what is read in its place.
_SPELLED: Final[dict[int, int | str]] = {
    **str.maketrans("øØłŁđĐıμ×‐–—−„‚′", "oOlLdDiux----“‘'"),  # noqa: RUF001
    ord("ß"): "ss",
    ord("æ"): "ae",
    ord("Æ"): "AE",
    ord("œ"): "oe",
    ord("Œ"): "OE",
}

# It has no letter with an accent, but signs to set upon one, or under it: each with its size, as a
# share of the letter's. Of other accents, and of a second one, the letter is left.
_ABOVE: Final = {
    "\N{COMBINING DIAERESIS}": ("··", 1.0),
    "\N{COMBINING DOT ABOVE}": ("·", 1.0),
    "\N{COMBINING ACUTE ACCENT}": ("\N{ACUTE ACCENT}", 1.0),
    "\N{COMBINING DOUBLE ACUTE ACCENT}": ("\N{ACUTE ACCENT}" * 2, 0.8),
    "\N{COMBINING GRAVE ACCENT}": ("`", 1.0),
    "\N{COMBINING CIRCUMFLEX ACCENT}": ("^", 0.6),
    "\N{COMBINING CARON}": ("v", 0.5),
    "\N{COMBINING BREVE}": ("u", 0.45),
    "\N{COMBINING MACRON}": ("-", 1.0),
    "\N{COMBINING TILDE}": ("~", 1.0),
    "\N{COMBINING RING ABOVE}": ("°", 1.0),
}
_BELOW: Final = {
    "\N{COMBINING CEDILLA}": (",", 0.8),
    "\N{COMBINING COMMA BELOW}": (",", 0.8),
    "\N{COMBINING OGONEK}": (",", 0.8),
}
_ACCENTS: Final = _ABOVE | _BELOW

_ANCHOR: Final = {"start": "lm", "middle": "mm", "end": "rm"}
_BEFORE: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}  # of its width, left of its ``x``


@dataclass(frozen=True)
class Line:
    """A straight line; ``colour`` as #rrggbb."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float = 1


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Text:
    """A line of text: it starts at, has its middle at, or ends at ``x``."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    size: int = 13
    colour: str = "#000000"


Mark = Line | Box | Text


@dataclass(frozen=True)
class Drawing:
    """What to draw, from back to front, on white."""

    title: str
    width: int
    height: int
    marks: tuple[Mark, ...]


def clipped(text: str, most: int) -> str:
    """Give text as it may stand in a drawing: printable, and at most that many characters."""
    shown = plain(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def breadth(text: str, size: int = 13) -> float:
    """Estimate a text's width in pixels, in whatever font it will be shown."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return 1.05 * _font(size).getlength(_drawable(text)) + wide * size


def svg(drawing: Drawing) -> str:
    """Write a drawing as a standalone SVG document; it refers to nothing outside."""
    size = f'width="{drawing.width}" height="{drawing.height}"'
    box = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    font = 'font-family="Helvetica, Arial, sans-serif"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" {font}>',
        f"<title>{escape(plain(drawing.title))}</title>",
        f'<rect {size} fill="#ffffff"/>',
        *(_element(mark) for mark in drawing.marks),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def png(drawing: Drawing) -> bytes:
    """Draw a drawing as PNG at twice its size, or less where that would be too large.

    The font has the letters of English only: common accents are set upon them or below, others are
    dropped, and ß is written ss.
    """
    scale = min(_PNG_SCALE, (_PIXELS_MOST / (drawing.width * drawing.height)) ** 0.5)
    image = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), "white")
    _draw(ImageDraw.Draw(image), drawing.marks, scale)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _element(mark: Mark) -> str:
    match mark:
        case Line():
            ends = f'x1="{mark.x1:g}" y1="{mark.y1:g}" x2="{mark.x2:g}" y2="{mark.y2:g}"'
            return f'<line {ends} stroke="{mark.colour}" stroke-width="{mark.width:g}"/>'
        case Box():
            place = f'x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}"'
            return f'<rect {place} fill="{mark.colour}"/>'
        case Text():
            # A third of an em lower, as not every viewer knows dominant-baseline.
            place = f'x="{mark.x:g}" y="{mark.y:g}" dy="0.35em" text-anchor="{mark.anchor}"'
            style = f'font-size="{mark.size}" fill="{mark.colour}"'
            return f"<text {place} {style}>{escape(plain(mark.text))}</text>"


def _draw(canvas: ImageDraw.ImageDraw, marks: Iterable[Mark], scale: float) -> None:
    for mark in marks:
        match mark:
            case Line():
                ends = [each * scale for each in (mark.x1, mark.y1, mark.x2, mark.y2)]
                canvas.line(ends, mark.colour, max(1, round(mark.width * scale)))
            case Box():
                left, top = mark.x * scale, mark.y * scale
                # Pillow draws the last pixel too.
                right = max(left, left + mark.width * scale - 1)
                bottom = max(top, top + mark.height * scale - 1)
                canvas.rectangle((left, top, right, bottom), mark.colour)
            case Text():
                _write(canvas, mark, scale)


def _write(canvas: ImageDraw.ImageDraw, mark: Text, scale: float) -> None:
    font, anchor = _font(mark.size * scale), _ANCHOR[mark.anchor]
    x, y = mark.x * scale, mark.y * scale
    text = _drawable(mark.text)
    canvas.text((x, y), text, mark.colour, font, anchor)
    left = x - font.getlength(text) * _BEFORE[mark.anchor]
    before = ""
    for letter in unicodedata.normalize("NFC", mark.text):
        base = _drawable(letter)
        before += base
        accent = next((p for p in unicodedata.normalize("NFKD", letter)[1:] if p in _ACCENTS), "")
        if accent:
            sign, size = _ACCENTS[accent]
            small = _font(mark.size * scale * size)
            start = left + font.getlength(before) - font.getlength(base)
            of = canvas.textbbox((start, y), base, font, "lm")
            own = canvas.textbbox((0, 0), sign, small, "lm")
            # Its ink alone: the box of a text goes down to the line that it stands on.
            ink = small.getmask(sign).getbbox()
            gap = mark.size * scale * size / 10
            middle = (of[0] + of[2] - own[0] - own[2]) / 2
            high = of[1] - gap - own[1] - ink[3] if accent in _ABOVE else of[3] - own[1] - ink[1]
            canvas.text((middle, high), sign, mark.colour, small, "lm")


@lru_cache(16)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _drawable(text: str) -> str:
    parts = unicodedata.normalize("NFKD", plain(text))
    return "".join(p for p in parts if not unicodedata.combining(p)).translate(_SPELLED)
