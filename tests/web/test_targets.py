"""What an address names that is shared, and how it is seen."""

from pathlib import Path

import pytest

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.library import Library
from app.errors import MalformedError, MissingError
from app.web.targets import read_collection, read_target, seen_at


@pytest.fixture
def empty(tmp_path: Path) -> Library:
    """A library of no files."""
    return Library([tmp_path], Store(Cache(tmp_path / "cache", 10**9)))


@pytest.mark.parametrize("address", ["/d/elsewhere", "/d/elsewhere/test/3"])
def test_how_it_is_seen_is_carried_to_a_server_that_has_the_file(
    address: str, empty: Library
) -> None:
    asked = f"{address}?window=20-180&invert=1&map=grey&split=test&zoom=2"
    assert seen_at(empty, asked) == "window=20-180&invert=1"
    with pytest.raises(MalformedError):
        seen_at(empty, f"{address}?window=180-20")


@pytest.mark.parametrize(
    "address",
    ["//elsewhere.org/d/made", "https://elsewhere.org/d/made", "other:/d/made", "http://[/d/made"],
)
def test_an_address_of_another_place_names_nothing_here(address: str) -> None:
    assert read_target("/d/made").dataset_id == "made"
    with pytest.raises(MissingError):
        read_target(address)


def test_a_collection_is_named_by_a_number_that_a_database_can_hold() -> None:
    assert read_collection("/collections/12?page=2") == 12
    for number in ("9" * 10, "9" * 5_000, "-1", "1.5", "٣", "", "1/undo"):
        assert read_collection(f"/collections/{number}") is None, number
