"""WebKit, the engine of Safari, by its WebDriver (W3C) on a screen that nobody sees."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import httpx2
from running import PATIENCE, environment, free_port, read_line

from .browsers import runs, until
from .window import HEIGHT, WIDTH, Window

# Gives what an asynchronous function gives, or what it throws.
_CALL: Final = """
  const [given, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];
  (%s)(...given).then((value) => done({ value }), (error) => done({ error: String(error) }));
"""


class WebKit(Window):
    """The window of a session, whose client asks below the session's address."""

    def __init__(self, base: str, client: httpx2.Client) -> None:
        super().__init__(base)
        self._client = client
        self._send("timeouts", script=1000 * PATIENCE)
        self._send("window/rect", width=WIDTH, height=HEIGHT)

    def run(self, function: str, *arguments: object) -> Any:
        told = self._send("execute/async", script=_CALL % function, args=arguments)
        assert "error" not in told, told
        return told.get("value")

    def back(self) -> None:
        self._send("back")

    def _go(self, address: str) -> None:
        self._send("url", url=address)

    def _do(self, *actions: dict[str, Any]) -> None:
        self._send("actions", actions=actions)

    def _picture(self) -> bytes:
        return base64.b64decode(_value(self._client.get("screenshot")))

    def _send(self, command: str, **fields: Any) -> Any:
        return _value(self._client.post(command, json=fields))


@contextmanager
def webkit(base: str, browser: str, driver: str, screen: str) -> Iterator[Window]:
    """Start screen, driver and browser."""
    with ExitStack() as stack:
        size = ("-screen", "0", "1600x1200x24")
        shown = stack.enter_context(
            runs(screen, "-displayfd", "1", *size, "-nolisten", "tcp", stdout=subprocess.PIPE)
        )
        assert shown.stdout
        stack.enter_context(shown.stdout)
        display = read_line(shown.stdout, shown).strip()
        port = free_port()
        variables = environment(DISPLAY=f":{display}")
        stack.enter_context(runs(driver, f"--port={port}", env=variables))
        client = stack.enter_context(
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False)
        )
        until(lambda: _answers(client), "the driver does not answer")
        options = {"binary": browser, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        made = _value(client.post("/session", json={"capabilities": wanted}))
        client.base_url = client.base_url.join(f"/session/{made['sessionId']}/")
        stack.callback(client.delete, "")
        yield WebKit(base, client)


def _answers(client: httpx2.Client) -> bool:
    try:
        client.get("/status")
    except httpx2.ConnectError:
        return False
    return True


def _value(answer: httpx2.Response) -> Any:
    """Give the value of an answer; an error fails the test."""
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]
