"""A file → is it served, as what, or why not; and all that its first visit would do, done now."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.arrays.archive import unreadable
from app.arrays.inflate import verify
from app.arrays.job import SMALL
from app.arrays.member import Member
from app.arrays.store import Progress, Store
from app.datasets.dataset import Dataset
from app.datasets.files import named_files
from app.datasets.identity import Identity, identify, md5
from app.datasets.library import open_file, same_id
from app.errors import ArchiveError

# File, member, bytes done, bytes in all.
Told = Callable[[Path, str, int, int], None]


@dataclass(frozen=True)
class Report:
    """What was found in a file: the dataset, if any of it is served, and all that is refused.

    ``identity`` says of what is served whether it is the published file.
    """

    path: Path
    dataset: Dataset | None
    refused: tuple[ArchiveError, ...]
    identity: Identity | None = None

    @property
    def good(self) -> bool:
        """Say whether all of the file is served."""
        return not self.refused


def check(paths: Iterable[Path], store: Store, tell: Told) -> Iterator[Report]:
    """Say of each file in these paths what a server of the same paths would make of it."""
    ids: set[str] = set()
    for path in named_files(paths):
        report = _check_file(path, store, partial(tell, path))
        if report.dataset and report.dataset.id in ids:
            report = Report(path, None, (same_id(path),))
        elif report.dataset:
            ids.add(report.dataset.id)
        yield report


def _check_file(path: Path, store: Store, tell: Callable[[str, int, int], None]) -> Report:
    """Open the file and read each member to its end; nothing large is written."""
    dataset = open_file(path, store)
    if isinstance(dataset, ArchiveError):
        return Report(path, None, (dataset,))
    refused = list(dataset.refused)
    served = set(dataset.splits)
    for split in dataset.splits:
        member = dataset.archive.members[f"{split}_images"]
        if member.size <= SMALL:
            continue  # was read when it was opened
        try:
            verify(dataset.archive, member, partial(_report, tell, member))
        except ArchiveError as error:
            refused.append(error)
            served.discard(split)
    if not served:
        return Report(path, None, tuple(refused))
    whole = replace(
        dataset,
        images={split: dataset.images[split] for split in dataset.splits if split in served},
        indexes={split: dataset.indexes[split] for split in dataset.splits if split in served},
    )
    return Report(path, whole, tuple(refused), _identified(whole, store, tell))


def _identified(dataset: Dataset, store: Store, tell: Callable[[str, int, int], None]) -> Identity:
    total = dataset.archive.stamp[0]
    try:
        found = md5(dataset.archive, store, lambda done: tell("MD5", done, total))
    except ArchiveError as error:
        return identify(dataset, None, error)
    except OSError as error:
        return identify(dataset, None, unreadable(dataset.archive.path, error))
    return identify(dataset, found)


def prepare_file(
    path: Path, store: Store, show: Callable[[Progress], None]
) -> tuple[ArchiveError, ...]:
    """Unpack, check and index all of a file; give what of it is refused."""
    dataset = open_file(path, store)
    if isinstance(dataset, ArchiveError):
        return (dataset,)
    refused = list(dataset.refused)
    for split in dataset.splits:
        try:
            store.prepare(dataset.archive, f"{split}_images", show)
        except ArchiveError as error:
            refused.append(error)
    return tuple(refused)


def _report(tell: Callable[[str, int, int], None], member: Member, done: int) -> None:
    tell(member.name, done, member.nbytes)
