"""A grid to choose from → what its page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.datasets.subset import Subset
from app.reviews.collected import Collection
from app.reviews.items import Item
from app.web import addresses, picks, picture_addresses
from app.web.collection_pages import Done, done_view, flag_choices
from app.web.forms import text
from app.web.frame import heading
from app.web.gathering import Run, items_of
from app.web.grid import page_items, reduced
from app.web.language import gettext as _
from app.web.notices import window_notices
from app.web.pager import pager, pages_of
from app.web.picks import Picks
from app.web.unpacking import unfinished
from app.web.views import Choice, Credits, Crumb, Notice, Pager
from app.web.words import counted, credits_of, images


@dataclass(frozen=True)
class Source:
    """What the images are chosen from."""

    dataset: Dataset
    selection: Selection
    subset: Subset

    @property
    def address(self) -> str:
        """The grid's own."""
        return addresses.grid(self.dataset.id, self.selection)

    def on_page(self) -> tuple[Item, ...]:
        """Give the images of the grid's page."""
        return items_of(self.dataset, page_items(self.dataset, self.subset, self.selection))


@dataclass(frozen=True)
class CollectPage:
    """A page of a grid whose images can be chosen, to be put into a collection or flagged.

    ``collections`` are a page of all; ``others`` are the buttons to the pages before and after it,
    each with the number that it sends, and ``place`` says which page this is.
    """

    heading: str
    crumbs: tuple[Crumb, ...]
    address: str
    of: str
    back: str
    action: str
    style: str
    notices: tuple[Notice, ...]
    reduced: str  # what thumbnails leave out, if they do
    picks: Picks
    pager: Pager
    which: tuple[Choice, ...]
    collections: tuple[Choice, ...]
    place: str
    others: tuple[Choice, ...]
    name: str
    flags: tuple[Choice, ...]
    done: Done | None
    credits: Credits
    check: str


def build(
    source: Source,
    runs: Sequence[Run],
    found: Sequence[Collection],
    among: Pager,
    fields: dict[str, list[str]],
    done: str,
    check: str,
) -> CollectPage:
    """Draw up the page; ``fields`` are as they were filled in so far.

    ``runs`` are what the grid's page shows, ``found`` a page of the collections, ``among`` the ways
    to the other pages of them.
    """
    dataset, selection = source.dataset, source.selection
    pages = pages_of(source.subset.total, selection.per_page)
    ticked = frozenset(fields.get("item", ()))
    # Volumes are told apart, and sized, by their middle; the way back is as one came.
    by_middle = replace(selection, view="middle")
    drawn = picks.draw(
        runs, lambda n, _: picture_addresses.sheet(dataset, by_middle, n), ticked=ticked
    )
    return CollectPage(
        heading=heading(dataset, selection, source.subset.total),
        crumbs=(Crumb(dataset.title, source.address), Crumb(_("Collect"), None)),
        address=addresses.collect(source.address),
        of=source.address,
        back=source.address,
        action=addresses.COLLECT,
        style=drawn.style,
        notices=(*unfinished(dataset, selection), *window_notices([dataset])),
        reduced=reduced(dataset, by_middle.view),
        picks=drawn,
        pager=pager(
            selection.page,
            pages,
            lambda n: addresses.collect(addresses.grid(dataset.id, selection.on_page(n))),
        ),
        which=_which(source, sum(len(run.items) for run in runs), text(fields, "which")),
        collections=(
            *(Choice(str(each.id), each.name, n == 0) for n, each in enumerate(found)),
            Choice("", _("A new one, named:"), selected=not found),
        ),
        place=_("Collections, page {number} of {pages}", number=among.page, pages=among.pages)
        if among.pages > 1
        else "",
        others=tuple(
            Choice(page, words, selected=False)
            for page, words in (
                (among.previous, _("Newer collections")),
                (among.next, _("Older collections")),
            )
            if page
        ),
        name=text(fields, "name"),
        flags=flag_choices(text(fields, "flag")),
        done=done_view(done, f"{addresses.COLLECT}/undo"),
        credits=credits_of([dataset]),
        check=check,
    )


def _which(source: Source, on_page: int, chosen: str) -> tuple[Choice, ...]:
    """Offer what can be meant: those ticked, those on the page, or all."""
    noun = images(source.subset.total, volumes=source.dataset.is_volume)
    return tuple(
        Choice(value, words, selected=value == (chosen or "chosen"))
        for value, words in (
            ("chosen", _("The ticked images below")),
            ("page", _("All {on_page} on this page", on_page=counted(on_page))),
            ("all", _("All that match: {noun}", noun=noun)),
        )
    )
