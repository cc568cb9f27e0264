"""Moving through a volume: by slider, pointer, wheel and keys; what is seen is NumPy's slice."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from .conftest import arrive, enlarged, seen, thumb, visit
from .volumes import ADDRESS, assert_crosshair, assert_shows, readout, stage

Images = Callable[[str, str], NDArray[Any]]
EACH_AXIS = pytest.mark.parametrize(("number", "axis"), [(0, "z"), (1, "y"), (2, "x")])


@pytest.fixture
def volume(images: Images) -> NDArray[Any]:
    found: NDArray[Any] = images("adrenalmnist3d", "test")[4]
    return found


@EACH_AXIS
def test_a_slider_moves_through_the_volume_and_the_address_follows(
    number: int, axis: str, page: Page, volume: NDArray[Any]
) -> None:
    # All in view at once: the readout, which stays in view, stands on no picture.
    page.set_viewport_size({"width": 1280, "height": 1600})
    visit(page, f"{ADDRESS}?label=1")
    page.locator(f"#slice-{axis}").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"label=1&{axis}=17$"))
    assert_shows(page, axis, np.take(volume, 17, axis=number))


def test_the_keyboard_alone_moves_the_crosshair_in_three_linked_planes(
    page: Page, volume: NDArray[Any]
) -> None:
    visit(page, ADDRESS)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.axis") == "z":
            break
    expect(stage(page, "z")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "PageDown", "PageDown", "PageUp"):
        page.keyboard.press(key)
    assert_crosshair(page, volume, 15, 13, 12)
    expect(page.locator("#live")).to_have_text(f"z 15, y 13, x 12: {volume[15, 13, 12]}")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.axis") == "x":
            break
    for key in ("ArrowUp", "ArrowRight", "ArrowRight", "PageUp"):
        page.keyboard.press(key)
    assert_crosshair(page, volume, 14, 15, 11)
    expect(page).to_have_url(re.compile(r"\?(?=.*z=14)(?=.*y=15)(?=.*x=11)"))
    assert "/test/4" in page.url


def test_the_crosshair_stays_within_the_volume(page: Page, volume: NDArray[Any]) -> None:
    visit(page, f"{ADDRESS}?z=27&y=0&x=0")
    stage(page, "z").focus()
    for key in ("ArrowLeft", "ArrowUp", "PageDown"):
        page.keyboard.press(key)
    assert_crosshair(page, volume, 27, 0, 0)


def test_escape_leaves_a_plane_and_the_page_stays(page: Page) -> None:
    visit(page, ADDRESS)
    stage(page, "y").focus()
    page.keyboard.press("Escape")
    expect(stage(page, "y")).not_to_be_focused()
    expect(page).to_have_url(re.compile(f"{ADDRESS}$"))


def at(page: Page, axis: str, row: int, column: int) -> tuple[float, float]:
    picture = stage(page, axis).locator(".slice")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    side = box["width"] / 28
    return box["x"] + (column + 0.5) * side, box["y"] + (row + 0.5) * side


def test_the_pointer_reads_a_voxel_and_a_press_moves_the_crosshair_there(
    page: Page, volume: NDArray[Any]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    visit(page, ADDRESS)
    page.mouse.move(*at(page, "y", 11, 16))
    expect(readout(page)).to_have_text(f"z 11, y 14, x 16: {volume[11, 14, 16]}")
    expect(page.locator("#slice-z")).to_have_value("14")
    page.mouse.down()
    assert_crosshair(page, volume, 11, 14, 16)
    page.mouse.move(*at(page, "y", 12, 18))
    page.mouse.up()
    assert_crosshair(page, volume, 12, 14, 18)
    page.mouse.move(*at(page, "z", 3, 4))
    expect(readout(page)).to_have_text(f"z 12, y 3, x 4: {volume[12, 3, 4]}")
    page.mouse.move(0, 0)
    expect(readout(page)).to_have_text(f"z 12, y 14, x 18: {volume[12, 14, 18]}")


def test_the_lines_meet_at_the_voxel(page: Page) -> None:
    visit(page, f"{ADDRESS}?z=5&y=7&x=20")
    for axis, row, column in (("z", 7, 20), ("y", 5, 20), ("x", 5, 7)):
        left, top = at(page, axis, row, column)
        box = stage(page, axis).locator(".crosshair").bounding_box()
        assert box
        assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == (left, top)


def test_the_wheel_turns_slices_until_the_last_one(page: Page, volume: NDArray[Any]) -> None:
    page.set_viewport_size({"width": 1440, "height": 500})
    visit(page, f"{ADDRESS}?x=25")
    page.mouse.move(*at(page, "x", 10, 10))
    before = page.evaluate("scrollY")
    for place in (26, 27):
        page.mouse.wheel(0, 120)
        expect(page.locator("#slice-x")).to_have_value(str(place))
    assert page.evaluate("scrollY") == before
    assert_shows(page, "x", volume[:, :, 27])
    page.mouse.wheel(0, -120)
    expect(page.locator("#slice-x")).to_have_value("26")


def test_the_address_of_a_crosshair_shows_it_again(
    page: Page, volume: NDArray[Any], elsewhere: Callable[..., Page]
) -> None:
    visit(page, ADDRESS)
    page.locator("#slice-y").fill("5")
    page.locator("#slice-x").fill("22")
    expect(page).to_have_url(re.compile("y=5&x=22"))
    other = elsewhere()
    visit(other, page.url)
    assert_crosshair(other, volume, 14, 5, 22)


def test_each_png_to_download_is_the_slice_that_is_shown(page: Page) -> None:
    visit(page, ADDRESS)
    for axis, place in (("z", 6), ("y", 7), ("x", 8)):
        page.locator(f"#slice-{axis}").fill(str(place))
        download = page.get_by_role("link", name=f"Exact PNG of the slice along {axis}")
        expect(download).to_have_attribute("href", re.compile(rf"axis={axis}&slice={place}$"))


def test_the_next_volume_is_shown_at_the_same_slice(page: Page) -> None:
    visit(page, ADDRESS)
    page.locator("#slice-z").fill("6")
    page.get_by_role("link", name="Next").click()
    arrive(page, r"/test/5\?z=6")


def test_zooming_keeps_the_slice_and_follows_the_crosshair(
    page: Page, volume: NDArray[Any]
) -> None:
    visit(page, ADDRESS)
    page.locator("#slice-y").fill("6")
    arrive(page, "y=6")
    for zoom in (2, 4, 8):
        page.get_by_role("link", name="Zoom in").click()
        arrive(page, f"zoom={zoom}")
    stage(page, "z").focus()
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    expect(readout(page)).to_have_text(f"z 14, y 6, x 27: {volume[14, 6, 27]}")
    expect(stage(page, "z").locator(".crosshair")).to_be_in_viewport()


def test_the_window_is_set_by_a_form_and_kept_while_one_moves(
    page: Page, volume: NDArray[Any]
) -> None:
    visit(page, f"{ADDRESS}?z=9")
    page.get_by_text("Display").click()
    page.get_by_label("White from").fill("510")
    page.get_by_label("Invert").check()
    page.get_by_role("button", name="Apply").click()
    arrive(page, r"/4\?window=0-510&invert=1&z=9$")
    page.locator("#slice-z").fill("12")
    shown = (255 - np.rint(volume / 2)).astype(np.uint8)
    assert_shows(page, "z", shown[12])
    expect(readout(page)).to_have_text(f"z 12, y 14, x 14: {volume[12, 14, 14]}")
    page.get_by_role("link", name="Reset").click()
    arrive(page, r"/4\?z=12$")
    assert_shows(page, "z", volume[12])


def test_cine_plays_only_when_asked_and_stops_when_asked(page: Page) -> None:
    page.clock.install(time=0)
    visit(page, ADDRESS)
    page.clock.pause_at(3_600_000)  # else it goes on by itself, too
    slider = page.locator("#slice-y")
    page.clock.run_for(5_000)
    expect(slider).to_have_value("14")
    page.get_by_role("button", name="Play along y").focus()
    page.keyboard.press("Enter")
    expect(slider).to_have_value("15")
    page.clock.run_for(1_200)
    expect(slider).to_have_value("27")
    page.clock.run_for(400)
    expect(slider).to_have_value("3")
    page.get_by_role("button", name="Stop along y").press("Enter")
    page.clock.run_for(5_000)
    expect(slider).to_have_value("3")
    expect(page).to_have_url(re.compile("y=3$"))
    expect(page.get_by_role("button", name="Play along y")).to_be_visible()


def test_a_volume_is_shared_at_the_slices_it_was_moved_to(
    page: Page, volume: NDArray[Any], elsewhere: Callable[..., Page]
) -> None:
    visit(page, f"{ADDRESS}?split=test&z=3")
    page.locator("#slice-y").fill("5")
    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make the link").click()
    guest = elsewhere()
    guest.goto(page.locator("#made").input_value())
    assert_crosshair(guest, volume, 3, 5, 14)
    page.get_by_role("link", name="Back to the images").click()
    assert_crosshair(page, volume, 3, 5, 14)
    expect(page).to_have_url(re.compile(r"\?split=test&z=3&y=5$"))


def test_another_axis_or_a_hand_on_the_slider_ends_the_film(page: Page) -> None:
    visit(page, ADDRESS)
    page.get_by_role("button", name="Play along z").click()
    page.get_by_role("button", name="Play along x").click()
    expect(page.get_by_role("button", name="Play along z")).to_be_visible()
    page.locator("#slice-x").fill("2")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.locator("#slice-x")).to_have_value("2")


def test_where_less_motion_is_asked_for_a_film_is_one_slice_a_second(page: Page) -> None:
    page.clock.install()
    page.emulate_media(reduced_motion="reduce")
    visit(page, ADDRESS)
    slider = page.locator("#slice-z")
    page.clock.run_for(2_000)
    expect(slider).to_have_value("14")
    page.get_by_role("button", name="Play along z").click()
    expect(slider).to_have_value("15")
    page.clock.run_for(900)
    expect(slider).to_have_value("15")
    page.clock.run_for(200)
    expect(slider).to_have_value("16")
    page.get_by_role("button", name="Stop along z").click()
    page.clock.run_for(2_000)
    expect(slider).to_have_value("16")


def test_without_javascript_a_crosshair_is_shown_and_moved_by_the_form(
    elsewhere: Callable[..., Page], volume: NDArray[Any]
) -> None:
    plain = elsewhere(java_script_enabled=False)
    plain.goto(f"{ADDRESS}?label=1&high=510")
    plain.locator("#slice-y").fill("5")
    plain.get_by_label("Invert").check()
    plain.get_by_role("button", name="Show these slices").click()
    expect(plain).to_have_url(re.compile("label=1&window=0-510&invert=1&y=5$"))
    expect(readout(plain)).to_have_text(f"z 14, y 5, x 14: {volume[14, 5, 14]}")
    expect(plain.get_by_role("button", name="Play")).to_have_count(0)
    # Nothing can put the lines aside here, so what they leave free is compared.
    picture = seen(stage(plain, "y").locator(".slice"))
    expected = enlarged((255 - np.rint(volume[:, 5] / 2)).astype(np.uint8), len(picture) // 28)
    corner = 10 * len(picture) // 28
    np.testing.assert_array_equal(picture[:corner, :corner], expected[:corner, :corner])


def test_the_grid_changes_its_view_and_the_thumbnails_are_numpys(
    page: Page, images: Images
) -> None:
    visit(page, "/d/adrenalmnist3d?split=val&per_page=20")
    page.get_by_label("Volumes shown by").select_option("montage")
    arrive(page, "view=montage")
    volume = images("adrenalmnist3d", "val")[7]
    places = [int((part + 0.5) * 28 / 9) for part in range(9)]
    rows = [np.concatenate(list(volume[places[n : n + 3]]), axis=1) for n in (0, 3, 6)]
    np.testing.assert_array_equal(seen(thumb(page, "val", 7)), enlarged(np.concatenate(rows), 1))
    page.get_by_label("Volumes shown by").select_option("max")
    arrive(page, r"\?split=val&per_page=20&view=max$")
    np.testing.assert_array_equal(seen(thumb(page, "val", 7)), enlarged(volume.max(axis=0), 3))


def test_an_address_of_slices_is_not_lost_while_the_page_comes_back(page: Page) -> None:
    # The page has come to rest when the test says so.
    page.add_init_script(
        "const wait = setTimeout; window.setTimeout = (act, ...rest) =>"
        " rest[0] === 200 ? (window.rest = () => { delete window.rest; act(); })"
        " && undefined : wait(act, ...rest);"
    )
    visit(page, ADDRESS)
    stage(page, "z").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("?")
    expect(page).to_have_url(re.compile(r"/keys$"))
    # Its dialog is closed then, and its address not yet left.
    page.locator("#over").evaluate("over => over.addEventListener('close', () => window.rest())")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/test/4$"))
    page.evaluate("window.rest()")
    expect(page).to_have_url(re.compile(r"/test/4\?x=15$"))


def test_what_lies_over_the_page_keeps_its_address(page: Page) -> None:
    visit(page, ADDRESS)
    stage(page, "z").focus()
    page.keyboard.press("ArrowRight")
    # Before the page has come to rest.
    page.keyboard.press("?")
    expect(page).to_have_url(re.compile(r"/keys$"))
    page.wait_for_timeout(600)
    expect(page).to_have_url(re.compile(r"/keys$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/test/4\?x=15$"))
