"""How far the unpacking of a dataset's images is, and the owner's way to stop it and to go on."""

from collections.abc import Callable, Iterable

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection, Split
from app.web import addresses, display
from app.web.access import owner_only
from app.web.forms import Forms
from app.web.gathering import Run
from app.web.language import gettext as _
from app.web.views import Notice, Stop


def unpacking(library: Library, forms: Forms) -> APIRouter:
    """Make the routes that the owner's forms send to."""
    router = APIRouter(
        include_in_schema=False, dependencies=[Depends(owner_only), Depends(forms.read)]
    )

    @router.post("/d/{dataset_id}/unpacking/stop")
    def stop(request: Request, dataset_id: str) -> Response:
        return _turned(library.dataset(dataset_id), request, Array.stop)

    @router.post("/d/{dataset_id}/unpacking/go-on")
    def go_on(request: Request, dataset_id: str) -> Response:
        return _turned(library.dataset(dataset_id), request, Array.go_on)

    return router


def _turned(dataset: Dataset, request: Request, change: Callable[[Array], None]) -> Response:
    """Do it to the splits that the grid shows, and lead back to it."""
    selection = display.selection_at(dataset, request.url.query)
    for split, array in dataset.images.items():
        if selection.wants_split(split):
            change(array)
    return RedirectResponse(addresses.grid(dataset.id, selection), 303)


def turn(dataset: Dataset, selection: Selection, check: str) -> Stop | None:
    """Give the form that stops what goes on, or else goes on with what was stopped."""
    arrays = [dataset.images[split] for split in dataset.splits if selection.wants_split(split)]
    left = [each for each in (array.progress() for array in arrays) if not each.finished]
    if any(not progress.stopped for progress in left):
        return Stop(addresses.stop_unpacking(dataset.id, selection), check, _("Stop"))
    if left:
        return Stop(addresses.go_on_unpacking(dataset.id, selection), check, _("Go on"))
    return None


def unfinished(dataset: Dataset, selection: Selection) -> tuple[Notice, ...]:
    """Say of each split that is asked for how far it is, where it is not whole and checked."""
    notices = []
    for split, array in dataset.images.items():
        if not selection.wants_split(split) or array.progress().finished:
            continue
        # Asking what is there begins the work, which of a small array is its end.
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


def unfinished_in(runs: Iterable[Run]) -> tuple[Notice, ...]:
    """Say so of what runs are of, with the dataset's title, as there may be several."""
    here: dict[Dataset, set[Split]] = {}
    for run in runs:
        if run.dataset:
            here.setdefault(run.dataset, set()).update(item.split for item in run.items)
    return tuple(
        Notice(notice.kind, f"{dataset.title}: {notice.text}")
        for dataset, splits in here.items()
        for notice in unfinished(dataset, Selection(splits=tuple(splits)))
    )


def _how_far(split: str, done: int, *, checking: bool, stopped: bool) -> str:
    if stopped and checking:
        return _("Checking {split} was stopped when {done} % was done.", split=split, done=done)
    if stopped:
        return _("Unpacking {split} was stopped when {done} % was done.", split=split, done=done)
    if checking:
        return _("{split} is being checked: {done} % is done.", split=split, done=done)
    return _("{split} is being unpacked and checked: {done} % is done.", split=split, done=done)
