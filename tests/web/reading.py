"""What an answer says: pages read by html5lib, pictures decoded by Pillow, files by NumPy."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import html5lib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.testclient import TestClient

SPLITS = ("train", "val", "test")

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Thumb:
    """A thumbnail's link."""

    split: str
    index: int
    href: str
    name: str


class Page:
    """A page that is valid HTML to the letter: whatever the standard calls an error is raised."""

    def __init__(self, html: str) -> None:
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        self.root: Element = parser.parse(html)

    def all(self, tag: str, **wanted: str) -> Iterator[Element]:
        """Every element of that tag (SVG's too) whose attributes have these values."""
        for element in self.root.iter():
            name = str(element.tag).rpartition("}")[2]
            if tag in ("*", name) and all(
                element.get(attribute.rstrip("_").replace("_", "-")) == value
                for attribute, value in wanted.items()
            ):
                yield element

    def one(self, tag: str, **wanted: str) -> Element:
        """The only element of that kind."""
        (found,) = self.all(tag, **wanted)
        return found

    def having(self, attribute: str) -> Iterator[Element]:
        """Every element that carries this attribute."""
        return (element for element in self.root.iter() if element.get(attribute) is not None)

    def links(self) -> set[str]:
        """Where this page leads to, itself and other servers left out."""
        found = {element.get("href", "") for element in self.all("a")}
        return {href for href in found if href.startswith("/")}

    def thumbs(self) -> list[Thumb]:
        """The thumbnails, in the order of the page."""
        return [
            Thumb(
                element.get("data-split", ""),
                int(element.get("data-index", "")),
                element.get("href", ""),
                element.get("aria-label", ""),
            )
            for element in self.having("data-split")
        ]

    def sheets(self) -> list[str]:
        """The addresses of the pictures that hold the thumbnails."""
        return [element.get("data-sheet", "") for element in self.having("data-sheet")]

    def text(self) -> str:
        """All that can be read on the page, in one line."""
        return words(self.one("body"))


def words(element: Element) -> str:
    """The text of an element, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def sent(form: Element, *clicked: str) -> str:
    """Where a GET form leads when the boxes of these ids are clicked and it is sent."""
    pairs = []
    for field in form.iter():
        name, value = field.get("name", ""), field.get("value", "")
        is_off = field.get("checked") is None
        if field.tag == "select":
            (value,) = [o.get("value", "") for o in field if o.get("selected") is not None]
        elif field.get("type") == "checkbox" and is_off != (field.get("id") in clicked):
            continue
        if field.tag in ("input", "select"):
            pairs.append((name, value))
    return f"{form.get('action')}?{urlencode(pairs)}"


def page(client: TestClient, address: str, status: int = 200) -> Page:
    """Ask for a page."""
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def picture(client: TestClient, address: str) -> Pixels:
    """Ask for a PNG, and decode it."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text[:300])
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def numbers(client: TestClient, address: str) -> Pixels:
    """Ask for an .npy, and load it."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text[:300])
    loaded: Pixels = np.load(io.BytesIO(answer.content), allow_pickle=False)
    return loaded


def json_of(client: TestClient, address: str, status: int = 200) -> Any:
    """Ask the API."""
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.text[:300])
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def ten_to_a_row(cells: Pixels) -> Pixels:
    """(n, H, W[, 3]) → one picture, ten cells to a row, black where the last row has none."""
    columns = min(10, len(cells))
    rest = -len(cells) % columns
    filled = np.concatenate([cells, np.zeros((rest, *cells.shape[1:]), cells.dtype)])
    rows = filled.reshape(-1, columns, *cells.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


@dataclass(frozen=True)
class Truth:
    """A file of one label per item as NumPy reads it, whole."""

    arrays: dict[str, Pixels]

    @staticmethod
    def of(path: Path) -> "Truth":
        with np.load(path, allow_pickle=False) as file:
            return Truth({name: file[name] for name in file.files})

    def images(self, split: str) -> Pixels:
        return self.arrays[f"{split}_images"]

    def labels(self, split: str) -> Pixels:
        labels = self.arrays[f"{split}_labels"]
        return labels.reshape(len(labels))

    def values(self) -> list[int]:
        """The label values there are."""
        return sorted({int(value) for split in SPLITS for value in np.unique(self.labels(split))})

    def selected(
        self, splits: tuple[str, ...] = (), labels: tuple[int, ...] = ()
    ) -> list[tuple[str, int]]:
        """The items that pass the filters, by split and index; none given means all."""
        return [
            (split, int(index))
            for split in SPLITS
            if not splits or split in splits
            for index in np.flatnonzero(
                np.isin(self.labels(split), labels) if labels else self.labels(split) >= 0
            )
        ]

    def cells(self, items: list[tuple[str, int]]) -> Pixels:
        """The pictures of these items; of a volume, its middle slice."""
        pictures = [self.images(split)[index] for split, index in items]
        if pictures[0].ndim == 3 and pictures[0].shape[2] not in (1, 3):
            pictures = [volume[len(volume) // 2] for volume in pictures]
        return np.stack(pictures)
