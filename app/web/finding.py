"""What is typed into a grid's search: a place such as “test 17”, or part of a label's name."""

import re
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import parameters, readable
from app.datasets.selection import SPLITS, Selection
from app.errors import MalformedError, MissingError
from app.web import addresses, display
from app.web.filters import BARE
from app.web.item import required_index
from app.web.language import gettext as _
from app.web.words import label_text

FIELD: Final = "find"
_PLACE: Final = re.compile(rf"({'|'.join(SPLITS)})[\s/,:#]*(-?[0-9]+)", re.ASCII | re.IGNORECASE)


def finding(library: Library) -> APIRouter:
    """Make the route that leads on to what was found."""
    router = APIRouter(include_in_schema=False)

    @router.get("/d/{dataset_id}/find")
    def find(request: Request, dataset_id: str) -> RedirectResponse:
        dataset = library.dataset(dataset_id)
        selection = display.selection_at(dataset, request.url.query).on_page(1)
        typed = parameters(request.url.query).get(FIELD, [""])[-1]
        return RedirectResponse(_found(dataset, selection, " ".join(typed.split())), 303)

    return router


def _found(dataset: Dataset, selection: Selection, words: str) -> str:
    """Give the address of an image, or of the grid of the labels that the words name.

    Raises MalformedError without words, and MissingError for what is not there.
    """
    if not words:
        raise MalformedError(
            FIELD, _("Write a split and an index, such as test 17, or part of a label's name.")
        )
    place = _PLACE.fullmatch(words)
    if place:
        try:
            split = dataset.require_split(place[1].lower())
            index = required_index(dataset, split, place[2])
        except MissingError as error:  # the filters, which the address holds too, are right
            raise MissingError(FIELD, error.args[0]) from None
        return addresses.item(dataset.id, split, index, addresses.item_query(selection))
    named = {label.value: label_text(label).casefold() for label in dataset.labels}
    wanted = words.casefold()
    # The number of a label, or its whole name, means that one, whatever else it is a part of.
    exact = [
        label.value
        for label in dataset.labels
        if wanted in (str(label.value), label.name.casefold(), named[label.value])
    ]
    labels = exact or [value for value, name in named.items() if wanted in name]
    bare = not exact and dataset.is_multi_label and wanted in _(BARE).casefold()
    if not labels and not bare:
        raise MissingError(
            FIELD,
            _(
                "No label of {dataset} has “{words}” in its name; write part of a name, or a split "
                "and an index, such as test 17.",
                dataset=dataset.title,
                words=readable(words),
            ),
        )
    # With any of them, whatever was asked of the labels before: “none” would hide what was sought.
    found = replace(
        selection.without_labels(), labels=tuple(sorted(labels)), unlabelled=bare, match="any"
    )
    return addresses.grid(dataset.id, found)
