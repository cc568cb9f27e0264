"""What a user should know before trusting a page."""

from app.datasets.dataset import Dataset
from app.pictures.window import Window
from app.web.views import Notice
from app.web.words import number


def dataset_notices(dataset: Dataset, window: Window | None) -> tuple[Notice, ...]:
    """Say what of the file is not served, what was ignored, and how values are shown."""
    notices = [Notice("warning", str(refusal)) for refusal in dataset.refused]
    if dataset.ignored:
        listed = ", ".join(dataset.ignored[:5]) + (" …" if len(dataset.ignored) > 5 else "")
        notices.append(Notice("note", f"Not part of the layout, and ignored: {listed}."))
    if window:
        notices.append(
            Notice(
                "note",
                f"Shown through a window from {number(window.low)} (black) to "
                f"{number(window.high)} (white), the range of the first pictures; exact values "
                "are on each picture's page.",
            )
        )
    if dataset.facts and dataset.facts.is_demo:
        notices += [Notice("note", note.text) for note in dataset.facts.notes]
    return tuple(notices)
