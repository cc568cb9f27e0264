"""Citation and licence stand on every page that shows images of a published dataset."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from .collections.choosing import collect
from .conftest import Serve
from .reading import page, words
from .visiting import send, share, visitor

# Whom to name, as the authors of MedMNIST ask: themselves, and where the images came from.
MEDMNIST = "Yang, J., Shi, R., Wei, D."
BREAST = "Al-Dhabyani, W."
RETINA = "DeepDR Diabetic Retinopathy Image Dataset"


@pytest.fixture
def server(serve: Serve, real: Callable[[str], Path]) -> TestClient:
    return serve(real("breastmnist"), real("retinamnist"))


def assert_named(client: TestClient, address: str, *sources: str) -> None:
    foot = words(page(client, address).one("footer", class_="colophon"))
    for source in (MEDMNIST, "Licence: CC", *sources):
        assert source in foot, (address, foot)
    assert foot.count(MEDMNIST) == 1
    for other in {BREAST, RETINA} - set(sources):
        assert other not in foot, address


@pytest.mark.parametrize(
    "address",
    [
        "/d/breastmnist",
        "/d/breastmnist/test/3",
        "/d/breastmnist/test/3/sizes",
        "/d/breastmnist/pixels",
        "/collections/add?of=/d/breastmnist",
        "/compare?a=/d/breastmnist&b=/d/breastmnist?split=test",
    ],
)
def test_a_page_of_images_names_their_source(address: str, server: TestClient) -> None:
    assert_named(server, address, BREAST)


def test_pages_of_several_datasets_name_each(server: TestClient) -> None:
    assert_named(server, "/compare?a=/d/breastmnist&b=/d/retinamnist", BREAST, RETINA)
    collect(server, "/d/breastmnist?split=val", ("breastmnist", "val", 3), name="Both")
    assert_named(server, "/collections/1", BREAST)
    collect(server, "/d/retinamnist?split=val", ("retinamnist", "val", 5), to="1")
    assert_named(server, "/collections/1", BREAST, RETINA)
    assert_named(visitor(server), share(server, "/collections/1"), BREAST, RETINA)


def test_readers_and_those_who_read_their_answers_are_told(server: TestClient) -> None:
    fields = {"title": "Read", "question": "What?", "scale": "labels", "practice": "1"}
    form = "/studies/new?of=/d/breastmnist?split=val"
    assert send(server, form, "/studies", **fields).status_code == 303
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    reader = visitor(server)
    for part in ("practice/1", "read/1"):
        assert_named(reader, f"{link}/{part}", BREAST)
    assert_named(server, "/studies/1/agreement", BREAST)
