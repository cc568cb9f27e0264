"""Hands for the tests of a browser: what has the focus, what a finger does."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

GRID = "/d/retinamnist?split=test&per_page=20"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def at(page: Page) -> tuple[str, int]:
    """Split and index of the image that has the focus."""
    expect(page.locator("a.thumb:focus")).to_have_count(1)
    split, index = page.evaluate(
        "(({dataset}) => [dataset.split, dataset.index])(document.activeElement)"
    )
    return split, int(index)


def thumb(page: Page, index: int) -> Locator:
    return page.locator(f'a.thumb[data-split="test"][data-index="{index}"]')


def look(page: Page) -> Locator:
    return page.locator("dialog[open]")


def tab_to(page: Page, wanted: str, most: int = 150) -> None:
    """Press Tab until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    pytest.fail(f"Tab did not reach {wanted}")


STILL = """async () => {
  for (let before; before !== scrollY; await new Promise((over) => setTimeout(over, 100))) {
    before = scrollY;
  }
}"""


def drag(page: Page, element: Locator, by: tuple[int, int]) -> None:
    """Move a finger over an element, as the browser's own touch events."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    send = page.context.new_cdp_session(page).send
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in range(1, 6):
        point = {"x": x + by[0] * part / 5, "y": y + by[1] * part / 5}
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
