"""What the holder of a link says of its images, where the link lets them."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.datasets.library import Library
from app.errors import ForbiddenError, TooManyError
from app.reviews.items import Item
from app.web import addresses
from app.web.door import Door
from app.web.forms import Forms
from app.web.language import gettext as _
from app.web.limits import Limiter
from app.web.notes import Notebook, Writer
from app.web.security import NO_REFERRER
from app.web.shared import open_shared

# More than a person says in a minute.
_MOST: Final = 60


def guest_notes(library: Library, door: Door, forms: Forms, notebook: Notebook) -> APIRouter:
    """Make the routes by which a guest says something and takes it back."""
    router = APIRouter(prefix="/s/{token}/{place}/notes", include_in_schema=False)
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)
    taken = Limiter(most=_MOST)

    def about(request: Request, token: str, place: str) -> tuple[Item, Writer, str]:
        """Give what is written about, by whom, and the address of its page."""
        link = door.open_unlocked(request, token)
        if not link.may_comment:
            raise ForbiddenError(_("This link shows images; no notes can be added by it."))
        if not taken.take(str(link.id)):
            raise TooManyError(_("Too many notes came by this link; wait a minute and try again."))
        found = open_shared(library, door.database, link).item(place)
        back = addresses.with_query(f"/s/{token}/{found.number + 1}", request.url.query)
        return found.item, Writer(f"/s/{token}", link), back

    About = Annotated[tuple[Item, Writer, str], Depends(about)]  # noqa: N806 (a type)

    @router.post("")
    def take(fields: Fields, said: About) -> Response:
        item, writer, back = said
        return _finish(notebook.take(fields, item, writer, back))

    @router.post("/{note_id}/undo")
    def undo(
        request: Request,
        note_id: str,
        fields: Fields,  # noqa: ARG001 (read, so checked)
        said: About,
    ) -> Response:
        _notice, writer, back = said
        return _finish(notebook.take_back(request, note_id, writer, back))

    return router


def _finish(answer: Response) -> Response:
    answer.headers.update(NO_REFERRER)
    return answer
