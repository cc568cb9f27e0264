"""A grid of volumes: middles, means, maxima or nine slices, as the address says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Truth, page, picture, ten_to_a_row
from .visiting import share, visitor

Read = Callable[[str], Truth]


def bytes_of(*shape: int) -> Any:
    return np.random.default_rng(9).integers(0, 256, shape, dtype=np.uint8)


def labelled(number: int) -> Any:
    return np.arange(number, dtype=np.uint8)[:, None] % 2


def projections(volumes: Any) -> dict[str, Any]:
    """What a thumbnail of each view shows, as NumPy computes it: (n, h, w)."""
    nine = [volumes[:, int((part + 0.5) * volumes.shape[1] / 9)] for part in range(9)]
    rows = [np.concatenate(nine[start : start + 3], axis=2) for start in (0, 3, 6)]
    return {
        "middle": volumes[:, volumes.shape[1] // 2],
        "mean": np.rint(volumes.mean(axis=1)),
        "max": volumes.max(axis=1),
        "montage": np.concatenate(rows, axis=1),
    }


EACH_VIEW = pytest.mark.parametrize("view", ["middle", "mean", "max", "montage"])


@EACH_VIEW
def test_the_grid_shows_volumes_as_the_address_says(
    view: str, real_client: TestClient, truth: Read
) -> None:
    shown = page(real_client, f"/d/adrenalmnist3d?split=val&per_page=98&view={view}")
    (sheet,) = shown.sheets()
    expected = projections(truth("adrenalmnist3d").images("val"))[view]
    np.testing.assert_array_equal(picture(real_client, sheet), ten_to_a_row(expected))
    options = shown.one("select", name="view").iter("option")
    assert [each.get("value") for each in options if each.get("selected") is not None] == [view]
    assert all(f"view={view}" in thumb.href for thumb in shown.thumbs()) == (view != "middle")
    assert (" along z" in shown.text()) == (view != "middle")


@pytest.mark.parametrize("shape", [(1, 4, 5), (8, 9, 10), (9, 5, 6), (64, 20, 30)])
@EACH_VIEW
def test_volumes_of_any_depth_are_shown_so(
    view: str, shape: tuple[int, ...], serve: Serve, write: Write
) -> None:
    volumes = bytes_of(12, *shape)
    client = serve(write(test_images=volumes, test_labels=labelled(12)))
    (sheet,) = page(client, f"/d/made?view={view}").sheets()
    expected = ten_to_a_row(projections(volumes)[view])
    np.testing.assert_array_equal(picture(client, sheet), expected)


def test_a_montage_of_large_slices_is_reduced_and_says_so(serve: Serve, write: Write) -> None:
    volumes = bytes_of(2, 9, 64, 64)
    client = serve(write(test_images=volumes, test_labels=labelled(2)))
    shown = page(client, "/d/made?view=montage")
    (sheet,) = shown.sheets()
    whole = projections(volumes)["montage"].astype(float)
    means = whole.reshape(2, 96, 2, 96, 2).mean(axis=(2, 4))
    np.testing.assert_array_equal(picture(client, sheet), np.concatenate(np.rint(means), axis=1))
    assert "mean of every 2 × 2 pixels" in shown.text()


def test_what_has_but_one_view_takes_no_notice_of_another(
    real_client: TestClient, serve: Serve, write: Write
) -> None:
    large = serve(write(test_images=np.zeros((1, 3, 900, 900), np.uint8), test_labels=labelled(1)))
    for client, name in ((real_client, "breastmnist"), (large, "made")):
        shown = page(client, f"/d/{name}?view=mean")
        assert shown.sheets() == page(client, f"/d/{name}").sheets()
        assert shown.one("div", id="results").get("data-address") == f"/d/{name}"
        assert not list(shown.all("select", name="view"))


def test_a_view_that_there_is_not_is_refused(real_client: TestClient) -> None:
    assert "view" in page(real_client, "/d/adrenalmnist3d?view=side", 422).text()


def test_the_way_back_leads_to_the_same_view(real_client: TestClient) -> None:
    shown = page(real_client, "/d/adrenalmnist3d/test/4?view=max")
    back = next(shown.all("a", aria_keyshortcuts="Escape")).get("href", "")
    assert "view=max" in back


def test_a_guest_sees_the_grid_as_it_was_shared_and_is_told_how(
    serve: Serve, write: Write, tmp_path: Path
) -> None:
    volumes = bytes_of(12, 5, 6, 7)
    path = write(test_images=volumes, test_labels=labelled(12))
    owner = serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")
    link = share(owner, "/d/made?view=max")
    guest = visitor(owner)
    shown = page(guest, link)
    (sheet,) = shown.sheets()
    expected = ten_to_a_row(volumes.max(axis=1))
    np.testing.assert_array_equal(picture(guest, sheet), expected)
    assert "maximum over all slices" in shown.text()
