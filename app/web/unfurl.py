"""What a chat shows of an address that is sent to it: a title, a line, a picture (Open Graph).

Only where anybody may look; and of a link that keeps labels or images to itself, nothing but that
it is one. A picture needs an absolute address, which only the server's own settings can name: what
a request calls the server may be made up, and pages are kept.
"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from app.reviews.links import Link
from app.web.language import gettext as _

# Set by the gate of a public server: the address it is known by, empty where it was told none.
PUBLIC: Final = "lightbox.public"
_CARD: Final = "lightbox.card"


@dataclass(frozen=True)
class Card:
    """What is told. ``description`` and ``picture`` may be empty."""

    title: str
    description: str
    picture: str


def tell(request: Request, title: str, description: str = "", picture: str = "") -> None:
    """Let the page at hand say this of itself; ``picture`` is a path of this server."""
    base = request.scope.get(PUBLIC)
    if base is not None:
        absolute = f"{base.rstrip('/')}{picture}" if base and picture else ""
        request.scope[_CARD] = Card(title, description, absolute)


def tell_of_link(
    request: Request, link: Link, title: str, description: str = "", picture: str = ""
) -> None:
    """Do as ``tell`` for a page under a link; of one with something to hide, say no more."""
    if link.hide_labels or link.passphrase or link.kind == "study":
        tell(request, _("Images shared with Lightbox"))
    else:
        tell(request, title, description, picture)


def card_of(request: Request) -> Card | None:
    """Give what the page at hand says of itself, if it does."""
    card: Card | None = request.scope.get(_CARD)
    return card
