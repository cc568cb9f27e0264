"""What the catalogue tells of a published dataset: its problems, its licence, how to cite it."""

from dataclasses import dataclass

from app.catalogue.facts import Facts, Note
from app.catalogue.references import Reference
from app.web import addresses
from app.web.language import gettext as _
from app.web.views import Link


@dataclass(frozen=True)
class Told:
    """What is told of the data, as a known problem is; who says so, and where."""

    text: str
    source: str
    href: str


@dataclass(frozen=True)
class Source:
    """One reference in APA style, and where to find it."""

    text: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Citation:
    """All references in one form; ``download`` leads to them as a file, where there is one."""

    id: str
    form: str
    text: str
    download: str | None


@dataclass(frozen=True)
class Licence:
    """The licence's name and address, and what it permits in plain words."""

    name: str
    terms: str
    href: str


def told(note: Note) -> Told:
    """Say a note in the page's language."""
    return Told(_(note.text), note.source, note.url)


def licence(facts: Facts) -> Licence:
    """Name the licence, and say what it permits in the page's language."""
    return Licence(facts.license, _(facts.license_terms), facts.license_url)


def sources(facts: Facts) -> tuple[Source, ...]:
    """Give every reference, and the addresses that its text does not name."""
    return tuple(_source(reference) for reference in facts.references)


def citations(facts: Facts, dataset_id: str | None = None) -> tuple[Citation, ...]:
    """Give the references in each form; as files, too, where they are those of a dataset here."""

    def download(form: str) -> str | None:
        return addresses.citation(dataset_id, form) if dataset_id else None

    return (
        Citation("apa", "APA", facts.citation, None),
        Citation("bibtex", "BibTeX", facts.bibtex, download("bib")),
        Citation("ris", "RIS", facts.ris.replace("\r\n", "\n"), download("ris")),
    )


def _source(reference: Reference) -> Source:
    links = tuple(Link(url, url) for url in reference.addresses if url not in reference.text)
    return Source(reference.text, links)
