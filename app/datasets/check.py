"""A file → is it served, as what, or why not; every byte of it is read, nothing large is written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.arrays.archive import Member
from app.arrays.inflate import verify
from app.arrays.store import SMALL, Store
from app.datasets.dataset import Dataset, open_dataset
from app.errors import ArchiveError

Progress = Callable[[str, int, int], None]  # member, bytes done, bytes in all


@dataclass(frozen=True)
class Report:
    """What was found in a file: the dataset, if any of it is served, and all that is refused."""

    path: Path
    dataset: Dataset | None
    refused: tuple[ArchiveError, ...]

    @property
    def good(self) -> bool:
        """Say whether all of the file is served."""
        return not self.refused


def check_file(path: Path, store: Store, progress: Progress) -> Report:
    """Open the file and read each member to its end."""
    try:
        dataset = open_dataset(path, store)
    except ArchiveError as error:
        return Report(path, None, (error,))
    refused = list(dataset.refused)
    served = set(dataset.splits)
    for split in dataset.splits:
        member = dataset.archive.members[f"{split}_images"]
        if member.size <= SMALL:
            continue  # was read when it was opened
        try:
            verify(dataset.archive, member, partial(_report, progress, member))
        except ArchiveError as error:
            refused.append(error)
            served.discard(split)
    return Report(path, dataset if served else None, tuple(refused))


def _report(progress: Progress, member: Member, done: int) -> None:
    progress(member.name, done, member.nbytes)
