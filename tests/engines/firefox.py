"""Firefox, by the WebDriver BiDi (W3C) that it speaks itself, without a screen.

Not by its Marionette: that runs functions beside the page's own, and gives them other modules than
the page's. The client of the WebSocket comes with Uvicorn.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from running import PATIENCE, environment
from websockets.sync.client import ClientConnection, connect

from .browsers import runs, until
from .window import HEIGHT, WIDTH, Window

# Whatever Firefox wants from elsewhere, such as updates, it looks for on this machine.
_PREFERENCES: Final = """
user_pref("network.dns.forceResolve", "127.0.0.1");
user_pref("network.proxy.type", 0);
"""

# Takes and gives JSON: the protocol has a form of its own for values.
_CALL: Final = "async (given) => JSON.stringify(await (%s)(...JSON.parse(given)))"


class Firefox(Window):
    """The tab that a browser has at its start."""

    def __init__(self, base: str, connection: ClientConnection) -> None:
        super().__init__(base)
        self._connection = connection
        self._send("session.new", capabilities={})
        (tab,) = self._send("browsingContext.getTree")["contexts"]
        self._tab = {"context": tab["context"]}
        size = {"width": WIDTH, "height": HEIGHT}
        self._send("browsingContext.setViewport", viewport=size, **self._tab)

    def run(self, function: str, *arguments: object) -> Any:
        told = self._send(
            "script.callFunction",
            functionDeclaration=_CALL % function,
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            awaitPromise=True,
            target=self._tab,
        )
        assert told["type"] == "success", told
        return json.loads(told["result"].get("value", "null"))

    def back(self) -> None:
        self._send("browsingContext.traverseHistory", delta=-1, **self._tab)

    def close(self) -> None:
        """End the browser, which then writes nothing any more."""
        self._send("browser.close")

    def _go(self, address: str) -> None:
        self._send("browsingContext.navigate", url=address, wait="complete", **self._tab)

    def _do(self, *actions: dict[str, Any]) -> None:
        self._send("input.performActions", actions=actions, **self._tab)

    def _picture(self) -> bytes:
        told = self._send("browsingContext.captureScreenshot", **self._tab)
        return base64.b64decode(told["data"])

    def _send(self, method: str, **params: Any) -> Any:
        self._connection.send(json.dumps({"id": 0, "method": method, "params": params}))
        answer = json.loads(self._connection.recv(PATIENCE))
        assert answer["type"] == "success", answer
        return answer["result"]


def _port_in(told: Path) -> int:
    """Read where to connect to; 0 as long as it has not been told to its end."""
    try:
        return int(json.loads(told.read_text())["ws_port"])
    except (FileNotFoundError, json.JSONDecodeError):
        return 0


@contextmanager
def firefox(base: str, browser: str) -> Iterator[Window]:
    """Start the browser, with a profile and a home of its own."""
    with TemporaryDirectory() as folder:
        Path(folder, "user.js").write_text(_PREFERENCES)
        told = Path(folder, "WebDriverBiDiServer.json")
        command = (browser, "--headless", "--profile", folder, "--remote-debugging-port", "0")
        with runs(*command, env=environment(HOME=folder)):
            port = until(lambda: _port_in(told), "no port is told")
            address = f"ws://127.0.0.1:{port}/session"
            # Without pings: each takes a number from the generator that all tests share, from a
            # thread of its own, and Hypothesis rightly takes offence in the midst of another test.
            with connect(address, proxy=None, max_size=None, ping_interval=None) as connection:
                window = Firefox(base, connection)
                yield window
                window.close()
