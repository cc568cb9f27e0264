"""What the page about a dataset says of where it comes from, and to machines."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.catalogue.facts import all_facts, facts_for
from app.server import create_app
from app.settings import Settings

from ..asking import ask
from ..conftest import Serve, Write
from ..reading import SPLITS, Page, json_of, page
from .described import about, notices


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
