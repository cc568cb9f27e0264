"""Studies and their readers, for the tests of a browser."""

import csv
import io
from typing import Any

from playwright.sync_api import Page, expect
from running import Server

from .conftest import visit
from .test_everyone import AXE

PHONE = {"viewport": {"width": 360, "height": 740}}


def new_study(owner: Page, private: Server, title: str, **design: str) -> str:
    """Make a study of three images of each label of BreastMNIST's val; give its address."""
    visit(owner, f"{private.address}/d/breastmnist?split=val")
    owner.get_by_role("link", name="Study", exact=True).click()
    owner.get_by_label("Title").fill(title)
    owner.get_by_label("Images of each label").fill("3")
    owner.get_by_label("Images shown twice").select_option(design.get("repeats", "20"))
    owner.get_by_label("Images set aside").fill(design.get("practice", "0"))
    if "sure" in design:
        owner.get_by_label("Ask how sure the reader is").check()
    owner.get_by_role("button", name="Make the study").click()
    expect(owner.locator("h1")).to_have_text(title)
    return owner.url


def invite(owner: Page, study: str, name: str) -> str:
    visit(owner, study)
    owner.get_by_label("Name of the new reader").fill(name)
    owner.get_by_role("button", name="Add the reader").click()
    return owner.get_by_label("The link").input_value()


def rows(owner: Page, study: str) -> list[tuple[str, str]]:
    """The answers that the server has, each with its place."""
    text = owner.request.get(f"{study}/answers.csv").text()
    return [(row["place"], row["new"]) for row in csv.DictReader(io.StringIO(text))]


def axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def fits(page: Page) -> bool:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width <= 360
