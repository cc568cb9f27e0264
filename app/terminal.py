"""What commands print: bars while something takes long, tables and sentences for people, JSON.

What goes wrong is one sentence on standard error, and an exit code.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table
from typer.exceptions import TyperException

from app.catalogue.facts import PublishedFile, all_facts
from app.catalogue.fetching import Need, path_of
from app.datasets.check import Report
from app.errors import EXIT_CODE, LightboxError, plain

# Columns in a file or a pipe: a dataset is one line there, for other programs to go through.
_WIDE: Final = 120


def progress_bar(*more: ProgressColumn) -> Bar:
    """Show progress to a person; a file or a pipe gets none of it."""
    console = Console(stderr=True)
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        *more,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # What is printed meanwhile goes above the bar, but not where it was to go into a file.
        redirect_stdout=bool(sys.stdout and sys.stdout.isatty()),
    )


def report_json(report: Report) -> dict[str, Any]:
    """Say what there is to say of a file, to programs."""
    dataset = report.dataset
    found: dict[str, Any] = {
        "path": str(report.path),
        "id": report.path.stem,
        "served": dataset is not None,
        "good": report.good,
        "refused": [
            {"part": error.member or error.file, "reason": str(error)} for error in report.refused
        ],
    }
    if dataset:
        found |= {
            "title": dataset.title,
            "task": dataset.task,
            "modality": dataset.modality,
            "shape": list(dataset.shape),
            "splits": {split: index.total for split, index in dataset.indexes.items()},
            "ignored": list(dataset.ignored),
        }
    if report.identity:
        found["identity"] = {
            "standing": report.identity.standing,
            "sentence": report.identity.sentence,
            "md5": report.identity.md5,
            "differences": list(report.identity.differences),
        }
    return found


def print_report(report: Report) -> None:
    """Say it to people."""
    dataset, name = report.dataset, plain(str(report.path))
    if dataset:
        counts = ", ".join(f"{split} {index.total:,}" for split, index in dataset.indexes.items())
        print(f"{name}: served as {plain(dataset.title)}, {dataset.task}, {counts}")
        if report.identity:
            print(f"  identity: {plain(report.identity.line)}")
        if dataset.ignored:
            print(f"  ignored: {', '.join(dataset.ignored)}")
    else:
        print(f"{name}: not served")
    for error in report.refused:
        print(f"  refused: {error}")


def print_passed_over(number: int) -> None:
    """Say to people how much of their folders was not looked at, if anything."""
    if number:
        noun = "entry was" if number == 1 else "entries were"
        print(f"{number:,} other {noun} passed over: hidden, or no .npz file")


def need_text(need: Need, folder: Path) -> str:
    """Say what is still to come, and what room there is for it."""
    parts = [decimal(need.bytes)] if need.bytes else []
    parts += [f"{name} (size not known)" for name in need.unknown]
    return f"To fetch: {', '.join(parts)}; {decimal(need.free)} free in {plain(str(folder))}"


def published_json(folder: Path) -> dict[str, Any]:
    """List the published datasets, and which of their files are in a folder, to programs."""
    known: list[dict[str, Any]] = [
        {
            "id": facts.id,
            "title": facts.title,
            "task": facts.task,
            "modality": facts.modality,
            "channels": facts.channels,
            "dimensions": facts.dimensions,
            "labels": [{"value": label.value, "name": label.name} for label in facts.labels],
            "splits": dict(facts.counts),
            "license": facts.license,
            "sizes": [
                {
                    "size": file.size,
                    "file": file.name,
                    "md5": list(file.md5s),
                    "here": _is_here(file, folder),
                }
                for file in facts.files
            ],
        }
        for facts in all_facts()
    ]
    return {"folder": str(folder), "datasets": known}


def print_published(folder: Path) -> None:
    """List them to people."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE
    headings = ("id", "modality", "task", "images", "sizes (* here)")
    columns = (Column(heading, overflow="fold") for heading in headings)
    table = Table(*columns, box=None, pad_edge=False)
    for facts in all_facts():
        sizes = " ".join(
            f"[bold]{file.size}*[/]" if _is_here(file, folder) else str(file.size)
            for file in facts.files
        )
        count = f"{sum(facts.counts.values()):,}"
        table.add_row(facts.id, facts.modality, facts.task, count, sizes)
    console.print(table)


def _is_here(file: PublishedFile, folder: Path) -> bool:
    # Path.is_file raises where it may not look.
    return os.path.isfile(path_of(file, folder))  # noqa: PTH113


def tell(line: str) -> None:
    """Say it on standard error; where that can't be used, nothing ends otherwise for it."""
    try:
        sys.stderr.write(f"{line}\n")
    except OSError:
        # What is left in the old one would be tried again at the end, and be its exit code.
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 (until we end)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Say what goes wrong in one sentence on standard error, and exit with its code."""
    if not sys.stderr:
        # Who started us closed it: what is said there goes nowhere, and must stop nothing.
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        yield
    except LightboxError as error:
        tell(f"lightbox: {error}")
        sys.exit(EXIT_CODE.get(type(error), 1))
    except TyperException as error:
        wrong = " ".join(error.format_message().split()).rstrip(".")
        tell(f"lightbox: {wrong}; “lightbox --help” tells what can be said.")
        sys.exit(error.exit_code)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # who reads no further knows it
            why = (error.strerror or str(error)).lower()
            at = plain(str(error.filename or "Standard output"))
            tell(f"lightbox: {at} can't be used ({why}); check it, and its room.")
        sys.stdout = None  # what is left can't be printed either
        sys.exit(1)
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        # Typed or set in another encoding, and used where only text can be, as in an address.
        name = plain(error.object)
        tell(f"lightbox: A name holds bytes that are no UTF-8 ({name}); give another.")
        sys.exit(2)
