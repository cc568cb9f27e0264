"""Forms: what is read, how much of it, and from whom."""

import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write

SHARE = "/share"
# What is read, but came from no page of ours.
UNPROVED = 403


@pytest.fixture
def server(serve: Serve, write: Write) -> TestClient:
    return serve(write(test_images=np.zeros((3, 4, 4), np.uint8), test_labels=np.zeros(3)))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a" * 256 * 1024, UNPROVED),
        (b"a" * (256 * 1024 + 1), 422),
        (b"a=1" + b"&a=1" * 1_999, UNPROVED),
        (b"a=1" + b"&a=1" * 2_000, 422),
        ("name=ä".encode(), UNPROVED),
        (b"name=\xe4", 422),
        (b"name=%E4", 422),
        (b"", UNPROVED),
    ],
)
def test_a_form_has_its_bounds_and_is_utf_8(body: bytes, status: int, server: TestClient) -> None:
    assert server.post(SHARE, content=body).status_code == status


@pytest.mark.parametrize("made_up", ["", "x", ".", "0.0", "ä.ä", "0" * 24 + "." + "0" * 32])
def test_a_proof_that_this_server_did_not_make_is_none(made_up: str, server: TestClient) -> None:
    form = server.get("/share?of=/d/made")
    (proof,) = re.findall(r'name="check" value="([^"]+)"', form.text)
    (name,) = server.cookies
    fields = {"of": "/d/made", "days": "30"}
    for check, cookie, status in (
        (made_up, made_up, 403),
        (proof, made_up, 403),
        (made_up, proof, 403),
        (proof, proof, 200),
    ):
        sent = {b"cookie": f"{name}={cookie}".encode()}
        answer = server.post(SHARE, data={**fields, "check": check}, headers=sent)
        assert answer.status_code == status
