"""The commands: words for the terminal, calls into the rooms, exit codes."""

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from uvicorn.supervisors import Multiprocess

from app.arrays.cache import Cache
from app.arrays.store import Progress, Store
from app.datasets.check import Report, check_file, prepare_file
from app.datasets.library import files_in
from app.errors import EXIT_CODE, LightboxError, UsageError
from app.server import create_app
from app.settings import PREFIX, Settings, load
from app.web.status import WORKERS_FOLDER

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_GRACE_SECONDS: Final = 10
_FACTORY: Final = "app.server:from_environment"

cli = typer.Typer(
    help="Look at medical image datasets: MedMNIST files in the browser, exact and at once.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Paths = Annotated[list[Path] | None, typer.Argument(help="Files (.npz) and folders of them.")]


def main() -> None:
    """Run the command line; every error of ours is one sentence on standard error."""
    try:
        cli()
    except LightboxError as error:
        sys.stderr.write(f"lightbox: {error}\n")
        sys.exit(EXIT_CODE.get(type(error), 1))


@cli.callback()
def _root() -> None:
    """Keep the commands named, however few there are."""


@cli.command()
def serve(
    paths: Paths = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes.")] = 1,
    public: Annotated[
        bool | None,
        typer.Option("--public/--private", help="Who may look: anyone, or only who has a link."),
    ] = None,
) -> None:
    """Serve the files and folders named; with none, the data folder, else a small demo."""
    settings = load(paths=_existing(paths or []), loopback=_answers_loopback_only(host, public))
    listening = _listen(host, port)
    address = f"http://{_in_address(host)}:{listening.getsockname()[1]}/"
    # A worker that ends re-raises the signal that ended it; ours is an orderly end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    config = uvicorn.Config(
        _FACTORY if workers > 1 else create_app(settings),
        factory=workers > 1,
        workers=workers,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    logging.getLogger("uvicorn.access").disabled = True
    threading.Thread(target=_announce, args=(address, listening), daemon=True).start()
    if workers > 1:
        _hand_down(settings)
        with tempfile.TemporaryDirectory(prefix="lightbox-metrics-") as folder:
            os.environ[WORKERS_FOLDER] = folder
            Multiprocess(config, sockets=[listening]).run()
    else:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


@cli.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Files (.npz) and folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say of each file whether it is served, as what, or why not."""
    settings = load()
    store = Store(Cache(settings.cache_dir, settings.cache_bytes))
    reports: list[Report] = []
    with _bar() as bar:
        task = bar.add_task("", visible=False)
        for path in [*files_in(paths), *(path for path in paths if not path.exists())]:

            def show(member: str, done: int, total: int, path: Path = path) -> None:
                text = f"{path.name}: {member}"
                bar.update(task, description=text, completed=done, total=total, visible=True)

            reports.append(check_file(path, store, show))
    if as_json:
        cache = {
            "folder": str(store.cache.folder),
            "bytes": store.cache.size(),
            "bound": store.cache.bound,
        }
        files = [_as_json(report) for report in reports]
        print(json.dumps({"files": files, "cache": cache}, indent=2))
    else:
        for report in reports:
            _print_report(report)
    if not reports:
        raise UsageError(f"{paths[0]} holds no .npz files; name a file, or a folder that does.")
    if not all(report.good for report in reports):
        raise typer.Exit(1)


@cli.command()
def prepare(
    paths: Annotated[list[Path], typer.Argument(help="Files (.npz) and folders of them.")],
) -> None:
    """Do ahead of time what the first visit would do: unpack, check, index."""
    settings = load()
    store = Store(Cache(settings.cache_dir, settings.cache_bytes))
    failed = False
    with _bar() as bar:
        for path in files_in(_existing(paths) or ()):
            task = bar.add_task(path.name)

            def show(progress: Progress, task: TaskID = task) -> None:
                bar.update(task, completed=progress.done, total=progress.total)

            refused = prepare_file(path, store, show)
            bar.remove_task(task)
            failed = failed or bool(refused)
            for error in refused:
                sys.stderr.write(f"lightbox: {error}\n")
            if not refused:
                print(f"{path}: ready")
    if failed:
        raise typer.Exit(1)


def _existing(paths: list[Path]) -> tuple[Path, ...] | None:
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; name a .npz file or a folder of them.")
    return tuple(path.absolute() for path in paths) or None


def _answers_loopback_only(host: str, public: bool | None) -> bool:
    """Decide who may look. Raises UsageError for what can't be served safely yet."""
    if public is False:
        raise UsageError(
            "A private server needs owner tokens and links, which this version does not have; "
            "serve on loopback (the default), or to anyone with --public."
        )
    if host not in _LOOPBACK and not public:
        raise UsageError(
            f"On {host} anyone who reaches this machine could look; say --public if they may, "
            "or leave --host out."
        )
    return not public


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(socket.SOMAXCONN)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"Port {port} of {host} can't be opened ({why}); choose another with --port or --host."
        ) from None
    listening.set_inheritable(True)
    return listening


def _announce(address: str, listening: socket.socket) -> None:
    """Print the address once a request is answered there."""
    host, port = listening.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    probe = f"http://{_in_address(here)}:{port}/healthz"
    while True:
        try:
            with urlopen(probe, timeout=30):
                break
        except URLError:
            continue
    print(f"Lightbox is at {address}", flush=True)


def _hand_down(settings: Settings) -> None:
    """Put what was set by flags into the environment, where worker processes read it."""
    os.environ[f"{PREFIX}PATHS"] = json.dumps([str(path) for path in settings.paths])
    os.environ[f"{PREFIX}LOOPBACK"] = str(settings.loopback)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bar() -> Bar:
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _as_json(report: Report) -> dict[str, Any]:
    dataset = report.dataset
    found: dict[str, Any] = {
        "path": str(report.path),
        "id": report.path.stem,
        "served": dataset is not None,
        "good": report.good,
        "refused": [
            {"part": error.member or report.path.name, "reason": str(error)}
            for error in report.refused
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
    return found


def _print_report(report: Report) -> None:
    say: Callable[[str], None] = print
    dataset = report.dataset
    if dataset:
        counts = ", ".join(f"{split} {index.total:,}" for split, index in dataset.indexes.items())
        say(f"{report.path}: served as {dataset.title}, {dataset.task}, {counts}")
        if dataset.ignored:
            say(f"  ignored: {', '.join(dataset.ignored)}")
    else:
        say(f"{report.path}: not served")
    for error in report.refused:
        say(f"  refused: {error}")
