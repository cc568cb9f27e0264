"""A published file → how it is offered: here, on its way, or how to get it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.catalogue.downloads import Downloads, Standing
from app.catalogue.facts import Facts, PublishedFile
from app.catalogue.fetching import free_bytes
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection
from app.errors import ArchiveError, MissingError
from app.web import addresses
from app.web.catalogue import command
from app.web.notices import dataset_notices
from app.web.views import Fact, Link, Notice
from app.web.words import bytes_text, counted

_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass(frozen=True)
class Progress:
    """How far a download is. ``most`` is None while its length is not known."""

    name: str
    value: int
    most: int | None
    text: str


@dataclass(frozen=True)
class Offer:
    """One file. ``command`` is what to type for it, empty where it is here already.

    ``start`` and ``cancel`` are the words on the buttons that begin and end its download here,
    empty where there is no such button; ``size`` is what these forms send.
    """

    title: str
    file: str
    size: str
    facts: tuple[Fact, ...]
    records: tuple[Link, ...]
    status: str
    notices: tuple[Notice, ...]
    links: tuple[Link, ...]
    command: str
    start: str
    progress: Progress | None
    cancel: str


def build(
    library: Library,
    downloads: Downloads | None,
    facts: Facts,
    file: PublishedFile,
    place: str | None,
) -> Offer:
    """Draw up the offer of one file. ``downloads`` is None for who may not begin any."""
    stem = file.name.removesuffix(".npz")
    dataset, refused = _here(library, stem)
    standing = downloads.look(file) if downloads else Standing()
    absent = not dataset and not refused
    going_on = absent and standing.is_going_on
    return Offer(
        title=f"{file.size} px",
        file=file.name,
        size=str(file.size),
        facts=_facts(facts, file),
        records=_records(file),
        status=_status(standing) if absent else "On this machine." if dataset else "Not served.",
        notices=_notices(dataset, refused, standing),
        links=(
            Link("Look at the images", addresses.grid(stem, Selection())),
            Link("About this file", addresses.about(stem)),
        )
        if dataset
        else (),
        command=command(facts, file.size, place) if absent and not going_on else "",
        start=_start(standing, file) if absent and downloads and not going_on else "",
        progress=_progress(file, standing) if going_on else None,
        cancel=f"Cancel {file.size} px" if going_on and standing.state in _CANCELLABLE else "",
    )


def room_text(place: str | None) -> str:
    """Say where files go and what room there is, to who sits at this machine."""
    if place is None:
        return "To have it on your own machine, type one of these commands there."
    try:
        return f"Files go into {place}, where {bytes_text(free_bytes(Path(place)))} are free."
    except OSError:
        return f"Files go into {place}."


_CANCELLABLE: Final = ("waiting", "running")


def _here(library: Library, stem: str) -> tuple[Dataset | None, ArchiveError | None]:
    """Give the dataset of that file as it is served, or why the file that is here is not."""
    try:
        return library.dataset(stem), None
    except ArchiveError as error:
        return None, error
    except MissingError:
        return None, None


def _facts(facts: Facts, file: PublishedFile) -> tuple[Fact, ...]:
    unpacked = sum(facts.counts.values()) * file.size**facts.dimensions * facts.channels
    packed = "not known before it is fetched"
    if file.bytes:
        packed = f"{bytes_text(file.bytes)} ({counted(file.bytes)} bytes)"
    names = ("MD5", "MD5, record of 2022")
    return (
        Fact("Packed", packed),
        Fact("Unpacked", bytes_text(unpacked)),
        *(Fact(name, md5) for name, md5 in zip(names, file.md5s, strict=False)),
    )


def _records(file: PublishedFile) -> tuple[Link, ...]:
    links = [Link(f"{file.name} at the published record", file.url)]
    if file.earlier_url:
        links.append(Link("The same of 2022", file.earlier_url))
    return tuple(links)


def _status(standing: Standing) -> str:
    kept = f"{bytes_text(standing.done)} of it are kept, and it goes on from there."
    match standing.state:
        case "failed" | "none":
            return kept if standing.done else ""
        case "cancelled":
            return f"Cancelled. {kept}" if standing.done else "Cancelled."
        case "interrupted":
            return f"The server was ended meanwhile. {kept}"
        case "waiting":
            return "It begins when one of those before it has ended."
        case "elsewhere":
            return "It is being fetched by another program."
        case "stopping":
            return "It is being cancelled."
        case _:
            return "It is being fetched."


def _start(standing: Standing, file: PublishedFile) -> str:
    return f"Go on fetching {file.size} px" if standing.done else f"Fetch {file.size} px"


def _notices(
    dataset: Dataset | None, refused: ArchiveError | None, standing: Standing
) -> tuple[Notice, ...]:
    if dataset:
        return tuple(n for n in dataset_notices(dataset, None) if n.kind == "warning")
    if refused:
        return (Notice("warning", str(refused)),)
    return (Notice("warning", standing.sentence),) if standing.sentence else ()


def _progress(file: PublishedFile, standing: Standing) -> Progress:
    total = standing.total
    parts = [bytes_text(standing.done) + (f" of {bytes_text(total)}" if total else "")]
    left = standing.seconds_left
    if total and standing.done >= total:
        parts.append("its MD5 is being checked")
    elif standing.rate:
        parts.append(f"{bytes_text(int(standing.rate))}/s")
    elif standing.state == "running":
        parts.append("waiting for the mirror")
    if left:
        parts.append(f"{_duration(left)} left")
    value = min(standing.done, total) if total else 0
    return Progress(f"{file.name}, fetched so far", value, total, ", ".join(parts))


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{seconds / _HOUR:.1f} h"
