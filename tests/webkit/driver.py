"""WebKit, the engine of Safari, by its WebDriver (W3C) on a screen that nobody sees."""

import base64
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from ready import READY
from running import PATIENCE, environment, free_port, read_line

SHIFT: Final = "\ue008"
RIGHT: Final = "\ue014"
ESCAPE: Final = "\ue00c"

# Gives what an asynchronous function gives, or what it throws.
_CALL: Final = """
  const [given, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];
  (%s)(...given).then((value) => done({ value }), (error) => done({ error: String(error) }));
"""
_BOX: Final = """async (selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: "nearest" });
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x, y, width, height];
}"""


class MissingWebKitError(RuntimeError):
    """There is no WebKit here; the text says what to do."""


def find_webkit() -> tuple[str, str, str]:
    """Give browser, driver and screen. Raises MissingWebKitError."""
    script = Path(__file__).parents[2] / "scripts" / "find_webkit.py"
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if found.returncode:
        raise MissingWebKitError(found.stderr.strip())
    browser, driver, screen = found.stdout.splitlines()
    return browser, driver, screen


class WebKit:
    """One window of 1,440 × 900 pixels, in which addresses are opened below ``base``."""

    def __init__(self, client: httpx2.Client, session: str, base: str) -> None:
        self._client, self._session, self._base = client, session, base

    def send(self, command: str, **fields: Any) -> Any:
        """Send a command and give the answer's value; an error fails the test."""
        answer = self._client.post(f"/session/{self._session}/{command}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, path: str) -> None:
        """Open a page and wait until it is whole."""
        self.send("url", url=self._base + path)
        self.run(READY)

    def run(self, function: str, *arguments: object) -> Any:
        """Run an asynchronous function on the page, and give its value."""
        told = self.send("execute/async", script=_CALL % function, args=arguments)
        assert "error" not in told, told
        return told.get("value")

    def wait(self, expression: str) -> None:
        """Wait until this is so on the page."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(f"async () => Boolean({expression})"):
            assert time.monotonic() < deadline, f"never so: {expression}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        self._act("key", {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})

    def click(
        self, selector: str, *, across: float = 0.5, down: float = 0.5, held: str = ""
    ) -> None:
        """Click into an element, at these parts of its width and height, with a key held."""
        x, y, width, height = self.run(_BOX, selector)
        if held:
            self._act("key", {"type": "keyDown", "value": held})
        place = {"x": int(x + across * width), "y": int(y + down * height)}
        self._act(
            "pointer",
            {"type": "pointerMove", "duration": 0, **place},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )
        if held:
            self._act("key", {"type": "keyUp", "value": held})

    def shows(self, selector: str, wanted: NDArray[Any], *, off: float = 0) -> None:
        """Wait until an element is drawn as these pixels (H, W, 3), ``off`` by so much at most."""
        deadline = time.monotonic() + PATIENCE
        while True:
            drawn = self._seen(selector).astype(float)
            if drawn.shape == wanted.shape and np.abs(drawn - wanted).max() <= off:
                return
            assert time.monotonic() < deadline, f"{selector} is drawn otherwise"
            time.sleep(0.02)

    def _seen(self, selector: str) -> NDArray[np.uint8]:
        x, y, width, height = (round(each) for each in self.run(_BOX, selector))
        picture = self._client.get(f"/session/{self._session}/screenshot").json()["value"]
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            return np.asarray(image.convert("RGB"))[y : y + height, x : x + width]

    def _act(self, kind: str, *actions: dict[str, Any]) -> None:
        self.send("actions", actions=[{"type": kind, "id": kind, "actions": actions}])


@contextmanager
def started(base: str) -> Iterator[WebKit]:
    """Start screen, driver and browser. Raises MissingWebKitError."""
    browser, driver, screen = find_webkit()
    with ExitStack() as stack:

        def start(*command: str, **options: Any) -> subprocess.Popen[str]:
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **options)
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.terminate)
            return process

        shown = start(
            *(screen, "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"),
            stdout=subprocess.PIPE,
        )
        assert shown.stdout
        stack.enter_context(shown.stdout)
        display = read_line(shown.stdout, shown).strip()
        port = free_port()
        start(driver, f"--port={port}", env={**environment(), "DISPLAY": f":{display}"})
        client = stack.enter_context(
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False)
        )
        _wait_for(client)
        options = {"binary": browser, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        made = client.post("/session", json={"capabilities": wanted}).json()["value"]
        stack.callback(client.delete, f"/session/{made['sessionId']}")
        window = WebKit(client, made["sessionId"], base)
        window.send("timeouts", script=1000 * PATIENCE)
        window.send("window/rect", width=1440, height=900)
        yield window


def _wait_for(client: httpx2.Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client.get("/status")
        except httpx2.ConnectError:
            assert time.monotonic() < deadline, "the driver does not answer"
            time.sleep(0.02)
        else:
            return
