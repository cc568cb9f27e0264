"""Passphrases, and guesses at them and at links."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import escape, unescape
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from ..visiting import fields_of, send, share, visitor


def test_ten_thousand_guesses_are_slowed_while_the_right_link_opens(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    found = [guest.get(f"/s/{n:032}").status_code for n in range(50)]
    assert found[:10] == [404] * 10
    assert found[-1] == 429
    assert guest.get(link).status_code == 200


def test_a_passphrase_is_asked_for_once_and_guessing_is_slowed(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="crème brûlée", title="Ward round")
    guest = visitor(owner)
    assert "data-sheet" not in guest.get(link).text
    assert guest.get(f"{link}/1.png").status_code != 200
    wrong = send(guest, link, f"{link}/unlock", passphrase="creme brulee")
    assert wrong.status_code == 403
    assert send(guest, link, f"{link}/unlock", passphrase="crème brûlée").status_code == 303
    assert "data-sheet" in guest.get(link).text
    assert guest.get(f"{link}/1.png").status_code == 200
    other = visitor(owner)
    for _ in range(5):
        send(other, link, f"{link}/unlock", passphrase="guess")
    asked = other.get(f"{link}/3?window=20-180").headers["location"]
    action = f"{link}/unlock?{urlsplit(asked).query}"
    hidden = fields_of(other.get(asked).text, escape(action))
    late = other.post(action, data={**hidden, "passphrase": "crème brûlée"})
    assert late.status_code == 429
    # A minute later it leads to the image that was asked for.
    assert f'href="{escape(asked)}"' in late.text


def test_the_passphrase_of_one_link_opens_no_other(owner: TestClient) -> None:
    first, second = (share(owner, "/d/atlas", passphrase="crème brûlée") for _ in range(2))
    guest = visitor(owner)
    send(guest, first, f"{first}/unlock", passphrase="crème brûlée")
    ((name, proof),) = [pair for pair in guest.cookies.items() if "link" in pair[0]]
    cookies = "; ".join(f"{name[:-1]}{number}={proof}" for number in range(1, 10))
    for link, status in ((first, 200), (second, 403)):
        answer = visitor(owner).get(f"{link}/1.png", headers={"cookie": cookies})
        assert answer.status_code == status


def test_a_whole_ward_behind_one_address_may_enter(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="crème brûlée")
    for _ in range(8):  # more than there are wrong tries in a minute
        entered = send(visitor(owner), link, f"{link}/unlock", passphrase="crème brûlée")
        assert entered.status_code == 303


def unlocked(guest: TestClient, asking: str, phrase: str) -> str:
    """Say the passphrase in the form that a page holds; give where one lands."""
    (action,) = re.findall(r'action="([^"]+)"', asking)
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', asking)
    given = {"check": check, "passphrase": phrase}
    answer = guest.post(unescape(action), data=given)
    if answer.status_code == 403:
        return unlocked(guest, answer.text, "open sesame")
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.mark.parametrize("phrase", ["open sesame", "wrong at first"])
@pytest.mark.parametrize(
    "wanted", ["", "?window=20-200", "/5", "/5?window=20-200&zoom=2", "/5?place=7", "?page=2"]
)
def test_a_passphrase_leads_to_what_was_asked_for(
    wanted: str, phrase: str, owner: TestClient
) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    answer = guest.get(f"{link}{wanted}")
    if answer.status_code == 303:
        answer = guest.get(answer.headers["location"])
    landed = unlocked(guest, answer.text, phrase)
    assert landed == f"{link}{wanted.replace('?place=7', '')}"
    assert guest.get(landed).status_code == 200
    # The page that asked for it, once more.
    again = guest.get(f"{link}?place=5&zoom=2")
    assert (again.status_code, again.headers["location"]) == (303, f"{link}/5?zoom=2")


@pytest.mark.parametrize(
    "place",
    ["//elsewhere.example", "https://elsewhere.example/", "../links", "5/../../links", "read", "x"],
)
def test_a_passphrase_leads_nowhere_but_to_its_own_link(place: str, owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    asking = guest.get(link, params={"place": place, "zoom": "2\r\nSet-Cookie: a=b"}).text
    landed = unlocked(guest, asking, "open sesame")
    assert landed == f"{link}?zoom=2%0D%0ASet-Cookie%3A+a%3Db"


READING = ("read", "read/1", "practice/1", "read/1.png", "practice/1.png")


def test_a_link_with_a_passphrase_has_no_reading_and_no_fault(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    for part in READING:
        assert guest.get(f"{link}/{part}").status_code == 403
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', guest.get(link).text)
    fields = {"check": check, "place": "1", "choice": "0", "key": "k" * 12, "ms": "5"}
    assert guest.post(f"{link}/answers", data=fields).status_code == 403


def test_asking_at_once_gives_no_more_guesses(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', guest.get(link).text)

    def guess(number: int) -> int:
        fields = {"check": check, "passphrase": f"guess {number}"}
        return guest.post(f"{link}/unlock", data=fields).status_code

    with ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(guess, range(24)))
    assert statuses.count(403) == 5
    assert statuses.count(429) == 19
