"""Pages in the language of who looks: all of it, for nobody else, and nothing for programs."""

from pathlib import Path

import numpy as np
import pytest
from babel.numbers import format_decimal
from invented import LOCALE
from starlette.testclient import TestClient

from app.errors import ArchiveError
from app.phrases import Phrase
from app.web import language, words

from .conftest import Serve, Write
from .reading import Page

ROOT = LOCALE.parent
CATALOGUES = sorted(LOCALE.glob("*.po"))
EVERY_CATALOGUE = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.5"}


def root_of(html: str) -> dict[str, str | None]:
    return dict(Page(html).root.items())


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-ch;q=0.4, fr", "de"),
        ("de; q=0.9, en ;\tq=0.8", "de"),
        ("en;q=0.5, de;q=1.5", "en"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0.7,en;q=0.8", "en"),
        ("fr,es;q=0.5", "en"),
        ("de;q=0, fr", "en"),
        ("*", "en"),
        ("", "en"),
        ("de;q=high", "en"),
        ("d" * 5000, "en"),
        ("\xe4\xf6,;;==,de-" + "-" * 400, "en"),
    ],
)
def test_the_language_is_the_first_that_we_have_of_those_accepted(
    accepted: str, spoken: str, real_client: TestClient
) -> None:
    headers = {b"accept-language": accepted.encode("latin-1")}
    answer = real_client.get("/d/retinamnist", headers=headers)
    assert root_of(answer.text)["lang"] == spoken
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.parametrize(
    ("cookie", "spoken"),
    [
        ("lightbox-language=en", "en"),
        ("a=b; lightbox-language=de; c=d", "de"),
        ("lightbox-language=xx", "de"),
        ("lightbox-language=../../de", "de"),
        ("lightbox-language=", "de"),
    ],
)
def test_what_was_chosen_goes_before_what_is_accepted(
    cookie: str, spoken: str, real_client: TestClient
) -> None:
    answer = real_client.get("/d/retinamnist", headers={**GERMAN, "cookie": cookie})
    assert root_of(answer.text)["lang"] == spoken


@pytest.mark.parametrize("address", ["/d/retinamnist", "/d/retinamnist/about", "/", "/nowhere"])
def test_a_page_that_is_kept_never_answers_in_another_language(
    address: str, real_client: TestClient
) -> None:
    asked = ["en", "de", "en", "de", "de", "en"]
    answers = [real_client.get(address, headers={"accept-language": each}) for each in asked]
    assert [root_of(answer.text)["lang"] for answer in answers] == asked
    assert answers[0].text == answers[2].text == answers[5].text
    assert answers[1].text == answers[3].text == answers[4].text


def test_a_browser_that_changed_its_language_is_not_told_that_its_page_still_holds(
    real_client: TestClient,
) -> None:
    english = real_client.get("/d/retinamnist")
    known = {"if-none-match": english.headers["etag"]}
    assert real_client.get("/d/retinamnist", headers=known).status_code == 304
    assert real_client.get("/d/retinamnist", headers=known | GERMAN).status_code == 200


@pytest.mark.published
def test_german_pages_write_numbers_as_germans_do(real_client: TestClient) -> None:
    grid = real_client.get("/d/retinamnist", headers=GERMAN).text
    assert "· 1.600 Bilder" in grid
    assert "1,600" not in grid
    assert "45,0 %" in grid
    assert "45.0 %" not in grid


@pytest.mark.parametrize("tag", language.tags())
@pytest.mark.parametrize("number", [0, 7, 999, 1080, 205615438])
def test_amounts_and_shares_are_written_as_babel_writes_them(tag: str, number: int) -> None:
    with language.spoken(tag):
        assert words.counted(number) == format_decimal(number, locale=tag)
        tenths = format_decimal(number / 10, "#,##0.0", locale=tag)
        assert words.measured(number / 10) == tenths or number < 1000
        share = words.share(number, 4 * (number + 1))
    percent = format_decimal(100 * number / (4 * (number + 1)), "0.0", locale=tag)
    assert share == f"{percent} %"


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_501, "1.0 MB"),
        (205_615_438, "206 MB"),
        (999_999_999_999, "1.0 TB"),
    ],
)
def test_sizes_are_rounded_into_the_unit_that_they_fill(size: int, written: str) -> None:
    assert words.bytes_text(size) == written


@pytest.mark.parametrize(
    "address",
    [
        "/api/datasets",
        "/api/datasets/retinamnist",
        "/api/datasets/retinamnist/items?per_page=2",
        "/api/datasets/nowhere",
        "/api/datasets/retinamnist/items?page=99999",
        "/d/retinamnist/croissant.json",
        "/d/retinamnist/about.bib",
        "/d/retinamnist/export.csv?label=2",
    ],
)
def test_what_programs_read_is_the_same_in_every_language(
    address: str, real_client: TestClient
) -> None:
    plain = real_client.get(address)
    assert real_client.get(address, headers=GERMAN).content == plain.content


def test_a_grid_is_a_page_whatever_its_file_is_called(serve: Serve, write: Write) -> None:
    images, labels = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 1), np.uint8)
    client = serve(write("scan.nii.gz.npz", test_images=images, test_labels=labels))
    for address in ("/d/scan.nii.gz", "/d/scan.nii.gz/test/0"):
        assert root_of(client.get(address, headers=GERMAN).text)["lang"] == "de"


def test_a_refused_file_is_refused_in_german_on_pages_and_in_english_elsewhere(
    serve: Serve, write: Write
) -> None:
    write(test_images=np.zeros((2, 4, 4), np.uint8), test_labels=np.zeros((2, 1), np.uint8))
    broken = write("broken.npz").parent / "broken.npz"
    broken.write_bytes(b"")
    client = serve(broken.parent)
    assert "ist leer" in client.get("/", headers=GERMAN).text
    assert "is empty" in client.get("/").text
    assert "is empty" in client.get("/api/datasets", headers=GERMAN).text


def test_an_error_is_english_to_who_prints_it_and_knows_what_it_was_made_of() -> None:
    error = ArchiveError(Path("x.npz"), Phrase("is empty"), Phrase("fetch it again"))
    assert str(error) == "x.npz is empty; fetch it again."
    with language.spoken("de"):
        assert language.say(error.args[0]) == "x.npz ist leer; laden Sie sie noch einmal herunter."


def test_a_number_of_things_takes_the_form_that_fits() -> None:
    with language.spoken("de"):
        assert [words.images(n, volumes=False) for n in (0, 1, 2, 1080)] == [
            "0 Bilder",
            "1 Bild",
            "2 Bilder",
            "1.080 Bilder",
        ]
    assert [words.images(n, volumes=False) for n in (0, 1, 2, 1080)] == [
        "0 images",
        "1 image",
        "2 images",
        "1,080 images",
    ]
