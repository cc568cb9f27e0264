"""What of the catalogue is wanted ↔ the address that asks for it.

``parse`` and ``Wanted.query`` are mirrors, as they are for a selection of images.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from app.catalogue.facts import Facts, facts_for
from app.datasets.dataset import Dataset
from app.datasets.query import last, one_of, parameters, readable
from app.errors import ArchiveError, MalformedError, MissingError, plain
from app.web.language import gettext as _

WORDS_MOST: Final = 100
_HERE: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class Entry:
    """What a dataset is found by, whether it is here or not. ``text`` is in one case."""

    text: str
    modality: str
    task: str
    dimensions: int
    is_here: bool


@dataclass(frozen=True)
class Wanted:
    """A filter of the catalogue; what is empty or None lets everything pass."""

    words: str = ""
    modality: str = ""
    task: str = ""
    dimensions: int | None = None
    here: bool | None = None

    def query(self) -> str:
        """Print the canonical query string: fixed order, what is not asked for left out."""
        here = next((text for text, value in _HERE.items() if value is self.here), "")
        fields = {
            "q": self.words,
            "modality": self.modality,
            "task": self.task,
            "dimensions": str(self.dimensions or ""),
            "here": here,
        }
        return urlencode({name: value for name, value in fields.items() if value})

    def lets_pass(self, entry: Entry) -> bool:
        """Say whether a dataset is wanted: each of the words is in it, and the rest is equal."""
        return (
            all(word in entry.text for word in self.words.casefold().split())
            and self.modality in ("", entry.modality)
            and self.task in ("", entry.task)
            and self.dimensions in (None, entry.dimensions)
            and self.here in (None, entry.is_here)
        )


# A file that is replaced is another dataset, and the one that was is forgotten.
_entries: Final[WeakKeyDictionary[Dataset, Entry]] = WeakKeyDictionary()


def parse(query: str, modalities: Iterable[str], tasks: Iterable[str]) -> Wanted:
    """Read a query string; unknown parameters are dropped.

    Raises MissingError for a modality or task that is not among these, MalformedError for what
    can't be read.
    """
    given = parameters(query)
    words = " ".join(plain(last(given, "q", "")).split())
    if len(words) > WORDS_MOST:
        raise MalformedError(
            "q", _("The search takes at most {words_most} characters.", words_most=WORDS_MOST)
        )
    return Wanted(
        words=words,
        modality=_known(given, "modality", modalities),
        task=_known(given, "task", tasks),
        dimensions=int(found) if (found := one_of(given, "dimensions", ("2", "3"), "")) else None,
        here=_HERE[found] if (found := one_of(given, "here", tuple(_HERE), "")) else None,
    )


def of_dataset(dataset: Dataset) -> Entry:
    """Say what a dataset that is served is found by; put together once, as it stays so."""
    entry = _entries.get(dataset)
    if entry is None:
        names = [f"{label.name} {label.meaning}" for label in dataset.labels]
        entry = _entries[dataset] = Entry(
            _text(dataset.id, dataset.title, dataset.modality, dataset.task, *names),
            dataset.modality,
            dataset.task,
            3 if dataset.is_volume else 2,
            is_here=True,
        )
    return entry


def of_facts(facts: Facts) -> Entry:
    """Say what a dataset that is not here is found by."""
    names = [f"{label.name} {label.meaning}" for label in facts.labels]
    return Entry(
        _text(facts.id, facts.title, facts.modality, facts.task, *names),
        facts.modality,
        facts.task,
        facts.dimensions,
        is_here=False,
    )


def of_refused(error: ArchiveError, dataset: Dataset | None) -> Entry:
    """Say what a file, or a part of one, that is refused is found by: its name, and what it is.

    That is known where the rest of the file is served, as ``dataset``, or where it has the name of
    one that is published.
    """
    if dataset:
        known = of_dataset(dataset)
    elif facts := facts_for(error.path.stem):
        known = of_facts(facts)
    else:
        known = Entry("", "", "", 0, is_here=True)
    return replace(known, text=_text(error.file, known.text), is_here=True)


def _text(*parts: str) -> str:
    return "\n".join(parts).casefold()


def _known(given: dict[str, list[str]], name: str, known: Iterable[str]) -> str:
    value = last(given, name, "")
    listed = tuple(known)
    if value and value not in listed:
        raise MissingError(
            name,
            _(
                "There is no {name} called “{value}”; there are {listed}.",
                name=name,
                value=readable(value),
                listed="; ".join(listed),
            ),
        )
    return value
