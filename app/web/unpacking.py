"""How far the unpacking of a dataset's images is, and the owner's way to stop it and to go on."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection, parse
from app.web import addresses, display
from app.web.access import owner_only
from app.web.display import values_of
from app.web.forms import CHECK, Forms
from app.web.language import gettext as _
from app.web.views import Notice, Stop


def unpacking(library: Library, forms: Forms) -> APIRouter:
    """Make the routes that the owner's forms send to."""
    router = APIRouter(
        include_in_schema=False, dependencies=[Depends(owner_only), Depends(forms.read)]
    )

    @router.post("/d/{dataset_id}/unpacking/stop")
    def stop(request: Request, dataset_id: str) -> Response:
        dataset, selection = _asked(library, request, dataset_id)
        for split, array in dataset.images.items():
            if selection.wants_split(split):
                array.stop()
        return RedirectResponse(addresses.grid(dataset.id, selection), 303)

    @router.post("/d/{dataset_id}/unpacking/go-on")
    def go_on(request: Request, dataset_id: str) -> Response:
        dataset, selection = _asked(library, request, dataset_id)
        for split, array in dataset.images.items():
            if selection.wants_split(split):
                array.go_on()
        return RedirectResponse(addresses.grid(dataset.id, selection), 303)

    return router


def _asked(library: Library, request: Request, dataset_id: str) -> tuple[Dataset, Selection]:
    dataset = library.dataset(dataset_id)
    seen = display.parse(request.url.query, values_of(dataset))
    return dataset, replace(parse(request.url.query), display=seen.query())


def turn(dataset: Dataset, selection: Selection, check: str) -> Stop:
    """Give the form that stops what goes on, or else goes on with what was stopped."""
    arrays = [dataset.images[split] for split in dataset.splits if selection.wants_split(split)]
    progresses = [array.progress() for array in arrays]
    if any(not progress.finished and not progress.stopped for progress in progresses):
        return Stop(addresses.stop_unpacking(dataset.id, selection), CHECK, check, _("Stop"))
    return Stop(addresses.go_on_unpacking(dataset.id, selection), CHECK, check, _("Go on"))


def unfinished(dataset: Dataset, selection: Selection) -> tuple[Notice, ...]:
    """Say of each split that is asked for how far it is, where it is not whole and checked."""
    notices = []
    for split, array in dataset.images.items():
        if not selection.wants_split(split):
            continue
        checking = array.available == array.shape[0]
        progress = array.progress()
        if not progress.finished:
            done = 100 * progress.done // max(1, progress.total)
            notices.append(
                Notice(
                    "progress",
                    _how_far(split, done, checking=checking, stopped=progress.stopped)
                    + " "
                    + _("What is shown before the end may turn out to be damaged."),
                )
            )
    return tuple(notices)


def _how_far(split: str, done: int, *, checking: bool, stopped: bool) -> str:
    if stopped and checking:
        return _("Checking {split} was stopped when {done} % was done.", split=split, done=done)
    if stopped:
        return _("Unpacking {split} was stopped when {done} % was done.", split=split, done=done)
    if checking:
        return _("{split} is being checked: {done} % is done.", split=split, done=done)
    return _("{split} is being unpacked and checked: {done} % is done.", split=split, done=done)
