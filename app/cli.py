"""The commands: their options, and calls into the rooms.

What only one command needs of the web's or the database's packages is imported by that command:
half of a second, for which the others would wait.
"""

import json
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.progress import TaskID, TransferSpeedColumn

from app import __version__
from app.arguments import existing, no_files, published_file
from app.arrays.store import Progress
from app.catalogue.facts import PLAIN_SIZE
from app.catalogue.fetching import fetch, is_being_fetched, needed, refuse_full_disk
from app.datasets.check import check as check_paths
from app.datasets.check import prepare_file
from app.datasets.files import named_files, passed_over
from app.errors import FetchError, StorageError, UsageError, plain
from app.reviews.lifetimes import DAYS, DAYS_MOST
from app.settings import PREFIX, is_loopback, load
from app.shelves import open_store
from app.terminal import (
    need_text,
    one_sentence,
    print_passed_over,
    print_published,
    print_report,
    progress_bar,
    published_json,
    report_json,
    tell,
)

cli = typer.Typer(
    help="Look at medical image datasets: MedMNIST files in the browser, exact and at once.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

# What can't be read is told of as every other file is, by the commands themselves.
_FILES = typer.Argument(help="Files (.npz) and folders of them.", readable=False)
Paths = Annotated[list[Path] | None, _FILES]
Given = Annotated[list[Path], _FILES]


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"lightbox {__version__}")
        raise typer.Exit


@cli.callback()
def _read_first(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_tell_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take what is said before a command."""


def main() -> None:
    """Run the command line; every error is one sentence on standard error."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A file may have a name that the terminal's encoding can't say.
        sys.stdout.reconfigure(errors="backslashreplace")
    with one_sentence():
        code = cli(sys.argv[1:] or ["--help"], standalone_mode=False)
        print(end="", flush=True)
        sys.exit(code)


@cli.command()
def serve(
    paths: Paths = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Number of processes, at most 64.")
    ] = 1,
    public: Annotated[
        bool | None,
        typer.Option(
            "--public/--private",
            help="Who may look: anyone, or only the owner and who has a link. By default private, "
            "but open where only this machine reaches it.",
        ),
    ] = None,
) -> None:
    """Serve the files and folders named; with none, the data folder; if it is empty, a demo."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_early)
    from app import serving  # takes long to import, see the top

    settings = load(
        paths=existing(paths or []),
        loopback_only=is_loopback(host) and not public,
        access=serving.access_for(host, public=public),
    )
    serving.run(settings, host, port, workers)


@cli.command()
def check(
    paths: Given,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say of each file whether it is served, as what, or why not."""
    store = open_store(load())
    with progress_bar() as bar:
        task = bar.add_task("", visible=False)

        def show(path: Path, member: str, done: int, total: int) -> None:
            text = f"{plain(path.name)}: {member}"
            bar.update(task, description=text, completed=done, total=total, visible=True)

        reports = list(check_paths(paths, store, show))
    if as_json:
        cache = {
            "folder": str(store.cache.folder),
            "bytes": store.cache.size(),
            "bound": store.cache.bound,
        }
        files = [report_json(report) for report in reports]
        print(json.dumps({"files": files, "cache": cache}, indent=2))
    else:
        for report in reports:
            print_report(report)
        print_passed_over(passed_over(paths))
    if not reports:
        raise no_files(paths)
    if not all(report.good for report in reports):
        raise typer.Exit(1)


@cli.command()
def prepare(
    paths: Given,
) -> None:
    """Do ahead of time what the first visit would do: unpack, check, index."""
    store = open_store(load())
    failed = False
    files = named_files(paths)
    if not files:
        raise no_files(paths)
    with progress_bar() as bar:
        for path in files:
            task = bar.add_task(plain(path.name))

            def show(progress: Progress, task: TaskID = task) -> None:
                bar.update(task, completed=progress.done, total=progress.total)

            refused = prepare_file(path, store, show)
            bar.remove_task(task)
            failed = failed or bool(refused)
            for error in refused:
                tell(f"lightbox: {error}")
            if not refused:
                print(f"{plain(str(path))}: ready")
    if failed:
        raise typer.Exit(1)


@cli.command()
def get(
    ids: Annotated[list[str], typer.Argument(help="Ids of published datasets: retinamnist …")],
    size: Annotated[
        int | None, typer.Option(help=f"Side of an item in pixels; {PLAIN_SIZE} if not given.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder to put the files into; the data folder if not given."),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            "--from", help=f"Base address of another mirror; {PREFIX}MIRROR if not given."
        ),
    ] = None,
) -> None:
    """Download published datasets: resumed, checked by MD5, whole or not at all."""
    files = list(dict.fromkeys(published_file(id_, size) for id_ in ids))
    settings = load()
    folder, base_url = to or settings.data_dir, mirror or settings.mirror
    need = needed(files, folder, base_url)
    refuse_full_disk(folder, need.bytes)
    if need.bytes or need.unknown:
        print(need_text(need, folder))
    failed = False
    with progress_bar(TransferSpeedColumn()) as bar:
        for file in files:
            waits = " (another program brings it)" if is_being_fetched(file, folder) else ""
            task = bar.add_task(file.name + waits, total=file.bytes)

            def show(done: int, total: int | None, task: TaskID = task) -> None:
                bar.update(task, completed=done, total=total)

            try:
                path = fetch(file, folder, base_url, show)
                print(f"{plain(str(path))}: here, and as published")
            except FetchError as error:
                failed = True
                tell(f"lightbox: {error}")
            bar.remove_task(task)
    if failed:
        raise typer.Exit(1)


@cli.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the published datasets, and which of their files are in the data folder."""
    folder = load().data_dir
    if as_json:
        print(json.dumps(published_json(folder), indent=2))
    else:
        print_published(folder)


@cli.command()
def share(
    address: Annotated[
        str,
        typer.Argument(
            help="Of a grid, an image or a collection: /d/breastmnist?split=test&label=0"
        ),
    ],
    days: Annotated[
        int, typer.Option(min=1, max=DAYS_MOST, help=f"Days until the link ends, 1 to {DAYS_MOST}.")
    ] = DAYS,
    hide_labels: Annotated[
        bool, typer.Option("--hide-labels", help="Hide labels, splits, indexes and the order.")
    ] = False,
    study: Annotated[
        bool, typer.Option("--study", help="Make a study with one reader, and link to that.")
    ] = False,
    title: Annotated[str, typer.Option(help="Shown on the page.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a link that shows these images, and nothing else, to who has no account."""
    from app.linking import make_link  # takes long to import, see the top

    if not sys.stdout:
        raise UsageError("Standard output is closed, so nobody would see the link; leave it open.")
    url, token, link = make_link(load(), address, days, title, hide_labels=hide_labels, study=study)
    told = {"url": url, "token": token, "expires": link.expires.isoformat()}
    line = json.dumps(told) if as_json else url
    try:
        print(line, flush=True)
    except OSError:
        tell(line)  # no other command tells it again: only its digest is kept
        raise


@cli.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Copy links, notes, collections and answers into one file, also while a server serves."""
    from app.reviews import backups  # takes long to import, see the top
    from app.reviews.database import Database

    database = Database(load().database_url)
    if database.is_new():
        raise StorageError(
            f"There is no database at {database.file} yet, so nothing to back up; if it is another "
            f"one, name it in {PREFIX}DATABASE_URL."
        )
    backups.backup(database, file)
    print(f"{plain(str(file))}: holds all links, notes, collections and answers")


@cli.command()
def restore(file: Annotated[Path, typer.Argument(help="File that “backup” wrote.")]) -> None:
    """Put a backup in place of all that is there, at once or not at all."""
    from app.reviews import backups  # takes long to import, see the top
    from app.reviews.database import Database

    backups.restore(Database(load().database_url), file)
    print(f"{plain(str(file))}: is restored; nothing newer is left")


def _stop_early(_number: int, _frame: FrameType | None) -> None:
    """End before there is a server to end."""
    raise SystemExit(0)
