"""What the `medmnist` package says of its datasets, we say too. It does not say the modality."""

import importlib.util
import os
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
