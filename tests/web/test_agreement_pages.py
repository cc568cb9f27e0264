"""What the owner sees of a study's answers: pictures, sensitivity, repeats, and in which words."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import flip
from running import PATIENCE
from sklearn.metrics import cohen_kappa_score
from starlette.testclient import TestClient

from app.reviews import answers, backups, studies
from app.reviews.agreement import Agreement, Readings, measure_agreement
from app.reviews.answers import StudyReadings
from app.reviews.database import Database
from app.reviews.studies import Study

from .conftest import Serve, Write
from .reading import Page, Pixels, page, picture, words
from .visiting import send, share, visitor

RANDOM = np.random.default_rng(4)
LABELS = (np.arange(8) % 2).astype(np.uint8)


def study(owner: TestClient, **fields: str) -> list[str]:
    """Make a study of all images; give the links of its two readers."""
    given = {"title": "T", "question": "What?", "scale": "labels", **fields}
    assert send(owner, "/studies/new?of=/d/made", "/studies", **given).status_code == 303
    links = []
    for name in ("Ann", "Bob"):
        made = send(owner, "/studies/1", "/studies/1/readers", name=name, days="30").text
        links += re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    return links


def read(reader: TestClient, link: str, *choices: str) -> None:
    for place, choice in enumerate(choices, start=1):
        answer = send(reader, f"{link}/read/{place}", f"{link}/answers", choice=choice)
        assert answer.status_code == 303


@pytest.mark.parametrize(
    "pixels",
    [
        RANDOM.normal(size=(8, 6, 6)).astype(np.float32),
        RANDOM.integers(-900, 900, (8, 6, 6), np.int16),
        RANDOM.integers(-900, 900, (8, 4, 6, 6), np.int16),
        RANDOM.integers(0, 60_000, (8, 6, 6), np.uint16),
        RANDOM.integers(0, 256, (8, 4, 6, 6), np.uint8),
        RANDOM.integers(0, 256, (8, 6, 6, 3), np.uint8),
    ],
    ids=["float", "signed", "signed volume", "16 bits", "volume", "colour"],
)
def test_every_case_has_its_picture(pixels: Pixels, serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, bob = study(owner)
    read(visitor(owner), ann, *"00000000")
    read(visitor(owner), bob, *"11111111")
    shown = page(owner, "/studies/1/agreement")
    pictures = [image.get("src", "") for image in shown.all("img", class_="case")]
    assert pictures
    for address in pictures:
        answer = owner.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_a_case_of_true_and_false_colours_is_not_black(serve: Serve, write: Write) -> None:
    pixels = RANDOM.integers(0, 2, (8, 6, 6, 3)).astype(np.bool_)
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, bob = study(owner)
    read(visitor(owner), ann, *"00000000")
    read(visitor(owner), bob, *"11111111")
    shown = page(owner, "/studies/1/agreement")
    found = {image.get("alt"): image.get("src", "") for image in shown.all("img", class_="case")}
    np.testing.assert_array_equal(picture(owner, found["test 0"]), pixels[0] * np.uint8(255))


def test_which_part_of_a_cell_is_not_there_is_named(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    for link in study(owner):
        read(visitor(owner), link, "0")
    cells, program = "/studies/1/cases?table=pair-0", {"accept": "application/json"}
    for part, query in (("row", "row=9&column=0"), ("column", "row=0&column=9")):
        assert owner.get(f"{cells}&{query}", headers=program).json()["part"] == part


def test_a_case_whose_split_is_damaged_has_words_and_no_picture(serve: Serve, write: Write) -> None:
    pixels = RANDOM.integers(0, 256, (8, 9, 9), np.uint8)
    path = write(
        train_images=pixels,
        train_labels=LABELS,
        test_images=pixels[:2],
        test_labels=LABELS[:2],
    )
    owner = serve(path)
    ann, bob = study(owner)
    read(visitor(owner), ann, *"0000000000")
    read(visitor(owner), bob, *"1111111111")
    flip(path, path.read_bytes().index(b"train_images.npy") + 200)
    shown = page(owner, "/studies/1/agreement")
    names = sorted(words(each) for each in shown.all("p", class_="name"))
    pictures = [image.get("alt", "") for image in shown.all("img", class_="case")]
    assert names == ["test 0", "test 1", *(f"train {n}" for n in range(8))]
    assert sorted(pictures) == ["test 0", "test 1"]


def test_without_a_stored_label_there_is_no_sensitivity(serve: Serve, write: Write) -> None:
    pixels = np.zeros((8, 6, 6), np.uint8)
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, bob = study(owner, scale="yes-no")
    for link in (ann, bob):
        read(visitor(owner), link, *"0101")
    text = page(owner, "/studies/1/agreement").text()
    assert "Percent agreement" in text
    assert "ensitivity" not in text


@pytest.mark.parametrize("positive", ["0", "1"])
def test_a_cell_leads_back_to_the_positive_answer_it_was_opened_from(
    positive: str, serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    for link in study(owner):
        read(visitor(owner), link, *"0101")
    agreement = f"/studies/1/agreement?positive={positive}"
    cells = {link for link in page(owner, agreement).links() if "/cases?" in link}
    assert cells
    assert all(agreement in page(owner, cell).links() for cell in cells)


def test_yes_and_no_are_asked_in_the_language_the_study_is_made_in(
    serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    owner.headers["accept-language"] = "de"
    ann, _ = study(owner, scale="yes-no")
    shown = page(visitor(owner), f"{ann}/read/1")  # by a reader whose pages are in English
    answers = [words(option).split()[0] for option in shown.all("label", class_="option")]
    assert answers[:2] == ["ja", "nein"]


def test_one_image_is_spoken_of_as_one(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((2, 6, 6), np.uint8), test_labels=LABELS[:2]))
    ann, _ = study(owner, practice="1")
    reader, shared = visitor(owner), share(owner, "/d/made/test/0")
    assert "You are asked to read 1 image. Each answer" in page(reader, ann).text()
    for address, said in (
        (f"{ann}/read/2", "There is 1 image to read and no other."),
        (f"{ann}/practice/2", "There is 1 image to practise on."),
        (f"{shared}/2", "This link shows 1 image and no other."),
    ):
        assert said in page(reader, address, 404).text()


def test_another_study_that_a_backup_brings_is_measured_anew(
    serve: Serve, write: Write, tmp_path: Path
) -> None:
    url, other = f"sqlite:///{tmp_path}/one.sqlite", f"sqlite:///{tmp_path}/two.sqlite"
    path = write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS)
    study(serve(path, database_url=other), question="Is it well?", scale="yes-no")
    backups.backup(Database(other), tmp_path / "backup")
    owner = serve(path, database_url=url)
    study(owner)
    assert "The question was “What?”" in page(owner, "/studies/1/agreement").text()
    backups.restore(Database(url), tmp_path / "backup")
    text = page(owner, "/studies/1/agreement").text()
    assert "The question was “Is it well?”, with 2 unordered categories: yes; no." in text


def test_what_is_asked_for_while_it_is_being_measured_is_not_measured_twice(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    study(owner)
    measured: list[Readings] = []
    both_asked, second = threading.Barrier(2, timeout=PATIENCE), threading.Event()

    def readings(database: Database, of: Study) -> StudyReadings:
        found = real_readings(database, of)
        both_asked.wait()
        return found

    def measure(readings: Readings, *, seed: int, positive: int) -> Agreement:
        measured.append(readings)
        if len(measured) == 1:
            second.wait(0.5)
        second.set()
        return measure_agreement(readings, seed=seed, positive=positive)

    real_readings = answers.readings
    monkeypatch.setattr(answers, "readings", readings)
    monkeypatch.setattr("app.web.agreement.measure_agreement", measure)
    with ThreadPoolExecutor(2) as pool:
        shown = list(pool.map(owner.get, ["/studies/1/agreement"] * 2))
    assert [answer.status_code for answer in shown] == [200, 200]
    assert len(measured) == 1


def test_the_methods_count_no_images_of_another_file(serve: Serve, write: Write) -> None:
    pixels = np.zeros((8, 6, 6), np.uint8)
    owner = serve(path := write(test_images=pixels, test_labels=LABELS))
    study(owner, practice="3")
    assert "5 of the 8 images of made" in page(owner, "/studies/1/agreement").text()
    write(test_images=np.ones((9, 6, 6), np.uint8), test_labels=np.arange(9) % 2)
    unknown = "5 of the [state how many] images of made"
    assert unknown in page(owner, "/studies/1/agreement").text()
    path.unlink()
    assert unknown in page(owner, "/studies/1/agreement").text()


def test_the_methods_count_the_readers_who_have_begun(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, bob = study(owner)
    read(visitor(owner), ann, "0")
    assert "One reader [" in page(owner, "/studies/1/agreement").text()
    read(visitor(owner), bob, "cannot")
    assert "2 readers [" in page(owner, "/studies/1/agreement").text()


@pytest.mark.parametrize(
    ("language", "name", "percent", "kappa", "interval"),
    [
        ("en", "Percent agreement", "50.0 %", "0.00", r"\d+\.\d % to \d+\.\d %"),
        ("de", "Übereinstimmung in Prozent", "50,0 %", "0,00", r"\d+,\d % bis \d+,\d %"),
    ],
)
def test_percent_agreement_is_a_percentage(
    language: str, name: str, percent: str, kappa: str, interval: str, serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    owner.headers["accept-language"] = language
    ann, bob = study(owner, scale="yes-no")
    # In whatever order: half of all is answered alike, as often as by chance.
    read(visitor(owner), ann, *"00000000")
    read(visitor(owner), bob, *"00001111")
    pair = page(owner, "/studies/1/agreement").one("details", id="pair-0")
    (first, second) = [[words(cell) for cell in row] for row in pair.iter("tr")][1:3]
    assert first[0].startswith(name)
    assert first[1] == percent
    assert re.fullmatch(interval, first[2])
    assert second[1] == kappa


def test_a_kappa_that_rounds_to_nothing_has_no_sign(
    serve: Serve, write: Write, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/reviews.sqlite"
    path = write(test_images=np.zeros((29, 6, 6), np.uint8), test_labels=np.arange(29) % 2)
    owner = serve(path, database_url=url)
    study(owner)
    # Both say 0 of 7 and 1 of 7, and differ on 5 and 10: kappa is -2 / 433.
    given = [[0] * 12 + [1] * 17, [0] * 7 + [1] * 5 + [0] * 10 + [1] * 7]
    assert cohen_kappa_score(*given) == pytest.approx(-2 / 433)
    db = Database(url)
    made = studies.find(db, 1)
    with db.reading() as connection:
        readers = studies.readers_within(connection, made)
    for reader, said in zip(readers, given, strict=True):
        for place in studies.order(made, reader):
            key = f"key-{place.number:08}"
            answers.record(db, reader, place.number, said[place.item], None, 5, key)
    pair = page(owner, "/studies/1/agreement").one("details", id="pair-0")
    kappa = [[words(cell) for cell in row] for row in pair.iter("tr")][2]
    assert kappa[1] == "0.00"


@pytest.mark.parametrize(("share", "number"), [("10", 1), ("5", 1), ("0", 0)])
def test_repeats_are_told_as_they_are(share: str, number: int, serve: Serve, write: Write) -> None:
    pixels = np.zeros((8, 6, 6), np.uint8)
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, _ = study(owner, repeats=share)
    read(visitor(owner), ann, "0")
    protocol = owner.get("/studies/1/protocol.json").json()
    for reader in protocol["readers"]:
        assert sum(place["repeat"] for place in reader["order"]) == number
    text = page(owner, "/studies/1/agreement").text()
    assert ("1 second answer is missing" in text) == ("a second time" in text) == bool(number)
    assert "Each saw" not in text
    assert "a repeated image" not in text
    read(visitor(owner), ann, *["0"] * (8 + number))
    text = page(owner, "/studies/1/agreement").text()
    assert ("Each saw 1 of them a second time" in text) == bool(number)
    assert ("a repeated image" in text) == bool(number)
    told = "Hidden repeats " + ("1 image" if number else "none")
    assert told in page(owner, "/studies/1").text()


def test_a_plot_writes_each_measure_as_the_page_does(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, bob = study(owner)
    read(visitor(owner), ann, *"00000101")
    read(visitor(owner), bob, *"01000111")
    rows = [
        [words(cell) for cell in row]
        for row in page(owner, "/studies/1/agreement").one("details", id="pair-0").iter("tr")
    ]
    plot = owner.get("/studies/1/plots/measures.svg").text
    for _name, estimate, interval, n, *_note in rows[1:3]:
        assert f">{estimate} ({interval}), n = {n}<" in plot
    assert "%" in rows[1][1]


def test_why_agreement_counts_fewer_answers_than_the_study_is_said(
    serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, _ = study(owner, repeats="10")
    read(visitor(owner), ann, *["0"] * 9)
    assert "9 of 9 answered" in page(owner, "/studies/1").text()
    text = page(owner, "/studies/1/agreement").text()
    assert "Ann: 8 answered, 0 “cannot tell”, 0 open" in text
    assert "Images that are shown twice count once here, by their first answer." in text


@pytest.mark.parametrize(
    ("labels", "offered", "chosen"),
    [
        (np.zeros(60, np.uint8), ["yes-no", "own"], "yes-no"),
        (np.arange(60) % 2, ["labels", "yes-no", "own"], "labels"),
        (np.arange(60) % 50, ["labels", "yes-no", "own"], "labels"),
        (np.arange(60) % 51, ["yes-no", "own"], "yes-no"),
        (np.eye(60, dtype=np.uint8), ["yes-no", "own"], "yes-no"),
        (np.eye(60, 9, dtype=np.uint8), ["labels", "yes-no", "own"], "yes-no"),
    ],
    ids=["one", "two", "fifty", "more", "more at once", "nine at once"],
)
def test_labels_are_offered_as_answers_where_they_can_be(
    labels: Pixels, offered: list[str], chosen: str, serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((60, 6, 6), np.uint8), test_labels=labels))
    scales = list(page(owner, "/studies/new?of=/d/made").all("input", name="scale"))
    assert [scale.get("value") for scale in scales] == offered
    assert [scale.get("value") for scale in scales if "checked" in scale.attrib] == [chosen]
    fields = {"title": "T", "question": "What?", "scale": chosen}
    made = send(owner, "/studies/new?of=/d/made", "/studies", **fields)
    assert made.status_code == 303


def test_a_cells_link_says_how_many_images_it_opens(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, bob = study(owner, scale="yes-no")
    read(visitor(owner), ann, *"00000000")
    read(visitor(owner), bob, *"10000000")
    links = page(owner, "/studies/1/agreement").having("aria-label")
    names = {link.get("aria-label") for link in links if "pair-0" in link.get("href", "")}
    assert names == {"7 images: Ann yes, Bob yes", "1 image: Ann yes, Bob no"}


@pytest.mark.parametrize("name", ["per_label", "seed", "practice"])
def test_a_browser_knows_which_numbers_a_study_can_have(
    name: str, serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((60, 6, 6), np.uint8), test_labels=np.arange(60) % 2))
    field = page(owner, "/studies/new?of=/d/made").one("input", name=name)
    assert field.get("type") == "number"
    fields = {"title": "T", "question": "What?", "scale": "yes-no"}
    for number, status in ((field.get("max", ""), 303), (str(int(field.get("max", "")) + 1), 422)):
        made = send(owner, "/studies/new?of=/d/made", "/studies", **fields, **{name: number})
        assert made.status_code == status
    assert "Back leads to the form again" in Page(made.text).text()


def test_what_a_study_is_called_is_said_to_be_shown_to_readers(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    labels = page(owner, "/studies/new?of=/d/made").all("label", for_="title")
    assert [words(label) for label in labels] == ["Title (shown to readers)"]
    ann, _bob = study(owner, title="How much brown?")
    assert words(page(visitor(owner), ann).one("h1")) == "How much brown?"
    titles = [words(title) for title in page(owner, "/links").all("h2")]
    assert titles == ["How much brown? · Bob", "How much brown? · Ann"]


def test_each_plot_is_named_by_what_it_shows(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    for reader, link in zip("01", study(owner), strict=True):
        read(visitor(owner), link, *(reader * 8))
    links = page(owner, "/studies/1/agreement").all("a", download="")
    names = {words(link): link.get("href") for link in links}
    # Of all measures; of each reader and the label; of both readers: each in two forms.
    assert len(names) == len(set(names.values())) == 8
    assert {"SVG Ann and Bob", "PNG Ann and the stored label"} <= names.keys()


def test_the_list_of_studies_counts_what_is_to_be_read(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    study(owner, practice="3")
    # Of eight images three are set aside; two readers read five each.
    assert "5 images, 2 readers, 0 of 10 answers" in page(owner, "/studies").text()


@pytest.mark.parametrize("confidence", ["", "1"])
def test_practice_asks_what_the_reading_asks(confidence: str, serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, _ = study(owner, practice="1", confidence=confidence)
    reader = visitor(owner)

    def asked(address: str) -> set[tuple[str | None, str | None]]:
        inputs = page(reader, f"{ann}/{address}").all("input", type_="radio")
        return {(each.get("name"), each.get("value")) for each in inputs}

    assert asked("practice/1") == asked("read/1")
    answers = len(np.unique(LABELS)) + 1
    assert len(asked("read/1")) == answers + (5 if confidence else 0)
    # Told what the data set says, one is asked nothing more.
    answered = asked("practice/1?choice=0&confidence=4")
    assert {name for name, _value in answered} == {"choice"}


def test_in_german_nobody_cannot_tell(serve: Serve, write: Write) -> None:
    pixels = np.zeros((8, 6, 6), np.uint8)
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, bob = study(owner, practice="1")
    reader = visitor(owner)
    reader.headers["accept-language"] = owner.headers["accept-language"] = "de"
    practised = page(reader, f"{ann}/practice/1?choice=cannot").text()
    assert "nicht beurteilbar" in practised
    read(reader, ann, "cannot", "cannot")
    read(reader, bob, "0", "1")
    for told in (practised, page(owner, "/studies/1/agreement").one("main")):
        text = told if isinstance(told, str) else " ".join(told.itertext())
        # The paragraph for a paper is English.
        assert "cannot tell" not in text.split("In the study")[0]


def test_each_readers_link_is_told_from_the_others(serve: Serve, write: Write) -> None:
    pixels = np.zeros((8, 6, 6), np.uint8)
    owner = serve(write(test_images=pixels, test_labels=LABELS))
    ann, _bob = study(owner)
    text = page(owner, "/links").text()
    assert "T · Ann" in text
    assert "T · Bob" in text
    assert "Bob" not in visitor(owner).get(ann).text


def test_the_seed_that_is_offered_is_drawn_anew_and_what_is_sent_is_recorded(
    serve: Serve, write: Write
) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    form = "/studies/new?of=/d/made"
    offered = [int(page(owner, form).one("input", name="seed").get("value", "")) for _ in range(5)]
    # Of 32 bits: that all of five stay below a million is less likely than 10**-18.
    assert len(set(offered)) == 5
    assert 10**6 < max(offered) < 2**32
    study(owner, seed=str(offered[0]))
    assert owner.get("/studies/1/protocol.json").json()["study"]["seed"] == offered[0]


def test_every_page_of_a_study_says_where_it_stands(serve: Serve, write: Write) -> None:
    owner = serve(write(test_images=np.zeros((8, 6, 6), np.uint8), test_labels=LABELS))
    ann, _ = study(owner)
    read(visitor(owner), ann, *"00000000")
    made = send(owner, "/studies/1", "/studies/1/readers", name="Cleo", days="30")
    upper = [("All datasets", "/"), ("Studies", "/studies")]
    whole = [*upper, ("T", "/studies/1")]
    agreement = "/studies/1/agreement"
    cases = next(link for link in page(owner, agreement).links() if "/cases?" in link)
    for seen, trail in (
        (page(owner, "/studies/1"), [*upper, ("T", None)]),
        (Page(made.text), [*whole, ("The link", None)]),
        (page(owner, agreement), [*whole, ("Agreement", None)]),
        (page(owner, cases), [*whole, ("Agreement", agreement), ("Images", None)]),
    ):
        crumbs = seen.one("nav", class_="crumbs").iter("li")
        assert [(words(li), li[0].get("href")) for li in crumbs] == trail
