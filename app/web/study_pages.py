"""A study → what its owner sees of it."""

from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.selection import SEED_MOST
from app.phrases import capital, listed
from app.reviews import designs
from app.reviews.answers import Progress
from app.reviews.designs import Design
from app.reviews.lifetimes import DAYS
from app.reviews.links import Link
from app.reviews.studies import Study, StudyItem
from app.web import addresses, designing
from app.web.language import gettext as _
from app.web.language import moment, ngettext, say
from app.web.sharing import Made, public_note, qr_code
from app.web.views import Choice, Crumb, Fact, Notice, Pager
from app.web.words import counted, images, kind, label_text

_REPEATS: Final = (0, 10, 20, 30)
_DAYS: Final = (7, 30, 90, 365)


@dataclass(frozen=True)
class StudyRow:
    """A study in the list."""

    title: str
    href: str
    text: str


@dataclass(frozen=True)
class StudyList:
    """A page of all studies."""

    rows: tuple[StudyRow, ...]
    pager: Pager


@dataclass(frozen=True)
class StudyForm:
    """The form that makes a study."""

    words: str
    of: str
    action: str
    check: str
    title: str
    question: str
    labels: str  # in words; empty where they can't be the answers
    by_labels: bool
    is_ordinal: bool
    seed: str
    seed_most: int
    per_label_most: int
    practice_most: int
    repeats: tuple[Choice, ...]
    back: str


@dataclass(frozen=True)
class ReaderRow:
    """A reader, how far they are, and the form that makes another link."""

    name: str
    text: str
    answered: int
    total: int
    link: str


@dataclass(frozen=True)
class StudyPage:
    """One study."""

    heading: str
    crumbs: tuple[Crumb, ...]
    facts: tuple[Fact, ...]
    readers: tuple[ReaderRow, ...]
    is_closed: bool
    invite: str
    close: str
    agreement: str
    csv: str
    json: str
    check: str
    days: tuple[Choice, ...]
    notices: tuple[Notice, ...]


def crumbs(study: Study, *below: Crumb) -> tuple[Crumb, ...]:
    """Say where a study stands, or a page of it by what is ``below``."""
    here = addresses.study(study.id) if below else None
    return (Crumb(_("Studies"), addresses.STUDIES), Crumb(study.design.title, here), *below)


def row(study: Study, progress: tuple[Progress, ...], *, volumes: bool) -> StudyRow:
    """Draw up a line of the list."""
    done = sum(each.answered for each in progress)
    total = sum(each.total for each in progress)
    readers = ngettext("{number} reader", "{number} readers", len(progress))
    state = _("closed") if study.closed else _("open")
    return StudyRow(
        study.design.title,
        addresses.study(study.id),
        _(
            "{size}, {readers}, {done} of {total} answers; {state}",
            size=images(_to_read(study), volumes=volumes),
            readers=readers,
            done=counted(done),
            total=counted(total),
            state=state,
        ),
    )


def form(dataset: Dataset, address: str, words: str, back: str, check: str) -> StudyForm:
    """Draw up the form for the images of an address; ``back`` is where one came from."""
    can_be = len(dataset.labels) in designs.CHOICES
    return StudyForm(
        words=words,
        of=address,
        action=addresses.STUDIES,
        check=check,
        title=_("Reading of {title}", title=dataset.title),
        question=designing.question_for(dataset),
        labels=say(listed(map(label_text, dataset.labels))) if can_be else "",
        by_labels=can_be and not dataset.is_multi_label,
        is_ordinal=designing.is_ordinal(dataset),
        seed=str(designing.new_seed()),
        seed_most=SEED_MOST,
        per_label_most=designs.ITEMS_MOST,
        practice_most=designs.PRACTICE_MOST,
        repeats=tuple(Choice(str(n), f"{n} %" if n else _("none"), n == 0) for n in _REPEATS),
        back=back,
    )


def build(
    study: Study,
    progress: tuple[Progress, ...],
    source: tuple[str, str],
    lost: tuple[StudyItem, ...],
    check: str,
    *,
    volumes: bool,
) -> StudyPage:
    """Draw up one study; ``source`` says in words what its images were chosen from, and where.

    ``lost`` are the images that can't be shown; ``volumes`` says what all of them are called.
    """
    design = study.design
    here = addresses.study(study.id)
    answers = ", ".join(choice.name for choice in design.choices)
    words, there = source
    return StudyPage(
        heading=design.title,
        crumbs=crumbs(study),
        facts=(
            Fact(_("Question"), design.question),
            Fact(_("Answers"), _("{answers}; or: cannot tell", answers=answers)),
            Fact(_("Scale"), _("ordered") if design.ordinal else _("not ordered")),
            Fact(_("Dataset"), design.dataset),
            Fact(capital(kind(volumes=volumes)), _size_words(study, volumes=volumes)),
            *((Fact(_("Chosen from"), _chosen(design, words), there),) if design.source else ()),
            Fact(_("Confidence"), _("asked, 1 to 5") if design.ask_confidence else _("not asked")),
            Fact(
                _("Hidden repeats"),
                images(study.repeats, volumes=volumes) if study.repeats else _("none"),
            ),
            Fact(_("Order"), _("random, another for each reader (seed {seed})", seed=design.seed)),
            Fact(_("Made"), moment(study.made)),
            *((Fact(_("Closed"), moment(study.closed)),) if study.closed else ()),
        ),
        readers=tuple(
            ReaderRow(
                name=each.reader.name,
                text=_progress(each),
                answered=each.answered,
                total=each.total,
                link=f"{here}/readers/{each.reader.id}/link",
            )
            for each in progress
        ),
        is_closed=study.closed is not None,
        invite=f"{here}/readers",
        close=f"{here}/close",
        agreement=f"{here}/agreement",
        csv=f"{here}/answers.csv",
        json=f"{here}/protocol.json",
        check=check,
        days=tuple(
            Choice(str(n), ngettext("{number} day", "{number} days", n), n == DAYS) for n in _DAYS
        ),
        notices=_notices(study, lost, volumes=volumes),
    )


def _notices(study: Study, lost: tuple[StudyItem, ...], *, volumes: bool) -> tuple[Notice, ...]:
    if not lost:
        return ()
    aside = frozenset(study.practice_items)
    words = {
        "images": images(len(lost), volumes=volumes),
        "listed": say(listed(f"{item.split} {item.index}" for item in lost)),
    }
    if sum(item.number not in aside for item in lost) == _to_read(study):
        text = _(
            "{images} can't be shown, and no others are left to read: {listed}. The dataset's page "
            "says why.",
            **words,
        )
    else:
        text = _(
            "{images} can't be shown, and readers go on with the others: {listed}. The dataset's "
            "page says why.",
            **words,
        )
    return (Notice("warning", text),)


def _progress(each: Progress) -> str:
    answered, total = counted(each.answered), counted(each.total)
    if not each.last:
        return _("{answered} of {total} answered", answered=answered, total=total)
    return _(
        "{answered} of {total} answered, last {last}",
        answered=answered,
        total=total,
        last=moment(each.last),
    )


def invited(study: Study, reader: str, url: str, link: Link, base_url: str | None) -> Made:
    """Draw up the page that shows a reader's link, once."""
    return Made(
        words=_("The link of {reader} to “{title}”", reader=reader, title=study.design.title),
        url=url,
        code=qr_code(url),
        terms=_(
            "It opens until {until}, for {reader} alone: who has it answers under that name.",
            until=moment(link.expires),
            reader=reader,
        ),
        back=addresses.study(study.id),
        back_text=_("Back to the study"),
        links=addresses.LINKS,
        notices=() if base_url else (public_note(),),
        crumbs=crumbs(study, Crumb(_("The link"), None)),
    )


def _chosen(design: Design, source: str) -> str:
    there, most = counted(design.drawn_from or 0), design.per_label
    if not most:
        return _("{source}: all {there}", source=source, there=there)
    return _(
        "{source}: at random {most} of each label, of {there} in all",
        source=source,
        most=counted(most),
        there=there,
    )


def _to_read(study: Study) -> int:
    return study.size - study.design.practice


def _size_words(study: Study, *, volumes: bool) -> str:
    aside = study.design.practice
    rest = images(_to_read(study), volumes=volumes)
    return (
        _("{rest} to read, {aside} more to practise on", rest=rest, aside=aside)
        if aside
        else _("{rest} to read", rest=rest)
    )
