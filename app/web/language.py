"""The language of an answer: which one it is, its words, and how it writes numbers and dates.

English stands in the code; ``locale/de.po`` holds German, and another file would be another
language. Templates say ``_("…")``, which is put in place when they are compiled; code says it when
a page is drawn. What is kept of pages must be kept by language.
"""

import gettext as rules
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.phrases import Amount, Phrase
from app.web import addresses, preferences
from app.web.bundled import bundled

ENGLISH: Final = "en"
# What a page depends on besides its address.
VARY: Final = "Accept-Language, Cookie"

_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_LONGEST: Final = 500
_FILES: Final = (
    *(".csv", ".json", ".jsonld", ".parquet", ".zip", ".npz"),
    *(".png", ".npy", ".gz", ".svg", ".bib", ".ris", ".txt"),
)
# A grid's address ends as its file is called, before “.npz”: as “scan.nii.gz”.
_GRID: Final = re.compile(r"/d/[^/]*")


@dataclass(frozen=True, eq=False)
class Language:
    """A language's words by their English ones, and its signs within numbers.

    ``plurals`` holds the forms by the English singular, of which ``form_of`` picks one.
    """

    tag: str
    name: str  # in itself
    direction: str  # "ltr" or "rtl"
    words: Mapping[str, str]
    plurals: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]
    signs: Mapping[int, str]
    scripts: str  # JSON of the words of our scripts


@cache
def tags() -> tuple[str, ...]:
    """Give the languages we have, English first."""
    return (ENGLISH, *sorted(file.stem for file in bundled("locale").glob("*.po")))


@cache
def read(tag: str) -> Language:
    """Read a language's words; English needs none."""
    locale = Locale.parse(tag, sep="-")
    words: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    scripts: dict[str, str] = {}
    form_of: Callable[[int], int] = lambda number: int(number != 1)  # noqa: E731 (English)
    if tag != ENGLISH:
        with (bundled("locale") / f"{tag}.po").open("rb") as file:
            catalogue = read_po(file, tag)
        form_of = rules.c2py(catalogue.plural_expr)
        for message in catalogue:
            if isinstance(message.id, str) and message.id and message.string:
                words[message.id] = str(message.string)
                if any(file.endswith(".js") for file, _line in message.locations):
                    scripts[message.id] = words[message.id]
            elif isinstance(message.string, tuple) and all(message.string):
                plurals[message.id[0]] = message.string
    symbols = locale.number_symbols["latn"]
    return Language(
        tag=tag,
        name=locale.get_display_name() or tag,
        direction=locale.text_direction,
        words=words,
        plurals=plurals,
        form_of=form_of,
        scripts=json.dumps(scripts, ensure_ascii=False) if scripts else "",
        signs=str.maketrans({",": symbols["group"], ".": symbols["decimal"]}),
    )


_now: ContextVar[Language | None] = ContextVar("language", default=None)


def current() -> Language:
    """Give the language that is spoken."""
    return _now.get() or read(ENGLISH)


def speak(tag: str) -> None:
    """Speak this language from here on, in this request."""
    _now.set(read(tag))


@contextmanager
def spoken(tag: str) -> Iterator[None]:
    """Speak this language for a while, as English where programs read along."""
    token = _now.set(read(tag))
    try:
        yield
    finally:
        _now.reset(token)


def gettext(form: str, /, **values: object) -> str:
    """Say it in the language that is spoken, with these values in their places."""
    text = current().words.get(form, form)
    return text.format(**_written(values)) if values else text


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Say it in the form that fits the number, which stands in it as ``{number}``."""
    language = current()
    forms = language.plurals.get(one)
    text = forms[language.form_of(number)] if forms else one if number == 1 else many
    return text.format(**_written({"number": Amount(number), **values}))


def say(text: object) -> str:
    """Say what an inner room wrote: a phrase in the language that is spoken, all else as it is."""
    if not isinstance(text, Phrase):
        return str(text)
    if text.many:
        return ngettext(text.form, text.many, text.number, **text.values)
    return gettext(text.form, **text.values)


def in_every_language(form: str) -> Iterator[str]:
    """Yield these words in each of our languages."""
    return (read(tag).words.get(form, form) for tag in tags())


def later(form: str) -> str:
    """Mark words that are said later, by ``gettext``: those of a table made at the start."""
    return form


def signed(number: str) -> str:
    """Put this language's signs into a number written in the English way."""
    language = current()
    return number if language.tag == ENGLISH else number.translate(language.signs)


def moment(value: datetime) -> str:
    """Write a time to the minute: “2026-11-25 04:00 UTC”, “25.11.2026, 04:00 UTC”."""
    if current().tag == ENGLISH:
        return f"{value:%Y-%m-%d %H:%M} UTC"
    locale = Locale.parse(current().tag, sep="-")
    day, time = format_date(value, "medium", locale), format_time(value, "short", locale=locale)
    return f"{day}, {time} UTC"


def day(value: date) -> str:
    """Write a day as this language does, once for all pages of it."""
    return _day(value, current().tag)


@lru_cache(maxsize=8)
def _day(value: date, tag: str) -> str:
    return format_date(value, "medium", Locale.parse(tag, sep="-"))


def _written(values: Mapping[str, object]) -> dict[str, object]:
    """Write amounts as this language does, and say what are phrases themselves."""
    return {name: value if type(value) is str else _value(value) for name, value in values.items()}


def _value(value: object) -> str:
    return signed(f"{value:,}") if isinstance(value, Amount) else say(value)


class Speaking:
    """ASGI middleware that chooses the language: by the preference, else by what is accepted.

    The API and files are the same in every language: programs read them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, in its language."""
        if scope["type"] == "http":
            speak(_wanted(scope))
        await self._app(scope, receive, send)


def preferred(request: Request) -> str:
    """Give the language that was chosen on the preferences page; none is an empty text."""
    chosen = preferences.of(request.scope).language
    return chosen if chosen in tags() else ""


def _wanted(scope: Scope) -> str:
    if is_for_programs(scope["path"]):
        return ENGLISH
    accepted = next((v for n, v in scope["headers"] if n == b"accept-language"), b"")
    return _first_of(preferences.of(scope).language, accepted[:_LONGEST].decode("latin-1"))


def is_for_programs(path: str) -> bool:
    """Say whether an address gives what programs read, or a file: the same in every language."""
    if path.startswith("/api/"):
        return path != addresses.API_DOCS
    return path.endswith(_FILES) and not _GRID.fullmatch(path)


@lru_cache(maxsize=256)
def _first_of(chosen: str, accepted: str) -> str:
    """Choose among the languages we have; English where none of ours is asked for."""
    if chosen in tags():
        return chosen
    asked: list[tuple[float, str]] = []
    for part in accepted.lower().split(","):
        tag, _, quality = (each.strip() for each in part.partition(";"))
        if _TAG.fullmatch(tag):
            asked.append((-_quality(quality.removeprefix("q=")), tag))
    for weight, tag in sorted(asked, key=lambda each: each[0]):
        for ours in (tag, tag.partition("-")[0]):
            if weight and ours in tags():
                return ours
    return ENGLISH


def _quality(text: str) -> float:
    """Read a weight of 0 to 1 (RFC 9110); what can't be read weighs nothing."""
    if not text:
        return 1.0
    return float(text) if re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", text) else 0.0
