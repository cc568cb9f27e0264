"""What a user should know before trusting a page."""

from app.datasets.dataset import Dataset
from app.datasets.identity import differences
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
        notices.append(
            Notice(
                "note",
                _(
                    "Shown through a window from {low} (black) to {high} (white), the range of "
                    "the first pictures; exact values are on each picture's page.",
                    low=number(window.low),
                    high=number(window.high),
                ),
            )
        )
    if dataset.facts and dataset.facts.is_demo:
        notices += [Notice("note", _(note.text)) for note in dataset.facts.notes]
    return tuple(notices)


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
