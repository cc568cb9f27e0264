"""What is served where no path is named, and where what can be made again goes."""

import json
from pathlib import Path

import pytest
from running import LIGHTBOX, Server

from .commanding import ended, one_sentence


def test_an_empty_data_folder_serves_the_demo_and_calls_it_that(cache: dict[str, str]) -> None:
    with Server(**cache) as server:
        (demo,) = json.loads(server.get("/api/datasets"))["datasets"]
        page = server.get(demo["page_url"]).decode()
    assert "not MedMNIST" in page


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_data_folder_that_is_a_file_is_said_at_the_start(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made)
    done = ended(cache, LIGHTBOX, "serve", "--port", "0", "--workers", workers)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"LIGHTBOX_DATA_DIR names {made}, which is no folder" in one_sentence(done.stderr)


@pytest.mark.parametrize("to", ["itself", "nowhere"])
def test_a_data_folder_that_is_a_link_to_no_folder_is_said_at_the_start(
    to: str, tmp_path: Path, cache: dict[str, str]
) -> None:
    link = tmp_path / "itself"
    link.symlink_to(tmp_path / to)
    cache["LIGHTBOX_DATA_DIR"] = str(link)
    done = ended(cache, LIGHTBOX, "serve", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"LIGHTBOX_DATA_DIR names {link}, which is no folder" in one_sentence(done.stderr)


def test_a_data_folder_that_is_a_file_is_nothing_to_one_who_names_a_path(
    made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made)
    with Server(made.parent, **cache) as server:
        assert b"made" in server.get("/")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_data_folder_is_served_when_no_path_is_named(
    workers: str, made: Path, cache: dict[str, str]
) -> None:
    cache["LIGHTBOX_DATA_DIR"] = str(made.parent)
    with Server("--workers", workers, **cache) as server:
        (only,) = json.loads(server.get("/api/datasets"))["datasets"]
    assert only["id"] == "made"


def test_a_path_that_is_named_goes_before_the_data_folder(
    made: Path, tmp_path: Path, cache: dict[str, str]
) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(made.read_bytes())
    cache["LIGHTBOX_DATA_DIR"] = str(made.parent)
    with Server(other, **cache) as server:
        (only,) = json.loads(server.get("/api/datasets"))["datasets"]
    assert only["id"] == "other"


def test_what_can_be_made_again_goes_to_the_cache_folder(made: Path, cache: dict[str, str]) -> None:
    with Server(made, **cache) as server:
        server.get("/d/made")
    assert [path for path in Path(cache["LIGHTBOX_CACHE_DIR"]).rglob("*") if path.is_file()]
    assert [path.name for path in made.parent.iterdir()] == ["made.npz"]
