"""The lines of the how-to for Python are run as they stand, against a real server."""

import ast
import io
import re
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documents import ROOT, blocks
from PIL import Image
from running import Server

DOCUMENT = ROOT / "docs" / "how-to" / "from-python.md"
BLOCKS = [text for _, text in blocks(DOCUMENT, "python")]


class Shown(list[bytes]):
    """What a notebook would have shown: stands in for IPython, which no test needs otherwise."""

    def module(self) -> ModuleType:
        found = ModuleType("IPython.display")
        found.__dict__.update(
            Image=lambda data, **_: data, HTML=lambda text: text, display=self.append
        )
        return found


@pytest.fixture(scope="module")
def server(
    real: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    cache = str(tmp_path_factory.mktemp("cache"))
    with Server(real("breastmnist"), LIGHTBOX_CACHE_DIR=cache) as running:
        yield running


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    notebook = Shown()
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.module())
    monkeypatch.setenv("no_proxy", "*")
    return notebook


@pytest.fixture
def names(server: Server, shown: Shown) -> dict[str, Any]:
    """Every name after all the lines were run, and what the last line of each block gave."""
    assert shown == []
    found: dict[str, Any] = {
        "dataset": SimpleNamespace(flag="breastmnist", size_flag="", split="test"),
        "given": [],
    }
    for block in BLOCKS:
        tree = ast.parse(block.replace("http://127.0.0.1:8000", server.address))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, DOCUMENT.name, "exec"), found)
        if isinstance(last, ast.Expr):
            line = compile(ast.Expression(last.value), DOCUMENT.name, "eval")
            found["given"].append(eval(line, found))
    return found


@pytest.fixture
def malignant(real: Callable[[str], Path]) -> tuple[Any, Any]:
    """The test images with label 0, and where they stand, as NumPy finds them in the file."""
    with np.load(real("breastmnist")) as file:
        at = np.flatnonzero(file["test_labels"][:, 0] == 0)
        return file["test_images"], at


def test_rows_and_arrays_are_those_of_the_file(
    names: dict[str, Any], malignant: tuple[Any, Any]
) -> None:
    images, at = malignant
    assert names["rows"]["index"].tolist() == at.tolist()
    np.testing.assert_array_equal(names["images"], images[at], strict=True)
    assert names["labels"].shape == (len(at), 1)
    np.testing.assert_array_equal(names["image"], images[0], strict=True)
    assert names["given"][1] == "CC-BY-4.0"


def test_the_pictures_shown_are_the_sheet_and_the_image(
    names: dict[str, Any], shown: Shown, malignant: tuple[Any, Any]
) -> None:
    images, at = malignant
    assert len(names["sheets"]) == 1
    sheet, picture = (np.asarray(Image.open(io.BytesIO(data))) for data in shown)
    np.testing.assert_array_equal(sheet[:28, 28:56], images[at[1]])
    np.testing.assert_array_equal(picture, images[0])


def test_addresses_lead_to_pages(names: dict[str, Any], server: Server) -> None:
    link, address = names["given"][-2:]
    (href,) = re.findall('href="([^"]+)"', link)
    for page in (href, address):
        assert b"<h1" in server.get(page.removeprefix(server.address))


def test_a_medmnist_dataset_has_the_attributes_that_are_named() -> None:
    spec = find_spec("medmnist")
    assert spec
    assert spec.origin
    source = Path(spec.origin).with_name("dataset.py").read_text()
    assert 'f"{self.flag}{self.size_flag}.npz"' in source
    assert "self.split = split" in source
