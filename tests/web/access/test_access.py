"""Who may ask for what: every route, for everyone who may come."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.reviews.database import Database

from ..conftest import Serve
from ..visiting import fields_of, visitor
from .owning import TOKEN

# For each route an address of it, and what a stranger gets of a private server. The owner gets
# what is there; who holds a link gets what a stranger gets, and what is under the link.
LOCKED, OPEN, LINK = "locked", "open", "link"


ROUTES = {
    "/healthz": ("/healthz", OPEN),
    "/readyz": ("/readyz", OPEN),
    "/metrics": ("/metrics", LOCKED),
    "/robots.txt": ("/robots.txt", OPEN),
    "/static": ("/static/icons/favicon.svg", OPEN),
    "/static/lightbox.css": ("/static/lightbox.css", OPEN),
    "/vendor/htmx": ("/vendor/htmx/dist/htmx.min.js", OPEN),
    "/preferences": ("/preferences", OPEN),
    "/enter": ("/enter", LOCKED),
    "/leave": ("POST /leave", LOCKED),
    "/keys": ("/keys", OPEN),
    "/": ("/", LOCKED),
    "/catalogue/{dataset_id}": ("/catalogue/breastmnist", LOCKED),
    "/catalogue/{dataset_id}/fetch": ("POST /catalogue/breastmnist/fetch", LOCKED),
    "/catalogue/{dataset_id}/cancel": ("POST /catalogue/breastmnist/cancel", LOCKED),
    "/api/docs": ("/api/docs", LOCKED),
    "/api/openapi.json": ("/api/openapi.json", LOCKED),
    "/api/datasets": ("/api/datasets", LOCKED),
    "/api/datasets/{dataset_id}": ("/api/datasets/made", LOCKED),
    "/api/datasets/{dataset_id}/items": ("/api/datasets/made/items", LOCKED),
    "/api/datasets/{dataset_id}/histogram": ("/api/datasets/made/histogram", LOCKED),
    "/api/datasets/{dataset_id}/croissant": ("/api/datasets/made/croissant", LOCKED),
    "/d/{dataset_id}/find": ("/d/made/find?find=test+0", LOCKED),
    "/d/{dataset_id}/about": ("/d/made/about", LOCKED),
    "/d/{dataset_id}/about.{form}": ("/d/made/about.bib", LOCKED),
    "/d/{dataset_id}/pixels": ("/d/made/pixels", LOCKED),
    "/d/{dataset_id}/about/stop": ("POST /d/made/about/stop", LOCKED),
    "/d/{dataset_id}/pixels/stop": ("POST /d/made/pixels/stop?all=1", LOCKED),
    "/d/{dataset_id}/unpacking/stop": ("POST /d/made/unpacking/stop", LOCKED),
    "/d/{dataset_id}/unpacking/go-on": ("POST /d/made/unpacking/go-on", LOCKED),
    "/d/{dataset_id}/mean.png": ("/d/made/mean.png", LOCKED),
    "/d/{dataset_id}/export": ("/d/made/export", LOCKED),
    "/d/{dataset_id}/export.{form}": ("/d/made/export.csv", LOCKED),
    "/sheets/{dataset_id}/{key}/strip.png": ("/sheets/made/0/strip.png", LOCKED),
    "/sheets/{dataset_id}/{key}/{tile}.png": ("/sheets/made/0/1.png", LOCKED),
    "/pictures/{dataset_id}/{key}/{split}/{index}.png": ("/pictures/made/0/test/0.png", LOCKED),
    "/pictures/{dataset_id}/{key}/{split}/{index}/atlas-{axis}.png": (
        "/pictures/made/0/test/0/atlas-z.png",
        LOCKED,
    ),
    "/d/{dataset_id}": ("/d/made", LOCKED),
    "/d/{dataset_id}/{split}/{index}": ("/d/made/test/0", LOCKED),
    "/d/{dataset_id}/{split}/{index}/sizes": ("/d/made/test/0/sizes", LOCKED),
    "/d/{dataset_id}/{split}/{index}.{form}": ("/d/made/test/0.png", LOCKED),
    "/d/{dataset_id}/{split}/{index}/notes": ("POST /d/made/test/0/notes", LOCKED),
    "/d/{dataset_id}/{split}/{index}/notes/{note_id}/undo": (
        "POST /d/made/test/0/notes/1/undo",
        LOCKED,
    ),
    "/d/{dataset_id}/{split}/{index}.nii.gz": ("/d/made/test/0.nii.gz", LOCKED),
    "/styleguide": ("/styleguide", LOCKED),
    "/compare": ("/compare?a=/d/made?label=0&b=/d/made?label=1", LOCKED),
    "/compare/stop": ("POST /compare/stop?a=/d/made?label=0&b=/d/made?label=1&all=1", LOCKED),
    "/compare/difference.png": (
        "/compare/difference.png?a=/d/made?label=0&b=/d/made?label=1&of=b",
        LOCKED,
    ),
    "/share": ("/share?of=/d/made", LOCKED),
    "/links": ("/links", LOCKED),
    "/links/{link_id}/revoke": ("POST /links/1/revoke", LOCKED),
    "/links/{link_id}/reopen": ("POST /links/1/reopen", LOCKED),
    "/studies": ("/studies", LOCKED),
    "/studies/new": ("/studies/new?of=/d/made", LOCKED),
    "/studies/{study_id}": ("/studies/1", LOCKED),
    "/studies/{study_id}/readers": ("POST /studies/1/readers", LOCKED),
    "/studies/{study_id}/readers/{reader_id}/link": ("POST /studies/1/readers/1/link", LOCKED),
    "/studies/{study_id}/close": ("POST /studies/1/close", LOCKED),
    "/studies/{study_id}/answers.csv": ("/studies/1/answers.csv", LOCKED),
    "/studies/{study_id}/protocol.json": ("/studies/1/protocol.json", LOCKED),
    "/studies/{study_id}/agreement": ("/studies/1/agreement", LOCKED),
    "/studies/{study_id}/cases": ("/studies/1/cases?table=pair-0&row=0&column=0", LOCKED),
    "/studies/{study_id}/plots/{name}.{form}": ("/studies/1/plots/measures.svg", LOCKED),
    "/collections": ("/collections", LOCKED),
    "/collections/add": ("/collections/add?of=/d/made", LOCKED),
    "/collections/add/undo": ("POST /collections/add/undo", LOCKED),
    "/collections/{collection_id}": ("/collections/1", LOCKED),
    "/collections/{collection_id}/rename": ("POST /collections/1/rename", LOCKED),
    "/collections/{collection_id}/delete": ("POST /collections/9/delete", LOCKED),
    "/collections/{collection_id}/restore": ("POST /collections/9/restore", LOCKED),
    "/collections/{collection_id}/change": ("POST /collections/1/change", LOCKED),
    "/collections/{collection_id}/undo": ("POST /collections/1/undo", LOCKED),
    "/collections/{collection_id}/sheet.png": ("/collections/1/sheet.png?of=x", LOCKED),
    "/collections/{collection_id}/export.{form}": ("/collections/1/export.csv", LOCKED),
    "/s/{token}": ("{link}", LINK),
    "/s/{token}/read": ("{reader}/read", LINK),
    "/s/{token}/read/{number}": ("{reader}/read/1", LINK),
    "/s/{token}/answers": ("POST {reader}/answers", LINK),
    "/s/{token}/practice/{number}": ("{reader}/practice/1", LINK),
    "/s/{token}/{part}/{number}.png": ("{reader}/read/1.png", LINK),
    "/s/{token}/unlock": ("POST {link}/unlock", LINK),
    "/s/{token}/sheet.png": ("{link}/sheet.png", LINK),
    "/s/{token}/{place}": ("{link}/1", LINK),
    "/s/{token}/{place}/notes": ("POST {link}/1/notes", LINK),
    "/s/{token}/{place}/notes/{note_id}/undo": ("POST {link}/1/notes/1/undo", LINK),
    "/s/{token}/{place}.{form}": ("{link}/1.png", LINK),
    "/s/{token}/{place}/atlas-{axis}.png": ("{link}/1/atlas-z.png", LINK),
}


# To what only who holds a link knows, a form needs no other proof that a page of ours sent it.
BY_LINK = "POST {reader}/answers"


def needs_proof(address: str) -> bool:
    return "POST" in address and address != BY_LINK


def application(client: TestClient) -> FastAPI:
    """The application within what stands around it."""
    inner: Any = client.app
    while not isinstance(inner, FastAPI):
        inner = inner._app
    return inner


def routes(app: FastAPI) -> Iterator[str]:
    for route in app.router.routes:
        if isinstance(route, Mount):
            yield route.path
        else:
            inner = getattr(route, "original_router", None)
            found: list[Any] = [route] if inner is None else inner.routes
            yield from (each.path for each in found)


def ask(browser: TestClient, address: str, links: dict[str, str]) -> int:
    method, _, path = address.rpartition(" ")
    return browser.request(method or "GET", path.format(**links)).status_code


def answered_otherwise(
    browser: TestClient,
    links: dict[str, str],
    expected: Callable[[str, str], set[int]],
    *kinds: str,
) -> dict[str, int]:
    """The routes (of these kinds, else all) that answer otherwise, and with which status."""
    wanted = {route: row for route, row in ROUTES.items() if not kinds or row[1] in kinds}
    got = {route: ask(browser, address, links) for route, (address, _) in wanted.items()}
    return {
        route: status for route, status in got.items() if status not in expected(*wanted[route])
    }


def test_the_table_names_every_route(private: TestClient) -> None:
    assert set(routes(application(private))) == set(ROUTES)


def test_a_stranger_gets_nothing_of_a_private_server(
    private: TestClient, links: dict[str, str]
) -> None:
    def expected(address: str, kind: str) -> set[int]:
        # Without a link's token there is nothing; 403: no page of ours sent that form.
        under = {403} if needs_proof(address) else {404}
        return {LOCKED: {401}, OPEN: {200}, LINK: under}[kind]

    nobodys = dict.fromkeys(links, "/s/" + "x" * 32)
    assert answered_otherwise(visitor(private), nobodys, expected) == {}


def test_the_holder_of_a_link_gets_what_is_under_it_and_no_more(
    private: TestClient, links: dict[str, str]
) -> None:
    def expected(address: str, kind: str) -> set[int]:
        # 422: an answer to nothing.
        under = {422} if address == BY_LINK else {403} if "POST" in address else {200, 303}
        return {LOCKED: {401}, OPEN: {200}, LINK: under}[kind]

    guest = visitor(private)
    for link in links.values():
        assert guest.get(link).status_code == 200
    assert answered_otherwise(guest, links, expected) == {}


def test_one_link_does_not_open_what_another_shows(
    private: TestClient, links: dict[str, str]
) -> None:
    def expected(address: str, _kind: str) -> set[int]:
        if address == "{link}":  # each has such a page
            return {200}
        return {403} if needs_proof(address) else {404}

    swapped = {"link": links["reader"], "reader": links["link"]}
    assert answered_otherwise(visitor(private), swapped, expected, LINK) == {}


def test_a_link_that_has_expired_shows_nothing(
    private: TestClient, links: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def expected(address: str, _kind: str) -> set[int]:
        return {403} if needs_proof(address) else {410}

    later = datetime.now(UTC) + timedelta(days=31)
    monkeypatch.setattr(Database, "now", lambda _: later)
    assert answered_otherwise(visitor(private), links, expected, LINK) == {}


def test_the_owner_gets_everything(owner: TestClient, links: dict[str, str]) -> None:
    def expected(address: str, _kind: str) -> set[int]:
        if "POST" in address:  # no page of ours has sent that form
            return {422} if address == BY_LINK else {403}
        if address == "/enter":
            return {401}
        # A key that is no file's or page's, and a citation that nobody knows.
        absent = re.match(r"/(sheets|pictures)/|.*\.bib|.*/sheet.png\?of=x", address)
        return {404} if absent else {200, 303}

    assert answered_otherwise(owner, links, expected) == {}


NOWHERE = "/d/nothing /nowhere /s /keys/of /enterprise /preferences/ /healthz/made"


@pytest.mark.parametrize("path", ["/", "/d/made", "/d/made/test/0", "/api/docs", *NOWHERE.split()])
def test_a_stranger_cannot_tell_what_exists(path: str, private: TestClient) -> None:
    stranger = visitor(private)
    answer, other = stranger.get(path), stranger.get("/d/certainly-not-here")
    assert (answer.status_code, answer.text) == (other.status_code, other.text)
    assert "made" not in answer.text
    # Or the browser would still show it when its owner has entered.
    assert answer.headers["cache-control"] == "no-store"


def test_a_stranger_is_told_that_a_server_is_ready_not_what_it_holds(
    private: TestClient, owner: TestClient
) -> None:
    assert visitor(private).get("/readyz").json() == {"status": "ready"}
    assert owner.get("/readyz").json()["datasets"] == 1


def test_a_private_answer_is_kept_by_the_browser_alone(owner: TestClient) -> None:
    html = owner.get("/d/made").text
    sheet = re.findall(r'\sdata-sheet="([^"]+)"', html)[0]
    answer = owner.get(sheet)
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    again = owner.get(sheet)
    assert again.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "noindex" in again.headers["x-robots-tag"]


def test_who_may_only_look_can_make_no_link(serve: Serve, made: Path) -> None:
    public = serve(made, access="public", owner_token=TOKEN)
    assert public.get("/d/made").status_code == 200
    assert public.get("/share?of=/d/made").status_code == 403
    refused = public.get("/links")
    assert refused.status_code == 403
    assert 'href="/enter"' in refused.text
    entry = public.get("/enter").text
    assert "Anyone may look here" in entry
    assert "rivate" not in entry
    owner = visitor(public)
    owner.get(f"/?token={TOKEN}")
    key = "<kbd>x</kbd>"
    assert [key in browser.get("/keys").text for browser in (public, owner)] == [False, True]


def test_a_page_kept_for_one_is_not_given_to_the_other(serve: Serve, made: Path) -> None:
    public = serve(made, access="public", owner_token=TOKEN)
    owner = visitor(public)
    owner.get(f"/?token={TOKEN}")
    for browsers in ((owner, public), (public, owner)):
        for address in ("/d/made", "/d/made/test/1"):
            seen = ["data-visitor" in browser.get(address).text for browser in browsers]
            assert seen == [browser is public for browser in browsers]


def test_a_wrong_token_does_not_make_a_public_server_private(serve: Serve, made: Path) -> None:
    public = serve(made, access="public", owner_token=TOKEN)
    answer = public.get("/?token=wrong")
    assert answer.status_code == 403
    assert "That is not this server's token" in unescape(answer.text)
    assert "Enter as the owner" in answer.text
    assert "rivate" not in answer.text
    private = serve(made, access="private", owner_token=TOKEN)
    assert "A private Lightbox" in private.get("/?token=wrong").text


def test_an_open_server_has_nobody_to_let_in(serve: Serve, made: Path) -> None:
    answer = serve(made).get("/enter")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_form_that_no_page_of_this_server_sent_changes_nothing(owner: TestClient) -> None:
    assert owner.post("/share", data={"of": "/d/made", "days": "30"}).status_code == 403
    html = owner.get("/share?of=/d/made").text
    (check,) = re.findall(r'name="check" value="([^"]+)"', html)
    fields = {"of": "/d/made", "days": "30", "check": check}
    for headers in (
        {"origin": "http://elsewhere.example"},
        {"origin": "http://[x"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert owner.post("/share", data=fields, headers=headers).status_code == 403
    assert "No link has been made" in owner.get("/links").text
    assert owner.post("/share", data=fields).status_code == 200


def test_a_form_sent_to_the_public_address_is_own_though_a_proxy_names_another_host(
    serve: Serve, made: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/reviews.sqlite"
    server = serve(made, base_url="https://images.example", database_url=database)
    fields = fields_of(server.get("/share?of=/d/made").text, "/share") | {"days": "30"}
    # The proxy speaks TLS with the browser, and none with us.
    cookies = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    for origin, status in (("https://images.example", 200), ("https://elsewhere.example", 403)):
        headers = {"cookie": cookies, "origin": origin}
        assert server.post("/share", data=fields, headers=headers).status_code == status


OWNERS = re.compile(
    r"/(leave|links|share|studies|collections|styleguide)\b|.*/(notes|fetch|cancel)\b"
)


def test_who_may_only_look_at_a_public_server_gets_nothing_of_its_owner(
    serve: Serve, made: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/reviews.sqlite"
    public = serve(made, access="public", owner_token=TOKEN, database_url=database)
    nobodys = dict.fromkeys(("link", "reader"), "/s/" + "x" * 32)
    owners = [route for route in ROUTES if OWNERS.match(route)]
    assert len(owners) > 20
    got = {route: ask(public, ROUTES[route][0], nobodys) for route in owners}
    assert got == dict.fromkeys(owners, 403)
