"""The library → what the first page shows."""

from typing import Final

from app.catalogue.facts import FOUNDING, Facts, all_facts
from app.datasets.dataset import Dataset
from app.datasets.library import Shelf
from app.datasets.selection import SPLITS, Selection
from app.errors import ArchiveError
from app.pictures import sheet
from app.web import addresses
from app.web.grid import size_words, task_words
from app.web.notices import dataset_notices
from app.web.views import Absent, Card, Catalogue, Fact, RefusedFile
from app.web.words import bytes_text, counted

STRIP: Final = 8


def build(shelf: Shelf, place: str | None) -> Catalogue:
    """Draw up the page.

    ``place`` is the folder where files that are not here yet belong; None where strangers look,
    who can't put any there and need not know it.
    """
    here = {dataset.facts.id for dataset in shelf.datasets if dataset.facts}
    number = len(shelf.datasets)
    served = f"{counted(number)} dataset{'' if number == 1 else 's'} served from this server."
    return Catalogue(
        heading="Medical image datasets",
        lead=served if number else "",
        cards=tuple(_card(dataset) for dataset in shelf.datasets),
        absent=tuple(
            _absent(facts, place)
            for facts in all_facts()
            if facts.id in FOUNDING and facts.id not in here
        ),
        refused=tuple(_refused(error) for error in shelf.refused),
        empty=""
        if number
        else "No dataset is served here." + (f" Put .npz files into {place}." if place else ""),
    )


def _card(dataset: Dataset) -> Card:
    cell = sheet.cell_of(dataset)
    pictures = sheet.strip_length(dataset, STRIP)
    counts = [Fact(split, counted(index.total)) for split, index in dataset.indexes.items()]
    return Card(
        id=dataset.id,
        title=dataset.title,
        href=addresses.grid(dataset.id, Selection()),
        modality=dataset.modality,
        task=task_words(dataset),
        size=size_words(dataset),
        counts=(*counts, Fact("in all", counted(dataset.total))),
        strip=addresses.strip(dataset) if pictures else None,
        strip_alt=f"{pictures} pictures of {dataset.title}",
        strip_width=cell.width * cell.scale * pictures,
        strip_height=cell.height * cell.scale,
        notices=dataset_notices(dataset, None),
        note="",
    )


def _absent(facts: Facts, place: str | None) -> Absent:
    file = facts.files[0]
    size = f" ({bytes_text(file.bytes)})" if file.bytes else ""
    counts = [Fact(split, counted(facts.counts[split])) for split in SPLITS]
    return Absent(
        title=facts.title,
        modality=facts.modality,
        task=f"{facts.task} ({len(facts.labels)})",
        counts=(*counts, Fact("in all", counted(sum(facts.counts.values())))),
        how=f"To get it{size}, run: lightbox get {facts.id} --to {place}"
        if place
        else "It is published, but not on this server.",
        href=file.url,
        link_text=f"{file.name} at the published record",
    )


def _refused(error: ArchiveError) -> RefusedFile:
    return RefusedFile(error.file, str(error))
