"""The page that says what a dataset is: its numbers, its licence, its problems, in words."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import patch_entry
from starlette.testclient import TestClient

from app.catalogue.facts import all_facts, facts_for
from app.server import create_app
from app.settings import Settings

from .asking import ask
from .conftest import Serve, Write
from .reading import SPLITS, Page, Truth, json_of, page, words
from .visiting import visitor

Read = Callable[[str], Truth]
PATIENCE = 20.0


def about(client: TestClient, name: str) -> Page:
    """The page, when all numbers are on it."""
    for _ in range(50):
        found = page(client, f"/d/{name}/about")
        if not list(found.having("data-refresh")):
            return found
    raise AssertionError(found.text())


def table(shown: Page, chapter: str, place: int = 0) -> dict[str, dict[str, str]]:
    """A chapter's table: cells by the heads of their row and column."""
    (section,) = [s for s in shown.all("section") if s.get("aria-labelledby") == chapter]
    found = [element for element in section.iter() if element.tag == "table"][place]
    rows = [row for row in found.iter() if row.tag == "tr"]
    heads = [words(cell) for cell in rows[0]]
    return {
        words(row[0]): dict(zip(heads[1:], map(words, row[1:]), strict=True)) for row in rows[1:]
    }


def lines_of(shown: Page) -> dict[str, Any]:
    """What the lines for training code say when they are run."""
    (block,) = shown.all("pre", aria_label="For training code")
    said: dict[str, Any] = {}
    exec("".join(block.itertext()), said)
    return said


def notices(shown: Page) -> list[str]:
    return [words(each) for each in shown.all("li") if "notice" in (each.get("class") or "")]


def linked(shown: Page) -> Any:
    (script,) = [script for script in shown.all("script") if not script.get("src")]
    assert script.get("type") == "application/ld+json"
    return json.loads(script.text or "")


# Identity


@pytest.mark.published
@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_a_real_file_is_called_official_with_its_md5(name: str, real_client: TestClient) -> None:
    shown = about(real_client, name)
    facts = facts_for(name)
    assert facts
    assert notices(shown)[0].startswith("Note: Official: its MD5 is that of ")
    assert facts.files[0].md5s[0] in shown.text()
    identity = json_of(real_client, f"/api/datasets/{name}")["identity"]
    assert identity["standing"] == "official"
    assert identity["md5"] == facts.files[0].md5s[0]


def test_a_file_with_a_published_name_is_not_taken_for_the_published_one(
    serve: Serve, write: Write
) -> None:
    client = serve(
        write(
            "breastmnist.npz",
            train_images=np.zeros((5, 28, 28), np.uint8),
            train_labels=np.array([0, 1, 1, 4, 0]),
        )
    )
    told = [
        "train has 5 instead of 546",
        "val is not served here, and 78 are published",
        "test is not served here, and 156 are published",
        "it has labels that are not published: 4",
    ]
    for address in ("/d/breastmnist", "/d/breastmnist/train/0", "/", "/d/breastmnist/about"):
        (warning,) = [
            text for text in notices(page(client, address)) if "not BreastMNIST as it was" in text
        ]
        assert all(each in warning for each in told)
    assert (
        "named breastmnist.npz, but its MD5 is not that" in notices(about(client, "breastmnist"))[0]
    )
    identity = json_of(client, "/api/datasets/breastmnist")["identity"]
    assert identity["standing"] == "different"
    assert identity["differences"] == told


def test_a_real_file_is_not_doubted(real_client: TestClient) -> None:
    for name in ("retinamnist", "breastmnist", "adrenalmnist3d"):
        assert "as it was published" not in page(real_client, f"/d/{name}").text()


def test_the_catalogue_reads_no_file_for_its_md5(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr("app.datasets.identity.md5", fail)
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    for address in ("/", "/d/made", "/d/made/test/0", "/api/datasets"):
        assert client.get(address).status_code == 200


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reading of whole files waits until this is set."""
    go_on = threading.Event()

    def slowly(*told: Any) -> Any:
        told[-1](1)
        assert go_on.wait(PATIENCE)
        return "0" * 32

    monkeypatch.setattr("app.datasets.identity.md5", slowly)
    monkeypatch.setattr("app.web.about._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("app.web.api._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("app.web.croissant._PATIENCE_SECONDS", 0.05)
    yield go_on
    go_on.set()


def test_what_is_not_known_yet_is_said_and_asked_for_again(
    held: threading.Event, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    waiting = page(client, "/d/made/about")
    assert "is being checked by its MD5" in notices(waiting)[0]
    (results,) = waiting.having("data-refresh")
    assert results.get("data-address") == "/d/made/about"
    (again,) = waiting.all("meta", http_equiv="refresh")
    assert again.get("content") == "2"
    assert json_of(client, "/api/datasets/made")["identity"]["standing"] == "checking"
    asked = client.get("/api/datasets/made/croissant")
    assert asked.status_code == 503
    assert asked.headers["retry-after"]
    held.set()
    assert "not a published file" in notices(about(client, "made"))[0]


def test_the_owner_stops_the_reading_and_begins_it_again(
    held: threading.Event, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    browser = visitor(client)
    waiting = page(browser, "/d/made/about")
    check = waiting.one("input", name="check").get("value")
    action = waiting.one("form", method="post").get("action", "")

    stopped = browser.post(action, data={"check": check})
    held.set()

    assert (stopped.status_code, stopped.headers["location"]) == (303, "/d/made/about?read=0")
    left = page(browser, "/d/made/about?read=0")
    assert "was not checked" in notices(left)[0]
    assert not list(left.having("data-refresh"))
    assert not list(left.all("button", id="stop"))
    assert "/d/made/about" in [link.get("href") for link in left.all("a")]
    assert "not a published file" in notices(about(client, "made"))[0]
    # What is known by then is shown there too.
    assert "not a published file" in notices(page(browser, "/d/made/about?read=0"))[0]


def test_a_page_that_waits_while_the_reading_is_stopped_begins_none(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    browser = visitor(client)
    check = page(browser, "/d/made/test/0").one("input", name="check").get("value")
    begun: list[str] = []
    under_way = threading.Event()

    def slowly(*told: Any) -> tuple[()]:
        begun.append(told[1])
        under_way.set()
        assert held.wait(PATIENCE)
        return ()

    monkeypatch.setattr("app.datasets.statistics.of_split", slowly)
    monkeypatch.setattr("app.web.about._PATIENCE_SECONDS", PATIENCE)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(browser.get, "/d/made/about")
        assert under_way.wait(PATIENCE)
        stopped = browser.post("/d/made/about/stop", data={"check": check})
        held.set()
        assert (stopped.status_code, waiting.result().status_code) == (303, 200)
    browser.get("/d/made/about?read=0")
    assert begun == ["test"]


def test_without_reading_the_page_begins_none(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))

    for _again in range(2):
        told = notices(page(client, "/d/made/about?read=0"))
        assert "was not checked" in told[0]
        assert "Note: The pixels of test were not read." in told
    assert client.get("/d/made/about?read=1").status_code == 422


@pytest.mark.usefixtures("held")
def test_who_may_only_look_stops_no_reading(serve: Serve, write: Write) -> None:
    file = write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2))
    client = serve(file, access="public", owner_token="the-token-of-the-owner")

    assert not list(page(client, "/d/made/about").all("button", id="stop"))
    assert client.post("/d/made/about/stop").status_code == 403


@pytest.mark.usefixtures("held")
def test_htmx_gets_the_part_that_changes(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    part = client.get("/d/made/about", headers={"HX-Request-Type": "partial"}).text
    assert part.lstrip().startswith("<title>")
    assert 'id="results"' in part
    assert "ld+json" not in part


# Numbers


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_statistics_are_numpys_raw_and_divided_by_255(
    name: str, real_client: TestClient, truth: Read
) -> None:
    found = table(about(real_client, name), "statistics")
    for split in SPLITS:
        images = truth(name).images(split)
        colour = images.ndim == 4 and images.shape[3] == 3
        flat = images.reshape(-1, 3 if colour else 1)
        for place, colours in enumerate(("red", "green", "blue") if colour else ("",)):
            row = found[f"{split} {colours}".rstrip()]
            mean, deviation = flat[:, place].mean(), flat[:, place].std()
            assert {head: float(cell) for head, cell in row.items()} == {
                "Mean": pytest.approx(mean, rel=1e-5),
                "Standard deviation": pytest.approx(deviation, rel=1e-5),
                "Mean ÷ 255": pytest.approx(mean / 255, rel=1e-5),
                "Deviation ÷ 255": pytest.approx(deviation / 255, rel=1e-5),
            }


def test_the_lines_for_training_code_run_and_are_numpys(
    real_client: TestClient, truth: Read
) -> None:
    shown = about(real_client, "retinamnist")
    said = lines_of(shown)
    scaled = truth("retinamnist").images("train") / 255
    np.testing.assert_allclose(said["mean"], scaled.mean(axis=(0, 1, 2)), rtol=1e-7)
    np.testing.assert_allclose(said["std"], scaled.std(axis=(0, 1, 2)), rtol=1e-7)


def test_labels_stand_with_number_name_and_counts(real_client: TestClient, truth: Read) -> None:
    found = table(about(real_client, "breastmnist"), "labels")
    assert list(found) == ["malignant (0)", "normal, benign (1)"]
    labels = {split: truth("breastmnist").labels(split) for split in SPLITS}
    for place, cells in enumerate(found.values()):
        for split in SPLITS:
            number = int((labels[split] == place).sum())
            assert cells[split] == f"{number} ({100 * number / len(labels[split]):.1f} %)"
        every = np.concatenate(list(labels.values()))
        assert cells["all"] == f"{(every == place).sum()} ({100 * (every == place).mean():.1f} %)"


def test_binary_labels_have_their_prevalence(real_client: TestClient) -> None:
    assert "The share is the prevalence." in about(real_client, "breastmnist").text()
    assert "prevalence" not in about(real_client, "retinamnist").text()


def test_ordinal_labels_have_a_mean_and_cumulative_counts(
    real_client: TestClient, truth: Read
) -> None:
    shown = about(real_client, "retinamnist")
    means, running = table(shown, "chapter"), table(shown, "chapter", 1)
    every = np.concatenate([truth("retinamnist").labels(split) for split in SPLITS])
    for head, labels in [*((s, truth("retinamnist").labels(s)) for s in SPLITS), ("all", every)]:
        assert means["Mean"][head] == f"{labels.mean():.3f}"
        for value, cells in enumerate(running.values()):
            number = int((labels <= value).sum())
            assert cells[head] == f"{number:,} ({100 * number / len(labels):.1f} %)"
    assert "up to mild non-proliferative diabetic retinopathy (1)" in running


@pytest.mark.parametrize(
    ("name", "columns", "row"), [("retinamnist", 1, "Mean"), ("chestmnist", 14, "Labels per image")]
)
def test_of_an_empty_split_there_is_no_mean(
    name: str, columns: int, row: str, serve: Serve, write: Write
) -> None:
    colour = (3,) if name == "retinamnist" else ()
    arrays: dict[str, Any] = {}
    for split, number in (("train", 4), ("val", 0)):
        arrays[f"{split}_images"] = np.zeros((number, 28, 28, *colour), np.uint8)
        arrays[f"{split}_labels"] = np.ones((number, columns), np.uint8)
    cells = table(about(serve(write(f"{name}.npz", **arrays)), name), "chapter")[row]
    mean = f"{columns}.000"
    assert cells == {"train": mean, "val": "–", "all": mean}


def test_images_and_labels_are_told_apart_where_an_image_carries_several(
    serve: Serve, write: Write
) -> None:
    random = np.random.default_rng(1)
    labels = {
        s: (random.random((n, 14)) < 0.1).astype(np.uint8)
        for s, n in zip(SPLITS, (60, 9, 8), strict=True)
    }
    arrays: dict[str, Any] = {}
    for split, columns in labels.items():
        arrays[f"{split}_images"] = np.zeros((len(columns), 28, 28), np.uint8)
        arrays[f"{split}_labels"] = columns
    shown = about(serve(write("chestmnist.npz", **arrays)), "chestmnist")
    counts, together = table(shown, "chapter"), table(shown, "chapter", 1)
    every = np.concatenate(list(labels.values())).astype(int)
    for head, columns in [*labels.items(), ("all", every)]:
        carried = columns.sum(axis=1)
        share = [
            f"{(w).sum()} ({100 * w.mean():.1f} %)"
            for w in (carried == 0, carried == 1, carried > 1)
        ]
        assert [row[head] for row in counts.values()] == [
            *(str(len(columns)), str(columns.sum()), f"{columns.sum() / len(columns):.3f}"),
            *share,
        ]
    numbers = [[int(cell) for cell in row.values()] for row in together.values()]
    np.testing.assert_array_equal(numbers, every.T @ every)
    assert list(together) == list(together["atelectasis (0)"])


def test_of_very_many_labels_no_table_of_pairs_is_made(serve: Serve, write: Write) -> None:
    labels = (np.random.default_rng(1).random((60, 90)) < 0.1).astype(np.uint8)
    client = serve(write(test_images=np.zeros((60, 4, 4), np.uint8), test_labels=labels))
    shown = about(client, "made")
    assert "Images with several labels" in table(shown, "chapter")
    assert "carry both labels" not in shown.text()


def test_pixels_that_are_no_bytes_are_given_as_they_are(serve: Serve, write: Write) -> None:
    images = np.random.default_rng(1).normal(3, 2, (9, 8, 8)).astype(np.float32)
    images[0, 0, 0] = np.nan
    client = serve(write(train_images=images, train_labels=np.zeros(9)))
    shown = about(client, "made")
    assert list(table(shown, "statistics")["train"]) == ["Mean", "Standard deviation"]
    assert "Note: Left out of train, as they are not finite: 1." in notices(shown)
    assert "values as stored" in shown.text()
    said = lines_of(shown)
    np.testing.assert_allclose(said["mean"], [np.nanmean(images, dtype=np.float64)], rtol=1e-7)
    np.testing.assert_allclose(said["std"], [np.nanstd(images, dtype=np.float64)], rtol=1e-7)


def test_where_no_pixel_is_finite_there_is_no_number(serve: Serve, write: Write) -> None:
    client = serve(write(train_images=np.full((2, 4, 4), np.nan), train_labels=np.zeros(2)))
    shown = about(client, "made")
    row = table(shown, "statistics")["train"]
    assert row == {"Mean": "–", "Standard deviation": "–"}
    assert not list(shown.all("pre", aria_label="For training code"))


def test_where_one_channel_has_no_number_no_code_leaves_it_out(serve: Serve, write: Write) -> None:
    images = np.ones((2, 4, 4, 3), np.float32)
    images[..., 2] = np.nan
    shown = about(serve(write(train_images=images, train_labels=np.zeros(2))), "made")
    found = table(shown, "statistics")
    assert [found[f"train {colour}"]["Mean"] for colour in ("red", "green", "blue")] == [
        "1.00000",
        "1.00000",
        "–",
    ]
    assert not list(shown.all("pre", aria_label="For training code"))


def test_a_damaged_split_says_why_it_has_no_numbers(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("app.arrays.job.SMALL", "app.arrays.store.SMALL"):
        monkeypatch.setattr(place, 300)
    path = write(
        train_images=np.ones((9, 8, 8), np.uint8),
        train_labels=np.zeros(9, np.uint8),
        test_images=np.ones((9, 8, 8), np.uint8),
        test_labels=np.zeros(9, np.uint8),
    )
    patch_entry(path, "test_images.npy", crc=7)
    shown = about(serve(path), "made")
    assert list(table(shown, "statistics")) == ["train"]
    assert any("test_images fails its checksum" in text for text in notices(shown))


# Words


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist"])
def test_known_problems_and_how_it_was_made_stand_with_who_says_so(
    name: str, real_client: TestClient
) -> None:
    shown = about(real_client, name)
    facts = facts_for(name)
    assert facts
    links = {element.get("href") for element in shown.all("a")}
    assert facts.making
    for note in (*facts.notes, facts.making):
        assert note.text in shown.text()
        assert note.source in shown.text()
        assert note.url in links


def test_the_licence_is_named_explained_and_linked(real_client: TestClient) -> None:
    shown = about(real_client, "retinamnist")
    assert "CC-BY-4.0" in shown.text()
    assert "also commercially, if you name the authors" in shown.text()
    assert "https://creativecommons.org/licenses/by/4.0/" in {a.get("href") for a in shown.all("a")}


def test_every_published_size_stands_with_its_checksum(real_client: TestClient) -> None:
    shown = about(real_client, "retinamnist")
    facts = facts_for("retinamnist")
    assert facts
    for file in facts.files:
        assert file.name in shown.text()
        assert file.md5s[0] in shown.text()
        assert file.url in {element.get("href") for element in shown.all("a")}


def test_citations_can_be_read_copied_and_downloaded(real_client: TestClient) -> None:
    shown = about(real_client, "breastmnist")
    facts = facts_for("breastmnist")
    assert facts
    copied = {element.get("data-copy-text") for element in shown.having("data-copy-text")}
    for form, text in (("APA", facts.citation), ("BibTeX", facts.bibtex), ("RIS", facts.ris)):
        text = text.replace("\r\n", "\n")
        (block,) = shown.all("pre", aria_label=f"All references as {form}")
        assert "".join(block.itertext()) == text
        assert text in copied
    bib, ris = (real_client.get(f"/d/breastmnist/about.{form}") for form in ("bib", "ris"))
    assert bib.text == facts.bibtex + "\n"
    assert ris.content.decode() == facts.ris
    assert bib.headers["content-disposition"] == 'attachment; filename="breastmnist.bib"'
    assert ris.headers["content-type"].startswith("application/x-research-info-systems")
    assert {"/d/breastmnist/about.bib", "/d/breastmnist/about.ris"} <= shown.links()


def test_a_file_of_ones_own_has_a_page_that_claims_nothing(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    shown = about(client, "made")
    assert "The catalogue does not know this file" in shown.text()
    assert "Not known: ask the people who made the file." in shown.text()
    assert page(client, "/d/made/about.bib", 404).text()
    assert page(client, "/d/made/about.doc", 404).text()
    assert page(client, "/d/nothing/about", 404).text()


@pytest.mark.published
def test_a_published_file_under_another_name_is_not_called_unknown(
    serve: Serve, real: Callable[[str], Path], tmp_path: Path
) -> None:
    client = serve(Path(shutil.copy(real("breastmnist"), tmp_path / "mine.npz")))
    text = about(client, "mine").text()
    assert "Official: its MD5 is that of BreastMNIST" in text
    assert "call it breastmnist.npz, and it is told here" in text
    assert "does not know this file" not in text


def test_the_page_leads_to_the_images_and_to_what_machines_read(real_client: TestClient) -> None:
    shown = about(real_client, "breastmnist")
    assert {
        "/d/breastmnist",
        "/api/datasets/breastmnist",
        "/api/datasets/breastmnist/croissant",
    } <= shown.links()
    for address in shown.links():
        assert real_client.get(address).status_code == 200


# For programs


@pytest.mark.published
def test_the_page_carries_the_dataset_in_schema_orgs_words(real_client: TestClient) -> None:
    found = linked(about(real_client, "breastmnist"))
    assert (found["@context"], found["@type"]) == ("https://schema.org/", "Dataset")
    assert found["name"] == "BreastMNIST"
    assert found["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert found["url"] == "http://127.0.0.1/d/breastmnist/about"
    assert "Label 0 is malignant" in found["description"]
    assert any("10.1016/j.dib.2019.104863" in each for each in found["citation"])
    (published, _) = found["distribution"]
    assert published["contentUrl"].startswith("https://zenodo.org/records/10519652/files/")


def test_addresses_in_it_are_the_servers_public_ones(serve: Serve, write: Write) -> None:
    path = write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2))
    client = serve(path, base_url="https://lightbox.example.org/")
    assert linked(about(client, "made"))["url"] == "https://lightbox.example.org/d/made/about"


def test_no_name_of_a_file_ends_the_script(serve: Serve, write: Write) -> None:
    name = "a&lt;<script>alert(1)<!--"
    path = write("plain.npz", test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2))
    path.rename(path.with_name(f"{name}.npz"))
    client = serve(path.parent)
    (found,) = json_of(client, "/api/datasets")["datasets"]
    shown = page(client, f"/d/{found['page_url'].removeprefix('/d/')}/about")
    assert linked(shown)["name"] == name


def test_a_strange_host_name_is_no_fault(tmp_path: Path, write: Write) -> None:
    write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2))
    application = create_app(
        Settings(paths=(tmp_path / "data",), cache_dir=tmp_path / "cache", loopback_only=False)
    )
    for host in ("[", "", "a b", "x@y", "</script>"):
        answer = ask(application, "/d/made/about", host=host)
        assert answer.status == 200, host
        assert linked(Page(answer.body.decode()))["@type"] == "Dataset"


def test_every_known_dataset_has_a_card_without_a_fault(serve: Serve, tmp_path: Path) -> None:
    """Synthetic files in each set's exact shape, small."""
    folder = tmp_path / "data"
    folder.mkdir()
    for facts in all_facts():
        item = (28,) * facts.dimensions + ((3,) if facts.channels == 3 else ())
        columns = len(facts.labels) if facts.task.startswith("multi-label") else 1
        np.savez_compressed(
            folder / f"{facts.id}.npz",
            allow_pickle=False,
            **{
                f"{split}_{part}": np.zeros((2, *shape), np.uint8)
                for split in SPLITS
                for part, shape in (("images", item), ("labels", (columns,)))
            },
        )
    client = serve(folder)
    for facts in all_facts():
        shown = about(client, facts.id)
        assert facts.license in shown.text()
        assert all(note.text in shown.text() for note in facts.notes)
