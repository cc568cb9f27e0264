"""How well a study's readers agree: numbers, tables whose cells open images, and plots."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

import app
from app.datasets.library import Library
from app.datasets.selection import whole_number
from app.errors import LightboxError, MissingError
from app.reviews import answers, plots, studies
from app.reviews.agreement import CANNOT_TELL, NO_ANSWER, Agreement, Comparison, measure_agreement
from app.reviews.answers import StudyReadings
from app.reviews.database import Database
from app.reviews.intervals import Measure
from app.reviews.methods import Protocol, methods
from app.reviews.studies import Study
from app.web import addresses
from app.web.access import owner_only
from app.web.language import gettext as _
from app.web.language import say, signed
from app.web.templating import page
from app.web.views import Link
from app.web.words import counted, images

_KEPT_MOST: Final = 8
_CASES_MOST: Final = 200
_DIVIDED_MOST: Final = 24


@dataclass(frozen=True)
class MeasureRow:
    """One measure in words: “0.71”, “0.60 to 0.82”."""

    name: str
    estimate: str
    interval: str
    n: str
    note: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ``href`` opens its images where there are any. ``depth`` is 0…9."""

    text: str
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
class Case:
    """An image with what was said of it."""

    href: str | None
    src: str | None
    name: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class AgreementPage:
    """All measures of a study."""

    heading: str
    study: str
    counts: tuple[str, ...]
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


@dataclass(frozen=True)
class CasesPage:
    """The images of one cell of a table."""

    heading: str
    back: str
    cases: tuple[Case, ...]
    more: str


class Measured:
    """Measures what was answered, and keeps the last few results: they take a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[tuple[object, ...], tuple[StudyReadings, Agreement]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, study: Study, positive: int) -> tuple[StudyReadings, Agreement]:
        """Give the readings as they are now, and their agreement."""
        read = answers.readings(self._database, study)
        values = read.readings
        key = (study.id, positive, values.answers.tobytes(), values.repeats.tobytes())
        with self._lock:
            known = self._kept.get(key)
        if known:
            return known
        found = read, measure_agreement(values, seed=study.design.seed, positive=positive)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT_MOST:
                self._kept.popitem(last=False)
        return found


def agreement(library: Library, database: Database) -> APIRouter:
    """Make the routes of a study's agreement."""
    router = APIRouter(
        prefix=f"{addresses.STUDIES}/{{study_id}}",
        include_in_schema=False,
        dependencies=[Depends(owner_only)],
    )
    measured = Measured(database)

    def asked(study_id: str, positive: str) -> tuple[Study, StudyReadings, Agreement, int]:
        study = studies.find(database, whole_number("id", study_id))
        number = whole_number("positive", positive)
        if number not in (0, 1):
            raise MissingError("positive", _("The positive answer is the first (0) or second (1)."))
        return study, *measured.of(study, number), number

    @router.get("/agreement")
    def show(request: Request, study_id: str, positive: str = "1") -> Response:
        study, read, found, number = asked(study_id, positive)
        return page(request, "agreement", _page(library, study, read, found, number))

    @router.get("/cases")
    def cases(
        request: Request, study_id: str, table: str, row: str, column: str, positive: str = "1"
    ) -> Response:
        study, read, found, _rest = asked(study_id, positive)
        comparison = _comparison(found, table)
        where = whole_number("row", row), whole_number("column", column)
        numbers = comparison.table.cases.get(where, ())
        names = comparison.table.categories
        if not (0 <= where[0] < len(names) and 0 <= where[1] < len(names)):
            raise MissingError("row", _("There is no such cell in this table."))
        view = CasesPage(
            heading=f"{say(comparison.first)}: {names[where[0]]}; "
            f"{say(comparison.second)}: {names[where[1]]}",
            back=addresses.study(study.id, "agreement"),
            cases=_cases(library, study, read, numbers[:_CASES_MOST]),
            more=_more(len(numbers), _CASES_MOST),
        )
        return page(request, "cases", view)

    @router.get("/plots/{name}.{form}")
    def plot(study_id: str, name: str, form: str, positive: str = "1") -> Response:
        study, _read, found, _rest = asked(study_id, positive)
        if form not in ("svg", "png"):
            raise MissingError("form", _("Plots are given as .svg or .png."))
        body: str | bytes
        if name == "measures":
            title, measures = study.design.title, tuple(found.measures())
            draw = plots.measures_svg if form == "svg" else plots.measures_png
            body = draw(title, measures)
        else:
            comparison = _comparison(found, name)
            shape = plots.confusion_svg if form == "svg" else plots.confusion_png
            body = shape(comparison.table, comparison.first, comparison.second)
        kind = "image/svg+xml" if form == "svg" else "image/png"
        return Response(body, media_type=kind, headers={"Cache-Control": "no-store"})

    return router


def _page(
    library: Library, study: Study, read: StudyReadings, found: Agreement, positive: int
) -> AgreementPage:
    here = addresses.study(study.id)
    divided = [each.case for each in found.disagreements]
    design = study.design
    names = read.readings.categories
    return AgreementPage(
        heading=_("Agreement · {title}", title=design.title),
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
        together=tuple(_measure(each) for each in found.together),
        compared=tuple(
            (heading, tuple(_compared(study, kind, n, each) for n, each in enumerate(group)))
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
        if found.positive
        else (),
        divided=_cases(library, study, read, divided[:_DIVIDED_MOST]),
        divided_text=_more(len(divided), _DIVIDED_MOST),
        odd=_cases(library, study, read, found.against_stored[:_DIVIDED_MOST]),
        odd_text=_more(len(found.against_stored), _DIVIDED_MOST),
        methods=methods(_protocol(library, study, read, found, positive)),
        plots=tuple(Link(form.upper(), f"{here}/plots/measures.{form}") for form in ("svg", "png")),
        notice="" if found.readers else _("This study has no readers yet."),
    )


def _protocol(
    library: Library, study: Study, read: StudyReadings, found: Agreement, positive: int
) -> Protocol:
    design = study.design
    total = study.size
    try:
        dataset = library.dataset(design.dataset)
        title, total = dataset.title, dataset.total
    except LightboxError:
        title = design.dataset
    return Protocol(
        title=design.title,
        dataset=title,
        sampled=len(read.cases),
        total=total,
        sampling="[state how they were chosen]",
        seed=design.seed,
        question=design.question,
        categories=read.readings.categories,
        ordinal=design.ordinal,
        confidence=design.ask_confidence,
        readers=len(read.people),
        labels_hidden=True,
        random_order=True,
        repeated=design.repeats,
        cannot_tell=True,
        compared=bool(found.with_stored),
        positive=positive,
        version=app.__version__,
    )


def _comparison(found: Agreement, name: str) -> Comparison:
    kind, _sign, number = name.partition("-")
    groups = {"stored": found.with_stored, "pair": found.pairs, "self": found.with_self}
    group = groups.get(kind, ())
    at = whole_number("table", number or "0")
    if not 0 <= at < len(group):
        raise MissingError("table", _("There is no such table in this study."))
    return group[at]


def _compared(study: Study, kind: str, number: int, comparison: Comparison) -> Compared:
    table = comparison.table
    first, second = say(comparison.first), say(comparison.second)
    name = f"{kind}-{number}"
    most = max(1, int(table.counts.max())) if table.counts.size else 1

    def cell(row: int, column: int) -> Cell:
        count = int(table.counts[row, column])
        query = urlencode({"table": name, "row": row, "column": column})
        href = addresses.with_query(addresses.study(study.id, "cases"), query) if count else None
        depth = -(-9 * count // most)
        return Cell(counted(count), href, depth, row == column)

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
    interval = (
        _(
            "{low} to {high}",
            low=signed(f"{measure.low:.2f}"),
            high=signed(f"{measure.high:.2f}"),
        )
        if measure.low is not None and measure.high is not None
        else ""
    )
    return MeasureRow(
        say(measure.name),
        signed(f"{measure.estimate:.2f}"),
        interval,
        counted(measure.n),
        say(measure.note),
    )


def _cases(
    library: Library, study: Study, read: StudyReadings, numbers: tuple[int, ...] | list[int]
) -> tuple[Case, ...]:
    design = study.design
    try:
        dataset = library.dataset(design.dataset)
        same = dataset.archive.content == design.content
    except LightboxError:
        same = False
    values = read.readings

    def case(number: int) -> Case:
        item = read.cases[number]
        said = [
            f"{reader}: {design.name_of(answer)}"
            for reader, answer in zip(
                values.readers, values.answers[:, number].tolist(), strict=True
            )
            if answer != NO_ANSWER and answer >= CANNOT_TELL
        ]
        stored = int(values.stored[number])
        if stored >= 0:
            said.append(_("stored label: {stored}", stored=design.name_of(stored)))
        here = addresses.item(design.dataset, item.split, item.index)
        picture = f"{here}.png"
        return Case(
            href=here if same else None,
            src=picture if same else None,
            name=f"{item.split} {item.index}",
            said=tuple(said),
        )

    return tuple(case(number) for number in numbers)


def _more(number: int, most: int) -> str:
    if number > most:
        return _("The first {most} of {number} images.", most=str(most), number=counted(number))
    return f"{images(number)}."
