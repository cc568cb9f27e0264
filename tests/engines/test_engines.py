"""What people with Safari or Firefox see: the same pixels, filters, keys and clicks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from ready import READY

from .window import ESCAPE, RIGHT, SHIFT, Window

pytestmark = pytest.mark.browser

Read = Callable[[str], NDArray[Any]]
CHOSEN = "[data-choosing] :checked"


@pytest.fixture(scope="session")
def images(real: Callable[[str], Path]) -> Read:
    """The test pictures of a dataset as NumPy reads them."""

    def read(name: str) -> NDArray[Any]:
        with np.load(real(name)) as file:
            found: NDArray[Any] = file["test_images"]
            return found

    return read


def enlarged(pixels: NDArray[Any]) -> NDArray[Any]:
    """Each pixel as a square of three, grey as (H, W, 3)."""
    large = pixels.repeat(3, axis=0).repeat(3, axis=1)
    return np.stack([large] * 3, axis=2) if large.ndim == 2 else large


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist"])
def test_thumbnails_are_the_pixels_of_the_file(name: str, window: Window, images: Read) -> None:
    window.open(f"/d/{name}?split=test")
    for index in (0, 1, 7):
        window.shows(f'[data-index="{index}"] .pixels', enlarged(images(name)[index]))


def test_a_window_is_the_same_for_every_pixel(window: Window, images: Read) -> None:
    window.open("/d/breastmnist?split=test&window=20-180")
    values = images("breastmnist")[3].astype(float)
    wanted = enlarged(np.clip((values - 20) / 160, 0, 1) * 255)
    window.shows('[data-index="3"] .pixels', wanted, off=2)


def test_a_filter_is_followed_on_the_same_page_and_back_undoes_it(window: Window) -> None:
    window.open("/d/retinamnist?split=test")
    window.run("async () => { window.same = true; }")
    window.click("#label-4")
    window.wait('location.search === "?split=test&label=4" && document.title.includes("(4)")')
    assert window.run("async () => window.same")
    window.back()
    window.wait('location.search === "?split=test" && !document.title.includes("(4)")')
    ticked = "[...document.querySelectorAll('#filters :checked')].map((box) => box.id).join()"
    window.wait(f"{ticked}.includes('split-test') && !{ticked}.includes('label-4')")


def test_who_reloads_finds_ticked_what_the_address_says(window: Window) -> None:
    window.open("/d/retinamnist?split=test")
    window.run("""async () => {
        window.before = true;
        document.querySelector("#label-3").checked = true;
        location.reload();
    }""")
    window.wait('!window.before && document.querySelector("#split-test")?.checked')
    window.run(READY)
    assert window.run("async () => document.querySelectorAll('#filters input:checked').length") == 1


def test_space_looks_closer_arrows_go_on_and_escape_leads_back(window: Window) -> None:
    window.open("/d/retinamnist?split=test")
    window.run("async () => document.querySelector('.cell a').focus()")
    window.press(" ")
    window.wait('document.querySelector("dialog[open] h2")')
    window.press(RIGHT)
    window.wait('location.pathname === "/d/retinamnist/test/1"')
    window.press(ESCAPE)
    window.wait('location.search === "?split=test" && !document.querySelector("dialog[open]")')
    assert window.run("async () => document.activeElement.dataset.index") == "1"


def test_a_click_into_a_plane_moves_the_crosshair_there(window: Window, images: Read) -> None:
    window.open("/d/adrenalmnist3d/test/4")
    window.click('[data-axis="z"] .picture', across=20.5 / 28, down=9.5 / 28)
    value = images("adrenalmnist3d")[4][14, 9, 20]
    window.wait(f'document.querySelector("[data-readout]").textContent.includes("x 20: {value}")')
    window.wait('location.search === "?y=9&x=20"')


def test_shift_chooses_all_between(window: Window) -> None:
    window.open("/collections/add?of=/d/retinamnist?split=test")
    window.click('[data-choosing] [data-index="2"]')
    window.wait(f"document.querySelectorAll('{CHOSEN}').length === 1")
    window.click('[data-choosing] [data-index="6"]', held=SHIFT)
    window.wait(f"document.querySelectorAll('{CHOSEN}').length === 5")


def test_back_to_a_collection_shows_what_is_in_it_now(window: Window) -> None:
    window.open("/collections/add?of=/d/retinamnist?split=test")
    for index in (2, 6):
        window.click(f'[data-choosing] [data-index="{index}"]')
    window.run("""async () => {
        document.querySelector("select[name=to]").value = "";
        document.querySelector("#name").value = "Now";
    }""")
    window.click("button[value=add]")
    window.wait('document.querySelector("h1")?.textContent === "Now"')
    window.click("[name=item]")
    window.click("button[value=remove]")
    window.wait('location.search.includes("done=remove")')
    window.back()
    window.wait('location.search.includes("done=add")')
    window.wait('document.querySelectorAll("[data-split]").length === 1')
