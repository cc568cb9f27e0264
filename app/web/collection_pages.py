"""A collection → what its pages show."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.selection import PER_PAGE, parse
from app.pictures import sheet
from app.reviews.collected import Collection
from app.reviews.notes import FLAGS
from app.web import addresses, picks, picture_addresses, walking
from app.web.collection_exports import MAKERS
from app.web.export_forms import FORMS
from app.web.frame import heading
from app.web.gathering import Run, datasets_of, to_value
from app.web.language import gettext as _
from app.web.language import later, moment
from app.web.notes import FLAG_WORDS
from app.web.notices import window_notices
from app.web.pager import pager, pages_of
from app.web.picks import Picks
from app.web.unpacking import unfinished_in
from app.web.views import Choice, Credits, Crumb, Link, Notice, Pager
from app.web.words import counted, credits_of, images, reduced_text

_DONE: Final = {
    "add": later("They are in the collection."),
    "remove": later("They are taken out."),
    "move": later("They are moved."),
    "flag": later("They are flagged."),
}


@dataclass(frozen=True)
class CollectionRow:
    """A collection in the list."""

    name: str
    href: str
    text: str


@dataclass(frozen=True)
class CollectionList:
    """A page of all collections and those that were deleted, and the form that makes one.

    Of a deleted one ``href`` is where a form brings it back.
    """

    is_empty: bool  # there is none but deleted ones
    rows: tuple[CollectionRow, ...]
    deleted: tuple[CollectionRow, ...]
    pager: Pager
    action: str
    check: str


@dataclass(frozen=True)
class Done:
    """What was just done to many, and the form that undoes it."""

    text: str
    action: str
    value: str


@dataclass(frozen=True)
class CollectionPage:
    """A page of a collection. ``address`` is its own; forms are sent below it."""

    heading: str
    summary: str
    crumbs: tuple[Crumb, ...]
    address: str
    share: str  # empty where there is nothing to share
    page: str
    style: str
    reduced: str  # what thumbnails leave out, if they do
    picks: Picks
    pager: Pager
    notices: tuple[Notice, ...]
    selected: Link | None
    mixed: str
    done: Done | None
    flags: tuple[Choice, ...]
    ways: tuple[Link, ...]
    credits: Credits
    check: str


def overview(
    found: Sequence[Collection],
    deleted: Sequence[Collection],
    counts: Mapping[int, str],
    pager: Pager,
    check: str,
) -> CollectionList:
    """Draw up a page of the list; ``counts`` says by its number what is in each."""
    return CollectionList(
        is_empty=pager.page == 1 and not found,
        rows=_rows(found, counts, ""),
        deleted=_rows(deleted, counts, "restore"),
        pager=pager,
        action=addresses.COLLECTIONS,
        check=check,
    )


def one(
    found: Collection,
    runs: Sequence[Run],
    number: int,
    problem: str,
    dataset: Dataset | None,
    done: str,
    check: str,
    files: Sequence[tuple[str, str]],
    *,
    volumes: bool,
) -> CollectionPage:
    """Draw up a page of a collection; ``dataset`` is that of the selection it may be.

    ``files`` are those that all of it is of, each as dataset and content: a study asks for one.
    ``volumes`` says what its items are called.
    """
    address = addresses.collection(found.id)
    pages = pages_of(found.count, PER_PAGE)
    drawn = picks.draw(
        runs,
        lambda n, run: addresses.collection_sheet(found.id, number, n, digest(run)),
        lambda n: walking.query(found.id, (number - 1) * PER_PAGE + n + 1),
    )
    matching = found.matching
    selected = None
    if matching and dataset:
        selection = parse(matching.query)
        words = heading(dataset, selection, matching.count)
        selected = Link(words, addresses.grid(dataset.id, selection))
    return CollectionPage(
        heading=found.name,
        summary=_(
            "Page {number} of {pages}, {count}",
            number=counted(number),
            pages=counted(pages),
            count=images(found.count, volumes=volumes),
        ),
        crumbs=(Crumb(_("Collections"), addresses.COLLECTIONS), Crumb(found.name, None)),
        address=address,
        share=addresses.share(address) if found.count else "",
        page=str(number),
        style=drawn.style,
        reduced=reduced_text(sheet.cell_of(each, "middle").factor for each in datasets_of(runs)),
        picks=drawn,
        pager=pager(number, pages, lambda n: addresses.collection(found.id, page=n)),
        notices=_notices(runs, problem, volumes=volumes),
        selected=selected,
        mixed=_mixed(files),
        done=done_view(done, f"{address}/undo"),
        flags=flag_choices(),
        ways=(
            *([Link(_("Study"), addresses.new_study(address))] if len(files) == 1 else []),
            *(
                Link(_(FORMS[form].name), addresses.collection(found.id, f"export.{form}"))
                for form in MAKERS
            ),
        )
        if found.count and not problem
        else (),
        credits=credits_of(datasets_of(runs)),
        check=check,
    )


def _notices(runs: Sequence[Run], problem: str, *, volumes: bool) -> tuple[Notice, ...]:
    """Say what can't be shown on a page, and of what is there how far it is, if not whole."""
    notices = [Notice("warning", problem)] if problem else []
    gone = sum(len(run.items) for run in runs if run.dataset is None)
    if gone:
        notices.append(
            Notice(
                "warning",
                _(
                    "{gone} on this page can't be shown: see below each why.",
                    gone=images(gone, volumes=volumes),
                ),
            )
        )
    return (*notices, *unfinished_in(runs), *window_notices(datasets_of(runs)))


def _mixed(files: Sequence[tuple[str, str]]) -> str:
    """Say why no study can be made of what is of several files; nothing of one."""
    if len(files) < 2:
        return ""
    if len({dataset for dataset, _content in files}) > 1:
        return _("Images of several datasets; a study is of one.")
    return _("Some of these images are of a file that has changed since; a study is of one file.")


def flag_choices(chosen: str = "") -> tuple[Choice, ...]:
    """The reasons to flag."""
    return tuple(Choice(flag, _(FLAG_WORDS[flag]), selected=flag == chosen) for flag in FLAGS)


def done_view(done: str, action: str) -> Done | None:
    """Say what was done, as the address tells it."""
    words = _DONE.get(done.partition("-")[0])
    return Done(_(words), action, done) if words else None


def digest(run: Run) -> str:
    """Name a run's picture by what is on it."""
    named = "\n".join(to_value(item) for item in run.items)
    key = picture_addresses.content_key(run.dataset) if run.dataset else ""
    return hashlib.sha256(f"{key}\n{named}".encode()).hexdigest()[:24]


def _rows(
    found: Sequence[Collection], counts: Mapping[int, str], part: str
) -> tuple[CollectionRow, ...]:
    return tuple(
        CollectionRow(each.name, addresses.collection(each.id, part), _text(each, counts[each.id]))
        for each in found
    )


def _text(found: Collection, count: str) -> str:
    made = moment(found.made)
    if found.matching:
        return _("{count}, kept as a selection, made {made}", count=count, made=made)
    return _("{count}, made {made}", count=count, made=made)
