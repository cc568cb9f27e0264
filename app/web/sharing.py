"""The owner's pages for links: make one, see all, withdraw one; and the way in for the owner."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict
from urllib.parse import quote

import segno
from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.errors import LightboxError, MissingError
from app.reviews import collected, links
from app.reviews.database import Database
from app.reviews.lifetimes import DAYS
from app.reviews.links import Kind, Link
from app.web import addresses
from app.web.access import let_out, owner_only, refusal
from app.web.forms import Forms, text
from app.web.gathering import hold_volumes
from app.web.language import gettext as _
from app.web.language import moment, ngettext
from app.web.notes import Writer
from app.web.preferences import way_back
from app.web.security import NO_REFERRER
from app.web.targets import (
    Target,
    collection_at,
    content_at,
    read_collection,
    read_target,
    require_images,
    require_target,
    seen_at,
)
from app.web.templating import page
from app.web.views import Choice, Crumb, Notice
from app.web.words import filter_text, images, in_line

_DAYS: Final = (1, 7, 30, 90, 365)
_UNSAVED: Final = {"Cache-Control": "no-store", **NO_REFERRER}


class What(TypedDict):
    """What a link leads to, as ``links.make`` takes it."""

    kind: Kind
    target: str
    dataset: str | None
    content: str | None


@dataclass(frozen=True)
class ShareForm:
    """The form that makes a link: ``words`` says what to, ``of`` is its address."""

    words: str
    of: str
    back: str
    check: str
    days: tuple[Choice, ...]


@dataclass(frozen=True)
class Made:
    """A link that was just made; its token is shown here and never again."""

    words: str
    url: str
    code: Markup  # the QR code, as SVG
    terms: str  # until when it opens, and what it allows
    back: str
    back_text: str
    links: str
    notices: tuple[Notice, ...]
    crumbs: tuple[Crumb, ...] = ()  # of what it is a page of, if of anything


def sharing(library: Library, database: Database, forms: Forms, base_url: str | None) -> APIRouter:
    """Make the owner's routes for links."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(owner_only)])
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    @router.get(addresses.SHARE)
    def form(request: Request, of: str) -> Response:
        check = forms.check_for(request)
        words, _address = named(library, database, of)
        seen_at(library, of)  # what can't be read is refused before the form is filled in
        view = ShareForm(
            words=words,
            of=of,
            back=way_back(of),
            check=check,
            days=tuple(Choice(str(n), _days_text(n), n == DAYS) for n in _DAYS),
        )
        return forms.page(request, "share", view, check)

    @router.post(addresses.SHARE)
    def share(request: Request, fields: Fields) -> Response:
        hides = bool(text(fields, "hide_labels"))
        of = text(fields, "of")
        words, address = named(library, database, of, hide_labels=hides)
        seen = seen_at(library, of)
        token, link = links.make(
            database,
            **what_at(library, address),
            title=text(fields, "title"),
            message=text(fields, "message"),
            hide_labels=hides,
            may_comment=bool(text(fields, "may_comment")),
            passphrase=text(fields, "passphrase"),
            days=whole_number("days", text(fields, "days")),
        )
        url = link_url(base_url or str(request.base_url), token, seen)
        view = Made(
            words=words,
            url=url,
            code=qr_code(url),
            terms=_(
                "It opens until {until}; {rights}.",
                until=moment(link.expires),
                rights=rights_text(link),
            ),
            back=way_back(of),
            back_text=_("Back to the images"),
            links=addresses.LINKS,
            notices=() if base_url else (public_note(),),
        )
        answer = page(request, "made", view)
        answer.headers.update(_UNSAVED)
        return answer

    return router


def entrance(forms: Forms, token: str, *, is_open: bool) -> APIRouter:
    """Make the routes by which the owner comes and goes; of an open server everybody is that."""
    router = APIRouter(include_in_schema=False)

    @router.get(addresses.ENTER)
    def enter(request: Request) -> Response:
        return RedirectResponse(addresses.HOME, 303) if is_open else refusal(request)

    @router.post(addresses.LEAVE, dependencies=[Depends(owner_only), Depends(forms.read)])
    def leave() -> Response:
        answer = RedirectResponse(addresses.HOME, 303)
        let_out(answer, token)
        # Or the next owner at this browser would write, and take back, under that name.
        answer.delete_cookie(Writer().cookie)
        return answer

    @router.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nDisallow: /s/\n", media_type="text/plain")

    return router


def collections_at(database: Database, of: Iterable[str]) -> dict[int, str]:
    """Give the names of the collections that these addresses are of. Raises StorageError."""
    numbers = {number for each in of if (number := read_collection(each)) is not None}
    return collected.names(database, numbers) if numbers else {}


def leads_to(library: Library, collections: dict[int, str], address: str) -> tuple[str, str]:
    """Say in words what an address shows, and where; nowhere (empty) if it is not here any more.

    Where a file can't be read, its page says why. ``collections`` gives the name of each by its
    number.
    """
    number = read_collection(address)
    if number is not None:
        name = collections.get(number)
        return (name, address) if name else (address, "")
    try:
        target = read_target(address)
        dataset = library.dataset(target.dataset_id)
    except LightboxError as error:
        return address, "" if isinstance(error, MissingError) else address
    try:
        require_target(dataset, target)
    except LightboxError:
        # Perhaps of a part that is damaged.
        return address, address if dataset.refused else ""
    return (_image_words if target.split else _grid_words)(dataset, target), address


def words_of(library: Library, target: Target) -> str:
    """Say in words what an address names. Raises as ``require_images`` does."""
    dataset = library.dataset(target.dataset_id)
    require_images(dataset, target)
    if target.split:
        return _image_words(dataset, target)
    number = images(dataset.subset(target.selection).total, volumes=dataset.is_volume)
    return in_line(_grid_words(dataset, target), number)


def _image_words(dataset: Dataset, target: Target) -> str:
    """Name one image."""
    return f"{dataset.title}, {target.split} {target.index}"


def _grid_words(dataset: Dataset, target: Target) -> str:
    """Name a grid, all but how many images there are on it."""
    selection = target.selection
    splits = " + ".join(selection.splits)
    return in_line(dataset.title, splits, filter_text(dataset, selection))


def named(
    library: Library, database: Database, address: str, *, hide_labels: bool = False
) -> tuple[str, str]:
    """Say in words what an address names that is to be shared, and give the canonical address.

    Raises MissingError, MalformedError or StorageError.
    """
    number = read_collection(address)
    if number is None:
        target = read_target(address)
        return words_of(library, target), target.address
    found = collection_at(database, number, hide_labels=hide_labels)
    volumes = hold_volumes(library, collected.files(database, found))
    return in_line(found.name, images(found.count, volumes=volumes)), addresses.collection(number)


def what_at(library: Library, address: str) -> What:
    """Give what a link keeps of the canonical address that it leads to.

    Raises MissingError, MalformedError, ArchiveError.
    """
    if read_collection(address) is not None:
        return What(kind="collection", target=address, dataset=None, content=None)
    target = read_target(address)
    content = content_at(library, target)
    return What(kind=target.kind, target=address, dataset=target.dataset_id, content=content)


def link_url(base: str, token: str, seen: str = "") -> str:
    """Write a link as it is sent, with the query by which its images are seen at first."""
    return addresses.with_query(f"{base.rstrip('/')}/s/{quote(token, safe='')}", seen)


def public_note() -> Notice:
    """Say that a link carries whatever address its maker came by."""
    return Notice(
        "note",
        _(
            "The link carries the address you came by. For others to open it, start the server "
            "with "
            "LIGHTBOX_BASE_URL set to its public address."
        ),
    )


def qr_code(url: str) -> Markup:
    """Draw a link's QR code as SVG."""
    file = io.BytesIO()
    segno.make(url, error="m").save(
        file, kind="svg", xmldecl=False, svgns=False, scale=4, border=4, light="white", dark="black"
    )
    return Markup(file.getvalue().decode())  # noqa: S704 (drawn by segno, from no text)


def rights_text(link: Link) -> str:
    """Say what a link shows and allows."""
    parts = [_("labels hidden") if link.hide_labels else _("labels shown")]
    if link.may_comment:
        parts.append(_("may add notes"))
    if link.passphrase:
        parts.append(_("asks for a passphrase"))
    return ", ".join(parts)


def _days_text(days: int) -> str:
    return ngettext("{number} day", "{number} days", days)
