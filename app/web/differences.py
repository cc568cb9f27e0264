"""Mean images of several selections → how each differs from the first, on one scale of colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.pictures.means import diverging
from app.pictures.tallies import Inquiry
from app.pictures.tally import BITS, BYTES, Tally, picture_shape
from app.web import addresses, curves, words
from app.web.language import gettext as _
from app.web.pixels import Picture, picture

Reals = NDArray[np.float64]

_STEPS: Final = 41
_LEGEND_WIDTH: Final = 320


@dataclass(frozen=True)
class Difference:
    """One channel of a difference, drawn; ``text`` says its ends and its mean."""

    title: str
    picture: Picture
    text: str


@dataclass(frozen=True)
class Step:
    """One colour of the legend, as it stands in SVG."""

    x: float
    width: float
    fill: str


@dataclass(frozen=True)
class Legend:
    """The scale of all differences: its colours, and the values at its ends and its middle."""

    name: str
    width: int
    steps: tuple[Step, ...]
    low: str
    high: str


def apart(first: Inquiry, other: Inquiry) -> str:
    """Say why two selections have no difference of means; nothing where they have one."""
    if picture_shape(first.dataset) != picture_shape(other.dataset):
        sizes = words.size_words(first.dataset), words.size_words(other.dataset)
        return _(
            "No difference is drawn: the first has {first}, this {this}.",
            first=sizes[0],
            this=sizes[1],
        )
    kinds = [inquiry.bins if inquiry.bins in (BYTES, BITS) else None for inquiry in (first, other)]
    if kinds[0] != kinds[1]:
        return _("No difference is drawn: the values of the two are of different types.")
    if not first.total or not other.total:
        return _("No difference is drawn: one of the two has no images.")
    return ""


def difference(first: Tally, other: Tally) -> Reals:
    """Subtract the first mean image from another: (H, W, C), NaN where there is no number."""
    return other.mean(0) - first.mean(0)


def from_first(inquiries: Sequence[Inquiry], found: Sequence[Tally | None]) -> list[Reals | None]:
    """Give each one's difference from the first, which has none itself."""
    first = found[0] if found else None
    return [
        difference(first, each)
        if place and first and each and not apart(inquiries[0], inquiry)
        else None
        for place, (inquiry, each) in enumerate(zip(inquiries, found, strict=True))
    ]


def scale_of(differences: Sequence[Reals]) -> float:
    """Give the largest distance from 0: both ends of the colours of all differences."""
    sizes = [np.abs(each[np.isfinite(each)]).max(initial=0.0) for each in differences]
    return float(max(sizes, default=0.0))


def draw(
    inquiry: Inquiry, difference: Reals, first: str, letter: str, comparison: str
) -> tuple[Difference, ...]:
    """Say what each channel's picture is, and where it is."""
    drawn = []
    for channel, name in enumerate(curves.channel_names(difference.shape[2])):
        values = difference[..., channel]
        title = f"{letter} − {first}" + (f", {_(name)}" if name else "")
        text = _text(values)
        src = addresses.difference(comparison, letter.lower(), channel)
        shown = picture(
            inquiry.dataset, src, _("Difference of means, {title}: {text}", title=title, text=text)
        )
        drawn.append(Difference(title, shown, text))
    return tuple(drawn)


def legend(most: float) -> Legend:
    """Draw the scale from -``most`` to ``most``."""
    colours = diverging(np.linspace(-1, 1, _STEPS), 1.0).tolist()
    width = _LEGEND_WIDTH / _STEPS
    return Legend(
        name=_(
            "Colours of the differences: blue is less than the first, down to {least}; white is "
            "the same; red is more, up to {most}",
            least=_signed(-most),
            most=_signed(most),
        ),
        width=_LEGEND_WIDTH,
        steps=tuple(
            Step(round(place * width, 2), math.ceil(width), "#{:02x}{:02x}{:02x}".format(*colour))
            for place, colour in enumerate(colours)
        ),
        low=_signed(-most),
        high=_signed(most),
    )


def _text(values: Reals) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return _("no number")
    least, most, mean = (_signed(float(each)) for each in (known.min(), known.max(), known.mean()))
    return _("from {least} to {most}, mean {mean}", least=least, most=most, mean=mean)


def _signed(value: float) -> str:
    """Print a difference with its sign; the minus is as long as the plus is wide."""
    text = words.measured(abs(value))
    if not value:
        return text
    return f"{'+' if value > 0 else '−'}{text}"
