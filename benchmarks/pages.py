"""A page with all its pictures, and 200 visitors at once."""

import asyncio
import random
import statistics
import time
from pathlib import Path

from benchmarks import servers
from benchmarks.report import Figure, paired, ratios
from benchmarks.visits import WrongAnswerError, connected, run, visit, visits

PAGES = 1_071  # full ones of the stand-in; page 1 is only for warming up
VISITORS = 200
SATURATED = 0.25  # where all wait for the processor, p99 and p50 are alike and say nothing
REST = 0.5, 1.5  # seconds that a visitor looks at a page
COLD = "page complete (HTML and pictures, six connections), cold, against the obvious application"


def complete(file: Path, cache: Path, *, quick: bool) -> list[Figure]:
    """Visit pages that the server has not drawn before, then one that it has."""
    runs, length = (3, 10) if quick else (7, 150)
    order = random.Random(6).sample(range(2, PAGES), runs * length)
    with (
        servers.lightbox(file, cache) as own,
        servers.peer("benchmarks.obvious", OBVIOUS_FILE=str(file)) as obvious,
    ):

        def seconds(address: str, path: str, pages: list[int]) -> float:
            paths = [f"{path}?page={page}" for page in pages]
            return statistics.median(run(visits(address, paths)))

        def ours(pages: list[int]) -> float:
            return seconds(own, "/d/pathmnist", pages)

        def theirs(pages: list[int]) -> float:
            return seconds(obvious, "/", pages)

        ours([1, 1, 1])
        theirs([1, 1, 1])
        batches = [order[start : start + length] for start in range(0, runs * length, length)]
        mine, peers = iter(batches), iter(batches)
        cold = paired(runs, lambda: ours(next(mine)), lambda: theirs(next(peers)))
        warm = paired(runs, lambda: ours([1] * length), lambda: theirs([1] * length))
    return [
        Figure(
            COLD, ratios(*reversed(cold)), "×", 20, at_least=True, note=_milliseconds(cold), aim=35
        ),
        Figure(
            "page complete, warm, against the obvious application",
            ratios(*reversed(warm)),
            "×",
            35,
            at_least=True,
            note=_milliseconds(warm),
            aim=60,
        ),
    ]


def crowd(file: Path, cache: Path, *, quick: bool) -> list[Figure]:
    """Let many visitors browse at once on two workers."""
    seconds = 10 if quick else 60
    with servers.lightbox(file, cache, workers=2) as own:
        times, errors = run(_crowd(own, seconds))
    median = statistics.median(times)
    slow = statistics.quantiles(times, n=100)[98]
    note = (
        f"{len(times)} pages, p50 {1000 * median:.1f} ms, p99 {1000 * slow:.1f} ms, "
        f"a page every {REST[0]:g}–{REST[1]:g} s each"
    )
    what = f"{VISITORS} visitors browsing for {seconds} s on two workers"
    return [
        Figure(f"{what}: errors", (float(len(errors)),), "", 0, at_least=False, note=_few(errors)),
        Figure(
            f"{what}: p99 of a complete page, against p50",
            (slow / median,) if median < SATURATED else (),
            "×",
            10,
            at_least=False,
            note=note,
            aim=5,
        ),
    ]


async def _crowd(address: str, seconds: float) -> tuple[list[float], list[str]]:
    times: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + seconds

    async def browse(choice: random.Random) -> None:
        await asyncio.sleep(choice.uniform(0, REST[1]))
        while time.monotonic() < until:
            try:
                async with connected(address, 1) as connections:
                    while time.monotonic() < until:
                        times.append(await visit(connections, _anywhere(choice)))
                        await asyncio.sleep(choice.uniform(*REST))
            except (OSError, WrongAnswerError) as error:
                errors.append(str(error))

    await asyncio.gather(*(browse(random.Random(seed)) for seed in range(VISITORS)))
    return times, errors


def _anywhere(choice: random.Random) -> str:
    """Pick a page: six in ten plain, two filtered, two of one image."""
    kind = choice.randrange(10)
    if kind < 6:
        return f"/d/pathmnist?page={choice.randint(1, PAGES)}"
    if kind < 8:
        return f"/d/pathmnist?split=test&label={choice.randrange(9)}&page={choice.randint(1, 7)}"
    return f"/d/pathmnist/train/{choice.randrange(89_996)}"


def _milliseconds(sides: tuple[list[float], list[float]]) -> str:
    ours, theirs = (1000 * statistics.median(side) for side in sides)
    return f"{ours:.2f} ms against {theirs:.1f} ms"


def _few(errors: list[str]) -> str:
    return "; ".join(sorted(set(errors))[:3])
