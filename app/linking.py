"""An address → a share link, or a study with one reader, as the terminal asks for it."""

from contextlib import suppress
from urllib.parse import urlsplit

from app.datasets.library import Library
from app.errors import MissingError
from app.reviews import links, studies
from app.reviews.database import Database
from app.reviews.links import Link
from app.settings import PREFIX, Settings, is_loopback
from app.shelves import open_library, open_store
from app.web import addresses, designing
from app.web.sharing import link_url, what_at
from app.web.targets import collection_at, read_collection, read_target, seen_at

# Where a server is that was started without options, for links that no public address was set for.
_LOCAL = "http://127.0.0.1:8000"
_READER = "Reader 1"


def make_link(
    settings: Settings, address: str, days: int, title: str, *, hide_labels: bool, study: bool
) -> tuple[str, str, Link]:
    """Make a link in the database of these settings; give its URL, its token, and what is kept.

    An address may be one as a browser shows it, of this machine or the public one. Raises
    MissingError, MalformedError, ArchiveError, StorageError.
    """
    origin, address = _from_origin(address, settings.base_url or "")
    library = open_library(settings, open_store(settings))
    database = Database(settings.database_url)
    seen = seen_at(library, address)
    if study:
        source = _source_at(library, database, address)
        design = designing.default_design(source, title)
        drawn = designing.draw(source, design)
        made = studies.create(database, design, drawn.items, drawn.labels)
        token, link = studies.add_reader(database, made, _READER, days)
    else:
        token, link = links.make(
            database,
            **what_at(library, _canonical(database, address, hide_labels=hide_labels)),
            title=title,
            hide_labels=hide_labels,
            days=days,
        )
    return link_url(settings.base_url or origin, token, seen), token, link


def _from_origin(address: str, base_url: str) -> tuple[str, str]:
    """Take the server's origin off an address; one of another server is left whole."""
    with suppress(ValueError):  # no address at all, or a port that is no number
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        is_here = is_loopback(parts.hostname or "") and parts.port != 0 and "@" not in parts.netloc
        if origin == base_url.rstrip("/") or (parts.scheme in ("http", "https") and is_here):
            return origin, parts._replace(scheme="", netloc="").geturl()
    return _LOCAL, address


def _source_at(library: Library, database: Database, address: str) -> designing.Source:
    try:
        return designing.source_at(library, database, address)
    except MissingError as error:
        if error.part != "dataset":
            raise
        reason = str(error).rstrip(".")
        sentence = f"{reason}; a study is made from its file: name its folder in {PREFIX}DATA_DIR."
        raise MissingError("dataset", sentence) from None


def _canonical(database: Database, address: str, *, hide_labels: bool) -> str:
    """Give the canonical address of what is to be shared. Raises MissingError, MalformedError."""
    number = read_collection(address)
    if number is None:
        return read_target(address).address
    return addresses.collection(collection_at(database, number, hide_labels=hide_labels).id)
