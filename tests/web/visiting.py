"""Browsers of several people: each keeps cookies, sends forms as a browser does, follows links."""

import re
from html import unescape

from httpx2 import Response
from starlette.testclient import TestClient


def visitor(server: TestClient) -> TestClient:
    """A browser without cookies, at the same server."""
    return TestClient(server.app, base_url="http://127.0.0.1", follow_redirects=False)


def fields_of(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to this address."""
    (form,) = re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form)
    return {name: unescape(value) for name, value in hidden}


def send(browser: TestClient, page: str, action: str, **fields: str) -> Response:
    """Open a page, fill in its form, and send it."""
    html = browser.get(page).text
    return browser.post(action, data={**fields_of(html, action), **fields})


def share(owner: TestClient, address: str, **fields: str) -> str:
    """Make a link as its owner does; give its path."""
    given = {"days": "30", **fields}
    page = f"/share?of={address.replace('?', '%3F').replace('&', '%26')}"
    made = send(owner, page, "/share", **given)
    assert made.status_code == 200, made.text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made.text)
    return unescape(path)
