"""Plots that stand alone: an SVG any reader of XML takes, a PNG of the same."""

import io
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.reviews.agreement import PERCENT, measure_agreement
from app.reviews.differences import Table, tabulate
from app.reviews.intervals import Measure
from app.reviews.plots import confusion_png, confusion_svg, measures_png, measures_svg

from .answering import ordinary

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert(1)</script>&"\x00\x1b\u202e\ud800\n'


def table_of(categories: tuple[str, ...], pairs: list[tuple[int, int]]) -> Table:
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    return tabulate(categories, np.arange(len(rows)), rows)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


SMALL = table_of(("benign", "malignant"), [(0, 0)] * 7 + [(0, 1)] * 2 + [(1, 1)] * 13)
MEASURES = [
    Measure("Cohen's kappa", 0.5, 0.25, 0.75, 120, ""),
    Measure("Fleiss' kappa", None, None, None, 3, "Not defined."),
    Measure("Sensitivity", 1.0, None, None, 1, "No interval."),
]


def test_a_table_shows_each_cells_count_and_each_category() -> None:
    shown = texts(confusion_svg(SMALL, "A", "the stored label"))
    assert "Rows: A, columns: the stored label" in shown
    assert {"7", "2", "13", "0  benign", "1  malignant"} <= set(shown)


def test_measures_are_shown_in_numbers_too() -> None:
    shown = texts(measures_svg("Agreement", MEASURES))
    assert "0.50 (0.25 to 0.75), n = 120" in shown
    assert "not defined, n = 3" in shown
    assert "1.00, n = 1" in shown


def test_a_percentage_is_written_as_one_whosever_it_is() -> None:
    share = Measure(PERCENT, 9 / 13, 0.5, 1.0, 1_013, "", whose="Ann and Ben")
    shown = texts(measures_svg("Agreement", [share]))
    assert "69.2 % (50.0 % to 100.0 %), n = 1,013" in shown
    assert "Ann and Ben: Percent agreement" in shown


def test_what_rounds_to_nothing_has_no_sign() -> None:
    measure = Measure("Kappa", -0.0046, -0.004, 0.3, 29, "")
    assert "0.00 (0.00 to 0.30), n = 29" in texts(measures_svg("T", [measure]))
    unsure = Measure("Kappa", -0.0046, None, None, 29, "")
    assert "0.00, n = 29" in texts(measures_svg("T", [unsure]))


def test_the_interval_lies_where_the_axis_says() -> None:
    root = ET.fromstring(measures_svg("Agreement", MEASURES[:1]))
    lines = [
        (float(line.get("x1", "")), float(line.get("x2", "")), line.get("stroke-width"))
        for line in root.iter(f"{SVG}line")
    ]
    ticks = [x1 for x1, _, width in lines if width == "1"]
    (interval,) = [(x1, x2) for x1, x2, width in lines if width == "2"]
    assert interval == (ticks[1], ticks[3])  # 0, 0.25, 0.5, 0.75, 1


def test_the_axis_reaches_below_zero_where_a_value_does() -> None:
    below = Measure("Cohen's kappa", -0.3, -0.6, 0.1, 20, "")
    assert "-0.75" in texts(measures_svg("Agreement", [below]))
    assert "-0.25" not in texts(measures_svg("Agreement", MEASURES))


@pytest.mark.parametrize(
    "draw",
    [
        lambda text: confusion_svg(table_of((text, "b"), [(0, 1)]), text, text),
        lambda text: measures_svg(text, [Measure(text, 0.5, 0.4, 0.6, 20, text)]),
    ],
    ids=["table", "measures"],
)
def test_names_stay_text(draw: Callable[[str], str]) -> None:
    root = ET.fromstring(draw(HOSTILE))
    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "title", "rect", "line", "text")
    }
    assert any("</text><script>" in text for text in texts(draw(HOSTILE)))


@settings(max_examples=50)
@given(st.text(max_size=20))
def test_any_name_can_be_drawn(name: str) -> None:
    table = table_of((name, "b"), [(0, 1)])
    measures = [Measure(name, 0.5, 0.4, 0.6, 20, "")]
    for svg in (confusion_svg(table, name, name), measures_svg(name, measures)):
        assert ET.fromstring(svg).tag == f"{SVG}svg"
    for png in (confusion_png(table, name, name), measures_png(name, measures)):
        assert opened(png).format == "PNG"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("groß „–“ Øre", "gross “-“ Ore"), ("5 µm × 3", "5 um x 3")],
)
def test_letters_that_the_png_has_no_font_for_are_spelled(name: str, drawn: str) -> None:
    found, expected = (
        confusion_png(table_of((each, "b"), [(0, 1)]), "A", "B") for each in (name, drawn)
    )
    assert np.array_equal(np.asarray(opened(found)), np.asarray(opened(expected)))


@pytest.mark.parametrize(
    ("name", "plain", "signs"),
    [
        *(("ü", "u", 2), ("Ä", "A", 2), ("o\u0308", "o", 2), ("ő", "o", 2)),
        *(("é", "e", 1), ("ê", "e", 1), ("ế", "e", 1), ("ā", "a", 1)),
        *(("ż", "z", 1), ("š", "s", 1), ("Č", "C", 1), ("ğ", "g", 1)),
    ],
)
def test_accents_stand_above_their_letters_in_the_png(name: str, plain: str, signs: int) -> None:
    accented, without = (
        np.asarray(opened(measures_png("T", [Measure(each, 0.5, 0.4, 0.6, 20, "")])).convert("L"))
        for each in (name, plain)
    )
    rows, columns = np.nonzero(accented != without)
    assert (without[rows, columns] == 255).all()
    assert np.count_nonzero(np.diff(np.unique(columns)) > 1) == signs - 1
    below = without[rows.max() + 1 : rows.max() + 30, :60].min(axis=0)
    letter = np.flatnonzero(below < 128)
    assert letter.min() <= columns.min()
    assert columns.max() <= letter.max()


@pytest.mark.parametrize(("name", "plain"), [("ç", "c"), ("Ş", "S"), ("ț", "t"), ("ę", "e")])
def test_cedillas_and_their_like_hang_below_their_letters_in_the_png(name: str, plain: str) -> None:
    hung, without = (
        np.asarray(opened(measures_png("T", [Measure(each, 0.5, 0.4, 0.6, 20, "")])).convert("L"))
        for each in (name, plain)
    )
    rows, columns = np.nonzero(hung != without)
    above = without[rows.min() - 30 : rows.min(), :60].min(axis=0)
    letter = np.flatnonzero(above < 128)
    assert (without[rows, columns] == 255).all()
    assert letter.min() <= columns.min()
    assert columns.max() <= letter.max()


def test_a_plot_refers_to_nothing_outside() -> None:
    for svg in (confusion_svg(SMALL, "A", "B"), measures_svg("Agreement", MEASURES)):
        assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
        assert not re.search(r"href|url\(|style|@import", svg)


def test_a_png_has_twice_the_pixels_of_the_svg() -> None:
    for svg, png in (
        (confusion_svg(SMALL, "A", "B"), confusion_png(SMALL, "A", "B")),
        (measures_svg("Agreement", MEASURES), measures_png("Agreement", MEASURES)),
    ):
        root = ET.fromstring(svg)
        assert opened(png).size == (2 * int(root.get("width", "")), 2 * int(root.get("height", "")))


def test_a_cell_has_the_same_colour_in_both() -> None:
    root = ET.fromstring(confusion_svg(SMALL, "A", "B"))
    image = opened(confusion_png(SMALL, "A", "B"))
    cells = [box for box in root.iter(f"{SVG}rect") if box.get("x")]
    assert len(cells) == 3
    for box in cells:
        x, y = (2 * (float(box.get(axis, "")) + 4) for axis in "xy")
        colour = image.getpixel((round(x), round(y)))
        assert isinstance(colour, tuple)
        assert "#" + "".join(f"{int(part):02x}" for part in colour) == box.get("fill")


def test_long_names_are_cut() -> None:
    shown = texts(confusion_svg(table_of(("x" * 1_000_000, "b"), []), "y" * 1_000_000, "B"))
    assert max(map(len, shown)) <= 120


def test_a_long_name_of_a_reader_leaves_room_for_what_was_measured() -> None:
    told = [Measure(name, 0.5, 0.4, 0.6, 20, "", "y" * 100) for name in (PERCENT, "Cohen's kappa")]
    shown = texts(measures_svg("Agreement", told))
    for measure in told:
        assert any(re.fullmatch(f"y+…: {measure.name}", text) for text in shown)
    both = Measure("z" * 100, 0.5, 0.4, 0.6, 20, "", "y" * 100)
    (cut,) = (text for text in texts(measures_svg("T", [both])) if "z" in text)
    assert re.fullmatch("y{19}…: z+…", cut)
    assert len(cut) == 60


def test_a_thousand_categories_keep_the_plot_small() -> None:
    table = table_of(tuple(map(str, range(1000))), [(at, at) for at in range(1000)])
    assert max(opened(confusion_png(table, "A", "B")).size) <= 2000
    assert len(confusion_svg(table, "A", "B")) < 200_000


def test_a_study_with_many_readers_can_be_drawn() -> None:
    measures = list(measure_agreement(ordinary(10, 20, 2), seed=1, resamples=10).measures()) * 8
    width, height = opened(measures_png("Agreement", measures)).size
    assert width * height <= 20_100_000


def test_nothing_to_draw_is_drawn_as_that() -> None:
    assert texts(measures_svg("Agreement", []))[0] == "Agreement"
    empty = table_of(("a", "b"), [])
    root = ET.fromstring(confusion_svg(empty, "A", "B"))
    assert len(list(root.iter(f"{SVG}rect"))) == 1  # the paper
    assert opened(confusion_png(empty, "A", "B")).size[0] > 0
