"""Prints what drives the engine named; with ``--install``, brings Debian's first.

A line each: for ``webkit``, the engine of Safari, the browser, its driver, and the screen that
nobody sees, which the browser needs; for ``firefox`` the browser alone, which needs neither.
"""

import os
import shutil
import sys
from pathlib import Path

from quietly import runs

WEBKIT = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/lib*/webkit2gtk-4.*/MiniBrowser")
PACKAGES = {"webkit": ("webkit2gtk-driver", "xvfb"), "firefox": ("firefox-esr",)}


def find(engine: str) -> list[str]:
    """Find all the programs; none where one is missing."""
    if engine == "firefox":
        # By Debian's name: Ubuntu's ``firefox`` is a snap, which does not see our profile.
        found = [shutil.which("firefox-esr")]
    else:
        browsers = [str(path) for each in WEBKIT for path in Path("/").glob(each.lstrip("/"))]
        browser = max(browsers, default=None)
        found = [browser, shutil.which("WebKitWebDriver"), shutil.which("Xvfb")]
    names = [each for each in found if each]
    return names if len(names) == len(found) else []


def install(engine: str) -> None:
    """Bring Debian's packages, where this user may."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        packages = PACKAGES[engine]
        print("Installing Debian's", *packages, flush=True)
        if runs("apt-get", "update", "-qq"):
            runs("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages)


def main(engine: str, *options: str) -> None:
    """Print them, or exit 1 with what to do."""
    found = find(engine)
    if not found and "--install" in options:
        install(engine)
        found = find(engine)
    if not found:
        needed = " and ".join(PACKAGES[engine])
        sys.exit(f"No {engine} found; install {needed}, and run this again.")
    print("\n".join(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
