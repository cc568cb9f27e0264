"""Who holds a link comes in here: does it exist, has it ended, does it ask for a passphrase."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.errors import ForbiddenError, LightboxError, MissingError, TooManyError
from app.reviews import links
from app.reviews.database import Database
from app.reviews.links import Link
from app.web.access import client_of, signed
from app.web.language import gettext as _
from app.web.limits import WAIT, Limiter
from app.web.transport import HEAD

_COOKIE: Final = "lightbox_link_{}"
# Programs that draw a preview of an address in a chat: no person has looked. There are phones that
# are called “CUBOT X30” and “M bot 60”.
_PREVIEWS: Final = (
    "bot/",
    "bot-",
    "bot (",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "slack",
    "telegram",
    "skype",
)


class PassphraseNeededError(LightboxError):
    """The link is one, but who holds it has not said its passphrase."""

    def __init__(self, link: Link) -> None:
        self.link = link
        super().__init__(_("This link asks for a passphrase."))


@dataclass(frozen=True)
class Door:
    """Opens links. ``key`` signs the cookie that says a passphrase was right."""

    database: Database
    key: str
    secure: bool
    guesses: Limiter
    passphrases: Limiter

    def open(self, request: Request, token: str) -> Link:
        """Give the link of a token.

        Raises MissingError, GoneError, TooManyError, PassphraseNeededError or StorageError.
        """
        client = client_of(request)
        try:
            link = links.find(self.database, token, self.database.now())
        except MissingError:
            # A token has 192 bits: this is for the log and the load, a right one still opens.
            if not self.guesses.take(client):
                raise TooManyError(_(WAIT), "link") from None
            raise
        if link.passphrase and request.cookies.get(_COOKIE.format(link.id)) != self._proof(link):
            raise PassphraseNeededError(link)
        return link

    def open_unlocked(self, request: Request, token: str) -> Link:
        """Do as ``open``, where the passphrase can't be asked for. Raises ForbiddenError."""
        try:
            return self.open(request, token)
        except PassphraseNeededError:
            raise ForbiddenError(_("This link asks for a passphrase; open it first.")) from None

    def unlock(
        self, request: Request, token: str, passphrase: str, answer: Response
    ) -> Link | None:
        """Check a passphrase; the right one puts a cookie into the answer and gives the link.

        Raises MissingError, GoneError, TooManyError or StorageError.
        """
        try:
            link = self.open(request, token)
        except PassphraseNeededError as needed:
            link = needed.link
        who = f"{client_of(request)} {link.id}"
        # Ahead of the check, which takes its time: many may ask at once.
        if not self.passphrases.take(who):
            raise TooManyError(_(WAIT))
        if not links.check_passphrase(link, passphrase):
            return None
        self.passphrases.forgive(who)
        answer.set_cookie(
            _COOKIE.format(link.id),
            self._proof(link),
            path=f"/s/{token}",
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )
        return link

    def _proof(self, link: Link) -> str:
        return signed(self.key, "passphrase", f"{link.id} {link.passphrase}")


def make_door(database: Database, key: str, *, secure: bool) -> Door:
    """Make the door of this process."""
    wrong_links, wrong_phrases = Limiter(most=30), Limiter(most=5)
    return Door(database, key, secure, wrong_links, wrong_phrases)


def is_person(request: Request) -> bool:
    """Say whether a person may have opened this, for all one can tell."""
    agent = request.headers.get("user-agent", "").lower()
    ahead = "prefetch" in request.headers.get("sec-purpose", "")
    return HEAD not in request.scope and not ahead and not any(name in agent for name in _PREVIEWS)
