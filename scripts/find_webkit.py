"""Prints what drives WebKit, the engine of Safari; with ``--install``, brings Debian's first.

A line each: the browser, its driver, and the screen that nobody sees, which the browser needs.
"""

import os
import shutil
import sys
from pathlib import Path

from quietly import runs

BROWSERS = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/lib*/webkit2gtk-4.*/MiniBrowser")
APT = (
    ("apt-get", "update", "-qq"),
    (
        *("apt-get", "install", "-qq", "-y", "--no-install-recommends"),
        *("webkit2gtk-driver", "xvfb"),
    ),
)


def find() -> list[str]:
    """Find all three; none where one is missing."""
    browsers = [str(path) for each in BROWSERS for path in Path("/").glob(each.lstrip("/"))]
    found = [*sorted(browsers)[-1:], shutil.which("WebKitWebDriver"), shutil.which("Xvfb")]
    names = [each for each in found if each]
    return names if len(names) == 3 else []


def main() -> None:
    """Print them, or exit 1 with what to do."""
    found = find()
    if not found and "--install" in sys.argv[1:] and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's WebKit", flush=True)
        all(runs(*command) for command in APT)
        found = find()
    if not found:
        sys.exit("No WebKit found; install webkit2gtk-driver and xvfb, and run this again.")
    print("\n".join(found))


if __name__ == "__main__":
    main()
