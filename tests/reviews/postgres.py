"""A PostgreSQL of the tests' own: on a socket in a temporary folder, with fsync on."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from running import children

ROOT = Path(__file__).parents[2]
USER = "lightbox"


class MissingPostgresError(Exception):
    """There is no PostgreSQL on this machine."""


def find_postgres() -> tuple[Path, str]:
    """Give the folder of its programs, and of their libraries. Raises MissingPostgresError."""
    script = ROOT / "scripts" / "find_postgres.py"
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if found.returncode:
        raise MissingPostgresError(found.stderr.strip())
    programs, libraries, *_ = [*found.stdout.splitlines(), ""]
    return Path(programs), libraries


class Postgres:
    """A server that runs between ``with`` and its end; it refuses root, so root lends it a user."""

    def __init__(self, programs: Path, libraries: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lightbox-postgres-"))
        self._programs = programs
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            "LD_LIBRARY_PATH": libraries,
        }
        self._user = _user_for(programs)
        self._numbers = count(1)
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run(
            "initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"
        )
        self.start()

    def start(self) -> None:
        """Start it; ready when this returns."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c jit=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options)

    def stop(self, how: str = "immediate") -> None:
        """Stop it; ``immediate`` is like pulling its plug."""
        self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", how)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it accept connections, as the kernel does for it, and never answer."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        pids = [first, *children(first)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                # One that had ended before is gone as soon as the first goes on.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def url(self, options: str = "") -> str:
        """Give the URL of the server's one database, with options for the connection."""
        query = f"host={self.folder}" + (f"&options={quote(options)}" if options else "")
        return f"postgresql://{USER}@/postgres?{query}"

    def new_url(self) -> str:
        """Make an empty schema, and give the URL that means it: as good as a new database."""
        name = f"reviews_{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return self.url(f"-csearch_path={name}")

    def execute(self, statement: str) -> None:
        """Say something to the server, as its owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if self._user:
            command = ["runuser", "-u", self._user, "--", *command]
        # A server keeps what it inherits open: a pipe to us would never end.
        with (self.folder / "said").open("w+b") as said:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            )
            said.seek(0)
            assert not done.returncode, said.read().decode()


def _user_for(programs: Path) -> str | None:
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    may = subprocess.run(
        ["runuser", "-u", user, "--", "test", "-x", programs / "postgres"], check=False
    )
    if may.returncode:
        raise MissingPostgresError(f"{user} may not run what is in {programs}, and root must not.")
    return user
