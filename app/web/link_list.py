"""The owner's list of all links there have been, where each is withdrawn, or opened again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.library import Library
from app.datasets.query import digits, page_in
from app.datasets.selection import PER_PAGE
from app.errors import GoneError, MissingError
from app.reviews import links, studies
from app.reviews.database import Database
from app.reviews.links import Link
from app.web import addresses
from app.web.access import owner_only
from app.web.forms import Forms
from app.web.gathering import NOT_HERE, read_from
from app.web.language import gettext as _
from app.web.language import moment, ngettext, say
from app.web.lists import first_of, paged
from app.web.shared import found_shared
from app.web.sharing import collections_at, leads_to, rights_text
from app.web.templating import anew
from app.web.views import Pager
from app.web.words import in_line


@dataclass(frozen=True)
class LinkRow:
    """A link as the owner sees it later."""

    id: int
    title: str
    target: str  # empty where that is not here any more
    leads_to: str  # the same in words, as long as it is here
    text: str
    state: str  # "open", "gone", "expired" or "withdrawn"
    action: str | None  # where a form withdraws it, or lets it open again


@dataclass(frozen=True)
class LinkList:
    """A page of all links there have been."""

    rows: tuple[LinkRow, ...]
    pager: Pager
    check: str


def link_list(library: Library, database: Database, forms: Forms) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix=addresses.LINKS, include_in_schema=False, dependencies=[Depends(owner_only)]
    )

    @router.get("")
    def all_links(request: Request) -> Response:
        check = forms.check_for(request)
        now = database.now()
        to = partial(addresses.listed, addresses.LINKS)
        pager = paged(request.url.query, links.count(database), to)
        known = links.all_links(database, first_of(pager), PER_PAGE)
        readers = {link.reader_id for link in known if link.reader_id}
        names = studies.names_of_readers(database, readers) if readers else {}
        read = {link.study_id for link in known if link.study_id}
        closed = studies.closed_among(database, read) if read else frozenset()
        ours = collections_at(database, (link.target for link in known))
        rows = tuple(
            _row(
                link,
                (_("Study"), link.target)
                if link.kind == "study"
                else leads_to(library, ours, link.target),
                _told(library, database, link),
                names.get(link.reader_id or 0, ""),
                now,
                pager.page,
                is_closed=link.study_id in closed,
            )
            for link in known
        )
        anew(request)
        return forms.page(request, "links", LinkList(rows, pager, check), check)

    def change(request: Request, link_id: str, how: Callable[[Database, int], None]) -> Response:
        # Read first: where it is refused, nothing must have been done.
        back = addresses.listed(addresses.LINKS, page_in(request.url.query))
        number = digits(link_id, 9)
        if number is None:
            raise MissingError("link", _("There is no such link."))
        how(database, number)
        return RedirectResponse(back, 303)

    @router.post("/{link_id}/revoke", dependencies=[Depends(forms.read)])
    def revoke(request: Request, link_id: str) -> Response:
        return change(request, link_id, links.revoke)

    @router.post("/{link_id}/reopen", dependencies=[Depends(forms.read)])
    def reopen(request: Request, link_id: str) -> Response:
        return change(request, link_id, links.reopen)

    return router


def _told(library: Library, database: Database, link: Link) -> str:
    """Give what guests are told instead of being shown anything; nothing where they are."""
    try:
        if link.kind == "study":
            dataset = read_from(library, link.dataset or "", link.content or "")
            # Asked only where something is damaged: a study may have thousands of images.
            if dataset.refused and dataset.images.keys().isdisjoint(
                studies.splits_of(database, link.study_id or 0)
            ):
                return _(NOT_HERE)
        else:
            found_shared(library, database, link)
    except GoneError as error:
        return say(error.args[0])
    return ""


def _row(
    link: Link,
    to: tuple[str, str],
    told: str,
    reader: str,
    now: datetime,
    page: int,
    *,
    is_closed: bool,
) -> LinkRow:
    words, target = to
    is_over = link.expires <= now
    here = "gone" if told else "open"
    state = "withdrawn" if link.revoked else "expired" if is_over else here
    change = "reopen" if link.revoked else "revoke"
    return LinkRow(
        id=link.id,
        title=in_line(link.title or _("Without a title"), reader),
        target=target,
        leads_to=words,
        text="; ".join(
            (
                _standing(link, state, told),
                *((_("its study takes no more answers"),) if is_closed else ()),
                _opened(link),
                rights_text(link),
            )
        ),
        state=state,
        action=None if is_over else addresses.listed(f"{addresses.LINKS}/{link.id}/{change}", page),
    )


def _standing(link: Link, state: str, told: str) -> str:
    made, until = moment(link.created), moment(link.revoked or link.expires)
    match state:
        case "withdrawn":
            return _("Withdrawn; made {made}, withdrawn {until}", made=made, until=until)
        case "expired":
            return _("Expired; made {made}, ended {until}", made=made, until=until)
        case "gone":
            return _(
                "Shows nothing, guests are told: “{told}”; made {made}, ends {until}",
                told=told,
                made=made,
                until=until,
            )
        case _:
            return _("Open; made {made}, ends {until}", made=made, until=until)


def _opened(link: Link) -> str:
    if not link.last_opened:
        return _("never opened")
    return ngettext(
        "opened once, on {day}",
        "opened {number} times, last on {day}",
        link.opened,
        day=moment(link.last_opened),
    )
