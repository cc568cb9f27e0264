"""What every answer carries, and to whom the server answers at all."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.server import create_app
from app.settings import Settings

from .asking import ask
from .conftest import Serve, Write
from .reading import page


def made(write: Write) -> Path:
    return write(
        test_images=np.zeros((3, 8, 8), np.uint8), test_labels=np.array([0, 1, 1], np.uint8)
    )


EVERY_KIND = pytest.mark.parametrize(
    "target",
    [
        *("/", "/d/made", "/d/made/test/0", "/d/made/test/0.png", "/d/made/test/0.npy"),
        *("/d/made/about", "/api/datasets/made/croissant"),
        *("/api/datasets", "/api/docs", "/api/openapi.json", "/healthz", "/readyz", "/metrics"),
        *("/static/lightbox.css", "/static/js/main.js", "/d/nothing", "/d/made?page=x"),
        *("/api/nothing", "/static/nothing", "/nothing", "/d/made/", "/d/made/test/9.png"),
    ],
)


def assert_guarded(headers: dict[str, str]) -> None:
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    for directive in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert directive in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in {"same-origin", "no-referrer"}
    for what in ("opener", "resource"):
        assert headers[f"cross-origin-{what}-policy"] == "same-origin"
    for sense in ("camera", "geolocation", "microphone"):
        assert f"{sense}=()" in headers["permissions-policy"]


@EVERY_KIND
def test_every_answer_carries_the_security_headers(target: str, serve: Serve, write: Write) -> None:
    assert_guarded(dict(serve(made(write)).get(target).headers))


@EVERY_KIND
def test_every_answer_says_whether_it_may_be_kept(target: str, serve: Serve, write: Write) -> None:
    kept = serve(made(write)).get(target, follow_redirects=False).headers["cache-control"]
    assert kept in {"no-cache", "no-store"} or "immutable" in kept


def test_sheets_carry_them_when_drawn_and_when_kept(serve: Serve, write: Write) -> None:
    client = serve(made(write))
    (sheet,) = page(client, "/d/made").sheets()
    for _ in range(2):
        assert_guarded(dict(client.get(sheet).headers))


def test_an_unchanged_answer_carries_them(serve: Serve, write: Write) -> None:
    client = serve(made(write))
    tag = client.get("/d/made/test/0.png").headers["etag"]
    again = client.get("/d/made/test/0.png", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert_guarded(dict(again.headers))


def test_a_fault_of_our_own_carries_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("app.datasets.library.Library.shelf", fail)
    application = create_app(Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache"))
    with TestClient(
        application, base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        answer = client.get("/")
        assert answer.status_code == 500
        assert_guarded(dict(answer.headers))


@pytest.mark.parametrize("target", ["/d/made", "/d/made?label=1&per_page=1", "/d/made/test/2"])
def test_the_policy_allows_the_one_style_of_the_page_and_no_other(
    target: str, serve: Serve, write: Write
) -> None:
    client = serve(made(write))
    answer = client.get(target)
    (style,) = page(client, target).all("style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    (policy,) = answer.headers.get_list("content-security-policy")  # a second would forbid it
    assert re.findall(r"'sha\d+-([^']+)'", policy) == [digest]


@pytest.mark.parametrize("target", ["/", "/api/docs", "/d/nothing"])
def test_pages_without_a_style_of_their_own_allow_none(
    target: str, serve: Serve, write: Write
) -> None:
    client = serve(made(write))
    assert "style-src" not in client.get(target).headers["content-security-policy"]


@EVERY_KIND
def test_no_page_carries_inline_script_or_style(target: str, serve: Serve, write: Write) -> None:
    client = serve(made(write))
    answer = client.get(target)
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    shown = page(client, target, answer.status_code)
    # What is linked data is data: no browser runs it.
    inline = [script for script in shown.all("script") if not script.get("src")]
    assert {script.get("type") for script in inline} <= {"application/ld+json"}
    assert not list(shown.having("style"))
    attributes = {name for element in shown.root.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on")}


def test_no_page_names_a_file_of_another_host(serve: Serve, write: Write) -> None:
    client = serve(made(write))
    for target in ("/", "/d/made", "/d/made/test/0", "/api/docs", "/nothing"):
        shown = page(client, target, client.get(target).status_code)
        loaded = [
            *(element.get("src", "") for element in shown.having("src")),
            *(element.get("href", "") for element in shown.all("link")),
        ]
        assert loaded
        assert all(re.match(r"/(?!/)|#", address) for address in loaded), loaded


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    """A server that answers to this machine only, and to its public name."""
    folder = tmp_path_factory.mktemp("data")
    return create_app(
        Settings(
            paths=(folder,),
            cache_dir=tmp_path_factory.mktemp("cache"),
            base_url="https://lightbox.example.org/",
        )
    )


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"),
        *("LOCALHOST", "localhost.", "lightbox.example.org", "Lightbox.Example.Org:443"),
    ],
)
def test_a_loopback_server_answers_to_its_own_names(host: str, loopback: ASGIApp) -> None:
    assert ask(loopback, "/", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com:8000", "evil.com#"),
        *("localhostevil.com", "evil-localhost", "[::1].evil.com", "[::2]", "10.0.0.1", "0.0.0.0"),
        *("", " ", "localhost@evil.com", "127.0.0.1@evil.com", "evil.com@localhost", "[::1", "::1"),
        *("example.org", "evil.lightbox.example.org", "lightbox.example.org.evil.com"),
    ],
)
@pytest.mark.parametrize("target", ["/", "/d/x/test/0.png", "/static/js/main.js", "/healthz"])
def test_a_loopback_server_refuses_every_other_name(
    host: str, target: str, loopback: ASGIApp
) -> None:
    answer = ask(loopback, target, host=host)
    assert answer.status == 421
    assert_guarded(answer.headers)


def test_the_refusal_says_which_names_do(loopback: ASGIApp) -> None:
    assert b"localhost" in ask(loopback, "/", host="evil.com").body
    told = json.loads(ask(loopback, "/api/datasets", host="evil.com").body)
    assert "localhost" in told["error"]
    assert told["part"] == "host"


def test_a_kept_picture_is_not_given_to_a_foreign_name(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "made.npz",
        test_images=np.zeros((3, 8, 8), np.uint8),
        test_labels=np.zeros(3, np.uint8),
    )
    application = create_app(Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache"))
    with TestClient(application, base_url="http://127.0.0.1") as client:
        (sheet,) = page(client, "/d/made").sheets()
        assert client.get(sheet).status_code == 200
    assert ask(application, sheet, host="evil.com").status == 421


@pytest.mark.parametrize("second", [b"127.0.0.1", b"evil.com", b""])
@pytest.mark.parametrize("is_loopback", [True, False])
def test_a_request_that_names_its_host_twice_is_refused(
    second: bytes, is_loopback: bool, tmp_path: Path
) -> None:
    application = create_app(
        Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache", loopback_only=is_loopback)
    )
    answer = ask(application, "/", more=((b"host", second),))
    assert answer.status == 400
    assert answer.body == b"This request names its host more than once; send one Host header.\n"
    assert_guarded(answer.headers)


def test_a_public_server_answers_to_any_name(tmp_path: Path) -> None:
    application = create_app(
        Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache", loopback_only=False)
    )
    for host in ("example.org", "10.1.2.3:8000", "[", "", "a b", "x@y"):
        assert ask(application, "/", host=host).status == 200, host
        assert ask(application, "/d/nothing", host=host).status == 404, host


def test_a_public_server_does_not_tell_strangers_its_folders(tmp_path: Path) -> None:
    application = create_app(
        Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache", loopback_only=False)
    )
    assert str(tmp_path).encode() not in ask(application, "/").body


def test_a_static_file_is_kept_for_ever_only_under_its_own_version(real_client: TestClient) -> None:
    html = real_client.get("/").text
    own = re.findall(r'(?:href|src)="(/static/[^"]+\?v=[^"]+)"', html)
    assert own
    for address in own:
        assert "immutable" in real_client.get(address).headers["cache-control"]
        for other in (address.partition("?")[0], address + "0", address.replace("v=", "v=0")):
            assert real_client.get(other).headers["cache-control"] == "no-cache"
