"""The ways from page to page: first, last, those near by, and a form for any other."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

from app.web.blanks import ANY_PAGE, blank
from app.web.views import Hidden, Link, Pager
from app.web.words import counted

_NEIGHBOURS: Final = 2
# The first page with a gap before its neighbours; of twice as many pages less one, the middle one.
_MIDDLE: Final = _NEIGHBOURS + 4
_SPAN: Final = 2 * _MIDDLE - 1
_NEAR: Final = range(_MIDDLE - _NEIGHBOURS, _MIDDLE + _NEIGHBOURS + 1)


def pages_of(total: int, per_page: int) -> int:
    """Number of pages; an empty selection has one, which says so."""
    return max(1, math.ceil(total / per_page))


def pager(
    page: int, pages: int, to: Callable[[int], str], text: Callable[[int], str] = counted
) -> Pager:
    """Draw up links to other pages; ``to`` gives a page's address, ``text`` its number in words."""
    near = range(max(1, page - _NEIGHBOURS), min(pages, page + _NEIGHBOURS) + 1)
    numbers: list[Link | None] = []
    before = 0
    for each in sorted({1, *near, pages}):
        # A gap of one page is that page itself.
        if each - before == 2:
            numbers.append(Link(text(each - 1), to(each - 1)))
        elif each - before > 2:
            numbers.append(None)
        numbers.append(Link(text(each), to(each), current=each == page))
        before = each
    action, _mark, query = to(1).partition("?")
    return Pager(
        page=page,
        pages=pages,
        first=to(1) if page > 1 else None,
        previous=to(page - 1) if page > 1 else None,
        next=to(page + 1) if page < pages else None,
        last=to(pages) if page < pages else None,
        numbers=tuple(numbers),
        action=action,
        hidden=tuple(Hidden(name, value) for name, value in parse_qsl(query)),
    )


def is_amid(page: int, pages: int) -> bool:
    """Say whether a page is so far from both ends that its pager has but numbers of its own."""
    return _MIDDLE <= page <= pages - _MIDDLE + 1


def amid(pages: int, to: Callable[[int | str], str]) -> Pager:
    """Draw up the pager of all pages that are amid, with blanks for their numbers."""

    def there(number: int) -> str:
        return to(blank(f"page{number}") if number in _NEAR else _end(number, pages))

    def text(number: int) -> str:
        return blank(f"number{number}") if number in _NEAR else counted(_end(number, pages))

    return replace(pager(_MIDDLE, _SPAN, there, text), page=ANY_PAGE, pages=pages)


def numbers_amid(page: int) -> Mapping[str, str]:
    """Give what goes into these blanks on one page."""
    near = {number: page - _MIDDLE + number for number in _NEAR}
    return {
        **{f"page{number}": str(each) for number, each in near.items()},
        **{f"number{number}": counted(each) for number, each in near.items()},
    }


def _end(number: int, pages: int) -> int:
    return 1 if number == 1 else pages
