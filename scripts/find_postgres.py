"""Prints the folder of PostgreSQL's programs for tests; with ``--install``, brings them first.

In this order: those on the PATH; Debian's own folder; what an earlier run brought. Debian's package
is unpacked into ``build/``, not installed: installing would start a server, and again at every
boot.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from quietly import runs

OWN = Path(__file__).parent.parent / "build" / "postgres"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
# Compiles long queries, takes a hundred megabytes, and is not needed.
LEFT_OUT = ("libllvm*.deb", "libz3*.deb")


def find() -> Path | None:
    """Find a folder with all the programs, each of which starts."""
    return next((folder for folder in _places() if all(map(starts, _programs(folder)))), None)


def libraries(folder: Path) -> str:
    """Give the folders of the libraries that were unpacked beside these programs."""
    if OWN not in folder.parents:
        return ""
    return os.pathsep.join(map(str, sorted(OWN.glob("usr/lib/*-linux-*"))))


def starts(program: Path) -> bool:
    """Tell whether this program is there with all the libraries it needs."""
    known = {**os.environ, "LD_LIBRARY_PATH": libraries(program.parent)}
    try:
        done = subprocess.run([program, "--version"], env=known, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def install() -> None:
    """Bring Debian's (or Ubuntu's) PostgreSQL; anyone may, if root has updated apt's lists."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    print("Fetching Debian's PostgreSQL", flush=True)
    if os.geteuid() == 0:
        runs("apt-get", "update", "-qq")
    shutil.rmtree(OWN, ignore_errors=True)
    (OWN / "partial").mkdir(parents=True)
    # Downloads with it the libraries that this machine does not have.
    if runs(
        *("apt-get", "install", "-qq", "--yes", "--download-only", "--no-install-recommends"),
        *("-o", f"Dir::Cache::archives={OWN}", "-o", "Debug::NoLocking=1"),
        *("-o", "APT::Sandbox::User=root", "postgresql"),
    ):
        for pattern in LEFT_OUT:
            for package in OWN.glob(pattern):
                package.unlink()
        for package in OWN.glob("*.deb"):
            runs("dpkg-deb", "-x", package.name, ".", folder=OWN)
            package.unlink()


def _places() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    for root in (Path("/"), OWN):
        # The newest first: 17 before 9.6.
        found = root.glob("usr/lib/postgresql/*/bin")
        yield from sorted(found, key=lambda folder: float(folder.parent.name), reverse=True)


def _programs(folder: Path) -> list[Path]:
    return [folder / name for name in PROGRAMS]


def main() -> None:
    """Print the folder and that of its libraries, or exit 1 with what to do."""
    found = find()
    if not found and "--install" in sys.argv[1:]:
        install()
        found = find()
    if not found:
        sys.exit("No PostgreSQL found, and none could be fetched; install one and run this again.")
    print(found, libraries(found), sep="\n")


if __name__ == "__main__":
    main()
