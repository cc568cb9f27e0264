"""Prints the path of a Chromium for tests and screenshots; with ``--install``, brings one first.

In this order: one on the PATH; Debian's package, where this user may install it; Playwright's own.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from quietly import runs

# First Chromium as it is without a window: of one with a window, each page begins pages for the
# address bar besides, which nobody sees and which take half of the processor's time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
APT = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium-headless-shell"),
)
PLAYWRIGHT = (sys.executable, "-m", "playwright", "install", "chromium")


def find() -> str | None:
    """Find a browser that starts: on the PATH, else the one that Playwright brought."""
    for name in NAMES:
        path = shutil.which(name)
        if path and starts(path):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def starts(path: str) -> bool:
    """Tell a browser from a stub: Ubuntu's ``chromium-browser`` only says to install a snap."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def install() -> None:
    """Bring a browser, with a line for each way that is tried."""
    if may_use_apt():
        print("Installing Debian's chromium", flush=True)
        if all(runs(*command) for command in APT):
            return
    print("Fetching Playwright's chromium", flush=True)
    runs(*PLAYWRIGHT)


def may_use_apt() -> bool:
    """Tell whether Debian's package is to be had; Ubuntu's of that name is a stub."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    return system["ID"] == "debian" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def main() -> None:
    """Print the browser's path, or exit 1 with what to do."""
    found = find()
    if not found and "--install" in sys.argv[1:]:
        install()
        found = find()
    if not found:
        sys.exit("No Chromium found, and none could be installed; install one and run this again.")
    print(found)


if __name__ == "__main__":
    main()
