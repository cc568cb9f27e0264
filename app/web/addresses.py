"""Every address that a page links to, written in one place (pictures: ``picture_addresses``)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request

from app.datasets.selection import PER_PAGE, Selection

HOME: Final = "/"
ENTER: Final = "/enter"
LEAVE: Final = "/leave"
SHARE: Final = "/share"
LINKS: Final = "/links"
COMPARE: Final = "/compare"
STUDIES: Final = "/studies"
COLLECTIONS: Final = "/collections"
PREFERENCES: Final = "/preferences"
COLLECT: Final = "/collections/add"
KEYS: Final = "/keys"
STYLEGUIDE: Final = "/styleguide"
API_DOCS: Final = "/api/docs"
API_DATASETS: Final = "/api/datasets"
API_SCHEMA: Final = "/api/openapi.json"

# The grids that are compared, as their addresses are called in that of a comparison.
COMPARED: Final = ("a", "b", "c", "d")


def dataset(dataset_id: str) -> str:
    """The grid of all of a dataset."""
    return f"/d/{segment(dataset_id)}"


def grid(dataset_id: str, selection: Selection) -> str:
    """The grid of a dataset."""
    return with_query(dataset(dataset_id), selection.query())


def stop_unpacking(dataset_id: str, selection: Selection) -> str:
    """Where a form stops the unpacking of what a grid shows."""
    return with_query(f"{dataset(dataset_id)}/unpacking/stop", selection.query())


def go_on_unpacking(dataset_id: str, selection: Selection) -> str:
    """Where a form goes on with it."""
    return with_query(f"{dataset(dataset_id)}/unpacking/go-on", selection.query())


def about(dataset_id: str) -> str:
    """The page that says what a dataset is."""
    return f"{dataset(dataset_id)}/about"


def about_unread(dataset_id: str) -> str:
    """That page without what is known only when the whole file has been read."""
    return f"{about(dataset_id)}?read=0"


def stop_about(dataset_id: str) -> str:
    """Where a form stops the reading that this page takes."""
    return f"{about(dataset_id)}/stop"


def catalogue(query: str, page: int) -> str:
    """A page of the catalogue under a filter."""
    return with_query(HOME, joined(query, _page(page)))


def published(dataset_id: str) -> str:
    """The page of a published dataset, whether it is here or not."""
    return f"/catalogue/{segment(dataset_id)}"


def fetching(dataset_id: str) -> str:
    """Where a form begins the download of a published file."""
    return f"{published(dataset_id)}/fetch"


def cancelling(dataset_id: str) -> str:
    """Where a form ends such a download."""
    return f"{published(dataset_id)}/cancel"


def finding(dataset_id: str) -> str:
    """Where what is typed into a grid's search leads on."""
    return f"{dataset(dataset_id)}/find"


def citation(dataset_id: str, form: str) -> str:
    """All references of a dataset as a file: ``bib`` or ``ris``."""
    return f"{about(dataset_id)}.{form}"


def api_dataset(dataset_id: str) -> str:
    """What a dataset is, as JSON."""
    return f"{API_DATASETS}/{segment(dataset_id)}"


def croissant(dataset_id: str) -> str:
    """A dataset's description for machine learning tools, as JSON-LD."""
    return f"{api_dataset(dataset_id)}/croissant"


def item(dataset_id: str, split: str, index: int | str, query: str = "") -> str:
    """One image's page; ``query`` carries the selection one came from."""
    return with_query(f"{dataset(dataset_id)}/{split}/{index}", query)


def sizes(dataset_id: str, split: str, index: int | str) -> str:
    """One image in every size of it that is here, side by side."""
    return f"{item(dataset_id, split, index)}/sizes"


def item_query(selection: Selection) -> str:
    """What an image's address carries of the selection: all but the page, which follows."""
    return replace(selection, page=1).query()


def pixels(dataset_id: str, split: str, index: int, form: str, query: str = "") -> str:
    """One image's exact pixels as ``png`` or ``npy``; a volume's as ``nii.gz`` too."""
    return with_query(f"{item(dataset_id, split, index)}.{form}", query)


def export(dataset_id: str, selection: Selection) -> str:
    """What a selection can be exported as; the page of its grid is for the way back."""
    return with_query(f"{dataset(dataset_id)}/export", selection.query())


def exported(dataset_id: str, selection: Selection, form: str) -> str:
    """A selection as a file."""
    return with_query(f"{dataset(dataset_id)}/export.{form}", export_query(selection))


def _plain(selection: Selection) -> Selection:
    """Leave out what says how a grid is divided into pages, and drawn."""
    return replace(selection, page=1, per_page=PER_PAGE, bars="count", thumbs="medium", display="")


def export_query(selection: Selection) -> str:
    """What an export's address carries of the selection: its items and their order."""
    return replace(_plain(selection), view="middle").query()


def pixels_by_label(dataset_id: str, selection: Selection, *, everything: bool = False) -> str:
    """Mean images and pixel histograms of a selection, of a sample or of all its images.

    The page of its grid is for the way back.
    """
    query = joined(selection.query(), _all(everything))
    return with_query(f"{dataset(dataset_id)}/pixels", query)


def stop_pixels(dataset_id: str, selection: Selection) -> str:
    """Where a form stops adding up all images of a selection."""
    return with_query(f"{dataset(dataset_id)}/pixels/stop", selection.query())


def mean_image(dataset_id: str, selection: Selection, of: str, *, everything: bool) -> str:
    """One mean image as PNG, ``of`` a label's value, of ``none`` or of ``all``."""
    query = joined(added_up(selection).query(), _all(everything), f"of={of}")
    return with_query(f"{dataset(dataset_id)}/mean.png", query)


def added_up(selection: Selection) -> Selection:
    """What decides which pixels are added up: the filters, and the seed of a sample."""
    order = selection.order if selection.order == "random" else "index"
    return replace(_plain(selection), view="middle", order=order)


def _all(everything: bool) -> str:
    return "all=1" if everything else ""


def plane_query(axis: str, place: int) -> str:
    """The query that picks one slice of a volume."""
    return urlencode({"axis": axis, "slice": place})


def compare(grids: Sequence[str], page: int = 1, *, everything: bool = False) -> str:
    """Up to four grids side by side, given by their addresses, all on the same page."""
    # Written so that it can be read: only what would end a value is escaped.
    named = (
        f"{letter}={quote(grid, safe='/?=')}" for letter, grid in zip(COMPARED, grids, strict=False)
    )
    return with_query(COMPARE, joined(*named, _page(page), _all(everything)))


def stop_compare(comparison: str) -> str:
    """Where a form stops adding up all images of a comparison, which is given by its address."""
    return with_query(f"{COMPARE}/stop", comparison.partition("?")[2])


def difference(comparison: str, of: str, channel: int) -> str:
    """One channel of the difference between a comparison's first mean image and another's."""
    query = comparison.partition("?")[2]
    return with_query(f"{COMPARE}/difference.png", f"{query}&of={of}&channel={channel}")


def preferences(back: str) -> str:
    """The page where one chooses how pages look; ``back`` is where one came from."""
    return with_query(PREFERENCES, f"back={quote(back, safe='/?=')}")


def share(address: str) -> str:
    """The form that makes a link to an address of ours."""
    return with_query(SHARE, urlencode({"of": address}))


def new_study(address: str) -> str:
    """The form that makes a study of the images of a grid."""
    return with_query(f"{STUDIES}/new", urlencode({"of": address}))


def study(study_id: int, part: str = "") -> str:
    """One study, or a part of it."""
    return f"{STUDIES}/{study_id}/{part}" if part else f"{STUDIES}/{study_id}"


def listed(path: str, page: int) -> str:
    """A page of the list at a path, or of what leads back to it."""
    return with_query(path, _page(page))


def collection(collection_id: int, part: str = "", *, page: int = 1, done: str = "") -> str:
    """One collection, or a part of it; ``done`` says what was just done there."""
    path = f"{COLLECTIONS}/{collection_id}" + (f"/{part}" if part else "")
    return with_query(path, joined(_page(page), _done(done)))


def collection_sheet(collection_id: int, page: int, run: int, digest: str) -> str:
    """The thumbnails of one run of a collection's page."""
    path = collection(collection_id, "sheet.png", page=page)
    return f"{path}{'&' if page > 1 else '?'}run={run}&of={digest}"


def collect(address: str, *, done: str = "") -> str:
    """The page where images of a grid are chosen for a collection."""
    return with_query(COLLECT, joined(urlencode({"of": address}), _done(done)))


def _page(page: int) -> str:
    return f"page={page}" if page > 1 else ""


def _done(done: str) -> str:
    return urlencode({"done": done}) if done else ""


def link_of(path: str) -> str:
    """The first page of the link that a path is under; empty where it is under none."""
    match path.split("/"):
        case ["", "s", token, *_] if token:
            return f"/s/{segment(token)}"
    return ""


def path_of(request: Request) -> str:
    """Write the path that was asked for; Starlette's own has “?” and “#” quoted, and no others."""
    return quote(request.scope["path"])


def segment(dataset_id: str) -> str:
    """Write an id as one segment of a path."""
    return quote(dataset_id, safe="")


def with_query(path: str, query: str) -> str:
    """Join path and query."""
    return f"{path}?{query}" if query else path


def joined(*queries: str) -> str:
    """Join query strings, of which some may be empty."""
    return "&".join(query for query in queries if query)
