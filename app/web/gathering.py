"""Items of several datasets, as records name them → the datasets at hand, and back."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final
from urllib.parse import quote, unquote

import numpy as np

from app.arrays.store import Array
from app.catalogue.facts import facts_for
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.query import digits
from app.datasets.selection import SPLITS, parse
from app.datasets.subset import Items, Subset
from app.errors import GoneError, LightboxError, MalformedError, NotReadyError
from app.pictures import sheet
from app.reviews import studies
from app.reviews.collected import Expand, Matching
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.studies import Study, StudyItem
from app.web.language import gettext as _
from app.web.language import later
from app.web.views import Notice

# How long the page of an image waits for its pixels.
PATIENCE_SECONDS: Final = 2.0

NOT_HERE: Final = later("This image is not here any more.")


@dataclass(frozen=True)
class Run:
    """Items that stand together and are of one dataset, at most as many as a sheet shows.

    ``dataset`` is None where they are no longer here, or no longer the same; ``why`` says so.
    """

    items: tuple[Item, ...]
    dataset: Dataset | None
    why: str = ""

    @property
    def places(self) -> Items:
        """The same, as a dataset names its items."""
        splits = np.array([SPLITS.index(item.split) for item in self.items], np.int8)
        return Items(splits, np.array([item.index for item in self.items], np.int64))


def runs(library: Library, items: Iterable[Item]) -> Iterator[Run]:
    """Put items together as they stand."""
    for (dataset_id, content), same in groupby(items, lambda item: (item.dataset, item.content)):
        try:
            dataset = dataset_with(library, dataset_id, content)
        except GoneError as error:
            yield from (Run(part, None, str(error)) for part in _parts(tuple(same)))
            continue
        for is_here, alike in groupby(same, partial(_is_in, dataset)):
            for part in _parts(tuple(alike)):
                yield Run(part, dataset) if is_here else Run(part, None, _(NOT_HERE))


def datasets_of(runs: Iterable[Run]) -> tuple[Dataset, ...]:
    """Give the datasets of what can be shown, each once."""
    return tuple({run.dataset.id: run.dataset for run in runs if run.dataset}.values())


def dataset_with(library: Library, dataset_id: str, content: str) -> Dataset:
    """Give the dataset, if it still is what it was. Raises GoneError."""
    gone, changed = _("This file is not here any more."), _("This file has changed.")
    return _unchanged(library, dataset_id, content, gone, changed)


def read_from(library: Library, dataset_id: str, content: str) -> Dataset:
    """Give the dataset of a study, in words for its readers where it is gone. Raises GoneError."""
    gone = _("What this study shows is not on this server any more.")
    changed = _("The file of this study has changed since it began.")
    return _unchanged(library, dataset_id, content, gone, changed)


def _unchanged(library: Library, dataset_id: str, content: str, gone: str, changed: str) -> Dataset:
    try:
        dataset = library.dataset(dataset_id)
    except LightboxError:
        # In words that don't name a file: a guest was not told of any.
        raise GoneError(gone) from None
    if dataset.archive.content != content:
        raise GoneError(changed)
    return dataset


def here_of(library: Library, files: Iterable[tuple[str, str]]) -> list[Dataset]:
    """Give the datasets of these files, each by dataset and content, as far as they are here."""
    here = []
    for dataset_id, content in files:
        with suppress(GoneError):
            here.append(dataset_with(library, dataset_id, content))
    return here


def are_volumes(datasets: Collection[Dataset]) -> bool:
    """Say whether what is of all of these datasets is called volumes."""
    return bool(datasets) and all(dataset.is_volume for dataset in datasets)


def hold_volumes(library: Library, files: Iterable[tuple[str, str]]) -> bool:
    """Say whether what is of all of these files is called volumes, even where they are gone.

    Then the file that has the name now tells it, or what is published under it, or the others.
    """
    kinds = {_is_volume(library, dataset_id) for dataset_id, _content in files}
    return True in kinds and False not in kinds


def shows_volumes(library: Library, study: Study) -> bool:
    """Say whether what a study shows is called volumes."""
    return hold_volumes(library, [(study.design.dataset, study.design.content)])


def _is_volume(library: Library, dataset_id: str) -> bool | None:
    try:
        return library.dataset(dataset_id).is_volume
    except LightboxError:
        facts = facts_for(dataset_id)
        return facts.dimensions == 3 if facts else None


def lost_items(library: Library, database: Database, study: Study) -> tuple[StudyItem, ...]:
    """Give the items of a study whose split turned out damaged, so that nobody is shown them.

    None where the whole file is gone or is another: then there are no others to go on with.
    Raises StorageError.
    """
    try:
        dataset = dataset_with(library, study.design.dataset, study.design.content)
    except GoneError:
        return ()
    if not dataset.refused:
        return ()
    items = studies.items_of(database, study)
    return tuple(item for item in items if item.split not in dataset.images)


def expander(library: Library) -> Expand:
    """Give what turns a selection that was kept into its items; it raises GoneError."""

    def expand(matching: Matching, start: int, stop: int) -> Sequence[Item]:
        dataset, subset = matched(library, matching)
        return items_of(dataset, subset.items(start, stop))

    return expand


def matched(library: Library, matching: Matching) -> tuple[Dataset, Subset]:
    """Give the dataset and the items of a selection that was kept.

    Raises GoneError, also where only a part of them is here: as items, the rest would be forgotten.
    """
    dataset = dataset_with(library, matching.dataset, matching.content)
    try:
        subset = dataset.subset(parse(matching.query))
    except LightboxError:
        subset = None
    if subset is None or subset.total != matching.count:
        raise GoneError(_("What was selected is not here any more."))
    return dataset, subset


def items_of(dataset: Dataset, items: Items) -> tuple[Item, ...]:
    """Name items as records do."""
    content = dataset.archive.content
    return tuple(
        Item(dataset.id, content, SPLITS[split], index)
        for split, index in zip(items.splits.tolist(), items.positions.tolist(), strict=True)
    )


def require_whole(arrays: Iterable[Array]) -> None:
    """Raise NotReadyError as long as a part of these is still to come.

    Which of them can be seen already, or how soon, would tell split and index of a blinded image.
    """
    if notices := still_coming(arrays):
        raise NotReadyError(notices[0].text)


def still_coming(arrays: Iterable[Array]) -> tuple[Notice, ...]:
    """Say so, and not of which, as long as a part of these is still to come."""
    coming = [array for array in arrays if array.is_coming]  # asks each, so that all are begun
    if any(array.progress().stopped for array in coming):
        text = _("Unpacking these images was stopped; tell the person who sent you the link.")
    else:
        text = _("These images are still being unpacked; try again in a moment.")
    return (Notice("progress", text),) if coming else ()


def wait_for(arrays: Iterable[Array]) -> None:
    """Wait until all of these are whole, but no longer than an image's page waits."""
    until = time.monotonic() + PATIENCE_SECONDS
    for array in arrays:
        array.wait(array.shape[0], until - time.monotonic())


def to_value(item: Item) -> str:
    """Write an item as the value of a form field."""
    return f"{item.split}-{item.index}-{item.content}-{quote(item.dataset, safe='')}"


def from_values(values: Iterable[str]) -> list[Item]:
    """Read what ``to_value`` wrote. Raises MalformedError."""
    return [_from_value(value) for value in values]


def _from_value(value: str) -> Item:
    named, _sign, rest = value.partition("-")
    number, _sign, rest = rest.partition("-")
    content, _sign, dataset = rest.partition("-")
    index = digits(number, 18)
    for split in SPLITS:
        if split == named and index is not None:
            return Item(unquote(dataset), content, split, index)
    raise MalformedError("item", _("This names no image; reload the page and choose again."))


def _is_in(dataset: Dataset, item: Item) -> bool:
    index = dataset.indexes.get(item.split)
    return index is not None and item.index < index.total


def _parts(items: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    for first in range(0, len(items), sheet.CELLS_MOST):
        yield items[first : first + sheet.CELLS_MOST]
