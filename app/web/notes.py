"""Notes and flags under an item: what is said of it, and the form to say more."""

import logging
from dataclasses import dataclass, replace
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import digits
from app.datasets.selection import Split
from app.errors import GoneError, MalformedError, MissingError, StorageError
from app.reviews import notes
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.links import Link
from app.reviews.notes import FLAGS, NAME_MOST, TEXT_MOST, Author, Flag, Note
from app.reviews.texts import cleaned
from app.web import addresses, views
from app.web.access import owner_only, signed
from app.web.forms import Forms, text
from app.web.gathering import to_value
from app.web.guest_pages import GuestItem
from app.web.item import required_index
from app.web.language import gettext as _
from app.web.language import later, moment, ngettext
from app.web.roles import role_of
from app.web.templating import fragment, page
from app.web.words import FOR_GUESTS

FLAG_WORDS: Final[dict[Flag, str]] = {
    "wrong-label": later("Wrong label"),
    "poor-quality": later("Poor quality"),
    "duplicate": later("Duplicate"),
    "artefact": later("Artefact"),
    "interesting": later("Interesting"),
    "other": later("Other"),
}
_OWNER: Final = later("Owner")
_COOKIE: Final = "lightbox_name"
_YEAR: Final = 365 * 24 * 3600
_log: Final = logging.getLogger(__name__)

_Page = TypeVar("_Page", views.Item, GuestItem)


@dataclass(frozen=True)
class Said:
    """Something said of the item, or that it was taken back; ``undo`` is where to take it back."""

    id: int
    who: str
    when: str
    flag: str
    text: str
    undone: bool
    undo: str | None


@dataclass(frozen=True)
class Notes:
    """The part of an item's page about what is said of it.

    ``problem`` says why what was said is missing; ``hint`` says who will see the name.
    ``image`` names the item, to be sent along.
    """

    problem: str
    changed: str
    rows: tuple[Said, ...]
    history: tuple[Said, ...]
    action: str
    check: str
    image: str
    flags: tuple[views.Choice, ...]
    text_most: int
    name: str
    name_most: int
    hint: str


@dataclass(frozen=True)
class Writer:
    """Who reads and writes notes: the owner, or who holds ``link`` (and sees what came by it)."""

    path: str = "/"  # all of a browser's requests under it come from this writer
    link: Link | None = None

    @property
    def may_write(self) -> bool:
        """Say whether the link allows it."""
        return self.link is None or self.link.may_comment

    @property
    def cookie(self) -> str:
        """Name of the cookie that remembers this writer's name."""
        return f"{_COOKIE}_{self.link.id}" if self.link else _COOKIE

    def name(self, request: Request) -> str:
        """Give the name under which this browser wrote before, if it did."""
        try:
            known = cleaned(unquote(request.cookies.get(self.cookie, "")), NAME_MOST, lines=False)
        except MalformedError:
            known = ""
        return known or ("" if self.link else _(_OWNER))

    def names(self, item: Item) -> str:
        """Name an item, so that what is said of it can't reach another: to guests in no words."""
        named = to_value(item)
        return signed(self.link.secret, "noted", named) if self.link else named

    def author(self, name: str) -> Author:
        """Give the author of that name."""
        return Author(name, self.link.id if self.link else None)


class Notebook:
    """Draws and takes notes."""

    def __init__(self, database: Database, forms: Forms) -> None:
        self._database = database
        self._forms = forms

    def page(
        self,
        request: Request,
        template: str,
        view: _Page,
        item: Item,
        writer: Writer | None,
        address: str,
    ) -> HTMLResponse:
        """Draw an item's page, with its notes if there is a writer who may see them.

        ``address`` is the item's, under which notes are sent.
        """
        if not writer or not writer.may_write:
            return page(request, template, view, style=view.style)
        check = self._forms.check_for(request)
        said = self._view(request, item, writer, address, check)
        shown = replace(view, notes=fragment("notes", said))
        return self._forms.page(request, template, shown, check, style=view.style)

    def take(
        self, fields: dict[str, list[str]], item: Item, writer: Writer, back: str
    ) -> RedirectResponse:
        """Keep a note, and lead back.

        Raises MalformedError, StorageError, or GoneError where another image was seen than
        stands there now.
        """
        if text(fields, "image") != writer.names(item):
            raise GoneError(
                _("This is not the image any more that you saw; nothing was saved. Open it again.")
            )
        given = text(fields, "flag")
        flag = next((flag for flag in FLAGS if flag == given), None)
        if given and not flag:
            raise MalformedError("flag", _("A flag is one of: {flags}.", flags=", ".join(FLAGS)))
        name = text(fields, "name") or ("" if writer.link else _(_OWNER))
        author = writer.author(name)
        note = notes.add(self._database, item, author, flag, text(fields, "note"))
        answer = _back(back, f"note-{note.id}")
        answer.set_cookie(
            writer.cookie,
            quote(note.author.name, safe=""),
            max_age=_YEAR,
            path=writer.path,
            httponly=True,
            samesite="lax",
            secure=self._forms.secure,
        )
        return answer

    def take_back(
        self, request: Request, note_id: str, writer: Writer, back: str
    ) -> RedirectResponse:
        """Take a note back, and lead back. Raises MissingError or StorageError."""
        number = digits(note_id, 18)
        if number is None:
            raise MissingError("note", _("There is no such note."))
        notes.undo(self._database, number, writer.author(writer.name(request)))
        return _back(back, "notes")

    def _view(
        self, request: Request, item: Item, writer: Writer, address: str, check: str
    ) -> Notes:
        path, _sign, query = address.partition("?")
        said: tuple[Note, ...] = ()
        problem = changed = ""
        try:
            # Who only looks leaves no file behind.
            if not self._database.is_new():
                said = notes.history(self._database, item)
                if writer.link:
                    said = tuple(note for note in said if note.author.link_id == writer.link.id)
                else:
                    changed = _changed(notes.stale(self._database, item.dataset, item.content))
        except StorageError as error:
            if writer.link:
                _log.warning("%s", error)  # its owner may not see a page of it for long
            problem = _(FOR_GUESTS) if writer.link else str(error)

        def row(note: Note) -> Said:
            stands = note.undoes is None and not note.undone
            undo = addresses.with_query(f"{path}/notes/{note.id}/undo", query)
            return _said(note, undo if stands else None, writer)

        hidden = writer.link is not None and writer.link.hide_labels
        return Notes(
            problem=problem,
            changed=changed,
            rows=tuple(row(note) for note in said if note.undoes is None and not note.undone),
            history=tuple(row(note) for note in said) if any(note.undoes for note in said) else (),
            action=addresses.with_query(f"{path}/notes", query),
            check=check,
            image=writer.names(item),
            flags=(
                views.Choice("", _("No flag"), selected=True),
                # Who is not shown the label can't say that it is wrong.
                *(
                    views.Choice(flag, _(FLAG_WORDS[flag]), selected=False)
                    for flag in FLAGS
                    if not (hidden and flag == "wrong-label")
                ),
            ),
            text_most=TEXT_MOST,
            name=writer.name(request),
            name_most=NAME_MOST,
            hint=_("shown with the note to everyone who has this link")
            if writer.link
            else _("shown with the note"),
        )


def item_of(dataset: Dataset, split: Split, index: int) -> Item:
    """Name an item as records do."""
    return Item(dataset.id, dataset.archive.content, split, index)


def owners_notes(library: Library, notebook: Notebook, forms: Forms) -> APIRouter:
    """Make the routes by which the owner says something and takes it back."""
    router = APIRouter(
        prefix="/d/{dataset_id}/{split}/{index}/notes",
        include_in_schema=False,
        dependencies=[Depends(owner_only)],
    )
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)
    owner = Writer()

    def back(request: Request, item: Item) -> str:
        return addresses.item(item.dataset, item.split, item.index, request.url.query)

    def item(dataset_id: str, split: str, index: str) -> Item:
        dataset = library.dataset(dataset_id)
        found = dataset.require_split(split)
        return item_of(dataset, found, required_index(dataset, found, index))

    @router.post("")
    def take(request: Request, named: Annotated[Item, Depends(item)], fields: Fields) -> Response:
        return notebook.take(fields, named, owner, back(request, named))

    @router.post("/{note_id}/undo")
    def undo(
        request: Request,
        named: Annotated[Item, Depends(item)],
        note_id: str,
        fields: Fields,  # noqa: ARG001 (read, so checked)
    ) -> Response:
        return notebook.take_back(request, note_id, owner, back(request, named))

    return router


def owner_writes(request: Request) -> Writer | None:
    """Give the owner as the writer, where it is the owner who asks."""
    return Writer() if role_of(request) == "owner" else None


def _said(note: Note, undo: str | None, writer: Writer) -> Said:
    by_link = not writer.link and note.author.link_id is not None
    # Who takes back what another said may never have given a name.
    name = note.author.name or "–"
    return Said(
        id=note.id,
        who=_("{name}, by a link", name=name) if by_link else name,
        when=moment(note.made),
        flag=_(FLAG_WORDS[note.flag]) if note.flag else "",
        text=_("Taken back") if note.undoes else note.text,
        undone=note.undone,
        undo=undo,
    )


def _changed(stale: int) -> str:
    if not stale:
        return ""
    return ngettext(
        "This file has changed: {number} note is about what it held before, and not shown here.",
        "This file has changed: {number} notes are about what it held before, and not shown here.",
        stale,
    )


def _back(address: str, part: str) -> RedirectResponse:
    # That part takes the focus, so that it is read aloud.
    return RedirectResponse(f"{address}#{part}", 303)
