"""Where exported items come from, and under which licence: as text for people, and as fields."""

import json
import textwrap
from dataclasses import dataclass
from typing import Any, Final

import app
from app.datasets.dataset import Dataset
from app.errors import plain

_WIDTH: Final = 78
_CHANGES: Final = "This is a selection of the items; their values and labels are unchanged."
_UNKNOWN: Final = "unknown; ask whoever gave you the file"


@dataclass(frozen=True)
class Origin:
    """What was exported, in words.

    ``title`` is as “BreastMNIST · test · malignant (0)”, ``count`` as “42 images”, ``order`` as “in
    order of index”; ``address`` is where the same items are seen in Lightbox.
    """

    title: str
    count: str
    order: str
    address: str
    datasets: tuple[Dataset, ...]


def fields(origin: Origin) -> dict[str, Any]:
    """Give the origin as plain data for JSON."""
    return {
        "title": origin.title,
        "count": origin.count,
        "order": origin.order,
        "address": origin.address,
        "made_by": _maker(),
        "changes": _CHANGES,
        "sources": [_source(dataset) for dataset in origin.datasets],
    }


def as_json(origin: Origin) -> str:
    """Give the origin as JSON."""
    return json.dumps(fields(origin), ensure_ascii=False, indent=1)


def readme(origin: Origin, contents: str) -> str:
    """Give the origin as a text file; ``contents`` says what lies beside it."""
    what = f"{origin.count}, {origin.order}. Exported by {_maker()} from {origin.address}."
    parts = [origin.title, f"{what} {_CHANGES}", contents]
    for dataset in origin.datasets:
        parts += _about(dataset)
    parts.append("Not for diagnosis. For looking at research data only.")
    return "\n\n".join(_wrapped(part) for part in parts) + "\n"


def _about(dataset: Dataset) -> list[str]:
    facts = dataset.facts
    if facts is None:
        return [_heading(dataset), f"Licence: {_UNKNOWN}", f"Citation: {_UNKNOWN}"]
    known = "\n".join(f"- {note.text} ({note.source}, {note.url})" for note in facts.notes)
    parts = [
        _heading(dataset),
        f"Licence: {facts.license} ({facts.license_url})",
        f"Please cite:\n{facts.citation}",
    ]
    return parts + ([f"Known problems of these data:\n{known}"] if known else [])


def _heading(dataset: Dataset) -> str:
    title = f"{dataset.title}, from {plain(dataset.archive.path.name)}"
    return f"{title}\n{'-' * min(_WIDTH, len(title))}"


def _source(dataset: Dataset) -> dict[str, str]:
    facts = dataset.facts
    return {
        "dataset": dataset.id,
        "title": dataset.title,
        "file": plain(dataset.archive.path.name),
        "content": dataset.archive.content,
        "license": facts.license if facts else "",
        "license_url": facts.license_url if facts else "",
        "citation": facts.citation if facts else "",
    }


def _maker() -> str:
    return f"Lightbox {app.__version__}"


def _wrapped(paragraph: str) -> str:
    """Break lines where a text editor would; addresses stay whole."""
    return "\n".join(
        textwrap.fill(
            line,
            _WIDTH,
            subsequent_indent="  " * line.startswith("-"),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in paragraph.splitlines()
    )
