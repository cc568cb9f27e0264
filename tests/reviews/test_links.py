"""Links: what a token opens, for how long, and what is kept of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.errors import GoneError, MalformedError, MissingError
from app.reviews import links
from app.reviews.database import Database

ADDRESS = "/d/breastmnist?split=test&label=0"


def test_a_token_finds_what_was_made_with_it(db: Database) -> None:
    token, made = links.make(
        db,
        "grid",
        ADDRESS,
        dataset="breastmnist",
        content="ab" * 12,
        title="Look,\nplease",  # which is one line
        message="Two lines\nof text",
        hide_labels=True,
        may_comment=True,
        days=7,
    )
    found = links.find(db, token, db.now())
    assert found == made
    assert (found.kind, found.target, found.content) == ("grid", ADDRESS, "ab" * 12)
    assert (found.title, found.message) == ("Look, please", "Two lines\nof text")
    assert (found.hide_labels, found.may_comment) == (True, True)
    assert found.expires - found.created == timedelta(days=7)


def test_a_token_has_at_least_128_bits_and_each_is_new(db: Database) -> None:
    tokens = {links.make(db, "grid", ADDRESS)[0] for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) * 6 >= 128 for token in tokens)


def test_each_link_has_a_secret_of_its_own(db: Database) -> None:
    secrets = {links.make(db, "grid", ADDRESS)[1].secret for _ in range(5)}
    assert len(secrets) == 5
    assert all(len(bytes.fromhex(secret)) == 16 for secret in secrets)


def test_the_token_is_nowhere_in_the_database(sqlite: Database) -> None:
    token, _ = links.make(sqlite, "grid", ADDRESS, passphrase="open sesame")
    sqlite.close()
    assert sqlite.file
    kept = b"".join(path.read_bytes() for path in sqlite.file.parent.iterdir())
    assert token.encode() not in kept
    assert b"open sesame" not in kept


def test_neither_secret_nor_passphrase_is_printed(db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS, passphrase="open sesame")
    assert link.passphrase
    assert link.secret not in repr(link)
    assert link.passphrase not in repr(link)


@pytest.mark.parametrize(
    "token",
    ["", "A" * 32, "short", "ü" * 32, "\x00", "\ud800", "A" * 1_000_000, "' OR 1=1 --", "/s/../x"],
)
def test_what_is_no_token_is_missing(token: str, db: Database) -> None:
    links.make(db, "grid", ADDRESS)
    with pytest.raises(MissingError, match=r"no such link.*\."):
        links.find(db, token, db.now())


def test_a_cut_or_lengthened_token_is_missing(db: Database) -> None:
    token, _ = links.make(db, "grid", ADDRESS)
    for wrong in (token[:-1], token + "A", token.swapcase(), f" {token}"):
        with pytest.raises(MissingError):
            links.find(db, wrong, db.now())


def test_a_link_ends_when_its_days_are_over(db: Database) -> None:
    token, link = links.make(db, "grid", ADDRESS, days=1)
    assert links.find(db, token, link.expires - timedelta(microseconds=1)) == link
    with pytest.raises(GoneError, match="expired"):
        links.find(db, token, link.expires)


def test_a_revoked_link_ends_at_once_and_says_so(db: Database) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    links.revoke(db, link.id)
    with pytest.raises(GoneError, match="withdrawn"):
        links.find(db, token, db.now())


def test_revoking_twice_keeps_the_first_time(db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS)
    links.revoke(db, link.id)
    first = links.all_links(db)[0].revoked
    links.revoke(db, link.id)
    assert first
    assert links.all_links(db)[0].revoked == first


def test_a_revoked_link_that_is_reopened_is_as_before_and_ends_when_it_would_have(
    db: Database,
) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    links.revoke(db, link.id)
    links.reopen(db, link.id)
    assert links.find(db, token, link.expires - timedelta(microseconds=1)) == link
    with pytest.raises(GoneError, match="expired"):
        links.find(db, token, link.expires)


@pytest.mark.parametrize("change", [links.revoke, links.reopen])
def test_a_link_that_is_not_there_can_not_be_changed(
    change: Callable[[Database, int], None], db: Database
) -> None:
    with pytest.raises(MissingError, match="no link 5"):
        change(db, 5)


def test_openings_are_counted_with_the_time_of_the_last(db: Database) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    assert (link.opened, link.last_opened) == (0, None)
    for _ in range(3):
        links.touch(db, link)
    found = links.find(db, token, db.now())
    assert found.opened == 3
    assert found.last_opened
    assert found.last_opened >= link.created


def test_what_a_link_shows_is_settled_once_and_for_it_alone(db: Database) -> None:
    (token, link), (other, _) = (links.make(db, "grid", ADDRESS) for _ in range(2))
    for content in ("ab" * 12, "cd" * 12):
        links.settle(db, link, content)
    assert links.find(db, token, db.now()).content == "ab" * 12
    assert links.find(db, other, db.now()).content is None


def test_all_links_are_listed_the_newest_first(db: Database) -> None:
    made = [links.make(db, "grid", ADDRESS, title=str(number))[1] for number in range(3)]
    assert links.all_links(db) == tuple(reversed(made))
    assert links.all_links(db, 1) == (made[1], made[0])
    assert links.all_links(db, 0, 1) == (made[2],)
    assert links.all_links(db, 1, 5) == (made[1], made[0])
    assert links.count(db) == 3


def test_a_passphrase_opens_however_its_letters_were_typed(db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS, passphrase="Caf\u00e9 au lait")
    assert links.check_passphrase(link, "Cafe\u0301 au lait")
    assert links.check_passphrase(link, " Café au lait ")


@pytest.mark.parametrize("wrong", ["", "Cafe au lait", "café au lait", "x" * 100_000, "\x00\ud800"])
def test_another_passphrase_does_not_open(wrong: str, db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS, passphrase="Café au lait")
    assert not links.check_passphrase(link, wrong)


def test_a_passphrase_has_up_to_200_characters_all_of_which_count(db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS, passphrase="x" * 200)
    assert links.check_passphrase(link, "x" * 200)
    for wrong in ("x" * 199, "x" * 201):
        assert not links.check_passphrase(link, wrong)
    with pytest.raises(MalformedError, match="longer than 200 characters"):
        links.make(db, "grid", ADDRESS, passphrase="x" * 201)


@pytest.mark.parametrize("nothing", [" ", "\t\n", "\u200e\u2028"])
def test_no_link_is_left_open_whose_passphrase_has_nothing_that_can_be_typed(
    nothing: str, db: Database
) -> None:
    with pytest.raises(MalformedError, match="nothing but blanks"):
        links.make(db, "grid", ADDRESS, passphrase=nothing)
    assert links.count(db) == 0


def test_without_a_passphrase_any_opens(db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS)
    assert link.passphrase is None
    assert links.check_passphrase(link, "whatever")


@pytest.mark.parametrize("days", [1, 3_650])
def test_a_link_may_hold_for_a_day_and_for_ten_years(days: int, db: Database) -> None:
    token, _ = links.make(db, "grid", ADDRESS, days=days)
    found = links.find(db, token, db.now())
    assert found.expires - found.created == timedelta(days=days)


@pytest.mark.parametrize("days", [0, -1, 3_651, 10**9])
def test_days_out_of_range_are_refused(days: int, db: Database) -> None:
    with pytest.raises(MalformedError, match=r"from 1 to 3,650 days"):
        links.make(db, "grid", ADDRESS, days=days)


@pytest.mark.parametrize(
    "target",
    ["", "d/breastmnist", "https://example.org/", "//example.org/", "/\\example.org", "/d/x\ny"],
)
def test_a_link_leads_to_an_address_here(target: str, db: Database) -> None:
    with pytest.raises(MalformedError):
        links.make(db, "grid", target)


@pytest.mark.parametrize(("field", "most"), [("title", 200), ("message", 2_000)])
def test_texts_are_bounded(field: str, most: int, db: Database) -> None:
    _, link = links.make(db, "grid", ADDRESS, **{field: "ü" * most})  # type: ignore[arg-type]
    assert len(getattr(link, field)) == most
    for length in (most + 1, 1_000_000):
        with pytest.raises(MalformedError, match=f"The {field} is longer than {most:,}"):
            links.make(db, "grid", ADDRESS, **{field: "x" * length})  # type: ignore[arg-type]


def test_hostile_texts_are_kept_as_texts(db: Database) -> None:
    title = "<script>alert(1)</script>'; DROP TABLE links; --\x00\u202e"
    token, _ = links.make(db, "grid", ADDRESS, title=title)
    found = links.find(db, token, db.now())
    assert found.title == "<script>alert(1)</script>'; DROP TABLE links; --"
