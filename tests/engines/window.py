"""A browser's window, whichever engine it has."""

import io
from abc import ABC, abstractmethod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from ready import READY

from .browsers import until

WIDTH: Final = 1440
HEIGHT: Final = 900

SHIFT: Final = "\ue008"
RIGHT: Final = "\ue014"
ESCAPE: Final = "\ue00c"

_BOX: Final = """async (selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: "nearest" });
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x, y, width, height];
}"""


class Window(ABC):
    """One window of WIDTH × HEIGHT pixels, in which addresses are opened below ``base``."""

    def __init__(self, base: str) -> None:
        self._base = base

    @abstractmethod
    def run(self, function: str, *arguments: object) -> Any:
        """Run an asynchronous function on the page, and give its value."""

    @abstractmethod
    def back(self) -> None:
        """Go back to the page before."""

    @abstractmethod
    def _go(self, address: str) -> None:
        """Open an address, and wait until its page has loaded."""

    @abstractmethod
    def _do(self, *actions: dict[str, Any]) -> None:
        """Do what hands do, in the words of WebDriver's actions."""

    @abstractmethod
    def _picture(self) -> bytes:
        """Give what the window shows, as a PNG."""

    def open(self, path: str) -> None:
        """Open a page and wait until it is whole."""
        self._go(self._base + path)
        self.run(READY)

    def wait(self, expression: str) -> None:
        """Wait until this is so on the page."""
        until(lambda: self.run(f"async () => Boolean({expression})"), f"never so: {expression}")

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

        def so() -> bool:
            drawn = self._seen(selector).astype(float)
            return drawn.shape == wanted.shape and bool(np.abs(drawn - wanted).max() <= off)

        until(so, f"{selector} is drawn otherwise")

    def _seen(self, selector: str) -> NDArray[np.uint8]:
        x, y, width, height = (round(each) for each in self.run(_BOX, selector))
        with Image.open(io.BytesIO(self._picture())) as image:
            return np.asarray(image.convert("RGB"))[y : y + height, x : x + width]

    def _act(self, kind: str, *actions: dict[str, Any]) -> None:
        self._do({"type": kind, "id": kind, "actions": actions})
