"""What the `medmnist` package says of its datasets, we say too. It does not say the modality."""

import importlib.util
import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from app.catalogue.facts import Facts, all_facts

EACH = pytest.mark.parametrize("facts", all_facts(), ids=lambda facts: facts.id)

Info = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> Info:
    """INFO of the installed package: loaded by its path, because importing it takes torch."""
    package = importlib.util.find_spec("medmnist")
    if package is None or package.origin is None:
        missing = "medmnist is not installed, so no fact was compared with what it publishes"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    assert metadata.version("medmnist") == "3.0.2"
    spec = importlib.util.spec_from_file_location(
        "medmnist_info", Path(package.origin).with_name("info.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Loading it makes a folder in the home folder.
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        spec.loader.exec_module(module)
    info: Info = module.INFO
    return info


def test_the_eighteen_published_sets_are_all_there_and_no_other(info: Info) -> None:
    assert [facts.id for facts in all_facts()] == list(info)


@EACH
def test_titles_are_as_published(facts: Facts, info: Info) -> None:
    assert facts.title == info[facts.id]["python_class"]


@EACH
def test_tasks_are_as_published(facts: Facts, info: Info) -> None:
    assert facts.task == info[facts.id]["task"]


@EACH
def test_channels_are_as_published(facts: Facts, info: Info) -> None:
    assert facts.channels == info[facts.id]["n_channels"]


@EACH
def test_counts_are_as_published(facts: Facts, info: Info) -> None:
    assert list(facts.counts.items()) == list(info[facts.id]["n_samples"].items())


@EACH
def test_labels_are_as_published(facts: Facts, info: Info) -> None:
    assert {str(label.value): label.name for label in facts.labels} == info[facts.id]["label"]


@EACH
def test_licences_are_as_published(facts: Facts, info: Info) -> None:
    assert facts.license == info[facts.id]["license"].replace(" ", "-")


@EACH
def test_files_are_as_published(facts: Facts, info: Info) -> None:
    published = info[facts.id]
    ours = {}
    for file in facts.files:
        suffix = "" if file.size == 28 else f"_{file.size}"
        ours[f"MD5{suffix}"] = file.md5s[0]
        ours[f"url{suffix}"] = file.url
    assert ours == {key: value for key, value in published.items() if key[:3] in ("MD5", "url")}


def numbers(text: str) -> set[int]:
    return {int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\d|\d", text)}


@EACH
def test_how_it_was_made_names_only_numbers_that_its_makers_name(facts: Facts, info: Info) -> None:
    assert facts.making
    # The organ volumes refer to those of the 2D sets, and “2D” is no number of anything.
    text = facts.making.text.replace("2D", "")
    assert numbers(text) <= numbers(info[facts.id]["description"])
    for total in re.findall(r"\bAll ([\d,]+) ", text):
        assert numbers(total) == {sum(info[facts.id]["n_samples"].values())}
    for test in re.findall(r"the ([\d,]+) patches", text):
        assert numbers(test) == {info[facts.id]["n_samples"]["test"]}


@EACH
def test_how_it_was_made_says_split_and_crop_as_its_makers_do(facts: Facts, info: Info) -> None:
    assert facts.making
    text, theirs = facts.making.text, info[facts.id]["description"]
    for ours, marks in {
        "7 to 1 to 2": ("7:1:2",),
        "9 to 1": ("9:1",),
        "centre": ("center",),
        "central": ("center-crop",),
        "official split": ("official",),
        "random": ("randomly",),
        "resized": ("resize", "process"),
    }.items():
        assert ours not in text or any(mark in theirs for mark in marks)
    assert ("7:1:2" in theirs) == ("7 to 1 to 2" in text)
    assert ("9:1" in theirs) == ("9 to 1" in text)
    assert ("official" in theirs) == ("official split" in text)
