"""Prints every figure against what it must reach; exits 1 if one is missing or not reached."""

import sys

from benchmarks import store
from benchmarks.report import HEAD


def main() -> None:
    """Measure, print, and say plainly what was not reached."""
    figures = store.figures()
    print(HEAD)
    for figure in figures:
        print(figure.line())
    missed = [figure.what for figure in figures if not figure.reached]
    if missed:
        sys.exit("Not reached: " + "; ".join(missed))


if __name__ == "__main__":
    main()
