"""Every sentence of every page is in the catalogue, and in every language that we have."""

import ast
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from httpx2 import Response
from invented import LOCALE, TAG, invented
from starlette.testclient import TestClient

from app.catalogue.facts import all_facts
from app.web import language

from .conftest import Serve, Write
from .reading import Page
from .visiting import send, visitor

ROOT = LOCALE.parent
CATALOGUES = sorted(LOCALE.glob("*.po"))
EVERY_CATALOGUE = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)


PAGES = (
    "/",
    "/?q=nothing-is-called-so",
    "/catalogue/pathmnist",
    "/d/retinamnist",
    "/d/retinamnist?split=test&label=2&order=random&bars=share",
    "/d/retinamnist/test/5",
    "/d/retinamnist/about",
    "/d/breastmnist/about",
    "/d/retinamnist/export",
    "/d/retinamnist/pixels",
    "/d/adrenalmnist3d?view=montage",
    "/d/adrenalmnist3d/test/3",
    "/d/adrenalmnist3d/pixels",
    "/d/retinamnist/test/5/sizes",
    "/compare?a=/d/retinamnist?split=test&b=/d/retinamnist?split=train",
    "/compare",
    "/collections/add?of=/d/retinamnist",
    "/collections",
    "/links",
    "/studies",
    "/share?of=/d/retinamnist",
    "/studies/new?of=/d/retinamnist",
    "/preferences",
    "/nowhere",
    "/d/nowhere",
    "/d/retinamnist?page=99999",
    "/d/retinamnist?per_page=x",
    "/d/retinamnist?label=77",
    "/d/retinamnist?split=x",
    "/d/retinamnist/test/99999",
    "/d/retinamnist/test/one",
    "/share",
    "/leave",
)


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def forms(message: Message) -> list[tuple[str, str]]:
    """Each English form with its translation."""
    if isinstance(message.id, str):
        assert isinstance(message.string, str)
        return [(message.id, message.string)]
    assert not isinstance(message.string, str)
    assert message.string
    return [(message.id[min(n, 1)], text) for n, text in enumerate(message.string)]


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make words` finds in the code, the templates and the scripts by now."""
    told = subprocess.run(
        ["make", "--dry-run", "words"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (command,) = re.findall(r"^PYTHONPATH=\.(?:.*\\\n)*.*", told.stdout, re.MULTILINE)
    assert " extract " in command
    found = tmp_path_factory.mktemp("words") / "words.pot"
    command = command.replace("build/words.pot", str(found))
    subprocess.run(command, shell=True, cwd=ROOT, check=True)
    return read(found)


@EVERY_CATALOGUE
def test_every_sentence_is_in_the_catalogue_and_no_other(path: Path, extracted: Catalog) -> None:
    here = {message.id for message in read(path)}
    assert {message.id for message in extracted} == here


@EVERY_CATALOGUE
def test_every_sentence_is_translated_and_none_is_a_guess(path: Path) -> None:
    messages = [message for message in read(path) if message.id]
    assert messages
    assert not [m.id for m in messages if m.fuzzy or not all(text for _, text in forms(m))]


@EVERY_CATALOGUE
def test_a_translation_has_the_places_of_the_english_sentence(path: Path) -> None:
    wrong = []
    for message in read(path):
        for english, translated in forms(message) if message.id else ():
            places = [sorted(re.findall(r"\{(\w+)\}", text)) for text in (english, translated)]
            if places[0] != places[1]:
                wrong.append(translated)
    assert not wrong


def test_no_sentence_is_translated_within_an_f_string_where_it_is_not_found() -> None:
    calls = [
        ast.unparse(call)
        for path in sorted((ROOT / "app").rglob("*.py"))
        for string in ast.walk(ast.parse(path.read_text()))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert calls
    assert not [call for call in calls if call.startswith(("_(", "ngettext(", "later(", "say("))]


class Bare(HTMLParser):
    """Collects the words of a template that stand there as they are."""

    NOT_SAID = ("script", "style", "code", "pre", "kbd", "meta")

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.NOT_SAID and tag != "meta":
            self.within.append(tag)
        self.found += [
            value or "" for name, value in attrs if name in ("aria-label", "title", "alt")
        ]

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.found.append(data)


TEMPLATES = sorted(path.relative_to(ROOT) for path in (ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_no_template_holds_a_sentence_that_is_not_in_the_catalogue(path: Path) -> None:
    text = (ROOT / path).read_text()
    # Class names stand between tags, where a page says what kind it is.
    text = re.sub(r"\{% block kind %\}\w+\{% endblock %\}", "", text)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", "¤", text, flags=re.DOTALL)
    bare = Bare()
    bare.feed(text)
    said = {" ".join(each.split()) for each in bare.found if re.search(r"[A-Za-z]{2}", each)}
    assert said <= {"Lightbox", "Lightbox ¤", "· Lightbox", "¤ · Lightbox"}


def test_scripts_say_only_what_is_found_in_them(extracted: Catalog) -> None:
    scripts = "".join(path.read_text() for path in (ROOT / "static" / "js").glob("*.js"))
    calls = re.findall(r"\bsay\(\s*(.)", scripts)
    assert set(calls) == {'"'}
    # What stands within `…${…}…` is not found.
    said = re.findall(r'\bsay\(\s*"([^"]+)"', scripts)
    assert len(said) == calls.count('"')
    assert set(said) <= {message.id for message in extracted}


# What pages show as it is published or stored: names, units, and what is typed or read by programs.
AS_IT_IS = re.compile(
    r"\b(Lightbox|train|val|test|px|[kMGT]B|h|min|s|MD5|APA|BibTeX|RIS|JSON|LD|CSV|PNG|SVG|svg|png"
    r"|csv|parquet|zip|npz|npy|uint8|Croissant|Esc|Page Up|Page Down|English|Deutsch|invented"
    r"|UTC|CC|BY|NC|n|x|y|z|A|B|C|D|lightbox|get|to|[0-9a-f]{32})\b"
)


def said(page: Page) -> Iterator[str]:
    """What a page says in its own words: texts and names, not what is in another language."""

    def walk(element: Any) -> Iterator[str]:
        name = str(element.tag).rpartition("}")[2]
        if name in ("script", "style", "code", "pre", "cite") or element.get("lang") == "en":
            return
        for attribute in ("aria-label", "title", "alt"):
            yield element.get(attribute, "")
        yield element.text or ""
        for inner in element:
            yield from walk(inner)
            yield inner.tail or ""

    return walk(page.root.find("body"))


def without_brackets(text: str) -> str:
    """What stands outside of all brackets; sentences may stand within sentences."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text


def published() -> list[str]:
    """Names and references that pages show as they are published, the longest first."""
    found = set[str]()
    for facts in all_facts():
        found |= {facts.title, facts.modality, facts.task, facts.license, facts.id}
        found |= {text for label in facts.labels for text in (label.name, label.meaning)}
        # Some name an address, which is a link there.
        cited = [re.split(r"(https?://\S+)", reference.text) for reference in facts.references]
        found |= {part.strip() for parts in cited for part in parts}
        found |= {address for reference in facts.references for address in reference.addresses}
        found |= {file.name for file in facts.files}
        # A drawing has no room for all of a name.
        found |= {f"{label.meaning[:43].rstrip()}…" for label in facts.labels}
    return sorted((each for each in found if len(each) > 1), key=len, reverse=True)


PUBLISHED = published()


@pytest.fixture
def invent(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let servers know a language of nothing but brackets; give what asks for it."""
    made, real, known = invented(), language.read, language.tags()
    monkeypatch.setattr(language, "read", lambda tag: made if tag == TAG else real(tag))
    monkeypatch.setattr(language, "tags", lambda: (*known, TAG))
    return {"accept-language": TAG}


def bare(answer: Response) -> list[str]:
    """What a page in the invented language says outside of all brackets."""
    page = Page(answer.text)
    assert (page.root.get("lang"), page.root.get("dir")) == (TAG, "rtl")
    found = []
    for text in said(page):
        rest = without_brackets(text)
        for name in PUBLISHED:
            rest = rest.replace(name, "")
        if re.search(r"[A-Za-z]{2}", AS_IT_IS.sub("", rest)):
            found.append(" ".join(rest.split()))
    return found


@pytest.mark.parametrize("address", PAGES)
def test_all_that_a_page_says_is_in_the_catalogue(
    address: str, real_client: TestClient, invent: dict[str, str]
) -> None:
    assert bare(real_client.get(address, headers=invent)) == []


@pytest.fixture
def owner(serve: Serve, write: Write, invent: dict[str, str]) -> TestClient:
    random = np.random.default_rng(1)
    client = serve(
        write(
            "88.npz",
            test_images=random.integers(0, 256, (12, 8, 9), np.uint8),
            test_labels=np.arange(12, dtype=np.uint8)[:, None] % 2,
        )
    )
    client.headers.update(invent)
    return client


def link_on(answer: Response) -> str:
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', answer.text)
    return str(path)


def test_so_it_is_where_images_are_shared_and_noted(
    owner: TestClient, invent: dict[str, str]
) -> None:
    given = {"days": "30", "title": "1", "may_comment": "1", "passphrase": "7"}
    made = send(owner, "/share?of=/d/88", "/share", **given)
    guest = visitor(owner)
    guest.headers.update(invent)
    link = link_on(made)
    pages = [made, owner.get("/links"), guest.get(link)]
    assert send(guest, link, f"{link}/unlock", passphrase="8").status_code == 403
    assert send(guest, link, f"{link}/unlock", passphrase="7").status_code == 303
    note = {"flag": "artefact", "note": "3", "name": "4"}
    assert send(guest, f"{link}/1", f"{link}/1/notes", **note).status_code == 303
    pages += [guest.get(link), guest.get(f"{link}/1"), guest.get(f"{link}/99")]
    pages += [owner.get("/d/88/test/0"), owner.get("/d/88?noted=flagged"), owner.get("/links")]
    assert send(owner, "/links", "/links/1/revoke").status_code == 303
    pages += [owner.get("/links"), guest.get(link), guest.get("/s/0")]
    assert [bare(page) for page in pages] == [[] for _ in pages]


def test_so_it_is_in_collections(owner: TestClient) -> None:
    assert send(owner, "/collections", "/collections", name="1").status_code == 303
    collect = "/collections/add?of=/d/88"
    pages = [owner.get(collect), owner.get("/collections/1"), owner.get("/collections/9")]
    given = {"which": "page", "to": "1", "do": "add"}
    added = send(owner, collect, "/collections/add", **given)
    assert added.status_code == 303
    pages += [owner.get(added.headers["location"]), owner.get("/collections/1")]
    pages += [owner.get("/collections"), owner.get("/share?of=/collections/1")]
    assert [bare(page) for page in pages] == [[] for _ in pages]


def test_so_it_is_in_a_reading_and_its_agreement(owner: TestClient, invent: dict[str, str]) -> None:
    fields = {"title": "1", "question": "2", "scale": "labels", "repeats": "20", "confidence": "1"}
    made = send(owner, "/studies/new?of=/d/88", "/studies", **fields, practice="2", seed="5")
    assert made.status_code == 303
    pages = [owner.get("/studies/1/agreement")]
    links = []
    for name in "123":
        invited = send(owner, "/studies/1", "/studies/1/readers", name=name, days="30")
        pages.append(invited)
        links.append(link_on(invited))
    for number, link in enumerate(links):
        reader = visitor(owner)
        reader.headers.update(invent)
        pages += [reader.get(link), reader.get(f"{link}/practice/1?choice=0")]
        for place in range(1, 13):
            answer = {"choice": str((place + number) % 2), "confidence": "3", "ms": "9"}
            assert send(reader, f"{link}/read/{place}", f"{link}/answers", **answer).is_redirect
        pages += [reader.get(f"{link}/read/2"), reader.get(link)]
    pages += [owner.get("/studies/1"), owner.get("/studies/1/agreement"), owner.get("/studies")]
    cells = re.findall(r'href="(/studies/1/cases[^"]*)"', pages[-2].text)
    pages.append(owner.get(cells[0].replace("&amp;", "&")))
    assert send(owner, "/studies/1", "/studies/1/close").status_code == 303
    pages.append(owner.get("/studies/1"))
    assert [bare(page) for page in pages] == [[] for _ in pages]
