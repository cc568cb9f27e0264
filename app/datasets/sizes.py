"""The same dataset in several sizes: which of its published files are here."""

from app.catalogue.facts import size_of
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.errors import ArchiveError, MissingError


def sizes_here(library: Library, dataset: Dataset) -> tuple[Dataset, ...]:
    """Give the dataset and its other sizes that are served, the smallest first.

    A dataset that is not published in sizes stands alone.
    """
    if dataset.facts is None or size_of(dataset.id) is None:
        return (dataset,)
    found = []
    for file in dataset.facts.files:
        stem = file.name.removesuffix(".npz")
        if stem == dataset.id:
            found.append(dataset)
            continue
        try:
            found.append(library.dataset(stem))
        except (ArchiveError, MissingError):
            continue
    return tuple(found)
