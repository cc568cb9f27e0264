"""A dataset → the page that says what it is, where it comes from, and what is wrong with it."""

import time
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.catalogue.facts import Facts, PublishedFile, size_of
from app.datasets.dataset import Dataset
from app.datasets.identity import Identity, identify
from app.datasets.library import Library
from app.datasets.query import readable
from app.datasets.selection import Selection
from app.datasets.survey import Learned, Surveys
from app.errors import MalformedError, MissingError
from app.web import addresses, channels, citing, tables
from app.web.access import owner_only
from app.web.channels import Learning, Statistics
from app.web.citing import Citation, Licence, Source, Told
from app.web.croissant import as_schema_org, public
from app.web.forms import Forms
from app.web.language import ENGLISH, say, spoken
from app.web.language import gettext as _
from app.web.notices import dataset_notices
from app.web.roles import role_of
from app.web.tables import Table
from app.web.templating import page
from app.web.views import Crumb, Fact, Link, Notice, Stop
from app.web.words import bytes_text, counted, images, in_line, size_words, task_words

# What takes longer than this to compute is shown when it is there.
_PATIENCE_SECONDS: Final = 1.0
_REFRESH_SECONDS: Final = 2
_FORMS: Final = {"bib": "application/x-bibtex", "ris": "application/x-research-info-systems"}


@dataclass(frozen=True)
class Size:
    """A published file: how large it is packed (where known) and unpacked, and its checksums."""

    title: str
    file: str
    href: str
    packed: str
    unpacked: str
    md5s: tuple[str, ...]


@dataclass(frozen=True)
class About:
    """The page. ``chapters`` are tables that fit the task; ``linked`` describes it for machines."""

    heading: str
    subtitle: str
    crumbs: tuple[Crumb, ...]
    address: str
    grid: str
    summary: str
    identity: Notice
    notices: tuple[Notice, ...]
    stop: Stop | None
    read: Link | None
    problems: tuple[Told, ...]
    no_problems: str
    making: tuple[Told, ...]
    facts: tuple[Fact, ...]
    label_counts: Table
    chapter: str
    chapters: tuple[Table, ...]
    statistics: Statistics
    sizes: tuple[Size, ...]
    licence: Licence | None
    sources: tuple[Source, ...]
    citations: tuple[Citation, ...]
    machine: tuple[Link, ...]
    linked: str
    refresh: int | None


def about(library: Library, surveys: Surveys, forms: Forms, base: str | None) -> APIRouter:
    """Make the routes of the page and its citations; ``base`` is the server's public address."""
    router = APIRouter(include_in_schema=False)

    @router.get("/d/{dataset_id}/about")
    def card(request: Request, dataset_id: str) -> HTMLResponse:
        dataset = library.dataset(dataset_id)
        md5, learning = _ask(dataset, surveys, begin=_reads(request))
        identity = identify(dataset, md5.value, md5.error)
        with spoken(ENGLISH):  # for programs
            linked = as_schema_org(dataset, identity, public(request, base))
        view = build(dataset, identity, md5, learning, linked)
        if not view.refresh or role_of(request) != "owner":
            return page(request, "about", view)
        check = forms.check_for(request)
        stop = Stop(addresses.stop_about(dataset.id), check, _("Stop reading"))
        return forms.page(request, "about", replace(view, stop=stop), check)

    @router.post(
        "/d/{dataset_id}/about/stop", dependencies=[Depends(owner_only), Depends(forms.read)]
    )
    def stop(dataset_id: str) -> Response:
        dataset = library.dataset(dataset_id)
        surveys.stop_reading(dataset)
        return RedirectResponse(addresses.about_unread(dataset.id), 303)

    @router.get("/d/{dataset_id}/about.{form}")
    def cited(dataset_id: str, form: str) -> Response:
        dataset = library.dataset(dataset_id)
        if form not in _FORMS:
            raise MissingError("form", _("Citations are given as .bib or .ris."))
        if dataset.facts is None:
            raise MissingError(
                "citation", _("It is not known how to cite {title}.", title=dataset.title)
            )
        text = dataset.facts.bibtex + "\n" if form == "bib" else dataset.facts.ris
        name = f"{dataset.facts.id}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type=_FORMS[form], headers=headers)

    return router


def _reads(request: Request) -> bool:
    """Say whether what takes reading the whole file is wanted. Raises MalformedError."""
    value = request.query_params.get("read", "")
    if value not in ("", "0"):
        raise MalformedError(
            "read", _("read must be 0, or left out, not “{value}”.", value=readable(value))
        )
    return not value


def _ask(dataset: Dataset, surveys: Surveys, *, begin: bool) -> tuple[Learned[str], Learning]:
    """Look at what takes reading the whole file, or begin it; wait a moment for all of it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    if begin:
        for split in dataset.splits:
            surveys.statistics(dataset, split)
        surveys.md5(dataset)

    def left() -> float:
        return max(0.0, deadline - time.monotonic())

    # Who waits here while the owner stops it must not begin it anew.
    md5 = surveys.md5(dataset, left(), begin=False)
    return md5, {
        split: surveys.statistics(dataset, split, left(), begin=False) for split in dataset.splits
    }


def build(
    dataset: Dataset, identity: Identity, md5: Learned[str], learning: Learning, linked: str
) -> About:
    """Draw up the page from what is known by now."""
    facts, grid = dataset.facts, addresses.grid(dataset.id, Selection())
    everything: tuple[Learned[Any], ...] = (md5, *learning.values())
    pending = any(learned.pending for learned in everything)
    whole = all(learned.begun for learned in everything)
    chapter, chapters = _chapters(dataset)
    return About(
        heading=_("About {title}", title=dataset.title),
        subtitle=in_line(say(dataset.modality), task_words(dataset), size_words(dataset)),
        crumbs=(Crumb(dataset.title, grid), Crumb(_("About"), None)),
        address=addresses.about(dataset.id) if whole else addresses.about_unread(dataset.id),
        grid=grid,
        summary=_summary(pending=pending, whole=whole),
        identity=_identity(identity, md5),
        notices=dataset_notices(dataset, None),
        stop=None,
        read=None if whole else Link(_("Read the whole file"), addresses.about(dataset.id)),
        problems=tuple(citing.told(note) for note in facts.notes) if facts else (),
        no_problems=_no_problems(facts, identity.published),
        making=(citing.told(facts.making),) if facts and facts.making else (),
        facts=_facts(dataset, identity),
        label_counts=tables.label_counts(dataset),
        chapter=chapter,
        chapters=chapters,
        statistics=channels.build(dataset, learning),
        sizes=tuple(_size(dataset, facts, file) for file in facts.files) if facts else (),
        licence=citing.licence(facts) if facts else None,
        sources=citing.sources(facts) if facts else (),
        citations=citing.citations(facts, dataset.id) if facts else (),
        machine=(
            Link("Croissant (JSON-LD)", addresses.croissant(dataset.id)),
            Link(_("Facts and counts (JSON)"), addresses.api_dataset(dataset.id)),
        ),
        linked=linked,
        refresh=_REFRESH_SECONDS if pending else None,
    )


def _summary(*, pending: bool, whole: bool) -> str:
    if pending:
        return _("Some numbers are still being computed.")
    return _("All numbers are here.") if whole else _("Some numbers were not computed.")


def _identity(identity: Identity, md5: Learned[str]) -> Notice:
    if not md5.begun:
        text = _("Whether it is a published file was not checked: that takes reading all of it.")
        return Notice("note", text)
    kinds = {"different": "warning", "unknown": "warning", "checking": "progress"}
    text = say(identity.sentence)
    if identity.standing == "checking":
        text += channels.progress(md5)
    return Notice(kinds.get(identity.standing, "note"), text)


def _no_problems(facts: Facts | None, published: PublishedFile | None) -> str:
    if facts is None and published:
        return _(
            "What the catalogue tells goes by a file's name: call it {name}, and it is told here.",
            name=published.name,
        )
    if facts is None:
        return _("The catalogue does not know this file, so nothing is told of it here.")
    return (
        "" if facts.notes else _("None is listed in the catalogue; that does not mean none exists.")
    )


def _facts(dataset: Dataset, identity: Identity) -> tuple[Fact, ...]:
    types = sorted(map(str, dataset.types))
    splits = ", ".join(
        f"{split} {counted(index.total)}" for split, index in dataset.indexes.items()
    )
    return (
        Fact(_("Task"), task_words(dataset)),
        Fact(_("Modality"), say(dataset.modality)),
        Fact(_("Each item"), size_words(dataset)),
        Fact(_("Stored as"), ", ".join(types)),
        Fact(_("Items"), f"{images(dataset.total, volumes=dataset.is_volume)}: {splits}"),
        Fact(_("File"), f"{dataset.archive.path.name}, {bytes_text(dataset.archive.stamp[0])}"),
        Fact("MD5", identity.md5 or _("not known yet")),
    )


def _chapters(dataset: Dataset) -> tuple[str, tuple[Table, ...]]:
    """Give the tables that fit the task, and their heading."""
    if dataset.task == "ordinal-regression":
        return _("Labels in order"), tables.grades(dataset)
    if dataset.task.startswith("multi-label"):
        return _("Images and labels"), tables.findings(dataset)
    return "", ()


def _size(dataset: Dataset, facts: Facts, file: PublishedFile) -> Size:
    unpacked = sum(facts.counts.values()) * file.size**facts.dimensions * facts.channels
    here = size_of(dataset.id) == file.size
    return Size(
        title=_("{size} px (this one)", size=file.size) if here else f"{file.size} px",
        file=file.name,
        href=file.url,
        packed=bytes_text(file.bytes) if file.bytes else _("not known"),
        unpacked=bytes_text(unpacked),
        md5s=file.md5s,
    )
