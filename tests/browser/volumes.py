"""Volumes on the screen, for the tests of a browser: which slice is shown, where its lines meet."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from .conftest import enlarged, seen

ADDRESS = "/d/adrenalmnist3d/test/4"


def stage(page: Page, axis: str) -> Locator:
    return page.locator(f'.stage[data-axis="{axis}"]')


def readout(page: Page) -> Locator:
    return page.locator("[data-readout]")


def assert_shows(page: Page, axis: str, expected: NDArray[Any]) -> None:
    """What is on the screen is this slice, enlarged by a whole number; the lines are put aside."""
    page.locator(".crosshair").evaluate_all("all => all.forEach(each => each.hidden = true)")
    picture = stage(page, axis).locator(".slice")
    box = picture.bounding_box()
    assert box
    scale = box["width"] / expected.shape[1]
    assert scale == int(scale) == box["height"] / expected.shape[0]
    np.testing.assert_array_equal(seen(picture), enlarged(expected, int(scale)))
    page.locator(".crosshair").evaluate_all("all => all.forEach(each => each.hidden = false)")


def assert_crosshair(page: Page, volume: NDArray[Any], z: int, y: int, x: int) -> None:
    """Every plane shows the slice that the crosshair is in, and its value is the file's."""
    expect(readout(page)).to_have_text(f"z {z}, y {y}, x {x}: {volume[z, y, x]}")
    for axis, place in (("z", z), ("y", y), ("x", x)):
        expect(page.locator(f"#slice-{axis}")).to_have_value(str(place))
    assert_shows(page, "z", volume[z])
    assert_shows(page, "y", volume[:, y])
    assert_shows(page, "x", volume[:, :, x])
