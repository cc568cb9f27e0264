"""What the pages of a study's agreement show: measures, tables whose cells open images, cases."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

import app
from app.datasets.library import Library
from app.errors import GoneError
from app.reviews.agreement import NO_ANSWER, Agreement, Comparison, figure
from app.reviews.answers import StudyReadings
from app.reviews.intervals import Measure
from app.reviews.methods import Protocol, methods, sampling
from app.reviews.studies import Study
from app.web import addresses, study_pages
from app.web.cases import Case, cases, credits_for, more
from app.web.gathering import dataset_with, shows_volumes
from app.web.language import gettext as _
from app.web.language import say, signed
from app.web.views import Credits, Crumb, Link
from app.web.words import counted, images, in_line

_DIVIDED_MOST: Final = 24


@dataclass(frozen=True)
class MeasureRow:
    """One measure in words: “0.71”, “0.60 to 0.82”; of a percentage “71 %”, “60 % to 82 %”."""

    name: str
    estimate: str
    interval: str
    n: str
    note: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ``href`` opens its images where there are any. ``depth`` is 0…9.

    ``name`` is what its link is called where the table isn't seen.
    """

    text: str
    name: str
    href: str | None
    depth: int
    same: bool


@dataclass(frozen=True)
class TableRow:
    """The answers of the first against those of the second."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Compared:
    """Two columns of answers."""

    id: str
    heading: str
    first: str
    second: str
    measures: tuple[MeasureRow, ...]
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    plots: tuple[Link, ...]


@dataclass(frozen=True)
class AgreementPage:
    """All measures of a study."""

    heading: str
    crumbs: tuple[Crumb, ...]
    study: str
    counts: tuple[str, ...]
    counted_once: str
    together: tuple[MeasureRow, ...]
    compared: tuple[tuple[str, tuple[Compared, ...]], ...]
    positives: tuple[Link, ...]
    divided: tuple[Case, ...]
    divided_text: str
    odd: tuple[Case, ...]
    odd_text: str
    methods: str
    plots: tuple[Link, ...]
    notice: str
    credits: Credits


def agreement_page(
    library: Library,
    study: Study,
    read: StudyReadings,
    found: Agreement,
    positive: int,
    kept: Mapping[str, int],
) -> AgreementPage:
    """Draw up all measures of a study, with the answer of number ``positive`` as the positive.

    ``kept`` is what the cells of tables carry along, so that one comes back to the same page.
    """
    here = addresses.study(study.id)
    divided = [each.case for each in found.disagreements]
    design = study.design
    names = read.readings.categories
    volumes = shows_volumes(library, study)
    table = partial(_compared, study, kept, volumes=volumes)
    return AgreementPage(
        heading=in_line(_("Agreement"), design.title),
        crumbs=study_pages.crumbs(study, Crumb(_("Agreement"), None)),
        study=here,
        counts=tuple(
            _(
                "{reader}: {answered} answered, {cannot_tell} “cannot tell”, {unanswered} open",
                reader=each.reader,
                answered=counted(each.answered),
                cannot_tell=counted(each.cannot_tell),
                unanswered=counted(each.unanswered),
            )
            for each in found.readers
        ),
        counted_once=_("Images that are shown twice count once here, by their first answer.")
        if study.repeats
        else "",
        together=tuple(_measure(each) for each in found.together),
        compared=tuple(
            (heading, tuple(table(kind, n, each) for n, each in enumerate(group)))
            for heading, kind, group in (
                (_("Each reader against the stored label"), "stored", found.with_stored),
                (_("Readers in pairs"), "pair", found.pairs),
                (_("Each reader against themselves"), "self", found.with_self),
            )
            if group
        ),
        positives=tuple(
            Link(name, addresses.with_query(f"{here}/agreement", f"positive={n}"), n == positive)
            for n, name in enumerate(names)
        )
        if found.positive and found.with_stored
        else (),
        divided=cases(library, study, read, divided[:_DIVIDED_MOST]),
        divided_text=more(len(divided), _DIVIDED_MOST, volumes=volumes),
        odd=cases(library, study, read, found.against_stored[:_DIVIDED_MOST]),
        odd_text=more(len(found.against_stored), _DIVIDED_MOST, volumes=volumes),
        methods=methods(_protocol(library, study, read, found, positive)),
        plots=tuple(
            Link(form.upper(), f"{here}/plots/measures.{form}?positive={positive}")
            for form in ("svg", "png")
        ),
        notice="" if found.readers else _("This study has no readers yet."),
        credits=credits_for(library, study),
    )


def _protocol(
    library: Library, study: Study, read: StudyReadings, found: Agreement, positive: int
) -> Protocol:
    design = study.design
    title, total = design.dataset, None
    with suppress(GoneError):  # another file, even of that name, has another number of images
        dataset = dataset_with(library, design.dataset, design.content)
        title, total = dataset.title, dataset.total
    item = "volume" if shows_volumes(library, study) else "image"
    return Protocol(
        title=design.title,
        dataset=title,
        sampled=len(read.cases),
        total=total,
        sampling=sampling(design, item),
        practice=design.practice,
        seed=design.seed,
        question=design.question,
        categories=read.readings.categories,
        ordinal=design.ordinal,
        confidence=design.ask_confidence,
        readers=sum(each.has_begun for each in found.readers),
        unanswered=sum(each.unanswered for each in found.readers if each.has_begun),
        repeated=study.repeats,
        again=int((read.readings.repeats != NO_ANSWER).sum()),
        compared=bool(found.with_stored),
        positive=positive,
        version=app.__version__,
        item=item,
    )


def _compared(
    study: Study,
    kept: Mapping[str, int],
    kind: str,
    number: int,
    comparison: Comparison,
    *,
    volumes: bool,
) -> Compared:
    table = comparison.table
    first, second = say(comparison.first), say(comparison.second)
    name = f"{kind}-{number}"
    most = max(1, int(table.counts.max())) if table.counts.size else 1

    def cell(row: int, column: int) -> Cell:
        count = int(table.counts[row, column])
        query = urlencode({"table": name, "row": row, "column": column, **kept})
        href = addresses.with_query(addresses.study(study.id, "cases"), query) if count else None
        depth = -(-9 * count // most)
        answers = f"{first} {table.categories[row]}, {second} {table.categories[column]}"
        what = f"{images(count, volumes=volumes)}: {answers}"
        return Cell(counted(count), what, href, depth, row == column)

    size = range(len(table.categories))
    return Compared(
        id=name,
        heading=_("{first} and {second}", first=first, second=second),
        first=first,
        second=second,
        measures=tuple(_measure(each) for each in comparison.measures),
        columns=table.categories,
        rows=tuple(
            TableRow(table.categories[row], tuple(cell(row, column) for column in size))
            for row in size
        ),
        plots=tuple(
            Link(form.upper(), addresses.study(study.id, f"plots/{name}.{form}"))
            for form in ("svg", "png")
        ),
    )


def _measure(measure: Measure) -> MeasureRow:
    if measure.estimate is None:
        return MeasureRow(say(measure.name), "–", "", counted(measure.n), say(measure.note))

    def written(value: float) -> str:
        return signed(figure(measure, value)).replace(" ", "\N{NO-BREAK SPACE}")

    interval = (
        _("{low} to {high}", low=written(measure.low), high=written(measure.high))
        if measure.low is not None and measure.high is not None
        else ""
    )
    return MeasureRow(
        say(measure.name),
        written(measure.estimate),
        interval,
        counted(measure.n),
        say(measure.note),
    )
