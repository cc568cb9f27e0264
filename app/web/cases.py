"""The images of a study's cases, and what was said of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.errors import GoneError, LightboxError
from app.reviews.agreement import NO_ANSWER, Comparison
from app.reviews.answers import StudyReadings
from app.reviews.studies import Study
from app.web import addresses, picture_addresses, study_pages
from app.web.gathering import dataset_with, shows_volumes
from app.web.language import gettext as _
from app.web.language import say
from app.web.views import Credits, Crumb
from app.web.words import answer_text, credits_of, images

_CASES_MOST: Final = 200


@dataclass(frozen=True)
class Case:
    """An image with what was said of it."""

    href: str | None
    src: str | None
    name: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class CasesPage:
    """The images of one cell of a table."""

    heading: str
    crumbs: tuple[Crumb, ...]
    back: str
    cases: tuple[Case, ...]
    more: str
    credits: Credits


def cases_page(
    library: Library,
    study: Study,
    read: StudyReadings,
    comparison: Comparison,
    where: tuple[int, int],
    back: str,
) -> CasesPage:
    """Draw up the images of the cell at row and column; ``back`` is the agreement's address."""
    numbers = comparison.table.cases.get(where, ())
    names = comparison.table.categories
    return CasesPage(
        heading=f"{say(comparison.first)}: {names[where[0]]}; "
        f"{say(comparison.second)}: {names[where[1]]}",
        crumbs=study_pages.crumbs(study, Crumb(_("Agreement"), back), Crumb(_("Images"), None)),
        back=back,
        cases=cases(library, study, read, numbers[:_CASES_MOST]),
        more=more(len(numbers), _CASES_MOST, volumes=shows_volumes(library, study)),
        credits=credits_for(library, study),
    )


def credits_for(library: Library, study: Study) -> Credits:
    """Give what is to be cited of a study's images, if they are here."""
    try:
        return credits_of([library.dataset(study.design.dataset)])
    except LightboxError:
        return credits_of([])


def cases(
    library: Library, study: Study, read: StudyReadings, numbers: Sequence[int]
) -> tuple[Case, ...]:
    """Draw up these cases of a study, by their numbers."""
    design = study.design
    try:
        dataset: Dataset | None = dataset_with(library, design.dataset, design.content)
    except GoneError:
        dataset = None
    values = read.readings

    def case(number: int) -> Case:
        item = read.cases[number]
        said = [
            f"{reader}: {answer_text(design, answer)}"
            for reader, answer in zip(
                values.readers, values.answers[:, number].tolist(), strict=True
            )
            if answer != NO_ANSWER
        ]
        stored = int(values.stored[number])
        if stored >= 0:
            said.append(_("stored label: {stored}", stored=design.name_of(stored)))
        href = src = None
        if dataset and item.split in dataset.images:
            href = addresses.item(dataset.id, item.split, item.index)
            src = picture_addresses.picture(dataset, item.split, item.index)
        return Case(
            href=href,
            src=src,
            name=f"{item.split} {item.index}",
            said=tuple(said),
        )

    return tuple(case(number) for number in numbers)


def more(number: int, most: int, *, volumes: bool) -> str:
    """Say how many there are, and of how many the first are shown."""
    if number > most:
        noun = images(number, volumes=volumes)
        return _("{noun}, the first {most} of them.", noun=noun, most=str(most))
    return f"{images(number, volumes=volumes)}."
