"""Requests a second by wrk: a picture against nginx, a page against an empty one."""

import html
import os
import re
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.report import Figure, paired, ratios
from benchmarks.visits import CHROMIUM, connected, pictures_of, run

CONNECTIONS = 16


def throughput(file: Path, cache: Path, folder: Path, *, quick: bool) -> list[Figure]:
    """Measure both, one worker on each side."""
    runs, seconds = (3, 1) if quick else (7, 3)
    wrk, taskset = servers.tool("wrk", "wrk"), servers.tool("taskset", "util-linux")
    *_others, for_wrk = sorted(os.sched_getaffinity(0))
    grid = "/d/pathmnist?page=3"

    def rate(address: str) -> float:
        command = [taskset, "-c", str(for_wrk), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
        command += ["-H", f"Accept-Encoding: {CHROMIUM}", address]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if not found or "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(f"wrk did not get what it asked for:\n{said}")
        return float(found[1])

    with _on_one_core(), servers.lightbox(file, cache) as own:
        address, picture = run(_picture(own, grid))
        with servers.nginx(folder, **{"sheet.png": picture}) as nginx:
            rate(own + address), rate(nginx + "/sheet.png")
            pictures = paired(runs, lambda: rate(own + address), lambda: rate(nginx + "/sheet.png"))
        with servers.peer("benchmarks.empty") as empty:
            rate(own + grid), rate(empty)
            pages = paired(runs, lambda: rate(own + grid), lambda: rate(empty))
    return [
        Figure(
            "cached picture, requests/s, one worker, against nginx serving that file",
            ratios(*pictures),
            "×",
            0.85,
            at_least=True,
            note=f"{_rates(pictures)} of {len(picture) // 1000} KB",
            aim=1.0,
        ),
        Figure(
            "100-cell grid HTML, requests/s against an empty FastAPI + Jinja page",
            ratios(*pages),
            "×",
            0.4,
            at_least=True,
            note=_rates(pages),
            aim=0.7,
        ),
    ]


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Start all servers on the first core; wrk has the last: no run depends on who shares one."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


async def _picture(server: str, page: str) -> tuple[str, bytes]:
    """Give the address of a page's sheet, and what it holds."""
    async with connected(server, 1) as (connection,):
        address = html.unescape(pictures_of(await connection.get(page))[0].decode())
        return address, await connection.get(address)


def _rates(sides: tuple[list[float], list[float]]) -> str:
    ours, theirs = (statistics.median(side) for side in sides)
    return f"{ours:,.0f} against {theirs:,.0f}"
