"""Which files are meant by the paths that are named; what a library makes of them: test_library."""

from pathlib import Path

from app.datasets.files import files_in


def test_listing_does_not_look_into_paths_that_are_not_there(tmp_path: Path) -> None:
    assert files_in([tmp_path / "none", tmp_path / "none.npz"]) == []
