"""What is typed after a command → the files it names, or in one sentence what to type instead."""

from pathlib import Path

from app.catalogue.facts import PublishedFile, facts_for, size_of
from app.errors import UsageError


def existing(paths: list[Path]) -> tuple[Path, ...] | None:
    """Give what is to be served, None where nothing was named. Raises UsageError."""
    for path in paths:
        try:
            path.stat()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UsageError(
                f"{path} can't be served ({why}); name a .npz file or a folder of them."
            ) from None
    return tuple(path.absolute() for path in paths) or None


def no_files(paths: list[Path]) -> UsageError:
    """Give the error for paths without a file that could be served."""
    return UsageError(f"{paths[0]} holds no .npz files; name a file, or a folder that does.")


def published_file(typed: str, size: int | None) -> PublishedFile:
    """Find the file of a published dataset; ``pathmnist_64`` names its size. Raises UsageError."""
    id_ = typed.lower()  # “BreastMNIST” is what papers write
    facts, named = facts_for(id_), size_of(id_)
    if facts is None or named is None:
        raise UsageError(f"{id_} is not a published dataset; “lightbox list” names them.")
    if id_ != facts.id and size not in (None, named):
        raise UsageError(f"{id_} and --size {size} name two sizes; leave one of them out.")
    wanted = named if size is None else size
    for file in facts.files:
        if file.size == wanted:
            return file
    raise UsageError(f"{facts.title} is not published at {size} px; its sizes are {facts.sizes}.")
