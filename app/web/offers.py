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
from app.web.cards import command
from app.web.language import gettext as _
from app.web.language import say, signed
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
        status=_status(standing)
        if absent
        else _("On this machine.")
        if dataset
        else _("Not served."),
        notices=_notices(dataset, refused, standing),
        links=(
            Link(_("Look at the images"), addresses.grid(stem, Selection())),
            Link(_("About this file"), addresses.about(stem)),
        )
        if dataset
        else (),
        command=command(facts, file.size, place) if absent and not going_on else "",
        start=_start(standing, file) if absent and downloads and not going_on else "",
        progress=_progress(file, standing) if going_on else None,
        cancel=_("Cancel {size} px", size=file.size)
        if going_on and standing.state in _CANCELLABLE
        else "",
    )


def room_text(place: str | None) -> str:
    """Say where files go and what room there is, to who sits at this machine."""
    if place is None:
        return _("To have it on your own machine, type one of these commands there.")
    try:
        return _(
            "Files go into {place}, where {room} are free.",
            place=place,
            room=bytes_text(free_bytes(Path(place))),
        )
    except OSError:
        return _("Files go into {place}.", place=place)


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
    packed = _("not known before it is fetched")
    if file.bytes:
        packed = _(
            "{size} ({number} bytes)", size=bytes_text(file.bytes), number=counted(file.bytes)
        )
    names = ("MD5", _("MD5, record of 2022"))
    return (
        Fact(_("Packed"), packed),
        Fact(_("Unpacked"), bytes_text(unpacked)),
        *(Fact(name, md5) for name, md5 in zip(names, file.md5s, strict=False)),
    )


def _records(file: PublishedFile) -> tuple[Link, ...]:
    links = [Link(_("{name} at the published record", name=file.name), file.url)]
    if file.earlier_url:
        links.append(Link(_("The same of 2022"), file.earlier_url))
    return tuple(links)


def _status(standing: Standing) -> str:
    kept = ""
    if standing.done:
        kept = _(
            "{done} of it are kept, and it goes on from there.", done=bytes_text(standing.done)
        )
    match standing.state:
        case "failed" | "none":
            return kept
        case "cancelled":
            return _("Cancelled. {kept}", kept=kept).rstrip()
        case "interrupted":
            return _("The server was ended meanwhile. {kept}", kept=kept).rstrip()
        case "waiting":
            return _("It begins when one of those before it has ended.")
        case "elsewhere":
            return _("It is being fetched by another program.")
        case "stopping":
            return _("It is being cancelled.")
        case _:
            return _("It is being fetched.")


def _start(standing: Standing, file: PublishedFile) -> str:
    return (
        _("Go on fetching {size} px", size=file.size)
        if standing.done
        else _("Fetch {size} px", size=file.size)
    )


def _notices(
    dataset: Dataset | None, refused: ArchiveError | None, standing: Standing
) -> tuple[Notice, ...]:
    if dataset:
        return tuple(n for n in dataset_notices(dataset, None) if n.kind == "warning")
    if refused:
        return (Notice("warning", say(refused.args[0])),)
    return (Notice("warning", say(standing.sentence)),) if standing.sentence else ()


def _progress(file: PublishedFile, standing: Standing) -> Progress:
    total = standing.total
    done = bytes_text(standing.done)
    parts = [_("{done} of {total}", done=done, total=bytes_text(total)) if total else done]
    left = standing.seconds_left
    if total and standing.done >= total:
        parts.append(_("its MD5 is being checked"))
    elif standing.rate:
        parts.append(f"{bytes_text(int(standing.rate))}/s")
    elif standing.state == "running":
        parts.append(_("waiting for the mirror"))
    if left:
        parts.append(_("{left} left", left=_duration(left)))
    value = min(standing.done, total) if total else 0
    return Progress(_("{name}, fetched so far", name=file.name), value, total, ", ".join(parts))


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return signed(f"{seconds / _HOUR:.1f} h")
