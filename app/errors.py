"""What can go wrong, as types, and the one table from types to statuses and exit codes.

``LightboxError``
├── ``ArchiveError``   a file, or one member of it, can't be read as what it claims to be
├── ``NotReadyError``  the data asked for is still being unpacked
├── ``MissingError``   an address names something that is not there
├── ``GoneError``      what an address named is no more: a link that has ended
├── ``ForbiddenError`` only the owner, or a page of this server, may ask for this
├── ``TooManyError``   too many wrong tries
├── ``InexactError``   a form was asked for that can't hold the values
├── ``NotInstalledError`` a form was asked for that needs a package that is not here
├── ``FetchError``     a published file could not be brought here
├── ``MalformedError`` an address or a form holds a value that can't be read
├── ``StorageError``   the reviews' database can't be read or written
│   └── ``UncertainError`` it was lost while it saved
└── ``UsageError``     the program was started in a way that can't work

``str(error)`` is always one sentence a user can act on; it is the same on a page, in the API and
on the terminal. ``error.args[0]`` is that sentence too; where it is a ``Phrase``, pages can say it
in another language.
"""

from pathlib import Path
from typing import Final

from app.phrases import Phrase


def plain(name: str) -> str:
    """Give a name as it may stand in a sentence: what can't be printed is replaced."""
    return "".join(character if character.isprintable() else "�" for character in name)


class LightboxError(Exception):
    """Base of everything raised on purpose; its text is shown to users as it stands."""


class ArchiveError(LightboxError):
    """A file, or one member of it, is refused.

    ``reason`` and ``remedy`` are sentence parts without a full stop: the reason follows the names,
    the remedy follows the reason. ``passing`` marks what may be over soon, as a full disk;
    ``file`` is the file's name as it may be shown.
    """

    def __init__(
        self,
        path: Path,
        reason: str,
        remedy: str,
        member: str | None = None,
        *,
        passing: bool = False,
    ) -> None:
        self.path = path
        self.passing = passing
        self.member = member
        self.reason = reason
        self.remedy = remedy
        self.file = plain(path.name)
        where = f"{self.file}: {member}" if member else self.file
        super().__init__(
            Phrase("{where} {reason}; {remedy}.", where=where, reason=reason, remedy=remedy)
        )


class NotReadyError(LightboxError):
    """The positions asked for lie above what has been unpacked so far."""


class MissingError(LightboxError):
    """An address names something that is not there. ``part`` says which part of it."""

    def __init__(self, part: str, sentence: str) -> None:
        self.part = part
        super().__init__(sentence)


class MalformedError(LightboxError):
    """A value in an address can't be read. ``part`` names the parameter."""

    def __init__(self, part: str, sentence: str) -> None:
        self.part = part
        super().__init__(sentence)


class GoneError(LightboxError):
    """What was asked for has ended on purpose, and will not come back.

    ``part`` is "link" where that is what has ended, not something that it showed.
    """

    def __init__(self, sentence: str, part: str = "") -> None:
        self.part = part
        super().__init__(sentence)


class ForbiddenError(LightboxError):
    """Who asks may look, but may not do this. ``part`` names what only others may ask for."""

    def __init__(self, sentence: str, part: str = "") -> None:
        self.part = part
        super().__init__(sentence)


class TooManyError(LightboxError):
    """Too many wrong tries came from one place; it has to wait. ``part`` names what was wrong."""

    def __init__(self, sentence: str, part: str = "") -> None:
        self.part = part
        super().__init__(sentence)


class InexactError(LightboxError):
    """The values can't be given in this form without changing them."""


class NotInstalledError(LightboxError):
    """What was asked for needs an optional package that is not installed."""


class FetchError(LightboxError):
    """A published file could not be fetched, or is not what was published."""


class StorageError(LightboxError):
    """The database of the reviews can't be reached, read or written; it says what was not saved."""


class UncertainError(StorageError):
    """The database was lost while it saved: nobody knows whether it has."""


class UsageError(LightboxError):
    """The command line or the settings ask for something that can't work."""


_STATUS: Final[dict[type[LightboxError], int]] = {
    ArchiveError: 404,
    NotReadyError: 503,
    MissingError: 404,
    ForbiddenError: 403,
    GoneError: 410,
    TooManyError: 429,
    InexactError: 406,
    MalformedError: 422,
    FetchError: 503,
    StorageError: 503,
    UncertainError: 503,
    NotInstalledError: 501,
}

EXIT_CODE: Final[dict[type[LightboxError], int]] = {
    ArchiveError: 1,
    FetchError: 1,
    StorageError: 1,
    UncertainError: 1,
    UsageError: 2,
}


def status_of(error: LightboxError) -> int:
    """Give the HTTP status of an error: what may soon be over is 503, not 404."""
    if isinstance(error, ArchiveError) and error.passing:
        return 503
    return _STATUS.get(type(error), 500)
