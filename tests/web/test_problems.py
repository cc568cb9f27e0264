"""Whatever the address, the answer is clean: a page that is valid HTML, JSON, or a picture."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.server import create_app
from app.settings import Settings

from .asking import Answer, ask
from .reading import Page, page

CLEAN = {200, 307, 404, 405, 406, 414, 422}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    """A picture set, a volume and a broken file, all small."""
    folder = tmp_path_factory.mktemp("data")
    some = np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8)
    np.savez(
        folder / "flat.npz",
        train_images=some,
        train_labels=np.arange(40) % 3,
        test_images=some[:7],
        test_labels=np.arange(7) % 3,
    )
    np.savez(
        folder / "deep.npz", val_images=some.reshape(10, 4, 8, 8), val_labels=np.arange(10) % 2
    )
    np.savez(
        folder / "real numbers.npz",
        test_images=some[:4].astype(np.float32) / 3,
        test_labels=np.arange(4),
    )
    (folder / "broken.npz").write_text("nothing")
    return create_app(Settings(paths=(folder,), cache_dir=tmp_path_factory.mktemp("cache")))


def assert_clean(answer: Answer, target: str) -> None:
    assert answer.status in CLEAN, (answer.status, target)
    if answer.status == 307:
        # To this server: two slashes, or one of each kind, would lead to another.
        assert re.match(r"/(?![/\\])", answer.headers["location"]), target
        return
    kind = answer.headers["content-type"].partition(";")[0]
    if target.startswith("/api/") and answer.status != 200:
        assert kind == "application/json"
    if kind == "application/json":
        said = json.loads(answer.body)
        assert answer.status == 200 or said["error"]
    elif kind == "text/html":
        shown = Page(answer.body.decode())
        assert shown.one("h1") is not None
        if answer.status != 200:
            assert "/" in shown.links()
    else:
        assert answer.status == 200
        assert answer.body


# What people, scanners and broken links send.
PATHS_UP = ("..", ".", "%2e%2e", "%2f", "%2F%2e%2e%2Fetc%2Fpasswd", "//", "\\")
BROKEN = ("%00", "a%00b", "%ff", "%", "%zz", "%f0%9f", "%ed%a0%80", "%C2%85", "%EF%BF%BE")
NUMBERS = ("-1", "-0", "00", "1e3", "0x1", "1_0", "+1", "%201", "1.0", "NaN", "inf", "None")
# Digits of other scripts: Arabic-Indic, fullwidth, superscript, and a fraction.
DIGITS = ("\u0661", "\uff11", "\u00b2", "\u00bd")
HUGE = ("9" * 18, "9" * 19, "9" * 400, "-" + "9" * 30, "2147483648", "a" * 3000)
MARKUP = ("<script>", '"onload="', "'", "`", "{{7*7}}", "${7*7}", "\u202e", "\U0001fa7b")
SIGNS = ("", "&", "=", "?", "+", "#", ";")
RIGHT = ("train", "val", "test", "z", "0", "1")
ODD = st.sampled_from(
    [*PATHS_UP, *BROKEN, *NUMBERS, *DIGITS, *HUGE, *MARKUP, *SIGNS, *RIGHT],
)
WORD = st.one_of(ODD, st.integers(-3, 45).map(str), st.text(max_size=12))
PLAIN = st.characters(exclude_categories=["Cs"])
DATASET = st.one_of(st.sampled_from(["flat", "deep", "real%20numbers", "broken"]), WORD)
SPLIT = st.one_of(st.sampled_from(["train", "val", "test"]), WORD)
INDEX = st.one_of(st.integers(-2, 45).map(str), WORD)
FORM = st.sampled_from(["", ".png", ".npy", ".nii.gz", ".jpg", "."])

PATH = st.one_of(
    st.just("/"),
    st.builds("/d/{}".format, DATASET),
    st.builds("/d/{}/{}/{}{}".format, DATASET, SPLIT, INDEX, FORM),
    st.builds("/api/datasets/{}".format, DATASET),
    st.builds("/api/datasets/{}/items".format, DATASET),
    st.builds("/api/datasets/{}/histogram".format, DATASET),
    st.builds("/sheets/{}/{}/{}.png".format, DATASET, WORD, INDEX),
    st.builds("/pictures/{}/{}/{}/{}.png".format, DATASET, WORD, SPLIT, INDEX),
    st.builds("/pictures/{}/{}/{}/{}/atlas-{}.png".format, DATASET, WORD, SPLIT, INDEX, WORD),
    st.builds("/static/{}".format, WORD),
    st.builds("/static/{}/{}".format, WORD, WORD),
    st.builds("/vendor/htmx/{}".format, WORD),
    st.lists(WORD, max_size=5).map(lambda parts: "/" + "/".join(parts)),
)
NAME = st.one_of(
    st.sampled_from(
        [
            *("split", "label", "page", "per_page", "order", "seed", "bars", "zoom"),
            *("axis", "slice", "z", "y", "x", "low", "high", "invert", "view"),
            *("window", "map", "smooth"),
        ]
    ),
    WORD,
)
VALUE = st.one_of(st.sampled_from(["label", "random", "index", "share", "test", "1", "0"]), WORD)
QUERY = st.lists(st.tuples(NAME, VALUE), max_size=8).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)


def on_the_wire(text: str) -> str:
    """Without what no request line can hold; a question mark begins the query."""
    return "".join(c for c in text if c > " " and not "\ud800" <= c <= "\udfff")


@settings(max_examples=400, deadline=None)
@given(path=PATH, query=QUERY)
@example(path="/%2f", query="")
def test_any_address_gives_a_clean_answer(path: str, query: str, application: ASGIApp) -> None:
    target = on_the_wire(f"{path}?{query}" if query else path)
    assert_clean(ask(application, target), target)


@settings(max_examples=150, deadline=None)
@given(query=st.text(PLAIN, max_size=60))
@pytest.mark.parametrize("path", ["/d/flat", "/d/deep/val/3", "/api/datasets/flat/items"])
def test_any_query_string_gives_a_clean_answer(path: str, query: str, application: ASGIApp) -> None:
    target = on_the_wire(f"{path}?{query}")
    assert_clean(ask(application, target), target)


TAKING_QUERIES = pytest.mark.parametrize(
    "path",
    [
        *("/d/flat", "/d/flat/test/0", "/d/deep/val/0", "/api/datasets/flat/items"),
        *("/api/datasets/flat/histogram",),
    ],
)


@pytest.mark.parametrize(
    "query",
    [
        "note=" + "a" * 10_000,
        "split=" + "a" * 10_000,
        "label=" + "9" * 10_000,
        "&".join(["label=1"] * 1_000),
        "&".join(f"p{number}=1" for number in range(1_000)),
        "&" * 10_000,
        "page=1%00",
        "label=%ff",
    ],
    ids=lambda query: f"{query[:12]}…{len(query)}",
)
@TAKING_QUERIES
def test_a_hostile_query_is_a_clean_4xx(path: str, query: str, application: ASGIApp) -> None:
    answer = ask(application, f"{path}?{query}")
    assert 400 <= answer.status < 500
    assert_clean(answer, path)


@pytest.mark.parametrize(
    "path",
    [
        *("/d/../app/server.py", "/d/..%2f..%2fetc%2fpasswd", "/d/flat%00", "/d/%00/test/0"),
        *(
            "/static/..%2f..%2fpyproject.toml",
            "/static/../pyproject.toml",
            "/static/%2e%2e/app/cli.py",
        ),
        *(
            "/static//etc/passwd",
            "/vendor/htmx/../../package.json",
            "/static/css%2f..%2f..%2fREADME.md",
        ),
        *("/d/flat/test/0%2f1", "/d/flat/te%2fst/0", "/d/" + "a" * 5_000, "/static/" + "a" * 5_000),
        *("/d/flat%2ftest%2f0", "/d/flat/test%2F0", "/d%2Fflat", "/api/datasets%2fflat"),
    ],
)
def test_a_hostile_path_is_not_found(path: str, application: ASGIApp) -> None:
    answer = ask(application, path)
    assert answer.status == 404
    assert_clean(answer, path)


@pytest.mark.parametrize(
    ("target", "status", "word"),
    [
        ("/d/nothing", 404, "nothing"),
        ("/d/flat?split=dev", 404, "dev"),
        ("/d/flat?split=val", 404, "split"),
        ("/d/flat?label=9", 404, "9"),
        ("/d/flat?page=77", 404, "77"),
        ("/d/flat?page=0", 404, "page 0"),
        ("/d/flat/test/7", 404, "7"),
        ("/d/flat/test/999999999999999999", 404, "999999999999999999"),
        ("/d/flat/test/" + "9" * 41, 404, "9" * 39 + "…"),
        ("/d/flat/test/-" + "9" * 30, 404, "9" * 30),
        ("/d/flat/test/" + "9" * 41 + ".png", 404, "9" * 39 + "…"),
        ("/d/flat?label=" + "9" * 40, 404, "no label " + "9" * 40 + ";"),
        ("/d/flat?label=-" + "9" * 40, 404, "no label -" + "9" * 38 + "…;"),
        ("/d/flat?page=" + "9" * 21, 404, "no page " + ",".join(["999"] * 7) + ";"),
        ("/d/flat?page=" + "9" * 3_900, 404, "no page " + ",".join(["999"] * 9) + ",999…;"),
        ("/d/flat?page=-" + "9" * 30, 404, "no page -" + "9" * 30 + ";"),
        ("/d/flat?per_page=" + "9" * 40, 422, "not " + "9" * 40 + "."),
        ("/d/flat?seed=" + "9" * 41, 422, "not " + "9" * 39 + "…."),
        ("/d/deep/val/0?z=" + "9" * 40, 404, "no slice " + "9" * 40 + " along z"),
        ("/d/flat?page=two", 422, "two"),
        ("/d/flat?per_page=501", 422, "501"),
        ("/d/flat?order=size", 422, "size"),
        ("/d/flat/test/seven", 404, "seven"),
        ("/d/flat/test/seven.png", 404, "seven"),
        ("/d/flat/test/1e3/sizes", 404, "1e3"),
        ("/studies/seven", 404, "seven"),
        ("/studies/seven/agreement", 404, "seven"),
        ("/d/flat/test/0?zoom=3", 422, "zoom"),
        ("/d/deep/val/0?z=4", 404, "4"),
        ("/no/such/page", 404, "address"),
    ],
)
def test_a_page_of_error_says_which_part_is_wrong(
    target: str, status: int, word: str, application: ASGIApp
) -> None:
    answer = ask(application, target)
    assert answer.status == status
    shown = Page(answer.body.decode())
    assert word in shown.text()


@pytest.mark.parametrize(
    "target",
    [
        *("/d/flat?page=77", "/d/flat/test/seven", "/d/deep/val/0?z=4", "/d/nothing", "/d/broken"),
        *("/d/flat?label=1&page=77", "/d/flat/find?label=1&find=xyz"),
        *("/d/nothing?page=x", "/d/nothing/test/0?zoom=3", "/d/broken?label=x", "/no"),
    ],
)
def test_the_ways_back_from_an_error_all_exist(target: str, application: ASGIApp) -> None:
    shown = Page(ask(application, target).body.decode())
    for link in shown.links():
        assert ask(application, link).status == 200, link


@pytest.mark.parametrize(
    ("target", "back"),
    [
        ("/d/flat?label=1&label=2&page=77&split=test", "/d/flat?label=1&label=2&split=test"),
        ("/d/flat/find?label=1&split=test&find=x", "/d/flat?label=1&split=test"),
        ("/d/flat/find?label=1&split=test&find=test+99", "/d/flat?label=1&split=test"),
        ("/d/flat/find?label=1&split=test&find=val+0", "/d/flat?label=1&split=test"),
        ("/d/flat/find?label=1&split=test&find=", "/d/flat?label=1&split=test"),
        ("/d/flat?label=1&page=two", "/d/flat?label=1"),
        ("/compare?a=/d/flat&b=flat&c=/d/deep", "/compare?a=%2Fd%2Fflat&c=%2Fd%2Fdeep"),
        ("/compare?a=/d/flat&b=/d/nothing", "/compare?a=%2Fd%2Fflat"),
        ("/compare?a=&b=/d/flat&c=/d/nothing", "/compare?a=&b=%2Fd%2Fflat"),
        ("/compare?a=/d/flat&b=/d/flat?label=9", "/compare?a=%2Fd%2Fflat"),
        ("/compare?a=/d/flat&b=/d/deep&page=9", "/compare?a=%2Fd%2Fflat&b=%2Fd%2Fdeep"),
        ("/d/flat/test/0?label=1&low=200&high=20", "/d/flat/test/0?label=1"),
        ("/d/flat?page=1&window=9-x&invert=1", "/d/flat?page=1"),
        ("/d/flat?window=9-x", "/d/flat"),
    ],
)
def test_the_way_back_leaves_out_only_what_was_wrong(
    target: str, back: str, application: ASGIApp
) -> None:
    shown = Page(ask(application, target).body.decode())
    assert [link.get("href") for link in shown.all("a")].count(back) == 1
    assert ask(application, back).status == 200


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("/d/flat/?split=test", "/d/flat?split=test"),
        ("/d/real%20numbers/", "/d/real%20numbers"),
        ("/api/datasets/", "/api/datasets"),
        ("/s/not-a-link/", "/s/not-a-link"),
        ("//collections//", "/collections"),
    ],
)
def test_a_slash_too_many_leads_on_without_naming_a_server(
    target: str, there: str, application: ASGIApp
) -> None:
    answer = ask(application, target)
    assert (answer.status, answer.headers["location"]) == (307, there)
    private = there.startswith("/s/")
    assert (answer.headers["referrer-policy"] == "no-referrer") == private
    assert ("x-robots-tag" in answer.headers) == private


def test_a_slash_behind_what_is_not_there_leads_nowhere(application: ASGIApp) -> None:
    assert ask(application, "/nowhere/").status == 404
    assert ask(application, "//elsewhere.example/").status == 404


@pytest.mark.parametrize("number", ["9" * 5000, "x", "%D9%A3", "%22%3E", "..%5c", "9" * 30])
@pytest.mark.parametrize("rest", ["/readers", "/close", "/agreement?positive=x", "?%FF"])
def test_whatever_stands_for_a_studys_number_is_refused_in_words(
    number: str, rest: str, application: ASGIApp
) -> None:
    method = "GET" if "?" in rest else "POST"
    answer = ask(application, f"/studies/{number}{rest}", method=method)
    assert answer.status in (400, 403, 404, 422)
    assert list(Page(answer.body.decode()).links())


@pytest.mark.parametrize("target", ["/d/flat", "/d/flat/test/0", "/api/datasets", "/", "/healthz"])
def test_another_method_is_not_allowed(target: str, application: ASGIApp) -> None:
    answer = ask(application, target, method="POST")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "target", "sentence"),
    [
        ("GET", "/d/flat/test/0/notes", "There is nothing to see at this address"),
        ("GET", "/s/x/1/notes", "There is nothing to see at this address"),
        ("POST", "/d/flat", "Nothing can be sent to this address."),
        ("POST", "/api/datasets", "Method Not Allowed."),
        ("GET", "/share", "The address lacks “of”"),
        ("GET", "/studies/new", "The address lacks “of”"),
    ],
)
def test_what_the_framework_refuses_is_said_in_our_words_save_to_programs(
    method: str, target: str, sentence: str, application: ASGIApp
) -> None:
    answer = ask(application, target, method=method)
    assert answer.status in (405, 422)
    assert sentence in answer.body.decode()


@pytest.mark.parametrize("target", ["/d/flat", "/d/flat/test/0.png", "/api/datasets", "/nothing"])
def test_a_head_request_gets_the_head_of_the_answer_alone(
    target: str, application: ASGIApp
) -> None:
    head, whole = ask(application, target, method="HEAD"), ask(application, target)
    assert head.body == b""
    assert head.status == whole.status
    assert head.headers == whole.headers


def test_a_fault_of_our_own_is_a_page_too_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.datasets.library.Library.shelf", fail)
    application = create_app(Settings(paths=(tmp_path,), cache_dir=tmp_path / "cache"))
    with TestClient(
        application, base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        shown = page(client, "/", 500)
        assert "secret" not in shown.text()
        answer = client.get("/api/datasets")
        assert answer.status_code == 500
        assert answer.json()["error"]


def test_a_part_of_a_page_for_htmx_is_an_answer_too(application: ASGIApp) -> None:
    with TestClient(application, base_url="http://127.0.0.1") as client:
        headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
        for target in ("/d/flat?label=1", "/d/flat?page=99"):
            part = client.get(target, headers=headers).text
            assert 'id="results"' in part
            assert "<html" not in part


def test_back_and_forward_get_results_without_the_style_of_another_page(
    application: ASGIApp,
) -> None:
    with TestClient(application, base_url="http://127.0.0.1") as client:
        asked = {"HX-History-Restore-Request": "true", "HX-Request-Type": "full"}
        answer = client.get("/d/flat?label=1", headers=asked)
        assert 'id="results"' in answer.text
        assert "<style" not in answer.text
        assert "HX-History-Restore-Request" in answer.headers["vary"]
        assert "HX-Request-Type" in answer.headers["vary"]


def test_a_kept_page_is_never_given_for_a_part_of_it(application: ASGIApp) -> None:
    with TestClient(application, base_url="http://127.0.0.1") as client:
        part = {"HX-Request": "true", "HX-Request-Type": "partial"}
        for headers, is_page in (({}, True), (part, False), ({}, True), (part, False)):
            answer = client.get("/d/flat?label=2", headers=headers)
            assert ("<html" in answer.text) == is_page


@pytest.mark.parametrize(
    "path", ["/", "/d/flat/test/0.png", "/d/flat/test/0.npy", "/api/datasets", "/api/docs"]
)
@pytest.mark.parametrize(
    "query",
    ["x=" + "a" * 10_000, "&".join(["label=1"] * 1_000), "x=%ff"],
    ids=["long", "many", "bytes"],
)
def test_an_absurd_query_is_refused_where_no_parameter_is_read_too(
    path: str, query: str, application: ASGIApp
) -> None:
    assert ask(application, f"{path}?{query}").status == 422
