"""The style guide: all of the scales, and the demo's parts wherever it is opened."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from .conftest import Serve
from .reading import Page, page
from .test_palette import CSS, LOOKS, contrast, tokens

FOUNDATION = (CSS / "foundation.css").read_text()


@pytest.fixture
def demo(serve: Serve, tmp_path: Path) -> TestClient:
    """A server of nothing: of the embedded demo, that is."""
    return serve(data_dir=tmp_path / "nothing")


def rows(shown: Page, kind: str) -> dict[str, str]:
    """What stands behind each name of a scale."""
    scale = shown.one("ul", class_=f"swatches {kind}")
    texts = [["".join(each.itertext()).strip() for each in row] for row in scale]
    return {name: text for _sample, name, text in texts}


def test_every_colour_is_shown_with_its_contrast_in_each_look(demo: TestClient) -> None:
    shown = page(demo, "/styleguide")
    told = rows(shown, "colours") | rows(shown, "marks")
    known = [tokens(look) for look in LOOKS]
    assert len(told) == len(known[0])
    for name, text in told.items():
        token = name.replace("hue-o", "grade-")
        ground = "accent" if name == "on-accent" else "ground"
        ratios = [contrast(look[token], look[ground]) for look in known]
        assert text == " / ".join(f"{ratio:.1f}" for ratio in ratios)


@pytest.mark.parametrize(
    ("kind", "names"), [("spaces", r"s\d"), ("types", r"t-\w+"), ("corners", r"r\d")]
)
def test_every_step_of_every_scale_is_shown(kind: str, names: str, demo: TestClient) -> None:
    declared = dict(re.findall(rf"--({names}): ([^;]+);", FOUNDATION))
    assert len(declared) >= 3
    assert rows(page(demo, "/styleguide"), kind) == declared
    style = demo.get("/styleguide").text
    for name in declared:
        assert f".token-{name}{{--token:var(--{name})}}" in style


def test_every_kind_of_notice_is_shown(demo: TestClient) -> None:
    css = (CSS / "layout.css").read_text()
    html = demo.get("/styleguide").text
    kinds = set(re.findall(r"notice-(\w+)", css)) | {"note"}
    assert set(re.findall(r'class="notice notice-(\w+)"', html)) == kinds


def test_pictures_are_those_of_the_demo_and_left_out_where_it_is_not_served(
    demo: TestClient, real_client: TestClient
) -> None:
    picture = re.compile(r'\s(?:src|data-sheet)="(/(?:sheets|d)/[^"]+)"')
    found = {each.replace("&amp;", "&") for each in picture.findall(demo.get("/styleguide").text)}
    assert len(found) == 3
    for address in found:
        assert demo.get(address).headers["content-type"] == "image/png"
    elsewhere = real_client.get("/styleguide")
    assert elsewhere.status_code == 200
    assert picture.findall(elsewhere.text) == []
    assert elsewhere.text.count('class="cell') == demo.get("/styleguide").text.count('class="cell')


def test_forms_lead_back(demo: TestClient) -> None:
    answer = demo.post("/styleguide", data={"note": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/styleguide")
