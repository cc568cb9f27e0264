"""Numbers and labels as words on a page."""

from collections.abc import Iterable
from typing import Final

from app.catalogue.facts import Facts
from app.datasets.dataset import Dataset, Label
from app.datasets.query import short
from app.datasets.selection import Noted, Selection, View
from app.reviews.agreement import CANNOT_TELL
from app.reviews.designs import Design
from app.web.language import gettext as _
from app.web.language import later, ngettext, signed
from app.web.views import Credits

NO_PAGE: Final = later("There is no page at this address.")
# In place of what names files and the database, of which who holds a link was told nothing.
FOR_GUESTS: Final = later(
    "This can't be shown right now; try again later, or tell the person who sent you the link."
)
NO_LABEL: Final = later("no label")
NOTED_WORDS: Final[dict[Noted, str]] = {"flagged": later("flagged"), "notes": later("with notes")}
VIEW_WORDS: Final[dict[View, str]] = {
    "middle": later("the middle slice"),
    "mean": later("the mean of all slices"),
    "max": later("the maximum over all slices"),
    "montage": later("nine slices, evenly spaced"),
}


def counted(number: int) -> str:
    """1080 → “1,080” in English, “1.080” in German; an endless one that was sent is cut."""
    return signed(short(f"{number:,}"))


def kind(*, volumes: bool) -> str:
    """Name what a dataset holds many of."""
    return _("volumes") if volumes else _("images")


def none_match(*, volumes: bool) -> str:
    """Say that the filters let nothing pass."""
    return _("No {noun} match these filters.", noun=kind(volumes=volumes))


def images(number: int, *, volumes: bool) -> str:
    """1 → “1 image”, 42 → “42 images”; for a 3D dataset, volumes."""
    if volumes:
        return ngettext("{number} volume", "{number} volumes", number)
    return ngettext("{number} image", "{number} images", number)


def share(number: int, total: int) -> str:
    """Give a percentage with one decimal; of nothing there is none."""
    return signed(f"{100 * number / total:.1f} %") if total else "–"


def label_text(label: Label) -> str:
    """Name a label with its number: “malignant (0)”.

    One that is published as a number only is named by what it stands for, if that is known.
    """
    name = label.meaning if label.name == str(label.value) else label.name
    return f"{name} ({label.value})" if name else label.name


def answer_text(design: Design, answer: int) -> str:
    """Name an answer of a reader."""
    return _("cannot tell") if answer == CANNOT_TELL else design.name_of(answer)


def credits_of(datasets: Iterable[Dataset]) -> Credits:
    """Give what is to be cited of these datasets, and under which licences they are."""
    facts = [dataset.facts for dataset in datasets if dataset.facts]
    # What several have in common (MedMNIST's own paper) once.
    lines = dict.fromkeys(line for each in facts for line in each.citation.splitlines())
    return Credits(
        citation="\n".join(lines),
        license=", ".join(dict.fromkeys(each.license for each in facts)),
    )


def shortened(text: str, most: int) -> str:
    """Cut a text that has no room to wrap."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def in_line(*parts: str) -> str:
    """Put what there is in one line; where it wraps, the dots stay at the ends of lines."""
    return "\N{NO-BREAK SPACE}· ".join(filter(None, parts))


def labels_text(dataset: Dataset, values: Iterable[int]) -> str:
    """Name all labels of an item; “no label” for one that carries none."""
    return in_line(*(label_text(dataset.label_of[value]) for value in values)) or _(NO_LABEL)


def filter_text(dataset: Dataset, selection: Selection) -> str:
    """Say which labels pass: “cup (1) or disc (2)”, “… and …”, “without …”; nothing for all."""
    names = [label_text(dataset.label_of[value]) for value in selection.labels]
    joint = _("and") if selection.match == "all" else _("or")
    if selection.match == "none":
        # Not “without no label”: whoever leaves those out asks for images that carry one.
        return in_line(
            _("without {labels}", labels=f" {joint} ".join(names)) if names else "",
            _("with a label") if selection.unlabelled else "",
        )
    return f" {joint} ".join([*names, *([_(NO_LABEL)] if selection.unlabelled else [])])


def caption(dataset: Dataset, values: Iterable[int]) -> str:
    """Name an item's labels in few letters, for below a thumbnail."""
    return in_line(*(dataset.label_of[value].name for value in values)) or _(NO_LABEL)


def spoken(dataset: Dataset, values: Iterable[int]) -> str:
    """Name all labels of an item; its caption first, since that is what one sees and may say."""
    meanings = [dataset.label_of[value].meaning for value in values]
    if not any(meanings):
        return labels_text(dataset, values)
    return ", ".join((caption(dataset, values), *filter(None, meanings)))


def number(value: float) -> str:
    """Print a pixel value: whole numbers plainly, others with four significant digits or more."""
    if abs(value) >= 1e15:
        return signed(f"{value:.4g}")
    if value.is_integer():
        return signed(f"{value:,.0f}")
    return signed(f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}")


def measured(value: float) -> str:
    """Print what was computed from pixels: one decimal, or four significant digits."""
    return signed(f"{value:,.1f}" if 100 <= abs(value) < 1e15 else f"{value:.4g}")


def bytes_text(size: int) -> str:
    """205615438 → “206 MB” (decimal units, as disks are sold)."""
    if size < 1000:
        return _("{number} bytes", number=size)
    amount, unit = float(size), ""
    for larger in ("kB", "MB", "GB", "TB"):
        if round(amount) < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if round(amount, 1) >= 10 else signed(f"{amount:.1f} {unit}")


def reduced_text(factors: Iterable[int]) -> str:
    """Say of thumbnails that each of their pixels stands for so many, by so many; not of one."""
    found = set(factors)
    factor = max(found, default=1)
    if factor == 1:
        return ""
    if len(found) > 1:
        return _("Thumbnails of larger images are reduced; each picture's own page is exact.")
    return _(
        "Thumbnails show the mean of every {factor} × {factor} pixels; each picture's own page is "
        "exact.",
        factor=factor,
    )


def task_words(of: Dataset | Facts) -> str:
    """The task as MedMNIST names it, with the number of labels."""
    return f"{of.task} ({len(of.labels)})"


def size_words(dataset: Dataset) -> str:
    """“28 × 28 pixels, colour”."""
    sides = dataset.shape if dataset.is_volume else dataset.shape[:2]
    size = " × ".join(str(side) for side in sides)
    if dataset.is_volume:
        return _("{size} voxels, grey", size=size)
    if dataset.channels == 3:
        return _("{size} pixels, colour", size=size)
    return _("{size} pixels, grey", size=size)
