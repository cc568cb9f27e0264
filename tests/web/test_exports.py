"""A selection can be taken away: offered with its size and licence, whole or visibly cut off."""

import asyncio
import http.client
import io
import json
import zipfile
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from corpus.writers import patch_both
from running import Server
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.errors import NotReadyError
from app.exports import parquet
from app.exports.stream import Export
from app.web import exports
from app.web.download import Download, Places
from app.web.transport import HeadAsGet

from .conftest import Serve, Write
from .reading import Truth, json_of, page, words
from .visiting import fields_of

Read = Callable[[str], Truth]

FORMS = ("csv", "parquet", "zip", "npz")
QUERY = "split=test&label=0"
TEST_0 = f"/d/breastmnist/export.{{}}?{QUERY}"


def get(client: TestClient, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.published
def test_the_page_says_what_will_be_exported(real_client: TestClient) -> None:
    said = page(real_client, f"/d/breastmnist/export?{QUERY}").text()
    assert "BreastMNIST · test · malignant (0): 42 images, in order of index." in said


def test_the_page_links_to_each_form_and_back_to_the_grid(real_client: TestClient) -> None:
    links = page(real_client, f"/d/breastmnist/export?{QUERY}&page=7&per_page=20").links()
    assert {TEST_0.format(form) for form in FORMS} <= links
    assert f"/d/breastmnist?{QUERY}&per_page=20&page=7" in links


def test_the_page_gives_licence_and_citation(real_client: TestClient) -> None:
    shown = page(real_client, "/d/breastmnist/export")
    facts = json_of(real_client, "/api/datasets/breastmnist")
    assert words(shown.one("a", rel="license noreferrer")) == facts["license"]
    assert all(line in shown.text() for line in facts["citation"].splitlines())


@pytest.mark.parametrize("name", ["breastmnist", "adrenalmnist3d"])
def test_exact_sizes_on_the_page_are_those_announced_and_sent(
    name: str, real_client: TestClient
) -> None:
    said = page(real_client, f"/d/{name}/export?split=val").text()
    for form in ("csv", "npz") if name == "breastmnist" else ("csv", "npz", "zip"):
        answer = real_client.get(
            f"/d/{name}/export.{form}?split=val", headers={"Accept-Encoding": "identity"}
        )
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert f"({len(answer.content):,} bytes)" in said


def test_sizes_that_are_not_known_are_said_to_be_about(real_client: TestClient) -> None:
    shown = page(real_client, "/d/breastmnist/export")
    for form in ("zip", "parquet"):
        (card,) = [each for each in shown.all("li", class_="card") if f".{form}" in words(each)]
        assert "about" in words(card)
        assert "content-length" not in real_client.get(f"/d/breastmnist/export.{form}").headers


def test_all_forms_hold_the_same_items_in_the_same_order(
    real_client: TestClient, truth: Read
) -> None:
    query, known = "split=train&label=0&order=random&seed=3", truth("breastmnist")
    address = f"/d/breastmnist/export.{{}}?{query}"
    table = pd.read_csv(io.BytesIO(get(real_client, address.format("csv"))))
    assert sorted(table["index"]) == np.flatnonzero(known.labels("train") == 0).tolist()
    rows = pyarrow.parquet.read_table(io.BytesIO(get(real_client, address.format("parquet"))))
    assert rows["index"].to_pylist() == table["index"].tolist()
    with zipfile.ZipFile(io.BytesIO(get(real_client, address.format("zip")))) as archive:
        assert archive.namelist()[1:-1] == [f"train/{index}.png" for index in table["index"]]
    with np.load(io.BytesIO(get(real_client, address.format("npz")))) as arrays:
        assert arrays.files == ["train_images", "train_labels", "provenance"]
        expected = known.images("train")[table["index"]]
        np.testing.assert_array_equal(arrays["train_images"], expected, strict=True)


def test_the_order_is_that_of_the_grid(real_client: TestClient) -> None:
    query = "label=1&label=3&order=random&seed=9"
    items = json_of(real_client, f"/api/datasets/retinamnist/items?{query}&per_page=500")["items"]
    table = pd.read_csv(io.BytesIO(get(real_client, f"/d/retinamnist/export.csv?{query}&page=2")))
    listed = [(item["split"], item["index"]) for item in items]
    assert list(zip(table["split"], table["index"], strict=True))[: len(listed)] == listed


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "breastmnist_all"),
        (QUERY, "breastmnist_test_label-0"),
        ("split=test&split=val&order=label", "breastmnist_val-test_by-label"),
        ("label=1&order=random&seed=4", "breastmnist_label-1_random-4"),
        ("split=val&label=0&match=none", "breastmnist_val_none-of-label-0"),
    ],
)
def test_a_file_is_named_by_what_is_in_it(query: str, name: str, real_client: TestClient) -> None:
    for form in FORMS:
        answer = real_client.get(f"/d/breastmnist/export.{form}?{query}")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.{form}"'


def test_each_form_says_what_it_is(real_client: TestClient) -> None:
    told = {}
    for form in FORMS:
        answer = real_client.get(f"/d/breastmnist/export.{form}?{QUERY}")
        told[form] = answer.headers["content-type"]
    assert told == {
        "csv": "text/csv; header=present; charset=utf-8",
        "parquet": "application/vnd.apache.parquet",
        "zip": "application/zip",
        "npz": "application/x-npz",
    }


def test_a_name_that_no_header_can_hold_is_written_twice(serve: Serve, write: Write) -> None:
    name, images = 'größe "1";', np.zeros((2, 4, 4), np.uint8)
    client = serve(write(f"{name}.npz", test_images=images, test_labels=np.arange(2)))
    answer = client.get(f"/d/{quote(name)}/export.csv")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="gr--e--1--_all.csv"; '
        f"filename*=UTF-8''{quote(name, safe='')}_all.csv"
    )


def test_licence_and_citation_are_linked_in_the_headers(real_client: TestClient) -> None:
    link = real_client.get("/d/breastmnist/export.csv").headers["link"]
    assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in link
    assert '<https://doi.org/10.1038/s41597-022-01721-8>; rel="cite-as"' in link


def test_what_is_cited_is_the_paper_of_the_version_and_a_copy_is_asked_for_again(
    real_client: TestClient,
) -> None:
    answer = real_client.get("/d/breastmnist/export.csv")
    assert answer.headers["link"].count('rel="cite-as"') == 1
    assert "no-cache" in answer.headers["cache-control"]


def test_volumes_are_counted_as_volumes(real_client: TestClient) -> None:
    assert "298 volumes, in order of index" in (
        page(real_client, "/d/adrenalmnist3d/export?split=test").text()
    )


@pytest.mark.parametrize("form", ["", *(f".{form}" for form in FORMS)])
@pytest.mark.parametrize(
    ("name", "query", "status", "sentence"),
    [
        ("nothing", "", 404, "There is no dataset called “nothing” here."),
        ("breastmnist", "split=dev", 404, "There is no split called “dev”"),
        ("breastmnist", "label=7", 404, "BreastMNIST has no label 7"),
        ("breastmnist", "label=x", 422, "label must be a whole number"),
        ("breastmnist", "order=size", 422, "order must be one of"),
        ("empty", "label=3", 404, "No images of empty match these filters: nothing to export."),
    ],
)
def test_a_wrong_address_is_answered_with_a_sentence(
    name: str,
    query: str,
    status: int,
    sentence: str,
    form: str,
    serve: Serve,
    write: Write,
    real: Callable[[str], Path],
) -> None:
    arrays = {
        "train_images": np.zeros((2, 4, 4), np.uint8),
        "train_labels": np.array([0, 3]),
        "test_images": np.zeros((1, 4, 4), np.uint8),
        "test_labels": np.array([0]),
    }
    query = f"{query}&split=test" if name == "empty" else query
    client = serve(write("empty.npz", **arrays), real("breastmnist"))
    assert sentence in page(client, f"/d/{name}/export{form}?{query}", status).text()


def test_an_unknown_form_is_answered_with_those_there_are(real_client: TestClient) -> None:
    said = page(real_client, "/d/breastmnist/export.xlsx", 404).text()
    assert "csv, parquet, zip, npz" in said


def test_without_pyarrow_the_page_says_so_and_the_address_too(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    shown = page(real_client, f"/d/breastmnist/export?{QUERY}")
    assert "Parquet needs pyarrow, which is not installed here" in shown.text()
    assert TEST_0.format("parquet") not in shown.links()
    assert "its extra “parquet”" in page(real_client, TEST_0.format("parquet"), 501).text()


@pytest.mark.parametrize("form", FORMS)
def test_head_answers_as_get_without_the_file(form: str, real_client: TestClient) -> None:
    address = f"/d/breastmnist/export.{form}"
    asked, given = real_client.head(address), real_client.get(address)
    assert (asked.status_code, asked.content) == (200, b"")
    assert dict(asked.headers) == dict(given.headers)


def test_a_damaged_file_is_refused_before_the_first_byte(serve: Serve, write: Write) -> None:
    path = write(test_images=np.zeros((9, 40, 40), np.uint8), test_labels=np.arange(9) % 2)
    data = bytearray(path.read_bytes())
    data[data.index(b"test_images.npy") + 60] ^= 0xFF
    path.write_bytes(data)
    client = serve(path)
    for form in FORMS:
        assert client.get(f"/d/made/export.{form}").status_code == 404


def test_what_has_not_passed_its_checksum_is_not_exported(serve: Serve, write: Write) -> None:
    path = write(train_images=np.zeros((40, 1024, 1024), np.uint8), train_labels=np.arange(40) % 2)
    client = serve(patch_both(path, "train_images.npy", crc=1))
    for form in ("zip", "npz"):
        said = page(client, f"/d/made/export.{form}?split=train", 404).text()
        assert "made.npz: train_images fails its checksum" in said


@pytest.mark.parametrize("form", ["zip", "npz"])
def test_what_is_still_being_unpacked_can_be_had_a_moment_later(
    form: str, real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_is_whole", lambda _: False)
    monkeypatch.setattr(exports, "_WAIT_SECONDS", 0)
    answer = real_client.get(f"/d/breastmnist/export.{form}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "train_images is still being unpacked and checked" in answer.text


@pytest.mark.parametrize("form", ["zip", "npz"])
def test_an_export_waits_only_for_the_splits_that_are_in_it(
    form: str, real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        exports, "_is_whole", lambda images: images.shape[0] == 156
    )  # those of test
    monkeypatch.setattr(exports, "_WAIT_SECONDS", 0)
    assert real_client.get(f"/d/breastmnist/export.{form}?split=test").status_code == 200
    assert real_client.get(f"/d/breastmnist/export.{form}").status_code == 503


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_waits_for_no_pixels(
    form: str, real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_is_whole", lambda _: False)
    monkeypatch.setattr(exports, "_WAIT_SECONDS", 0)
    assert real_client.get(f"/d/breastmnist/export.{form}").status_code == 200


def test_a_file_is_named_by_the_number_of_many_labels_and_by_what_was_noted(
    serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((12, 2, 2), np.uint8), test_labels=np.arange(12)))

    def name(query: str) -> str:
        return client.get(f"/d/made/export.csv?{query}").headers["content-disposition"]

    labels = [f"label={value}" for value in range(9)]
    assert name("&".join(labels[:8])).endswith('"made_label-0-1-2-3-4-5-6-7.csv"')
    assert name("&".join(labels)).endswith('"made_9-labels.csv"')
    form = {**fields_of(client.get("/d/made/test/3").text, "/d/made/test/3/notes"), "name": "A"}
    assert client.post("/d/made/test/3/notes", data={**form, "note": "odd"}).is_redirect
    assert name("noted=notes").endswith('"made_notes.csv"')
    assert "made · test · with notes: 1 image" in page(client, "/d/made/export?noted=notes").text()


def test_the_api_describes_the_export(real_client: TestClient) -> None:
    schema = json_of(real_client, "/api/openapi.json")
    described = schema["paths"]["/d/{dataset_id}/export.{form}"]["get"]
    given = {parameter["name"]: parameter for parameter in described["parameters"]}
    asked = {"split", "label", "match", "noted", "order", "seed"}
    assert given.keys() == {"dataset_id", "form", *asked}
    assert given["form"]["schema"]["enum"] == list(FORMS)
    assert "application/zip" in described["responses"]["200"]["content"]
    assert "A selection as a file" in page(real_client, "/api/docs").text()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic: 48 MB of noise, stored, so that it is read where it lies."""
    path = tmp_path_factory.mktemp("large") / "large.npz"
    images = np.random.default_rng(0).integers(0, 256, (48_000, 25, 40), np.uint8)
    labels = (np.arange(48_000) % 2).astype(np.uint8)[:, None]
    np.savez(path, allow_pickle=False, train_images=images, train_labels=labels)
    return path


@pytest.mark.parametrize("form", ["npz", "zip"])
def test_a_file_replaced_in_the_middle_cuts_the_download_off(
    form: str, large: Path, tmp_path: Path
) -> None:
    path = tmp_path / "large.npz"
    path.write_bytes(large.read_bytes())
    with Server(path, LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as server:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.request("GET", f"/d/large/export.{form}")
            with closing(connection.getresponse()) as answer:
                assert answer.status == 200
                assert len(answer.read(100_000)) == 100_000
                with path.open("ab") as file:
                    file.write(b"more")
                with pytest.raises(http.client.IncompleteRead):
                    answer.read()
        _, _, said = server.end()
    assert "an export was cut off: large.npz: train_images was changed" in said
    assert "Traceback" not in said


def test_pages_are_answered_while_downloads_wait_for_their_readers(
    large: Path, tmp_path: Path
) -> None:
    with Server(large, LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as server:
        waiting = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(60)]
        for connection in waiting:
            connection.request("GET", "/d/large/export.npz")
        answers = [connection.getresponse() for connection in waiting]
        assert b"24,000" in server.get("/d/large?label=1")
        assert server.get("/d/large/train/7.png").startswith(b"\x89PNG")
        table = pd.read_csv(io.BytesIO(server.get("/d/large/export.csv")))
        assert len(table) == 48_000
        for answer in answers:
            answer.close()
        for connection in waiting:
            connection.close()


class Endless:
    """An export without end, which notes how many of its kind are made at once, and its end."""

    now = most = 0

    def __init__(self) -> None:
        self.given = 0
        self.closed = False

    def blocks(self) -> Iterator[bytes]:
        try:
            while True:
                Endless.now += 1
                Endless.most = max(Endless.most, Endless.now)
                np.random.default_rng(0).random(100_000).sort()
                Endless.now -= 1
                self.given += 1
                yield b"block"
        finally:
            self.closed = True

    def download(self, places: Places) -> Download:
        return Download(Export(self.blocks(), None), places, "text/plain", {})  # type: ignore[arg-type]


def run(application: ASGIApp, *, method: str, leave_after: int) -> list[Any]:
    """Ask, as a client that leaves after so many messages, or when the answer is whole."""
    messages: list[Any] = []
    gone = asyncio.Event()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        if len(messages) >= leave_after or message.get("more_body") is False:
            gone.set()
        await asyncio.sleep(0)

    scope = {"type": "http", "method": method, "asgi": {"spec_version": "2.3"}}

    async def ask() -> None:
        await application(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(ask())).result()
    return messages


def test_an_export_stops_when_its_reader_leaves() -> None:
    endless = Endless()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await endless.download(Places())(scope, receive, send)

    run(application, method="GET", leave_after=4)
    assert endless.closed
    assert endless.given < 10


@pytest.mark.parametrize("is_cut", [False, True])
def test_only_a_whole_file_is_said_to_be_at_its_end(is_cut: bool) -> None:
    def blocks() -> Generator[bytes, None, None]:
        yield b"one"
        yield b"two"
        if is_cut:
            raise NotReadyError("It was let go of.")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await Download(Export(blocks(), None), Places(), "text/plain", {})(scope, receive, send)

    _start, *bodies = run(application, method="GET", leave_after=1000)
    assert b"".join(message["body"] for message in bodies) == b"onetwo"
    ends = [not message.get("more_body") for message in bodies]
    assert ends == ([False, False] if is_cut else [False, False, True])


def test_head_makes_no_more_of_an_export_than_its_first_block() -> None:
    endless = Endless()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await endless.download(Places())(scope, receive, send)

    messages = run(HeadAsGet(application), method="HEAD", leave_after=1000)
    assert [message["type"] for message in messages] == [
        "http.response.start",
        "http.response.body",
    ]
    assert endless.closed
    assert endless.given < 10


def test_few_blocks_are_made_at_once_over_all_downloads() -> None:
    Endless.most = 0
    sources = [Endless() for _ in range(12)]
    places = Places()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        downloads = [source.download(places)(scope, receive, send) for source in sources]
        await asyncio.gather(*downloads)

    run(application, method="GET", leave_after=60)
    assert all(source.given for source in sources)
    assert Endless.most <= places.limiter.total_tokens


def test_a_multi_label_selection_says_its_origin(serve: Serve, write: Write) -> None:
    labels = (np.random.default_rng(1).random((40, 14)) < 0.2).astype(np.uint8)
    path = write("chestmnist.npz", test_images=np.zeros((40, 6, 6), np.uint8), test_labels=labels)
    client = serve(path)
    with np.load(io.BytesIO(get(client, "/d/chestmnist/export.npz?label=2&label=5"))) as arrays:
        kept = labels[(labels[:, 2] | labels[:, 5]) == 1]
        np.testing.assert_array_equal(arrays["test_labels"], kept, strict=True)
        note = json.loads(str(arrays["provenance"]))
    assert note["address"] == "/d/chestmnist?label=2&label=5"
    assert note["count"] == f"{len(kept)} images"
