"""What the page about a dataset says, taken apart."""

from starlette.testclient import TestClient

from ..reading import Page, page, words


def about(client: TestClient, name: str) -> Page:
    """The page, when all numbers are on it."""
    for _ in range(50):
        found = page(client, f"/d/{name}/about")
        if not list(found.having("data-refresh")):
            return found
    raise AssertionError(found.text())


def notices(shown: Page) -> list[str]:
    return [words(each) for each in shown.all("li") if "notice" in (each.get("class") or "")]
