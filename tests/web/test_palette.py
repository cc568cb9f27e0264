"""Colours of labels: seen on every ground, and for grades one hue from near the ground to far."""

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from app.web.preferences import GROUNDS

from .reading import Page, page

CSS = Path(__file__).parents[2] / "static" / "css"
# WCAG 2.2, success criterion 1.4.11: graphical objects.
LEAST_CONTRAST = 3.0


LOOKS = ("light", "dark", "reading")
COLOUR = r"#[0-9a-f]{3,6}"


def tokens(look: str) -> dict[str, str]:
    """Custom properties that are plain colours, by name, as they hold in this look."""
    css = (CSS / "foundation.css").read_text()
    place = 0 if look == "light" else 1
    pairs = re.findall(rf"--([a-z0-9-]+): light-dark\(({COLOUR}), ({COLOUR})\);", css)
    known = {name: pair[place] for name, *pair in pairs}
    if look == "reading":
        (own,) = re.findall(r'\[data-look="reading"\] \{([^}]*--ground[^}]*)\}', css)
        known |= dict(re.findall(rf"--([a-z0-9-]+): ({COLOUR});", own))
    return known


def channels(colour: str) -> list[int]:
    """Red, green and blue, of 255."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return [int(digits[place : place + 2], 16) for place in (0, 2, 4)]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


SCHEMES = pytest.mark.parametrize("scheme", LOOKS)
# WCAG 2.2, success criterion 1.4.3: text.
LEAST_OF_TEXT = 4.5


@SCHEMES
@pytest.mark.parametrize("ink", ["ink", "soft", "accent"])
def test_every_text_can_be_read_on_every_ground(ink: str, scheme: str) -> None:
    known = tokens(scheme)
    grounds = ("ground", "raised", "sunk", "well", "accent-soft", "warning-soft")
    assert min(contrast(known[ink], known[ground]) for ground in grounds) >= LEAST_OF_TEXT
    assert contrast(known["on-accent"], known["accent"]) >= LEAST_OF_TEXT


@SCHEMES
def test_the_edge_of_a_field_is_seen(scheme: str) -> None:
    known = tokens(scheme)
    assert contrast(known["edge"], known["ground"]) >= LEAST_CONTRAST
    assert contrast(known["edge"], known["raised"]) >= LEAST_CONTRAST


def test_a_reading_room_has_no_colour_but_the_labels() -> None:
    shades = {n: c for n, c in tokens("reading").items() if not re.match("hue|grade|channel", n)}
    coloured = {name: shade for name, shade in shades.items() if len(set(channels(shade))) > 1}
    assert coloured == {}
    assert max(luminance(shades[name]) for name in ("ground", "raised", "sunk")) < 0.01


def test_the_browsers_own_frame_has_the_ground_of_the_page() -> None:
    assert {look: tokens(look)["ground"] for look in LOOKS} == GROUNDS


@SCHEMES
def test_every_mark_is_seen_on_every_ground(scheme: str) -> None:
    known = tokens(scheme)
    marks = [known[f"{kind}-{step}"] for kind in ("hue", "grade") for step in range(10)]
    for ground in (known["ground"], known["raised"]):
        assert min(contrast(mark, ground) for mark in marks) >= LEAST_CONTRAST


@SCHEMES
def test_the_higher_a_grade_the_further_it_is_from_the_ground(scheme: str) -> None:
    known = tokens(scheme)
    steps = [contrast(known[f"grade-{step}"], known["ground"]) for step in range(10)]
    assert all(after / before > 1.1 for before, after in pairwise(steps))


# How eyes without one kind of cone see linear sRGB: G. M. Machado, M. M. Oliveira,
# L. A. F. Fernandes, “A Physiologically-based Model for Simulation of Color Vision Deficiency”,
# 2009, severity 1.0.
EYES = {
    "all cones": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Distances in Oklab (B. Ottosson, 2020), where some 0.02 is what eyes just tell apart side by side.
LEAST_APART = 0.06
LEAST_STEP = 0.03
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> NDArray[np.float64]:
    """sRGB without its curve."""
    values = np.array(channels(colour)) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def apart(one: str, other: str, eyes: str) -> float:
    """How far two colours are from each other for these eyes."""
    seen = np.clip(np.stack([linear(one), linear(other)]) @ EYES[eyes].T, 0, 1)
    first, second = np.cbrt(seen @ _TO_CONES.T) @ _TO_LAB.T
    return float(np.linalg.norm(first - second))


def test_the_simulation_is_of_what_eyes_see() -> None:
    # Published: red and green of equal lightness are one olive to eyes without green's cones.
    assert apart("#ff0000", "#00ff00", "all cones") > 0.5
    assert apart("#b4622c", "#7a7a2c", "deutan") < apart("#b4622c", "#7a7a2c", "all cones") / 2
    # Grey has no hue that could be lost.
    assert all(apart("#808080", "#8a8a8a", eyes) == pytest.approx(0.035, abs=0.01) for eyes in EYES)


@SCHEMES
@pytest.mark.parametrize("eyes", EYES)
def test_any_two_labels_are_told_apart_by_all_eyes(eyes: str, scheme: str) -> None:
    hues = [tokens(scheme)[f"hue-{step}"] for step in range(10)]
    assert min(apart(*pair, eyes) for pair in combinations(hues, 2)) >= LEAST_APART


@SCHEMES
@pytest.mark.parametrize("eyes", EYES)
def test_a_grade_is_told_from_the_next_by_all_eyes(eyes: str, scheme: str) -> None:
    grades = [tokens(scheme)[f"grade-{step}"] for step in range(10)]
    assert min(apart(*pair, eyes) for pair in pairwise(grades)) >= LEAST_STEP


def test_each_step_has_its_class() -> None:
    css = (CSS / "labels.css").read_text()
    for step in range(10):
        assert re.search(rf"\.hue-o{step} {{\s*--hue: var\(--grade-{step}\);", css)


def marks(shown: Page) -> list[str]:
    """The colours of the labels among the filters, each before its name."""
    inside = [child for name in shown.all("span", class_="name") for child in name]
    found = [child.get("class", "") for child in inside]
    return [each.split()[-1] for each in found if each.startswith("hue ")]


def test_grades_are_marked_by_steps_of_one_hue(real_client: TestClient) -> None:
    assert marks(page(real_client, "/d/retinamnist")) == [
        *("hue-o0", "hue-o2", "hue-o4", "hue-o7", "hue-o9")
    ]


def test_classes_without_an_order_are_marked_by_different_hues(real_client: TestClient) -> None:
    assert marks(page(real_client, "/d/breastmnist")) == ["hue-0", "hue-1"]
