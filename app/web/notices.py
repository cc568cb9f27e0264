"""What a user should know before trusting a page."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from app.datasets.dataset import Dataset
from app.datasets.identity import differences
from app.errors import ArchiveError
from app.pictures.sheet import window_of
from app.pictures.window import Window
from app.web.language import gettext as _
from app.web.language import say
from app.web.views import Notice
from app.web.words import number


def dataset_notices(dataset: Dataset, window: Window | None) -> tuple[Notice, ...]:
    """Say what of the file is not served, what was ignored, and how values are shown."""
    notices = [
        *_doubts(dataset),
        *(Notice("warning", say(error.args[0])) for error in dataset.refused),
    ]
    if dataset.ignored:
        listed = ", ".join(dataset.ignored[:5]) + (" …" if len(dataset.ignored) > 5 else "")
        notices.append(
            Notice("note", _("Not part of the layout, and ignored: {listed}.", listed=listed))
        )
    if window:
        notices.append(_through(window))
    if dataset.facts and dataset.facts.is_demo:
        notices += [Notice("note", _(note.text)) for note in dataset.facts.notes]
    return tuple(notices)


def window_notices(datasets: Sequence[Dataset]) -> tuple[Notice, ...]:
    """Say through which windows pictures of these are seen, and of which where there are several.

    Of one that can't be read its picture says why.
    """
    notices = []
    for dataset in datasets:
        with suppress(ArchiveError):
            if window := window_of(dataset):
                notice = _through(window)
                text = f"{dataset.title}: {notice.text}" if len(datasets) > 1 else notice.text
                notices.append(replace(notice, text=text))
    return tuple(notices)


def _through(window: Window) -> Notice:
    return Notice(
        "note",
        _(
            "Shown through a window from {low} (black) to {high} (white), the range of the first "
            "pictures; exact values are on each picture's page.",
            low=number(window.low),
            high=number(window.high),
        ),
    )


def _doubts(dataset: Dataset) -> list[Notice]:
    """Warn of a file whose name is published, but which is not what that name promises."""
    apart = differences(dataset)
    if not apart:
        return []
    return [
        Notice(
            "warning",
            _(
                "This is not {title} as it was published, though the file is named so: {apart}.",
                title=dataset.title,
                apart="; ".join(map(say, apart)),
            ),
        )
    ]
