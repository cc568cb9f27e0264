"""A published dataset → the page that says what it is and how to get it, and the way to get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.catalogue.downloads import Downloads
from app.catalogue.facts import Facts, PublishedFile, all_facts
from app.datasets.library import Library
from app.datasets.query import readable
from app.datasets.selection import SPLITS
from app.errors import FetchError, ForbiddenError, MissingError
from app.web import addresses, citing, offers
from app.web.access import owner_only
from app.web.citing import Citation, Licence, Source, Told
from app.web.forms import Forms, text
from app.web.language import gettext as _
from app.web.language import say
from app.web.offers import Offer
from app.web.roles import role_of
from app.web.views import Crumb, Fact, Notice
from app.web.words import counted, images, in_line, task_words

_REFRESH_SECONDS: Final = 2


@dataclass(frozen=True)
class Published:
    """The page. ``offers`` are the files to be had; the forms among them carry ``check``."""

    heading: str
    subtitle: str
    crumbs: tuple[Crumb, ...]
    address: str
    summary: str
    how: str
    notices: tuple[Notice, ...]
    offers: tuple[Offer, ...]
    fetch: str
    cancel: str
    check: str
    problems: tuple[Told, ...]
    no_problems: str
    making: tuple[Told, ...]
    facts: tuple[Fact, ...]
    labels: tuple[Fact, ...]
    licence: Licence
    sources: tuple[Source, ...]
    citations: tuple[Citation, ...]
    refresh: int | None


def published(
    library: Library, downloads: Downloads | None, forms: Forms, place: str | None
) -> APIRouter:
    """Make the routes. ``downloads`` is None where no page may begin any.

    ``place`` is the folder where files belong, for who sits at this machine.
    """
    router = APIRouter(include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    def show(request: Request, facts: Facts, refused: str = "") -> Response:
        check = forms.check_for(request)
        own = downloads if role_of(request) == "owner" else None
        found = tuple(offers.build(library, own, facts, file, place) for file in facts.files)
        view = _build(facts, found, check, place, refused)
        return forms.page(request, "published", view, check, status=503 if refused else 200)

    @router.get("/catalogue/{dataset_id}")
    def card(request: Request, dataset_id: str) -> Response:
        return show(request, _facts_of(dataset_id))

    @router.post("/catalogue/{dataset_id}/fetch", dependencies=[Depends(owner_only)])
    def fetch(request: Request, dataset_id: str, fields: Fields) -> Response:
        facts = _facts_of(dataset_id)
        file = _file_of(facts, text(fields, "size"))
        try:
            _allowed(downloads).begin(file)
        except FetchError as error:
            return show(request, facts, say(error.args[0]))
        return RedirectResponse(addresses.published(facts.id), 303)

    @router.post("/catalogue/{dataset_id}/cancel", dependencies=[Depends(owner_only)])
    def cancel(dataset_id: str, fields: Fields) -> Response:
        facts = _facts_of(dataset_id)
        _allowed(downloads).cancel(_file_of(facts, text(fields, "size")))
        return RedirectResponse(addresses.published(facts.id), 303)

    return router


def _allowed(downloads: Downloads | None) -> Downloads:
    if downloads is None:
        raise ForbiddenError(
            _("Pages fetch files only on a server of one's own machine; run “lightbox get” there.")
        )
    return downloads


def _facts_of(dataset_id: str) -> Facts:
    for facts in all_facts():
        if facts.id == dataset_id:
            return facts
    raise MissingError(
        "dataset",
        _("No dataset called “{dataset_id}” is published.", dataset_id=readable(dataset_id)),
    )


def _file_of(facts: Facts, size: str) -> PublishedFile:
    for file in facts.files:
        if str(file.size) == size:
            return file
    raise MissingError(
        "size", _("{title} is not published at {size} px.", title=facts.title, size=readable(size))
    )


def _build(
    facts: Facts, found: tuple[Offer, ...], check: str, place: str | None, refused: str
) -> Published:
    goes_on = [offer.file for offer in found if offer.progress]
    return Published(
        heading=facts.title,
        subtitle=in_line(facts.modality, task_words(facts), f"{facts.sizes} px"),
        crumbs=(Crumb(facts.title, None),),
        address=addresses.published(facts.id),
        summary=_("{files}: being fetched.", files=", ".join(goes_on))
        if goes_on
        else _("Nothing is being fetched."),
        how=offers.room_text(place),
        notices=(Notice("warning", refused),) if refused else (),
        offers=found,
        fetch=addresses.fetching(facts.id),
        cancel=addresses.cancelling(facts.id),
        check=check,
        problems=tuple(citing.told(note) for note in facts.notes),
        making=(citing.told(facts.making),) if facts.making else (),
        no_problems=""
        if facts.notes
        else _("None is listed in the catalogue; that does not mean none exists."),
        facts=_facts(facts),
        labels=tuple(
            Fact(str(label.value), _label(label.name, label.meaning)) for label in facts.labels
        ),
        licence=citing.licence(facts),
        sources=citing.sources(facts),
        citations=citing.citations(facts),
        refresh=_REFRESH_SECONDS if goes_on else None,
    )


def _label(name: str, meaning: str) -> str:
    return f"{name}: {meaning}" if meaning else name


def _facts(facts: Facts) -> tuple[Fact, ...]:
    volumes = facts.dimensions == 3
    told = [
        Fact(_("Task"), task_words(facts)),
        Fact(_("Modality"), facts.modality),
        Fact(_("Each item"), _each(facts)),
        Fact(_("Items"), _counts(facts.counts, volumes=volumes)),
    ]
    if facts.earlier_counts:
        told.append(
            Fact(_("Items in the record of 2022"), _counts(facts.earlier_counts, volumes=volumes))
        )
    return tuple(told)


def _each(facts: Facts) -> str:
    if facts.dimensions == 3:
        return _("volume, grey")
    return _("picture, colour") if facts.channels == 3 else _("picture, grey")


def _counts(counts: Mapping[str, int], *, volumes: bool) -> str:
    splits = ", ".join(f"{split} {counted(counts[split])}" for split in SPLITS)
    return f"{images(sum(counts.values()), volumes=volumes)}: {splits}"
