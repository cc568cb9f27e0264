"""Lists of what there may be any number of, a hundred to a page."""

from collections.abc import Callable
from typing import Final

from app.datasets.query import page_in
from app.datasets.selection import PER_PAGE
from app.errors import MissingError
from app.web.language import gettext as _
from app.web.language import later
from app.web.pager import pager, pages_of
from app.web.views import Pager
from app.web.words import counted

_NO_PAGE: Final = later("There is no page {number}; this list has {pages}.")


def paged(query: str, total: int, to: Callable[[int], str]) -> Pager:
    """Draw up the ways from the page that a query asks for; ``to`` gives a page's address.

    Raises MalformedError, or MissingError for a page that is not there.
    """
    number = page_in(query)
    return pager(number, required_pages(number, total, _NO_PAGE), to)


def required_pages(number: int, total: int, no_page: str) -> int:
    """Give how many pages there are. Raises MissingError, in these words, for one behind the last.

    ``no_page`` has places for ``number`` and ``pages``.
    """
    pages = pages_of(total, PER_PAGE)
    if number > pages:
        raise MissingError("page", _(no_page, number=counted(number), pages=counted(pages)))
    return pages


def first_of(pager: Pager) -> int:
    """Give the place in the list, from 0, at which a page begins."""
    return PER_PAGE * (pager.page - 1)
