"""The published facts about known datasets, read from the data files beside this module.

``medmnist.toml`` holds what MedMNIST publishes, ``demo.toml`` what is true of the embedded demo.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import zip_longest
from typing import Any, Final

from app.catalogue.references import Reference

# Named when absent, with how to get them: the smallest tour through three tasks.
FOUNDING: Final = ("retinamnist", "breastmnist", "pathmnist")

# The embedded demo; served where there is nothing else, and never listed as published.
DEMO: Final = "immunodemo"

# The size that has no suffix in its file's name.
PLAIN_SIZE: Final = 28


@dataclass(frozen=True)
class LabelFact:
    """A class value and its published name.

    ``meaning`` is what the value stands for where the name alone doesn't say, else empty.
    """

    value: int
    name: str
    meaning: str = ""


@dataclass(frozen=True)
class PublishedFile:
    """One file to be had. ``size`` is the side of an item in pixels.

    ``md5s`` are the checksums of the genuine file, the current record's first; ``bytes`` is its
    length, where that is known. ``url`` is that of the current record, ``earlier_url`` of the
    record of 2022 where its file is another, else empty.
    """

    size: int
    name: str
    md5s: tuple[str, ...]
    bytes: int | None
    url: str
    earlier_url: str = ""


@dataclass(frozen=True)
class Note:
    """What is told of the data in a sentence or two, as a known problem is, and who says so."""

    text: str
    source: str
    url: str


@dataclass(frozen=True)
class Facts:
    """What is published about one dataset, whatever its size.

    ``counts`` has the number of items by split. ``earlier_counts`` are those of the earlier
    record, where they differ, else empty: a genuine file may have either. ``license`` is an SPDX
    identifier where there is one; ``license_terms`` says in plain words what it permits.
    ``references`` are the sources', then the collection's own. ``making`` says how the published
    files were made from the source, whatever their size; ``notes`` are known problems.
    ``positive`` is, of two labels, the one that sensitivity is about.
    """

    id: str
    title: str
    task: str
    modality: str
    channels: int
    dimensions: int
    labels: tuple[LabelFact, ...]
    counts: Mapping[str, int]
    earlier_counts: Mapping[str, int]
    files: tuple[PublishedFile, ...]
    references: tuple[Reference, ...]
    license: str
    license_url: str
    license_terms: str
    notes: tuple[Note, ...]
    making: Note | None
    positive: int

    @property
    def citation(self) -> str:
        """All references in APA style, one a line."""
        return "\n".join(reference.text for reference in self.references)

    @property
    def bibtex(self) -> str:
        """All references as BibTeX entries."""
        return "\n\n".join(reference.bibtex for reference in self.references)

    @property
    def ris(self) -> str:
        """All references as RIS records, whose lines end as that format wants it."""
        return "".join(reference.ris for reference in self.references)

    @property
    def source_urls(self) -> tuple[str, ...]:
        """Addresses of the source data, then of the collection."""
        return tuple(url for reference in self.references for url in reference.addresses)

    @property
    def sizes(self) -> str:
        """The sides of its files' items in pixels, in words: “28, 64”."""
        return ", ".join(str(file.size) for file in self.files)

    @property
    def is_demo(self) -> bool:
        """Say whether this is the embedded demo, which is nobody's publication."""
        return self.id == DEMO


def all_facts() -> tuple[Facts, ...]:
    """Give the published datasets, in MedMNIST's order, without the demo."""
    return _read("medmnist.toml")


def facts_for(stem: str) -> Facts | None:
    """Give the facts about a file of that stem (``pathmnist``, ``pathmnist_224``), if known."""
    known = _by_stem().get(stem)
    return known[0] if known else None


def published_as(md5: str) -> tuple[Facts, PublishedFile] | None:
    """Give the published file of that checksum, whatever name it goes by here."""
    return _by_md5().get(md5)


def size_of(stem: str) -> int | None:
    """Give the size in pixels that a file of that stem is published in, if it is published."""
    known = _by_stem().get(stem)
    return known[1] if known else None


def title_of(stem: str) -> str | None:
    """Give the title of a file of that stem; sizes other than 28 px are named in it."""
    known = _by_stem().get(stem)
    if known is None:
        return None
    facts, size = known
    return facts.title if size in (None, PLAIN_SIZE) else f"{facts.title} ({size} px)"


@cache
def _by_stem() -> dict[str, tuple[Facts, int | None]]:
    stems: dict[str, tuple[Facts, int | None]] = {
        file.name.removesuffix(".npz"): (facts, file.size)
        for facts in all_facts()
        for file in facts.files
    }
    return stems | {facts.id: (facts, None) for facts in _read("demo.toml")}


@cache
def _by_md5() -> dict[str, tuple[Facts, PublishedFile]]:
    return {
        md5: (facts, file) for facts in all_facts() for file in facts.files for md5 in file.md5s
    }


@cache
def _read(name: str) -> tuple[Facts, ...]:
    text = resources.files("app.catalogue").joinpath(name).read_text(encoding="utf-8")
    document = tomllib.loads(text)
    return tuple(_facts(row, document) for row in document["datasets"])


def _facts(row: dict[str, Any], document: dict[str, Any]) -> Facts:
    cited = [*row["sources"], *([document["collection"]] if "collection" in document else [])]
    named = zip_longest(row["labels"], row.get("meanings", []), fillvalue="")
    return Facts(
        id=row["id"],
        title=row["title"],
        task=row["task"],
        modality=row["modality"],
        channels=row["channels"],
        dimensions=row["dimensions"],
        labels=tuple(LabelFact(value, *names) for value, names in enumerate(named)),
        counts=row["counts"],
        earlier_counts=row.get("earlier_counts", {}),
        files=tuple(_file(row["id"], file, document) for file in row["files"]),
        references=tuple(_reference(key, document["sources"][key]) for key in cited),
        license=row["license"],
        license_url=document["licenses"][row["license"]]["url"],
        license_terms=document["licenses"][row["license"]]["terms"],
        notes=tuple(_note(note, document["witnesses"]) for note in row.get("notes", [])),
        making=_note(row["making"], document["witnesses"]) if "making" in row else None,
        positive=row.get("positive", 1),
    )


def _file(id_: str, file: dict[str, Any], document: dict[str, Any]) -> PublishedFile:
    name = f"{id_}.npz" if file["size"] == PLAIN_SIZE else f"{id_}_{file['size']}.npz"
    earlier = file.get("earlier_md5")
    return PublishedFile(
        size=file["size"],
        name=name,
        md5s=(file["md5"], earlier) if earlier else (file["md5"],),
        bytes=file.get("bytes"),
        url=document["file_url"].format(name=name),
        earlier_url=document["earlier_file_url"].format(name=name) if earlier else "",
    )


def _reference(key: str, source: dict[str, Any]) -> Reference:
    lists = {name: tuple(source.get(name, ())) for name in ("authors", "urls")}
    return Reference(key=key, **(source | lists))


def _note(note: dict[str, str], witnesses: dict[str, dict[str, str]]) -> Note:
    witness = witnesses[note["source"]]
    return Note(note["text"], witness["name"], witness["url"])
