"""How well a study's readers agree: the addresses, and what was measured last."""

import threading
from collections import OrderedDict
from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.catalogue.facts import facts_for
from app.datasets.library import Library
from app.datasets.query import whole_number
from app.errors import MissingError
from app.reviews import answers, plots
from app.reviews.agreement import Agreement, Comparison, measure_agreement
from app.reviews.answers import StudyReadings
from app.reviews.database import Database
from app.reviews.designs import Design
from app.reviews.studies import Study
from app.web import addresses
from app.web.access import owner_only
from app.web.agreement_pages import agreement_page
from app.web.cases import cases_page
from app.web.language import gettext as _
from app.web.studies import study_at
from app.web.templating import page

_KEPT_MOST: Final = 8


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
        # All of it, not the number alone: a backup may have put another study there.
        given = values.answers.tobytes(), values.repeats.tobytes()
        key = (study, read.people, positive, *given)
        # One after the other: who reloads a page that takes long waits for what is under way.
        with self._lock:
            known = self._kept.get(key)
            if known:
                return known
            found = read, measure_agreement(values, seed=study.design.seed, positive=positive)
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
        study = study_at(database, study_id)
        number = whole_number("positive", positive) if positive else _positive(study.design)
        if number not in (0, 1):
            raise MissingError("positive", _("The positive answer is the first (0) or second (1)."))
        return study, *measured.of(study, number), number

    @router.get("/agreement")
    def show(request: Request, study_id: str, positive: str = "") -> Response:
        study, read, found, number = asked(study_id, positive)
        kept = {"positive": number} if positive else {}
        view = agreement_page(library, study, read, found, number, kept)
        return page(request, "agreement", view)

    @router.get("/cases")
    def cases(
        request: Request, study_id: str, table: str, row: str, column: str, positive: str = ""
    ) -> Response:
        study, read, found, number = asked(study_id, positive)
        comparison = _comparison(found, table)
        where = whole_number("row", row), whole_number("column", column)
        names = comparison.table.categories
        for part, at in zip(("row", "column"), where, strict=True):
            if not 0 <= at < len(names):
                raise MissingError(part, _("There is no such cell in this table."))
        kept = f"positive={number}" if positive else ""
        back = addresses.with_query(addresses.study(study.id, "agreement"), kept)
        view = cases_page(library, study, read, comparison, where, back)
        return page(request, "cases", view)

    @router.get("/plots/{name}.{form}")
    def plot(study_id: str, name: str, form: str, positive: str = "") -> Response:
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


def _positive(design: Design) -> int:
    """Give the number of the answer that sensitivity is about where nobody has said."""
    facts = facts_for(design.dataset)
    values = [choice.value for choice in design.choices]
    if facts is None or len(values) != 2 or facts.positive not in values:
        return 1
    return values.index(facts.positive)


def _comparison(found: Agreement, name: str) -> Comparison:
    kind, _sign, number = name.partition("-")
    groups = {"stored": found.with_stored, "pair": found.pairs, "self": found.with_self}
    group = groups.get(kind, ())
    at = whole_number("table", number or "0")
    if not 0 <= at < len(group):
        raise MissingError("table", _("There is no such table in this study."))
    return group[at]
