"""The documentation's reference, made from what the program says of itself."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import typer
from starlette.testclient import TestClient

from app.cli import cli
from app.server import create_app
from app.settings import HANDED_DOWN, PREFIX, Settings, load
from app.web import addresses
from app.web.reference import Parameter, described


def pages() -> dict[str, str]:
    """Every page by its name, as Markdown."""
    return {
        "command-line.md": command_line(),
        "settings.md": settings(),
        "api.md": api(),
    }


def command_line() -> str:
    """Every command with its arguments and options, as typer knows them."""
    group: Any = typer.main.get_command(cli)
    parts = ["# Command line", _COMMANDS]
    for name, command in group.commands.items():
        context = command.make_context(name, [], resilient_parsing=True)
        usage = " ".join(["lightbox", name, *command.collect_usage_pieces(context)])
        parts += [f"## {name}", command.help, f"```text\n{usage}\n```"]
        rows = [_option(each, context) for each in command.params]
        parts.append(_table(("", "what it is", "default"), rows))
    return _joined(parts)


def settings() -> str:
    """Every setting that people may set, with what it is without them."""
    rows = []
    for name, field in Settings.model_fields.items():
        if name in HANDED_DOWN:
            continue
        value, again = (field.get_default(call_default_factory=True) for _ in range(2))
        default = _plain(value) if value == again else "a new one at each start"
        rows.append((f"`{PREFIX}{name.upper()}`", field.description or "", default))
    return _joined(["# Settings", _SETTINGS, _table(("variable", "what it is", "default"), rows)])


def api() -> str:
    """Every operation of the API, as the OpenAPI document has it."""
    parts = ["# API", _API]
    for each in described(_schema()).operations:
        parts += [f"## {each.summary}", f"`{each.method} {each.path}`", each.text]
        if each.parameters:
            parts += ["Takes:", _parameters(each.parameters)]
        if each.fields:
            parts += ["Answers:", _parameters(each.fields)]
    return _joined(parts)


def _schema() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = load(
            data_dir=folder / "data",
            cache_dir=folder / "cache",
            database_url=f"sqlite:///{folder}/reviews",
            access="open",
        )
        client = TestClient(create_app(given), base_url="http://127.0.0.1")
        found: dict[str, Any] = client.get(addresses.API_SCHEMA).json()
        return found


class _Parameter(Protocol):
    """What is asked of a command's argument or option."""

    opts: list[str]
    secondary_opts: list[str]
    param_type_name: str
    required: bool
    default: object

    def get_usage_pieces(self, ctx: object) -> list[str]:
        """Give the name of an argument as the usage line has it."""


def _option(parameter: _Parameter, context: object) -> tuple[str, str, str]:
    """Say what one argument or option is called, what it does, and what it is if not given."""
    if parameter.param_type_name == "argument":
        names = parameter.get_usage_pieces(context)
    else:
        names = [*parameter.opts, *parameter.secondary_opts]
    default = "must be given" if parameter.required else _plain(parameter.default)
    named = ", ".join(f"`{name}`" for name in names)
    return named, getattr(parameter, "help", "") or "", default


def _plain(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{str(value).replace(str(Path.home()), '~')}`"


def _parameters(all_: Iterable[Parameter]) -> str:
    rows = [(f"`{each.name}`", each.kind, each.text) for each in all_]
    return _table(("name", "type", "what it is"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in cells
    )


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


_COMMANDS: Final = (
    "In a checkout, the command is `.venv/bin/lightbox`. Every error is one sentence on standard "
    "error, and the exit code is not 0: 1 where something could not be done, 2 where what was asked"
    " for can't be read or can't work: an option that is not there, a port that is taken."
)
_SETTINGS: Final = (
    "Environment variables; an option on the command line goes before them. An empty variable is "
    "as good as none. Folders are those of Linux; other systems have their own place for them."
)
_API: Final = (
    "What a running server says of itself at `/api/docs`, and for programs at "
    f"`{addresses.API_SCHEMA}`. A private server asks for its token: `Authorization: Bearer …`.\n\n"
    "Every error has an HTTP status. Under `/api` it is JSON: `error` is a sentence that says what "
    "is wrong, `part` names the part of the address, and `back`, if there is one, is an address to "
    "start again from. As long as a file is being unpacked, the status may be 503, and "
    "`Retry-After` says in how many seconds to ask again.\n\n"
    "Below, `items[].split` is the `split` of each of the `items`, and `splits.*.count` is the "
    "`count` of each value in `splits`."
)
