"""A study → what its owner sees of it."""

from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.reviews import links
from app.reviews.answers import Progress
from app.reviews.links import Link
from app.reviews.studies import Study
from app.web import addresses, designing
from app.web.forms import CHECK
from app.web.sharing import Made, dated, public_note, qr_code
from app.web.views import Choice, Fact
from app.web.words import counted, images, label_text

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
    """All studies."""

    rows: tuple[StudyRow, ...]


@dataclass(frozen=True)
class StudyForm:
    """The form that makes a study."""

    words: str
    of: str
    action: str
    check_name: str
    check: str
    title: str
    question: str
    labels: str  # in words
    is_multi: bool
    is_ordinal: bool
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
    facts: tuple[Fact, ...]
    readers: tuple[ReaderRow, ...]
    is_closed: bool
    invite: str
    close: str
    agreement: str
    csv: str
    json: str
    check_name: str
    check: str
    days: tuple[Choice, ...]


def row(study: Study, progress: tuple[Progress, ...]) -> StudyRow:
    """Draw up a line of the list."""
    done = sum(each.answered for each in progress)
    total = sum(each.total for each in progress)
    readers = f"{len(progress)} {'reader' if len(progress) == 1 else 'readers'}"
    state = "closed" if study.closed else "open"
    return StudyRow(
        study.design.title,
        addresses.study(study.id),
        f"{images(study.size)}, {readers}, {counted(done)} of {counted(total)} answers; {state}",
    )


def form(dataset: Dataset, address: str, words: str, check: str) -> StudyForm:
    """Draw up the form for the images of an address."""
    several = dataset.task.startswith("multi-label")
    return StudyForm(
        words=words,
        of=address,
        action=addresses.STUDIES,
        check_name=CHECK,
        check=check,
        title=f"Reading of {dataset.title}",
        question=designing.QUESTION,
        labels=", ".join(label_text(label) for label in dataset.labels[:20]),
        is_multi=several,
        is_ordinal=designing.is_ordinal(dataset),
        repeats=tuple(Choice(str(n), f"{n} %" if n else "none", n == 0) for n in _REPEATS),
        back=address,
    )


def build(study: Study, progress: tuple[Progress, ...], check: str) -> StudyPage:
    """Draw up one study."""
    design = study.design
    here = addresses.study(study.id)
    answers = ", ".join(choice.name for choice in design.choices)
    return StudyPage(
        heading=design.title,
        facts=(
            Fact("Question", design.question),
            Fact("Answers", f"{answers}; or: cannot tell"),
            Fact("Scale", "ordered" if design.ordinal else "not ordered"),
            Fact("Dataset", design.dataset),
            Fact("Images", _size_words(study)),
            Fact("Confidence", "asked, 1 to 5" if design.ask_confidence else "not asked"),
            Fact("Hidden repeats", f"{100 * design.repeats:.0f} % of the images"),
            Fact("Order", f"random, another for each reader (seed {design.seed})"),
            Fact("Made", dated(study.made)),
            *((Fact("Closed", dated(study.closed)),) if study.closed else ()),
        ),
        readers=tuple(
            ReaderRow(
                name=each.reader.name,
                text=f"{counted(each.answered)} of {counted(each.total)} answered"
                + (f", last {dated(each.last)}" if each.last else ""),
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
        check_name=CHECK,
        check=check,
        days=tuple(Choice(str(n), f"{n} days", n == links.DAYS) for n in _DAYS),
    )


def invited(study: Study, url: str, link: Link, base_url: str | None) -> Made:
    """Draw up the page that shows a reader's link, once."""
    return Made(
        words=f"A reader's own link to “{study.design.title}”",
        url=url,
        code=qr_code(url),
        until=dated(link.expires),
        facts=("for one reader: who has it answers under that name",),
        back=addresses.study(study.id),
        back_text="Back to the study",
        links=addresses.LINKS,
        notices=() if base_url else (public_note(),),
    )


def _size_words(study: Study) -> str:
    aside = study.design.practice
    rest = images(study.size - aside)
    return f"{rest} to read, {aside} more to practise on" if aside else f"{rest} to read"
