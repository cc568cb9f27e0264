"""A collection to take away: its rows, or its pictures, in its order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Split, parse
from app.errors import MissingError
from app.exports import folder, table
from app.exports.chosen import Chosen, Picked, Selected
from app.exports.origin import Origin
from app.exports.stream import Export
from app.reviews import collected
from app.reviews.collected import Collection
from app.reviews.database import Database
from app.web import addresses
from app.web.access import owner_only
from app.web.changing import found_by
from app.web.download import Download, Places, attachment
from app.web.export_forms import FORMS
from app.web.exports import wait_until_whole
from app.web.gathering import are_volumes, expander, hold_volumes, matched, runs
from app.web.language import gettext as _
from app.web.transport import ASK_AGAIN
from app.web.words import images

# Of the forms there are, those that hold images of several datasets.
MAKERS: Final[dict[str, Callable[["Asked"], Export]]] = {
    "csv": lambda asked: table.export(asked.chosen),
    "zip": lambda asked: folder.export(asked.chosen, asked.origin),
}


@dataclass(frozen=True)
class Asked:
    """What is exported, where it comes from, and which arrays it needs whole."""

    chosen: Chosen
    origin: Origin
    arrays: tuple[tuple[Dataset, Split], ...]


def collection_exports(library: Library, database: Database) -> APIRouter:
    """Make the route."""
    router = APIRouter(
        prefix=addresses.COLLECTIONS, include_in_schema=False, dependencies=[Depends(owner_only)]
    )
    places = Places()

    @router.get("/{collection_id}/export.{form}")
    async def file(collection_id: str, form: str) -> Response:
        if form not in MAKERS:
            raise MissingError(
                "form", _("A collection is exported as {forms}.", forms=", ".join(MAKERS))
            )
        found = await run_in_threadpool(found_by, database, collection_id)
        asked = await run_in_threadpool(_asked, library, database, found)
        if FORMS[form].with_pixels:
            await wait_until_whole(asked.arrays)
        export = await run_in_threadpool(MAKERS[form], asked)
        name = attachment(f"collection-{found.id}.{form}")
        headers = {"Content-Disposition": name, "Cache-Control": ASK_AGAIN}
        return Download(export, places, FORMS[form].kind, headers)

    return router


def _asked(library: Library, database: Database, found: Collection) -> Asked:
    """Find what a collection holds. Raises GoneError, MissingError or StorageError."""
    chosen: Chosen
    arrays: tuple[tuple[Dataset, Split], ...]
    if found.matching:
        # Not listed: it may be all of a large dataset.
        dataset, _rest = matched(library, found.matching)
        selected = Selected(dataset, parse(found.matching.query))
        arrays = tuple((dataset, split) for split, total in selected.totals.items() if total)
        chosen = selected
    else:
        items = collected.items(database, found.id, 0, found.count, expander(library))
        here = [(run.dataset, run) for run in runs(library, items)]
        named = [(d, item.split, item.index) for d, run in here if d for item in run.items]
        arrays = tuple({(d.id, split): (d, split) for d, split, _ in named}.values())
        chosen = Picked(named, several=len({item.dataset for item in items}) > 1)
    if not chosen.total:
        raise MissingError("collection", _("There are no images in this collection to export."))
    gone, left_out = found.count - chosen.total, ""
    if gone:
        lost = images(gone, volumes=hold_volumes(library, collected.files(database, found)))
        left_out = f" ({lost} left out: their files have changed or are gone)"
    origin = Origin(
        title=found.name,
        count=f"{images(chosen.total, volumes=are_volumes(chosen.datasets))}{left_out}",
        order="in the order of the collection",
        address=addresses.collection(found.id),
        datasets=chosen.datasets,
    )
    return Asked(chosen, origin, arrays)
