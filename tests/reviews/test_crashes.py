"""Readers' processes that are killed: every acknowledged answer is there."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running import PATIENCE, kill_all
from sqlalchemy import text

from app.reviews.database import Database

from .reading import make_reader, make_study

KILLS = 200
WRITERS = 4
SCRIPT = Path(__file__).with_name("writing.py")


class Answering:
    """The process of ``writing.py``."""

    def __init__(self, url: str, reader: int, file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, url, str(reader), file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")

    def until(self, word: str) -> str:
        """Read lines up to the one that begins with this word, and give it."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith(word):
                return line.strip()
        raise AssertionError(f"no “{word}” came")


@contextmanager
def answering(url: str, reader: int, file: Path) -> Iterator[Answering]:
    running = Answering(url, reader, file)
    try:
        yield running
    finally:
        kill_all(running.process)


def wait_for_another(acknowledged: Path, before: int) -> None:
    """Wait until there is one answer more; on a busy machine a bare delay may end before."""
    deadline = time.monotonic() + PATIENCE
    while acknowledged.stat().st_size == before:
        assert time.monotonic() < deadline, "no answer was acknowledged"
        time.sleep(0.002)


def test_every_acknowledged_answer_outlives_kill_9(db: Database, url: str, tmp_path: Path) -> None:
    study = make_study(db)
    reader = make_reader(db, study)
    db.close()
    chance = random.Random(11)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    # All write at once, for one reader: as in two tabs, on two devices.
    with answering(url, reader.id, acknowledged) as running:
        for _ in range(KILLS // WRITERS):
            before = acknowledged.stat().st_size
            children = []
            for _ in range(WRITERS):
                running.say("go")
                children.append(int(running.until("child").split()[1]))
            wait_for_another(acknowledged, before)
            for child in chance.sample(children, WRITERS):
                time.sleep(chance.uniform(0, 0.03))
                os.kill(child, signal.SIGKILL)
                running.say(f"wait {child}")
                running.until("gone")
    keys = acknowledged.read_text().split()
    assert len(keys) >= KILLS // WRITERS
    with db.reading() as connection:
        rows = connection.execute(
            text("SELECT key, place, old, new FROM answers ORDER BY id")
        ).all()
        if db.file:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    found = [key for key, *_ in rows]
    assert len(set(found)) == len(found)
    assert set(keys) <= set(found)
    # What was killed between the disk and its word may be there too: at most one a kill.
    assert len(found) - len(keys) <= KILLS
    # And no row was made from half of what was there.
    last: dict[int, int] = {}
    for _, place, old, new in rows:
        assert old == last.get(place)
        last[place] = new
