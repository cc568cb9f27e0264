"""The library, and what is published besides → what the first page shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.catalogue.facts import FOUNDING, all_facts, facts_for, size_of
from app.datasets.dataset import Dataset
from app.datasets.library import Shelf
from app.datasets.selection import PER_PAGE
from app.errors import ArchiveError
from app.web import addresses, wanted
from app.web.cards import Absent, Card, absent_of, card_of
from app.web.language import gettext as _
from app.web.language import ngettext, say
from app.web.lists import first_of, paged
from app.web.views import Choice, Notice, Pager
from app.web.wanted import Wanted
from app.web.words import counted

# Files that are new are opened for as long as this; the page says how many are still to come.
PATIENCE_SECONDS: Final = 2.0

_REFRESH_SECONDS: Final = 1


@dataclass(frozen=True)
class RefusedFile:
    """A file, or a part of one, that can't be served, with the reason in one sentence."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Select:
    """A select element with its field's name."""

    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class CatalogueFilter:
    """The form that searches and filters the catalogue; ``selects`` are its menus."""

    action: str
    name: str  # of the field with the words
    words: str
    selects: tuple[Select, ...]
    clear: str | None  # leads to the whole catalogue


@dataclass(frozen=True)
class Catalogue:
    """A page of what was found, and of the files that were refused.

    Of what is absent, ``founding`` is shown at large and ``absent`` in lines.
    """

    heading: str
    lead: str
    summary: str
    address: str
    filter: CatalogueFilter
    cards: tuple[Card, ...]
    founding: tuple[Absent, ...]
    absent: tuple[Absent, ...]
    refused: tuple[RefusedFile, ...]
    pager: Pager
    notices: tuple[Notice, ...]
    empty: str
    refresh: int | None


def build(shelf: Shelf, place: str | None, query: str) -> Catalogue:
    """Draw up the page. Raises MissingError or MalformedError for a filter or page that can't be.

    ``place`` is the folder where files that are not here yet belong; None where strangers look,
    who can't put any there and need not know it.
    """
    known = (*(dataset.facts for dataset in shelf.datasets), *map(facts_for, shelf.unseen))
    here = {facts.id for facts in known if facts}
    elsewhere = [facts for facts in all_facts() if facts.id not in here]
    modalities = _distinct(
        *(facts.modality for facts in all_facts()),
        *(wanted.of_dataset(each).modality for each in shelf.datasets),
    )
    tasks = _distinct(*(facts.task for facts in all_facts()))
    asked = wanted.parse(query, modalities, tasks)
    cards = [each for each in shelf.datasets if asked.lets_pass(wanted.of_dataset(each))]
    cards.sort(key=_set_and_size)
    absent = [facts for facts in elsewhere if asked.lets_pass(wanted.of_facts(facts))]
    served = {dataset.archive.path: dataset for dataset in shelf.datasets}
    refused = [
        error
        for error in shelf.refused
        if asked.lets_pass(wanted.of_refused(error, served.get(error.path)))
    ]
    # Each begins on the first page: behind all others, nobody would find a file that was refused.
    pager = paged(
        query,
        max(len(cards), len(absent), len(refused)),
        partial(addresses.catalogue, asked.query()),
    )
    on_page = slice(first_of(pager), first_of(pager) + PER_PAGE)
    is_any = bool(cards or absent or refused or shelf.unseen)
    return Catalogue(
        heading=_("Medical image datasets"),
        lead=_lead(len(shelf.datasets), len(elsewhere), place),
        summary=_summary(len(cards), len(absent), asked),
        address=addresses.catalogue(asked.query(), pager.page),
        filter=_filter(asked, modalities, tasks),
        cards=tuple(card_of(dataset) for dataset in cards[on_page]),
        founding=tuple(absent_of(each, place) for each in absent[on_page] if each.id in FOUNDING),
        absent=tuple(absent_of(each, place) for each in absent[on_page] if each.id not in FOUNDING),
        refused=tuple(_refused(error) for error in refused[on_page]),
        pager=pager,
        notices=(_unseen(len(shelf.unseen)),) if shelf.unseen else (),
        empty="" if is_any else _("No dataset matches this search."),
        refresh=_REFRESH_SECONDS if shelf.unseen else None,
    )


def _lead(number: int, absent: int, place: str | None) -> str:
    here = (
        ngettext(
            "{number} dataset on this server.",
            "{number} datasets on this server.",
            number,
        )
        if number
        else _("There is no dataset here yet. Put .npz files into {place}.", place=place)
        if place
        else _("There is no dataset here yet.")
    )
    published = len(all_facts())
    return ngettext(
        "{here} Of the {published} that MedMNIST publishes, {number} is not here yet.",
        "{here} Of the {published} that MedMNIST publishes, {number} are not here yet.",
        absent,
        here=here,
        published=published,
    )


def _unseen(number: int) -> Notice:
    return Notice(
        "progress",
        ngettext(
            "{number} more file is being opened.",
            "{number} more files are being opened; they appear here one after another.",
            number,
        ),
    )


def _summary(here: int, absent: int, asked: Wanted) -> str:
    found = counted(here + absent)
    if asked != Wanted():
        what = _("{number} found", number=found)
    else:
        what = ngettext("{number} dataset", "{number} datasets", here + absent)
    return _(
        "{what}: {here} here, {absent} not here yet.",
        what=what,
        here=counted(here),
        absent=counted(absent),
    )


def _filter(asked: Wanted, modalities: Iterable[str], tasks: Iterable[str]) -> CatalogueFilter:
    here = {None: "", True: "yes", False: "no"}[asked.here]
    return CatalogueFilter(
        action=addresses.HOME,
        name="q",
        words=asked.words,
        selects=(
            _select(
                "modality", _("Modality"), asked.modality, {each: say(each) for each in modalities}
            ),
            _select("task", _("Task"), asked.task, {each: each for each in tasks}),
            _select(
                "dimensions",
                _("2D or 3D"),
                str(asked.dimensions or ""),
                {"2": _("Pictures (2D)"), "3": _("Volumes (3D)")},
            ),
            _select(
                "here", _("On this machine"), here, {"yes": _("Here"), "no": _("Not here yet")}
            ),
        ),
        clear=addresses.HOME if asked != Wanted() else None,
    )


def _select(name: str, title: str, chosen: str, choices: dict[str, str]) -> Select:
    texts = {"": _("Any"), **choices}
    return Select(
        name, title, tuple(Choice(value, text, value == chosen) for value, text in texts.items())
    )


def _distinct(*values: str) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _set_and_size(dataset: Dataset) -> tuple[str, int]:
    """Put the sizes of one set beside each other, the smallest first."""
    return dataset.facts.id if dataset.facts else dataset.id, size_of(dataset.id) or 0


def _refused(error: ArchiveError) -> RefusedFile:
    return RefusedFile(error.file, say(error.args[0]))
