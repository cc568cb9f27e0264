"""Guessing is slow, for whoever guesses and for nobody else."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from app.web import limits
from app.web.access import client_of
from app.web.limits import Limiter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still: its ``now`` can be set."""
    clock = SimpleNamespace(now=1_000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(limits, "time", clock)
    return clock


def test_so_many_tries_are_taken_and_more_when_the_first_are_long_ago(
    clock: SimpleNamespace,
) -> None:
    limiter = Limiter(most=3)
    assert [limiter.take("a") for _ in range(5)] == [True, True, True, False, False]
    clock.now += 59
    assert limiter.is_over("a")
    clock.now += 1
    assert not limiter.is_over("a")
    assert [limiter.take("a") for _ in range(4)] == [True, True, True, False]


def test_one_client_does_not_slow_another() -> None:
    limiter = Limiter(most=1)
    assert [limiter.take(client) for client in ("a", "b", "a", "b")] == [True, True, False, False]


def test_a_try_that_was_right_is_forgiven() -> None:
    limiter = Limiter(most=2)
    for _ in range(5):
        assert limiter.take("a")
        limiter.forgive("a")
    limiter.forgive("nobody")
    assert [limiter.take("a") for _ in range(3)] == [True, True, False]


def test_of_many_clients_the_one_that_was_quiet_longest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "_CLIENTS_MOST", 3)
    limiter = Limiter(most=2)
    for client in ("a", "a", "b", "b", "c", "c", "b", "d"):
        limiter.count(client)
    assert [limiter.is_over(client) for client in "abcd"] == [False, True, True, False]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        # A prefix with noughts is written in short (RFC 5952).
        ("2001:db8::a:b:c:d", "2001:db8::e:b:c:d", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("no:address", "no:address:either", False),
    ],
)
def test_who_asks_is_an_address_or_a_network_of_version_6(
    one: str, other: str, alike: bool
) -> None:
    clients = {client_of(Request({"type": "http", "client": (host, 5)})) for host in (one, other)}
    assert (len(clients) == 1) == alike
