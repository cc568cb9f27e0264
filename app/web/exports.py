"""A selection to take away: the page that offers its forms, and the files themselves."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import anyio
import numpy as np
from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from app.arrays.store import Array, Store
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import NO_LABEL, Selection, Split, parse
from app.errors import MissingError, NotReadyError
from app.exports.chosen import Selected
from app.exports.origin import Origin
from app.exports.stream import Size
from app.web import addresses, display, words
from app.web.api import FILTERS, LOCKED, ORDERING, DatasetId
from app.web.download import Download, Places, attachment
from app.web.export_forms import FORMS, Asked, Form
from app.web.language import gettext as _
from app.web.language import say
from app.web.noted import Reviewed
from app.web.notices import dataset_notices
from app.web.templating import page
from app.web.transport import ASK_AGAIN
from app.web.unpacking import unfinished
from app.web.views import Crumb, Notice

_WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_NAMED_LABELS: Final = 8


@dataclass(frozen=True)
class Offer:
    """A form on the page; ``href`` is None where it can't be had, and then ``size`` says why."""

    name: str
    text: str
    size: str
    link: str
    href: str | None


@dataclass(frozen=True)
class ExportPage:
    """The page. ``license_href`` and ``references`` are empty where nothing is known."""

    heading: str
    lead: str
    crumbs: tuple[Crumb, ...]
    notices: tuple[Notice, ...]
    offers: tuple[Offer, ...]
    license: str
    license_href: str
    references: tuple[str, ...]


_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {form.kind: {} for form in FORMS.values()},
        "description": "The file. A connection closed before its end means that it is not whole.",
    },
    401: {"description": LOCKED},
    404: {"description": "A part of the address names nothing, or the selection is empty."},
    403: {"description": "Only the owner of the server may ask for this."},
    422: {"description": "A value can't be read."},
    501: {"description": "The form needs a package that is not installed."},
    503: {"description": "The data are still being unpacked; try again in a moment."},
}


def exports(library: Library, store: Store, reviewed: Reviewed) -> APIRouter:
    """Make the routes."""
    router = APIRouter()
    places = Places()

    @router.get("/d/{dataset_id}/export", include_in_schema=False)
    def offers(request: Request, dataset_id: str) -> HTMLResponse:
        asked = _asked(library, dataset_id, request, reviewed)
        seen = display.selection_at(asked.dataset, request.url.query)
        return page(request, "export", _page(replace(asked, selection=seen), store))

    @router.get(
        "/d/{dataset_id}/export.{form}",
        summary="A selection as a file",
        description="Rows as CSV or Parquet, exact pictures as ZIP, arrays as NPZ.",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"parameters": [*FILTERS, *ORDERING]},
    )
    async def file(
        request: Request,
        dataset_id: DatasetId,
        form: Annotated[
            str,
            Path(description="What the file is.", json_schema_extra={"enum": list(FORMS)}),
        ],
    ) -> Response:
        wanted = FORMS.get(form)
        if wanted is None:
            raise MissingError(
                "form", _("A selection is exported as {forms}.", forms=", ".join(FORMS))
            )
        asked = await run_in_threadpool(_asked, library, dataset_id, request, reviewed)
        if wanted.with_pixels:
            totals = asked.chosen.totals
            await wait_until_whole((asked.dataset, split) for split in totals if totals[split])
        export = await run_in_threadpool(wanted.make, asked, store)
        return Download(export, places, wanted.kind, _headers(asked, form))

    return router


def _asked(library: Library, dataset_id: str, request: Request, reviewed: Reviewed) -> Asked:
    whole = library.dataset(dataset_id)
    selection = parse(request.url.query)
    dataset = reviewed.narrowed(request, whole, selection)
    chosen = Selected(dataset, selection)
    if not chosen.total:
        noun = words.kind(volumes=dataset.is_volume)
        raise MissingError(
            "selection",
            _(
                "No {noun} of {title} match these filters: nothing to export.",
                noun=noun,
                title=dataset.title,
            ),
        )
    origin = Origin(
        title=_title(dataset, selection),
        count=words.images(chosen.total, volumes=dataset.is_volume),
        order=_order(selection),
        address=addresses.with_query(
            addresses.dataset(dataset.id), addresses.export_query(selection)
        ),
        datasets=(dataset,),
    )
    return Asked(dataset, selection, chosen, origin)


async def wait_until_whole(wanted: Iterable[tuple[Dataset, Split]]) -> None:
    """Wait until all the pixels there are have passed their checksums.

    Raises NotReadyError where that takes long or was stopped, ArchiveError where they have not
    passed.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    for dataset, split in wanted:
        images = dataset.images[split]
        while not await run_in_threadpool(_is_whole, images):
            if images.progress().stopped:
                raise NotReadyError(
                    _(
                        "{name}: unpacking and checking {split}_images was stopped; it can be "
                        "exported when that has gone on to its end.",
                        name=dataset.archive.path.name,
                        split=split,
                    )
                )
            if time.monotonic() > deadline:
                raise NotReadyError(
                    _(
                        "{name}: {split}_images is still being unpacked and checked; it can be "
                        "exported when that is done.",
                        name=dataset.archive.path.name,
                        split=split,
                    )
                )
            await anyio.sleep(_POLL_SECONDS)


def _is_whole(images: Array) -> bool:
    """Say whether an array is whole and checked; asking begins the work. Raises ArchiveError."""
    if images.available < images.shape[0] and not images.progress().finished:
        return False
    images.take(np.empty(0, np.int64))  # says why it has failed, if it has
    return images.progress().finished


def _headers(asked: Asked, form: str) -> dict[str, str]:
    headers = {
        "Content-Disposition": attachment(f"{_stem(asked)}.{form}"),
        "Cache-Control": ASK_AGAIN,
    }
    facts = asked.dataset.facts
    if facts:
        # RFC 4946 and RFC 8574; a CSV has no other place for them.
        cited = [(reference.doi_url, "cite-as") for reference in facts.references[-1:]]
        links = [(facts.license_url, "license"), *cited]
        headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for url, rel in links if url)
    return headers


def _stem(asked: Asked) -> str:
    """Name the file by what is in it; never as the dataset itself, which this is only a part of."""
    selection = asked.selection
    parts = ["-".join(selection.splits)]
    if len(selection.labels) > _NAMED_LABELS:
        parts.append(f"{len(selection.labels)}-labels")
    elif selection.filters_labels:
        values = [*map(str, selection.labels), *([NO_LABEL] if selection.unlabelled else [])]
        parts.append("-".join(("label", *values)))
    if selection.filters_labels and selection.match != "any":
        parts[-1] = f"{selection.match}-of-{parts[-1]}"
    if selection.noted:
        parts.append(selection.noted)
    if selection.order != "index":
        parts.append(f"by-{selection.order}")
    if selection.order == "random":
        parts[-1] = f"random-{selection.seed}"
    return "_".join((asked.dataset.id, *(list(filter(None, parts)) or ["all"])))


def _title(dataset: Dataset, selection: Selection) -> str:
    parts = [dataset.title, " + ".join(selection.splits or dataset.splits)]
    parts.append(words.filter_text(dataset, selection))
    if selection.noted:
        parts.append(_(words.NOTED_WORDS[selection.noted]))
    return " · ".join(filter(None, parts))


def _order(selection: Selection) -> str:
    if selection.order == "random":
        return _("in random order (seed {seed})", seed=selection.seed)
    return _("in order of index") if selection.order == "index" else _("in order of label")


def _page(asked: Asked, store: Store) -> ExportPage:
    dataset, facts = asked.dataset, asked.dataset.facts
    grid = addresses.grid(dataset.id, asked.selection)
    return ExportPage(
        heading=_("Export {title}", title=dataset.title),
        lead=f"{asked.origin.title}: {asked.origin.count}, {asked.origin.order}.",
        crumbs=(Crumb(dataset.title, grid), Crumb(_("Export"), None)),
        notices=(*unfinished(dataset, asked.selection), *dataset_notices(dataset, None)),
        offers=tuple(_offer(asked, name, form, store) for name, form in FORMS.items()),
        license=facts.license if facts else "",
        license_href=facts.license_url if facts else "",
        references=tuple(reference.text for reference in facts.references) if facts else (),
    )


def _offer(asked: Asked, name: str, form: Form, store: Store) -> Offer:
    missing = form.missing()
    return Offer(
        name=_(form.name),
        text=_(form.text),
        size=say(missing) if missing else _size_text(form.size(asked, store)),
        link=_("Download .{name}", name=name),
        href=None if missing else addresses.exported(asked.dataset.id, asked.selection, name),
    )


def _size_text(size: Size) -> str:
    text = words.bytes_text(size.bytes)
    if not size.exact:
        return _("about {text}", text=text)
    return (
        text
        if size.bytes < 1000
        else _("{size} ({number} bytes)", size=text, number=words.counted(size.bytes))
    )
