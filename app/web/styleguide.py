"""The style guide: every part of the pages in each of its states, for who works on them.

Parts are drawn by the templates' own macros, from what their own rooms make of the embedded demo;
where that is not served, its pictures are left out. What is said about the parts is for developers
and English, marked as such; the parts themselves speak the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from app.catalogue.facts import DEMO, all_facts
from app.datasets.dataset import Dataset
from app.datasets.library import Library, Shelf
from app.datasets.selection import Selection
from app.datasets.subset import Items
from app.errors import LightboxError
from app.pictures.window import Window
from app.web import (
    addresses,
    catalogue,
    controls,
    grid,
    grid_page,
    histogram,
    item_page,
    picks,
    tables,
    views,
)
from app.web.access import owner_only
from app.web.cards import Absent, Card
from app.web.citing import Citation
from app.web.display import BYTES, PLAIN, Display
from app.web.examples import CHAPTERS, Chapter, Examples
from app.web.frame import Frames
from app.web.gathering import Run, items_of
from app.web.grid import Leaf
from app.web.grid_page import Grid
from app.web.item import ZOOMS, Looking
from app.web.preferences import LOOKS, Look
from app.web.templating import fragment, page
from app.web.tokens import Tokens, tokens
from app.web.words import credits_of

_SHOWN: Final = Selection(splits=("test",), labels=(1,), per_page=10)
_SEEN: Final = Display(Window(20.0, 180.0), inverted=True, map="viridis")
_CHOSEN: Final = 2
_NAME: Final = "Style guide"
_LEAD: Final = (
    "Each part of the pages in each of its states, drawn by the templates' own macros. The page "
    "has the look, the language and the direction that are chosen in the settings. Links "
    "lead to the embedded demo, where it is served; forms lead back here."
)


@dataclass(frozen=True)
class Guide:
    """The page. ``style`` is one line of CSS: sizes of cells and picture, and each token's class.

    ``cells`` are pages of a grid, each with its name; ``zooms`` are the same item. What no
    data set fills is in ``examples``.
    """

    heading: str
    lead: str
    crumbs: tuple[views.Crumb, ...]
    chapters: Mapping[str, Chapter]
    style: str
    looks: tuple[Look, ...]
    tokens: Tokens
    grid: Grid
    summary: str
    distribution: Markup
    cells: tuple[tuple[str, Leaf | picks.Picks], ...]
    item: views.Item
    zooms: tuple[views.Item, ...]
    pictures: tuple[views.Plane, ...]
    display: views.Controls
    table: tables.Table
    citations: tuple[Citation, ...]
    card: Card
    absent: Absent
    credits: views.Credits
    examples: type[Examples] = Examples


def styleguide(library: Library, demo: Library) -> APIRouter:
    """Make the route of the page; ``demo`` holds the embedded demo, whatever is served."""
    router = APIRouter(
        prefix=addresses.STYLEGUIDE, include_in_schema=False, dependencies=[Depends(owner_only)]
    )
    frames = Frames()

    @router.get("")
    def shown(request: Request) -> Response:
        dataset = demo.dataset(DEMO)
        view = _build(dataset, frames, pictured=_is_among(library, dataset))
        return page(request, "styleguide", view, style=view.style)

    @router.post("")
    def sent() -> Response:
        """Lead back from the forms, which are there to be looked at."""
        return RedirectResponse(addresses.STYLEGUIDE, 303)

    return router


def _is_among(library: Library, dataset: Dataset) -> bool:
    """Say whether pages of this server show the same data."""
    try:
        return library.dataset(dataset.id).archive.content == dataset.archive.content
    except LightboxError:
        return False


def _build(dataset: Dataset, frames: Frames, *, pictured: bool) -> Guide:
    frame = frames.get(dataset, _SHOWN)
    on_page = grid.page_items(dataset, frame.subset, _SHOWN)
    drawn = grid.leaf(dataset, _SHOWN, frame, on_page, unpacking=False)
    bare = replace(drawn, tiles=tuple(replace(tile, sheet="") for tile in drawn.tiles))
    items = [
        item_page.build(dataset, "train", 19, _SHOWN, Looking(zoom, ()), PLAIN, None)
        for zoom in (ZOOMS[0], ZOOMS[1], ZOOMS[-1])
    ]
    item = items[0]
    shelf = catalogue.build(Shelf((dataset,), ()), None, "")
    (card,) = shelf.cards
    published, *_ = all_facts()
    found = tokens()
    named = (*found.colours, *found.spaces, *found.types, *found.corners)
    classes = [f".token-{each.name}{{--token:var(--{each.name})}}" for each in named]
    return Guide(
        heading=_NAME,
        lead=_LEAD,
        crumbs=(views.Crumb(_NAME, None),),
        chapters={each.id: each for each in CHAPTERS},
        style="".join((drawn.style, item.style, *classes)),
        looks=LOOKS[1:],
        tokens=found,
        grid=grid_page.build(dataset, _SHOWN, frame),
        summary=drawn.summary,
        distribution=fragment("distribution", histogram.build(dataset, Selection())),
        cells=(
            ("With pictures", drawn if pictured else bare),
            ("Being unpacked", bare),
            ("To be chosen; two are", _picks(dataset, on_page, drawn if pictured else bare)),
        ),
        item=item,
        zooms=tuple(items),
        pictures=item.planes if pictured else (),
        display=controls.build(_SEEN, BYTES, action=addresses.STYLEGUIDE, query=""),
        table=tables.label_counts(dataset),
        citations=(
            Citation("apa", "APA", published.citation, None),
            Citation("bibtex", "BibTeX", published.bibtex, None),
        ),
        card=card if pictured else replace(card, strip=None),
        absent=shelf.founding[0],
        credits=credits_of([dataset]),
    )


def _picks(dataset: Dataset, on_page: Items, shown: Leaf) -> picks.Picks:
    """Draw the same images to be chosen, as a form has them once some are."""
    items = items_of(dataset, on_page)
    drawn = picks.draw([Run(items, dataset)], lambda *_: shown.tiles[0].sheet)
    box = 'type="checkbox"'
    (tile,) = drawn.tiles
    cells = str(tile.cells).replace(box, f"{box} checked", _CHOSEN)
    return replace(drawn, tiles=(replace(tile, cells=Markup(cells)),))  # noqa: S704 (as drawn)
