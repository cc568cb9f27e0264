"""What the catalogue shows of a dataset: its card, or how to get it where it is not here."""

import shlex
from dataclasses import dataclass

from app.catalogue.facts import PLAIN_SIZE, Facts, PublishedFile
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection
from app.pictures import sheet
from app.web import addresses, picture_addresses
from app.web.language import gettext as _
from app.web.language import ngettext, say
from app.web.notices import dataset_notices
from app.web.views import Fact, Link, Notice
from app.web.words import bytes_text, counted, images, in_line, size_words, task_words


@dataclass(frozen=True)
class Card:
    """A dataset in the catalogue; ``strip`` is one picture of ``strip_width × strip_height``."""

    id: str
    title: str
    href: str
    modality: str
    task: str
    size: str  # "28 × 28, colour"
    counts: tuple[Fact, ...]  # by split, then in all
    strip: str | None
    strip_alt: str
    strip_width: int
    strip_height: int
    notices: tuple[Notice, ...]
    links: tuple[Link, ...]  # to what the dataset is


@dataclass(frozen=True)
class Absent:
    """A published dataset that is not here, and how to get it. ``line`` says all of it briefly."""

    title: str
    href: str
    modality: str
    task: str
    counts: tuple[Fact, ...]
    how: str
    line: str


def card_of(dataset: Dataset) -> Card:
    """Draw up one that is here."""
    cell = sheet.cell_of(dataset)
    pictures = sheet.strip_length(dataset)
    counts = [Fact(split, counted(index.total)) for split, index in dataset.indexes.items()]
    links = [
        Link(_("About"), addresses.about(dataset.id), title=_("About {title}", title=dataset.title))
    ]
    if dataset.facts and not dataset.facts.is_demo:
        links.append(
            Link(
                _("All sizes"),
                addresses.published(dataset.facts.id),
                title=_("All sizes of {title}", title=dataset.facts.title),
            )
        )
    return Card(
        id=dataset.id,
        title=dataset.title,
        href=addresses.grid(dataset.id, Selection()),
        modality=say(dataset.modality),
        task=task_words(dataset),
        size=size_words(dataset),
        counts=(*counts, Fact(_("in all"), counted(dataset.total))),
        strip=picture_addresses.strip(dataset) if pictures else None,
        strip_alt=ngettext(
            "{number} picture of {title}",
            "{number} pictures of {title}",
            pictures,
            title=dataset.title,
        ),
        strip_width=cell.width * cell.scale * pictures,
        strip_height=cell.height * cell.scale,
        notices=dataset_notices(dataset, None),
        links=tuple(links),
    )


def absent_of(facts: Facts, place: str | None) -> Absent:
    """Draw up one that is not here; ``place`` is the folder for it, None where strangers look."""
    file = facts.files[0]
    counts = [Fact(split, counted(facts.counts[split])) for split in SPLITS]
    total = sum(facts.counts.values())
    task = task_words(facts)
    number = images(total, volumes=facts.dimensions == 3)
    return Absent(
        title=facts.title,
        href=addresses.published(facts.id),
        modality=facts.modality,
        task=task,
        counts=(*counts, Fact(_("in all"), counted(total))),
        how=_how(file, command(facts, file.size, place))
        if place
        else _("It is published, but not on this server."),
        line=in_line(facts.modality, task, number, f"{facts.sizes} px"),
    )


def _how(file: PublishedFile, typed: str) -> str:
    if file.bytes:
        return _("To get it ({size}), run: {command}", size=bytes_text(file.bytes), command=typed)
    return _("To get it, run: {command}", command=typed)


def command(facts: Facts, size: int, place: str | None) -> str:
    """Write what to type for one of a dataset's files."""
    which = f"lightbox get {facts.id}" + (f" --size {size}" if size != PLAIN_SIZE else "")
    return which + (f" --to {shlex.quote(place)}" if place else "")
