"""Synthetic volumes: what moving through them asks for; guests and readers in them."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Request, Route, expect
from running import LIGHTBOX, PATIENCE, Server, environment

from .conftest import ROOT, Watch, arrive, seen, visit
from .volumes import assert_crosshair, readout, stage

Made = tuple[Path, dict[int, NDArray[Any]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Synthetic volumes of 64³, and one too large to come as one picture."""
    folder = tmp_path_factory.mktemp("made")
    random = np.random.default_rng(64)
    found = {
        64: random.integers(0, 256, (2, 64, 64, 64), np.uint8),
        2100: np.repeat(random.integers(0, 256, (1, 2, 2100, 1), np.uint8), 2100, axis=3),
    }
    for side, volumes in found.items():
        labels = np.arange(len(volumes), dtype=np.uint8)[:, None]
        np.savez_compressed(
            folder / f"synthetic_{side}.npz", test_images=volumes, test_labels=labels
        )
    return folder, {side: volumes[0] for side, volumes in found.items()}


@pytest.fixture(scope="module")
def other(made: Made, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    cache = str(tmp_path_factory.mktemp("cache"))
    with Server(made[0], LIGHTBOX_CACHE_DIR=cache, LIGHTBOX_DATABASE_URL=database) as running:
        yield running


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('reviews')}/reviews.sqlite"


@pytest.fixture
def share(made: Made, database: str) -> Callable[..., str]:
    """Make a link on the terminal; give its path."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [LIGHTBOX, "share", *arguments, "--json"],
            env=environment(LIGHTBOX_DATA_DIR=str(made[0]), LIGHTBOX_DATABASE_URL=database),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return f"/s/{json.loads(done.stdout)['token']}"

    return run


@pytest.fixture
def asked(page: Page, watch: Watch, other: Server) -> list[Request]:
    """What the page asks the server for."""
    watch.address = other.address
    found: list[Request] = []
    page.on("request", lambda request: found.append(request))
    return found


def pictures(asked: list[Request]) -> int:
    return sum(request.resource_type == "image" for request in asked)


def test_a_volume_of_64_comes_in_three_pictures_and_moving_asks_for_nothing(
    page: Page, other: Server, asked: list[Request], made: Made
) -> None:
    volume = made[1][64]
    visit(page, f"{other.address}/d/synthetic_64/test/0")
    assert 1 <= pictures(asked) <= 3
    asked.clear()
    slider = page.locator("#slice-z")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("20")
    stage(page, "x").focus()
    for key in ("ArrowDown", "ArrowRight", "PageDown"):
        page.keyboard.press(key)
    assert_crosshair(page, volume, 21, 33, 33)
    page.get_by_role("button", name="Play along y").click()
    expect(page.locator("#slice-y")).not_to_have_value("33")
    assert [request.url for request in asked if "/static/icons/" not in request.url] == []


def test_a_volume_too_large_for_that_asks_for_each_slice(
    page: Page, other: Server, asked: list[Request], made: Made
) -> None:
    volume = made[1][2100]
    visit(page, f"{other.address}/d/synthetic_2100/test/0")
    asked.clear()
    page.locator("#slice-z").fill("0")
    expect(stage(page, "z").locator(".slice")).to_have_attribute("style", re.compile("slice=0"))
    expect(readout(page)).to_have_text(f"z 0, y 1050, x 1050: {volume[0, 1050, 1050]}")
    assert pictures(asked) in (1, 2)
    page.set_viewport_size({"width": 2400, "height": 3000})
    page.locator(".crosshair").evaluate_all("all => all.forEach(each => each.hidden = true)")
    columns = seen(stage(page, "z").locator(".slice"))
    np.testing.assert_array_equal(columns[:, 0, 0], volume[0, : len(columns), 0])


def test_a_film_waits_for_a_slice_that_is_on_its_way(
    page: Page, other: Server, watch: Watch
) -> None:
    watch.address = other.address
    page.clock.install(time=0)
    visit(page, f"{other.address}/d/synthetic_2100/test/0?z=0")
    page.clock.pause_at(3_600_000)
    shown = page.locator("output").first
    shown.evaluate(
        "output => { output.dataset.film = '';"
        "new MutationObserver(() => { output.dataset.film += output.value; })"
        ".observe(output, { childList: true }); }"
    )
    held: list[Route] = []
    page.route(re.compile(r"\.png\?.*slice=1"), lambda route: held.append(route))
    page.get_by_role("button", name="Play along z").click()
    page.clock.run_for(500)  # a slice is shown for 100
    expect(page.locator("#slice-z")).to_have_value("1")
    while not held:
        page.wait_for_timeout(20)
    expect(shown).to_have_attribute("data-film", "")
    held.pop().continue_()
    # The next one follows at once, and the one after it when time goes on.
    expect(shown).to_have_attribute("data-film", "10")


def assert_axe_finds_nothing(page: Page) -> None:
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"]] == []
    assert found["passes"]


def test_a_guest_moves_through_a_volume_as_its_owner_does(
    page: Page, other: Server, asked: list[Request], made: Made, share: Callable[..., str]
) -> None:
    volume = made[1][64]
    link = share("/d/synthetic_64/test/0", "--hide-labels")
    visit(page, f"{other.address}{link}?z=20")
    assert 1 <= pictures(asked) <= 3
    asked.clear()
    stage(page, "y").focus()
    for key in ("ArrowDown", "ArrowLeft", "PageUp"):
        page.keyboard.press(key)
    assert_crosshair(page, volume, 21, 31, 31)
    assert [request.url for request in asked if "/static/icons/" not in request.url] == []
    expect(page).to_have_url(re.compile(f"{link}.*z=21"))
    assert_axe_finds_nothing(page)


def test_a_reader_of_a_study_moves_the_crosshair_and_is_told_no_value(
    page: Page, other: Server, asked: list[Request], made: Made, share: Callable[..., str]
) -> None:
    link = share("/d/synthetic_64", "--study", "--title", "Reading")
    visit(page, f"{other.address}{link}/read/1")
    stage(page, "z").focus()
    for key in ("ArrowRight", "ArrowDown", "PageDown"):
        page.keyboard.press(key)
    for axis in "zyx":
        expect(page.locator(f"#slice-{axis}")).to_have_value("33")
        expect(stage(page, axis).locator(".slice")).to_have_attribute(
            "style", re.compile("slice=33")
        )
    expect(readout(page)).to_have_count(0)
    assert not [request.url for request in asked if ".npy" in request.url]
    assert made[1][64].shape == (64, 64, 64)


def test_a_reader_answers_by_keys_with_a_slider_in_hand(
    page: Page, other: Server, share: Callable[..., str], watch: Watch
) -> None:
    watch.address = other.address
    link = share("/d/synthetic_64", "--study", "--title", "Slider")
    visit(page, f"{other.address}{link}/read/1")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("1")
    page.locator("#slice-z").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#slice-z")).to_have_value("33")
    page.keyboard.press("0")
    expect(page.get_by_role("radio").nth(0)).to_be_checked()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/read/2"))
    visit(page, f"{other.address}{link}/read/1")
    expect(page.get_by_role("radio").nth(0)).to_be_checked()


def test_an_answer_in_practice_and_a_note_keep_the_slice(
    page: Page, other: Server, watch: Watch
) -> None:
    watch.address = other.address
    visit(page, f"{other.address}/studies/new?of=/d/synthetic_64")
    page.get_by_label("Images set aside").fill("1")
    page.get_by_role("button", name="Make the study").click()
    page.get_by_label("Name of the new reader").fill("Practising")
    page.get_by_role("button", name="Add the reader").click()
    link = page.get_by_label("The link").input_value()
    visit(page, f"{link}/practice/1?zoom=2&invert=1")
    page.wait_for_load_state("networkidle")
    page.locator("#slice-z").fill("40")
    page.keyboard.press("1")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".notice")).to_contain_text("You said")
    expect(page.locator("#slice-z")).to_have_value("40")
    expect(page.locator(".zoom .place")).to_have_text("Zoom 2×")
    expect(page.get_by_label("Invert", exact=True)).to_be_checked()
    arrive(page, "choice=1")
    # On a phone it is far below the planes.
    page.set_viewport_size({"width": 360, "height": 740})
    page.keyboard.press("0")
    page.get_by_role("button", name="Check").click()
    expect(page).to_have_url(re.compile("choice=0"))
    expect(page.locator(".notice")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 720})
    visit(page, f"{other.address}/d/synthetic_64/test/0?y=3")
    page.wait_for_load_state("networkidle")
    page.locator("#slice-z").fill("50")
    page.get_by_label("Other").check()
    page.get_by_role("button", name="Save").click()
    arrive(page, "#note-")
    expect(page.get_by_role("button", name="Take back")).to_have_count(1)
    expect(page.locator("#slice-z")).to_have_value("50")
    expect(page.locator("#slice-y")).to_have_value("3")
    page.locator("#slice-z").fill("9")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)
    expect(page.locator("#slice-z")).to_have_value("9")
