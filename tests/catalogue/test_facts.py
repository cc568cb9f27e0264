"""What the catalogue promises of its own; `test_published.py` compares it with MedMNIST's facts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import app
from app.catalogue.facts import (
    DEMO,
    FOUNDING,
    Facts,
    all_facts,
    facts_for,
    published_as,
    size_of,
    title_of,
)

EACH = pytest.mark.parametrize("facts", all_facts(), ids=lambda facts: facts.id)

# Sets whose 28 px file differs between the records of 2022 and 2024, by `medmnist` 2.2.3 and 3.0.2.
TWICE_PUBLISHED = {"organamnist", "organcmnist", "organsmnist", "organmnist3d", "vesselmnist3d"}


def known(stem: str) -> Facts:
    facts = facts_for(stem)
    assert facts is not None
    return facts


def test_retinamnist_has_the_published_counts() -> None:
    assert known("retinamnist").counts == {"train": 1080, "val": 120, "test": 400}


def test_breastmnist_says_that_label_0_is_malignant() -> None:
    assert [(label.value, label.name) for label in known("breastmnist").labels] == [
        (0, "malignant"),
        (1, "normal, benign"),
    ]


def test_retinamnist_says_what_its_grades_mean() -> None:
    first, *_, last = known("retinamnist").labels
    assert (first.name, first.meaning) == ("0", "no apparent retinopathy")
    assert (last.name, last.meaning) == ("4", "proliferative diabetic retinopathy")


@pytest.mark.parametrize(
    ("dataset", "modality", "source", "cited"),
    [
        ("retinamnist", "Fundus Camera", "https://isbi.deepdr.org/data.html", "DeepDRiD"),
        (
            "breastmnist",
            "Breast Ultrasound",
            "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC6906728/",
            "Dataset of breast ultrasound images. Data in Brief, 28, 104863",
        ),
        (
            "pathmnist",
            "Colon Pathology",
            "https://journals.plos.org/plosmedicine/article?id=10.1371/journal.pmed.1002730",
            "Predicting survival from colorectal cancer histology slides",
        ),
    ],
)
def test_the_founding_sets_name_their_source(
    dataset: str, modality: str, source: str, cited: str
) -> None:
    facts = known(dataset)
    assert dataset in FOUNDING
    assert facts.modality == modality
    assert source in facts.source_urls
    assert cited in facts.citation


@EACH
def test_medmnist_itself_is_always_cited(facts: Facts) -> None:
    assert "10.1038/s41597-022-01721-8" in facts.citation
    assert "10.1038/s41597-022-01721-8" in facts.bibtex
    assert "https://zenodo.org/records/10519652" in facts.source_urls


@EACH
def test_volumes_come_in_two_sizes_and_pictures_in_four(facts: Facts) -> None:
    expected = (28, 64) if facts.id.endswith("3d") else (28, 64, 128, 224)
    assert tuple(file.size for file in facts.files) == expected
    assert facts.dimensions == (3 if facts.id.endswith("3d") else 2)


@EACH
def test_a_set_published_twice_has_both_checksums_and_both_counts(facts: Facts) -> None:
    twice = facts.id in TWICE_PUBLISHED
    assert len(facts.files[0].md5s) == (2 if twice else 1)
    assert bool(facts.earlier_counts) == twice
    assert facts.earlier_counts != facts.counts


def test_no_two_files_share_a_checksum() -> None:
    md5s = [md5 for facts in all_facts() for file in facts.files for md5 in file.md5s]
    assert len(md5s) == len(set(md5s)) == 60 + len(TWICE_PUBLISHED)
    assert all(len(md5) == 32 and set(md5) <= set("0123456789abcdef") for md5 in md5s)


@EACH
def test_no_file_is_said_to_be_larger_than_its_pixels(facts: Facts) -> None:
    items = sum(facts.counts.values())
    for file in facts.files:
        pixels = items * math.prod([file.size] * facts.dimensions) * facts.channels
        assert 0 < (file.bytes or 1) < pixels


@EACH
def test_every_known_problem_is_a_sentence_with_its_source(facts: Facts) -> None:
    for note in facts.notes:
        assert note.text[0].isupper()
        assert note.text.endswith(".")
        assert note.source
        assert note.url.startswith("https://")


@EACH
def test_how_it_was_made_is_one_or_two_sentences_with_their_source(facts: Facts) -> None:
    assert facts.making
    assert facts.making.text[0].isupper()
    assert 1 <= len(re.findall(r"\.(?: |$)", facts.making.text)) <= 2
    assert facts.making.text.endswith(".")
    assert facts.making.url.startswith("https://")


def test_the_founding_sets_have_known_problems_to_tell() -> None:
    assert all(known(dataset).notes for dataset in FOUNDING)


# By the stem of a file


@pytest.mark.parametrize(
    ("stem", "dataset", "size", "title"),
    [
        ("retinamnist", "retinamnist", 28, "RetinaMNIST"),
        ("pathmnist_224", "pathmnist", 224, "PathMNIST (224 px)"),
        ("organmnist3d_64", "organmnist3d", 64, "OrganMNIST3D (64 px)"),
        (DEMO, DEMO, None, "Demo: stained tissue patches"),
    ],
)
def test_a_file_is_known_by_its_stem(stem: str, dataset: str, size: int | None, title: str) -> None:
    assert known(stem).id == dataset
    assert size_of(stem) == size
    assert title_of(stem) == title


@pytest.mark.parametrize(
    "stem",
    ["", "pathmnist_28", "pathmnist_100", "pathmnist_", "organmnist3d_224", "PathMNIST", "mine"],
)
def test_a_name_that_is_not_published_is_not_known(stem: str) -> None:
    assert facts_for(stem) is None
    assert size_of(stem) is None
    assert title_of(stem) is None


def test_facts_are_read_once() -> None:
    assert known("pathmnist") is known("pathmnist_64")


# The demo


def test_the_demo_is_not_listed_as_published() -> None:
    assert known(DEMO).is_demo
    assert not any(facts.is_demo for facts in all_facts())


def test_the_demo_says_that_it_is_no_diagnosis_and_not_medmnist() -> None:
    [note] = known(DEMO).notes
    assert "no diagnosis, not MedMNIST" in note.text
    assert "MedMNIST v2" not in known(DEMO).citation


def test_the_facts_about_the_demo_agree_with_its_file() -> None:
    assert app.__file__
    with np.load(Path(app.__file__).parent / "demo" / f"{DEMO}.npz") as file:
        labels = {split: file[f"{split}_labels"] for split in ("train", "val", "test")}
        shape = file["train_images"].shape
    facts = known(DEMO)
    assert {split: len(values) for split, values in labels.items()} == facts.counts
    seen = np.unique(np.concatenate(list(labels.values())))
    assert seen.tolist() == [label.value for label in facts.labels]
    assert shape[1:] == (28, 28, facts.channels)


# What one must know of the data, each with who says it


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ("retinamnist", ["four times", "grades each eye", "near-identical siblings"]),
        ("retinamnist", ["ordered grades", "quadratic-weighted kappa"]),
        ("breastmnist", ["Label 0 is malignant", "label 1 is normal or benign", "names"]),
        ("breastmnist", ["duplicated images", "both the benign and the malignant class"]),
        ("pathmnist", ["Colour normalisation", "mean colour alone classifies far above chance"]),
        ("pathmnist", ["JPEG artefacts differ from class to class"]),
        ("pathmnist", ["test split comes from another clinical centre"]),
        ("dermamnist", ["10,015 images", "7,470 lesions", "641 lesions", "train and test"]),
        ("dermamnist", ["non-commercial"]),
        ("organmnist3d", ["numbered differently", "by name, not by number"]),
        ("nodulemnist3d", ["64 px file is enlarged", "no extra detail"]),
        ("tissuemnist", ["64, 128 and 224 px files are enlarged", "no extra detail"]),
        ("chestmnist", ["several of the 14 findings", "many images carry none"]),
        ("chestmnist", ["mined from the text"]),
    ],
)
def test_a_known_problem_is_told_in_one_sentence(dataset: str, told: list[str]) -> None:
    texts = [note.text for note in known(dataset).notes]
    assert [text for text in texts if all(part in text for part in told)]


@EACH
def test_a_licence_is_explained_and_only_derma_forbids_commerce(facts: Facts) -> None:
    assert facts.license_terms.endswith(".")
    forbids = "not for commercial purposes" in facts.license_terms
    assert forbids == (facts.id == "dermamnist") == (facts.license == "CC-BY-NC-4.0")


@EACH
def test_a_checksum_names_its_file(facts: Facts) -> None:
    for file in facts.files:
        for md5 in file.md5s:
            assert published_as(md5) == (facts, file)


def test_an_unknown_checksum_names_no_file() -> None:
    assert published_as("0" * 32) is None


@EACH
def test_an_earlier_file_has_the_earlier_records_address(facts: Facts) -> None:
    for file in facts.files:
        assert bool(file.earlier_url) == (len(file.md5s) == 2)
        assert ("/6496656/" in file.earlier_url) == bool(file.earlier_url)
