"""Lists of what there may be any number of, a hundred to a page."""

from collections.abc import Callable

from app.datasets.selection import PER_PAGE, page_in
from app.errors import MissingError
from app.web.grid import pager, pages_of
from app.web.language import gettext as _
from app.web.views import Pager
from app.web.words import counted


def paged(query: str, total: int, to: Callable[[int], str]) -> Pager:
    """Draw up the ways from the page that a query asks for; ``to`` gives a page's address.

    Raises MalformedError, or MissingError for a page that is not there.
    """
    number, pages = page_in(query), pages_of(total, PER_PAGE)
    if number > pages:
        raise MissingError(
            "page",
            _(
                "There is no page {number}; this list has {pages}.",
                number=counted(number),
                pages=counted(pages),
            ),
        )
    return pager(number, pages, to)


def first_of(pager: Pager) -> int:
    """Give the place in the list, from 0, at which a page begins."""
    return PER_PAGE * (pager.page - 1)
