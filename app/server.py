"""The application: opens the rooms, wires the routes, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware

import app
from app.catalogue.downloads import Downloads
from app.datasets.library import Library
from app.datasets.survey import Surveys
from app.pictures.tallies import Tallies
from app.reviews.database import Database
from app.settings import Settings
from app.shelves import DEMO_FILE, open_library, open_store
from app.web import addresses, problems
from app.web.about import about
from app.web.access import Gate
from app.web.agreement import agreement
from app.web.api import api
from app.web.bundled import bundled, htmx_folder
from app.web.collect import collect
from app.web.collection_exports import collection_exports
from app.web.collections import collection, collections
from app.web.compare import compare
from app.web.croissant import croissant
from app.web.door import make_door
from app.web.exports import exports
from app.web.finding import finding
from app.web.forms import Forms
from app.web.guest import guest
from app.web.guest_notes import guest_notes
from app.web.guest_pictures import guest_pictures
from app.web.keys import keys
from app.web.language import Speaking
from app.web.link_list import link_list
from app.web.memory import PICTURE_BYTES, Answers, Memory
from app.web.noted import Reviewed
from app.web.notes import Notebook, owners_notes
from app.web.pages import grids, pages
from app.web.pictures import sheets, single, volumes
from app.web.pixels import pixels
from app.web.preferences_page import choosing
from app.web.problems import readable_address
from app.web.published import published
from app.web.reading import reading, reading_pictures, start
from app.web.reference import reference
from app.web.security import Guard
from app.web.sharing import entrance, sharing
from app.web.sizes import sizes
from app.web.status import Metrics, Watch, status
from app.web.studies import study_data, studying
from app.web.studio import Studio
from app.web.styleguide import styleguide
from app.web.styles import styles
from app.web.templating import HTMX, Versioned
from app.web.transport import HeadAsGet
from app.web.turns import Turns
from app.web.unpacking import unpacking


def create_app(settings: Settings, between: Path | None = None) -> ASGIApp:
    """Make the server's application for these settings.

    ``between`` is a folder that the workers of this server have to themselves, if there are any.
    """
    store = open_store(settings)
    library = open_library(settings, store)
    surveys = Surveys(store)
    tallies = Tallies(store, surveys)
    watch = Watch()
    kept_pictures = Answers(PICTURE_BYTES)
    studio = Studio(kept_pictures)
    database = Database(settings.database_url, used=between / "database-used" if between else None)
    turns = Turns()
    forms = Forms(settings.owner_token, settings.base_url, turns)
    reviewed = Reviewed(database)
    notebook = Notebook(database, forms)
    door = make_door(database, settings.owner_token, secure=settings.secure)

    @asynccontextmanager
    async def lifespan(_application: FastAPI) -> AsyncIterator[None]:
        yield
        # A SQLite file is whole by itself only when its last connection has been closed.
        database.close()

    application = FastAPI(
        title="Lightbox",
        version=app.__version__,
        description="Medical image datasets in MedMNIST's form, exact and at once.",
        docs_url=None,
        redoc_url=None,
        openapi_url=addresses.API_SCHEMA,
        lifespan=lifespan,
        redirect_slashes=False,  # problems.install does it
        dependencies=[Depends(readable_address)],
        # First what is asked for most: routes are tried one after the other.
        routes=[grids(library, studio, reviewed, forms)],
    )
    problems.install(application)
    for router in (
        sheets(library, studio, reviewed),
        status(library, store, watch),
        reference(application),
        api(library, surveys, reviewed),
        croissant(library, surveys, settings.base_url),
        volumes(library, studio),
        single(library, studio),
        keys(),
        finding(library),
        about(library, surveys, forms, settings.base_url),
        unpacking(library, forms),
        exports(library, store, reviewed),
        pages(library, database, reviewed, notebook, _data_folder(settings)),
        owners_notes(library, notebook, forms),
        pixels(library, tallies, studio, forms),
        compare(library, tallies, studio, forms),
        sizes(library),
        published(library, _downloads(settings), forms, _data_folder(settings)),
        entrance(forms, settings.owner_token, is_open=settings.access == "open"),
        choosing(forms),
        sharing(library, database, forms, settings.base_url),
        link_list(library, database, forms),
        collect(library, database, forms, reviewed),
        collections(library, database, forms),
        collection(library, database, forms, studio),
        collection_exports(library, database),
        studying(library, database, forms, settings.base_url),
        study_data(database),
        agreement(library, database),
        styleguide(library, Library([DEMO_FILE], store)),
        guest_pictures(library, studio, door),
        reading_pictures(library, studio, door),
        reading(library, door, forms),
        guest(library, door, forms, notebook, turns, start),
        guest_notes(library, door, forms, notebook),
    ):
        application.include_router(router)
    application.include_router(styles())
    application.mount("/static", Versioned(directory=bundled("static")))
    if htmx_folder().is_dir():
        application.mount(HTMX, Versioned(directory=htmx_folder()))
    # The last one added stands outermost.
    # A page is 3 % larger than by zstd's fourth level, and compressed in two thirds of the time.
    application.add_middleware(CompressMiddleware, zstd_level=1)
    application.add_middleware(Metrics, watch=watch)
    # Around all of FastAPI, so that a kept answer never enters it and a fault of ours is guarded.
    memory = Memory(application, kept_pictures, answered=watch.kept)
    whole = HeadAsGet(memory)
    gate = Gate(
        whole,
        access=settings.access,
        token=settings.owner_token,
        secure=settings.secure,
        base_url=settings.base_url,
    )
    return Guard(
        Speaking(gate),
        loopback_only=settings.loopback_only,
        hosts=settings.served_hosts,
        # Who may see a picture of a private server is the gate's to say, each time.
        picture=None if settings.access == "private" else memory.picture,
    )


def _data_folder(settings: Settings) -> str | None:
    """Name the folder where new files belong, for who sits at this machine."""
    folders = [path for path in settings.paths if path.is_dir()]
    if not settings.loopback_only or (settings.paths and not folders):
        return None
    return str((folders[0] if folders else settings.data_dir).resolve())


def _downloads(settings: Settings) -> Downloads | None:
    """Let pages fetch files only where whoever looks sits at this machine and owns it."""
    folder = _data_folder(settings)
    if settings.access != "open" or folder is None:
        return None
    return Downloads(Path(folder), settings.cache_dir / "downloads", settings.mirror)
