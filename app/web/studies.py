"""The owner's pages for studies: make one, invite readers, see how far they are, take the data."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.datasets.library import Library
from app.datasets.query import number_in_path, readable, whole_number
from app.datasets.selection import PER_PAGE
from app.errors import MissingError
from app.reviews import answers, export, studies
from app.reviews.database import Database
from app.reviews.links import Link
from app.reviews.studies import Study
from app.web import addresses, designing, study_pages
from app.web.access import owner_only
from app.web.forms import Forms, text
from app.web.gathering import lost_items, shows_volumes
from app.web.language import gettext as _
from app.web.lists import first_of, paged
from app.web.preferences import way_back
from app.web.security import NO_REFERRER
from app.web.sharing import collections_at, leads_to, link_url, named
from app.web.targets import seen_at
from app.web.templating import anew, page

_ONCE: Final = {"Cache-Control": "no-store", **NO_REFERRER}


def studying(library: Library, database: Database, forms: Forms, base_url: str | None) -> APIRouter:
    """Make the routes by which studies are made and read out."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(owner_only)])
    Fields = Annotated[dict[str, list[str]], Depends(forms.read)]  # noqa: N806 (a type)

    @router.get(addresses.STUDIES)
    def all_studies(request: Request) -> Response:
        to = partial(addresses.listed, addresses.STUDIES)
        pager = paged(request.url.query, studies.count(database), to)
        found = studies.all_studies(database, first_of(pager), PER_PAGE)
        far = answers.progress_of(database, found)
        rows = [
            study_pages.row(study, far[study.id], volumes=shows_volumes(library, study))
            for study in found
        ]
        anew(request)
        return page(request, "studies", study_pages.StudyList(tuple(rows), pager))

    @router.get(f"{addresses.STUDIES}/new")
    def form(request: Request, of: str) -> Response:
        words, address = named(library, database, of)
        seen_at(library, of)  # the way back would lead to what can't be read
        check = forms.check_for(request)
        dataset = designing.source_at(library, database, address).dataset
        view = study_pages.form(dataset, address, words, way_back(of), check)
        return forms.page(request, "study_new", view, check)

    @router.post(addresses.STUDIES)
    def create(fields: Fields) -> Response:
        source = designing.source_at(library, database, text(fields, "of"))
        design = designing.read_design(source, fields)
        drawn = designing.draw(source, design)
        made = studies.create(database, design, drawn.items, drawn.labels)
        return RedirectResponse(addresses.study(made.id), 303)

    @router.get(f"{addresses.STUDIES}/{{study_id}}")
    def one(request: Request, study_id: str) -> Response:
        study = study_at(database, study_id)
        check = forms.check_for(request)
        of = study.design.source or ""
        source = leads_to(library, collections_at(database, [of]), of)
        lost = lost_items(library, database, study)
        far, volumes = answers.progress(database, study), shows_volumes(library, study)
        view = study_pages.build(study, far, source, lost, check, volumes=volumes)
        anew(request)
        return forms.page(request, "study", view, check)

    @router.post(f"{addresses.STUDIES}/{{study_id}}/readers")
    def invite(request: Request, study_id: str, fields: Fields) -> Response:
        study = study_at(database, study_id)
        made = studies.add_reader(database, study, text(fields, "name"), _days(fields))
        return _invited(request, database, study, made, base_url)

    @router.post(f"{addresses.STUDIES}/{{study_id}}/readers/{{reader_id}}/link")
    def again(request: Request, study_id: str, reader_id: str, fields: Fields) -> Response:
        study = study_at(database, study_id)
        reader = studies.find_reader(database, _number(reader_id))
        if reader.study_id != study.id:
            raise MissingError(
                "reader", _("There is no reader {reader_id} in this study.", reader_id=reader_id)
            )
        made = studies.link_reader(database, study, reader, _days(fields))
        return _invited(request, database, study, made, base_url)

    @router.post(f"{addresses.STUDIES}/{{study_id}}/close", dependencies=[Depends(forms.read)])
    def close(study_id: str) -> Response:
        number = _number(study_id)
        studies.close(database, number)
        return RedirectResponse(addresses.study(number), 303)

    return router


def study_data(database: Database) -> APIRouter:
    """Make the routes by which a study's answers leave."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(owner_only)])

    @router.get(f"{addresses.STUDIES}/{{study_id}}/answers.csv")
    def answers_csv(study_id: str) -> Response:
        study = study_at(database, study_id)
        headers = _attachment(f"study-{study.id}-answers.csv")
        rows = export.answers_csv(database, study)
        return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get(f"{addresses.STUDIES}/{{study_id}}/protocol.json")
    def protocol(study_id: str) -> Response:
        study = study_at(database, study_id)
        body = export.protocol_json(database, study)
        headers = _attachment(f"study-{study.id}-protocol.json")
        return Response(body, media_type="application/json", headers=headers)

    return router


def study_at(database: Database, study_id: str) -> Study:
    """Give the study that an address names. Raises MissingError or StorageError."""
    return studies.find(database, _number(study_id))


def _number(value: str) -> int:
    number = number_in_path(value)
    if not 0 < number < 2**31:
        raise MissingError("id", _("There is no number {number} here.", number=readable(value)))
    return number


def _days(fields: dict[str, list[str]]) -> int:
    return whole_number("days", text(fields, "days"))


def _invited(
    request: Request, database: Database, study: Study, made: tuple[str, Link], base_url: str | None
) -> Response:
    token, link = made
    (name,) = studies.names_of_readers(database, [link.reader_id or 0]).values()
    url = link_url(base_url or str(request.base_url), token)
    answer = page(request, "made", study_pages.invited(study, name, url, link, base_url))
    answer.headers.update(_ONCE)
    return answer


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
