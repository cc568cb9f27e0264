"""What stands on paper and not on the screen: of which day a page is."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

GRID = "/d/retinamnist?split=test&label=3"


def day_on(html: str) -> str:
    (words,) = re.findall(r'<p class="only-print">([^<]*)</p>', html)
    return re.sub(r"^Printed from Lightbox [^,]*, ", "", words)


def set_clock(patch: pytest.MonkeyPatch, now: datetime) -> None:
    """Let the pages' clock stand at this time."""
    patch.setattr("app.web.templating.datetime", SimpleNamespace(now=lambda _: now))
    patch.setattr("app.web.memory.time", SimpleNamespace(time=now.timestamp))


def test_a_page_says_of_which_day_it_is_also_where_it_was_kept(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = []
    for now in (datetime(2031, 5, 1, 23, 59, tzinfo=UTC), datetime(2031, 5, 2, 0, 1, tzinfo=UTC)):
        set_clock(monkeypatch, now)
        days += [day_on(real_client.get(GRID).text) for _ in range(2)]
    assert days == ["May 1, 2031", "May 1, 2031", "May 2, 2031", "May 2, 2031"]


def test_the_day_is_written_as_the_language_does(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2031, 5, 1, 12, tzinfo=UTC))
    html = real_client.get(GRID, headers={"accept-language": "de"}).text
    assert "01.05.2031" in re.findall(r'<p class="only-print">([^<]*)</p>', html)[0]
