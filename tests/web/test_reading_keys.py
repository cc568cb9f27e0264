"""The key beside an answer is the number that the answer carries, so that a grade is a grade."""

import re

import numpy as np
import pytest

from .conftest import Serve, Write
from .reading import Pixels, page, words
from .visiting import send, visitor


def graded(values: list[int]) -> dict[str, Pixels]:
    labels = np.array(values, np.int64)[:, None]
    return {"test_images": np.zeros((len(values), 5, 5), np.uint8), "test_labels": labels}


@pytest.mark.parametrize(
    ("scale", "values", "own", "keys"),
    [
        ("labels", [0, 1, 2, 3, 4], "", "01234"),
        ("labels", [3, 7], "", "37"),
        # One of them has no key of its own as a digit, so all go by their places.
        ("labels", [8, 9, 10], "", "123"),
        ("own", [0, 1], "0 none\n1 mild\n2 severe", "012"),
        ("own", [0, 1], "3\n2", "32"),
        ("own", [0, 1], "BI-RADS 4\n5 or 6\n6", "123"),
        ("own", [0, 1], "4 benign\n4 malignant", "12"),
        ("own", [0, 1], "4a\n4b", "12"),
        ("own", [0, 1], "10 mm\n20 mm", "12"),
        ("own", [0, 1], "٣\n٤", "12"),
        ("yes-no", [0, 1], "", "12"),
    ],
)
def test_the_key_of_an_answer(
    scale: str, values: list[int], own: str, keys: str, serve: Serve, write: Write
) -> None:
    server = serve(write("graded.npz", **graded(values)))
    fields = {"title": "Grades", "question": "Which?", "scale": scale, "choices": own}
    assert send(server, "/studies/new?of=/d/graded", "/studies", **fields).status_code == 303
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    read = page(visitor(server), f"{path}/read/1")
    answers = list(read.all("input", name="choice"))
    assert [each.get("aria-keyshortcuts") for each in answers] == [*keys, "u"]
    # What is seen beside an answer is what picks it.
    assert [words(each) for each in read.all("kbd")] == [*keys, "u"]


def test_answers_beyond_nine_have_no_key(serve: Serve, write: Write) -> None:
    server = serve(write("graded.npz", **graded(list(range(12)))))
    fields = {"title": "Grades", "question": "Which?", "scale": "labels"}
    send(server, "/studies/new?of=/d/graded", "/studies", **fields)
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    read = page(visitor(server), f"{path}/read/1")
    assert [words(each) for each in read.all("kbd")] == [*"123456789", "u"]


def test_the_help_tells_every_key_of_a_reading(serve: Serve, write: Write) -> None:
    server = serve(write("graded.npz", **graded([0, 1, 2])))
    fields = {"title": "Grades", "question": "Which?", "scale": "yes-no", "confidence": "1"}
    send(server, "/studies/new?of=/d/graded", "/studies", **fields)
    made = send(server, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    read = page(visitor(server), f"{path}/read/2").one("main")
    carried = {each.get("aria-keyshortcuts") for each in read.iter()} - {None}
    assert {"1", "u", "Enter", "Backspace", "Plus"} <= carried
    told = page(visitor(server), "/keys").one("section", aria_labelledby="keys-reading")
    keys = {words(each) for each in told.iter("kbd")}
    # As printed on keys; − works once a picture is enlarged, and digits stand for all of them.
    assert (carried - set("12345") - {"Plus"}) | {"+", "−"} == keys - set("123")
    assert set("123") <= keys
