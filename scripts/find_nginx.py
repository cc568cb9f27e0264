"""Prints the path of an nginx for tests and benchmarks; with ``--install``, brings one first.

In this order: one on the PATH; the one that an earlier run brought; Debian's package. That is
unpacked into ``build/``, not installed: installing would start a server on port 80, and again at
every boot.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from quietly import runs

OWN = Path(__file__).parent.parent / "build" / "nginx"
# Debian keeps it where only root looks.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def find() -> str | None:
    """Find an nginx that starts."""
    for path in (shutil.which("nginx", path=PLACES), str(OWN / "usr" / "sbin" / "nginx")):
        if path and starts(path):
            return path
    return None


def starts(path: str) -> bool:
    """Tell whether this is an nginx with all the libraries it needs."""
    try:
        return subprocess.run([path, "-v"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install() -> None:
    """Bring Debian's (or Ubuntu's) nginx; anyone may, if root has updated apt's lists."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    print("Fetching Debian's nginx", flush=True)
    if os.geteuid() == 0:
        runs("apt-get", "update", "-qq")
    shutil.rmtree(OWN, ignore_errors=True)
    OWN.mkdir(parents=True)
    if runs("apt-get", "download", "-qq", "nginx", folder=OWN):
        for package in OWN.glob("nginx_*.deb"):
            runs("dpkg-deb", "-x", package.name, ".", folder=OWN)
            package.unlink()


def main() -> None:
    """Print the path, or exit 1 with what to do."""
    found = find()
    if not found and "--install" in sys.argv[1:]:
        install()
        found = find()
    if not found:
        sys.exit("No nginx found, and none could be fetched; install one and run this again.")
    print(found)


if __name__ == "__main__":
    main()
