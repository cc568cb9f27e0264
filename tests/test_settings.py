"""What can be set, from where, and that the README says so."""

import re
from pathlib import Path

import pytest

from app.errors import UsageError
from app.settings import HANDED_DOWN, PREFIX, Settings, load

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)


def test_a_variable_goes_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_CACHE_DIR", "/somewhere")
    assert load().cache_dir == Path("/somewhere")


def test_a_flag_goes_before_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_CACHE_DIR", "/somewhere")
    assert load(cache_dir=Path("/elsewhere")).cache_dir == Path("/elsewhere")


def test_a_flag_that_is_not_given_leaves_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_CACHE_DIR", "/somewhere")
    assert load(cache_dir=None).cache_dir == Path("/somewhere")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_BASE_URL", "")
    assert load().base_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CACHE_BYTES", "lots"), ("CACHE_BYTES", "-1"), ("PATHS", "no json")),
        *(("BASE_URL", "pictures"), ("BASE_URL", "http://[bad"), ("BASE_URL", "ftp://a.example")),
        *(("BASE_URL", "https://a.example?b=1"), ("HOSTS", "a.example,[bad"), ("HOSTS", "::1")),
        # No browser sends these names, so the server would answer to nobody, or links lead nowhere.
        *(("BASE_URL", "https://münchen.example"), ("HOSTS", "münchen.example"), ("HOSTS", "*")),
        *(("BASE_URL", "https://a .example"), ("BASE_URL", "https://me:secret@a.example")),
        *(("BASE_URL", "https://a.example:x"), ("BASE_URL", "https://a.example:99999")),
    ],
)
def test_a_variable_that_cannot_be_read_is_named_in_a_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LIGHTBOX_{name}", value)
    with pytest.raises(UsageError, match=rf"(?i){name}.*\.$"):
        load()


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://pictures.example.org/", "pictures.example.org"),
        ("http://PICTURES.example.org:8080/a/b", "pictures.example.org"),
        ("https://pictures.example.org.", "pictures.example.org"),
        ("https://xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("http://my_machine:8000", "my_machine"),
        ("http://[2001:db8::1]:8000", "[2001:db8::1]"),
        ("http://[2001:DB8:0:0::0001]:8000", "[2001:db8::1]"),
    ],
)
def test_the_public_host_is_that_of_the_base_url(address: str, host: str) -> None:
    assert load(base_url=address).served_hosts == {host}


def test_the_public_address_is_kept_as_browsers_name_it_and_its_path_as_it_is() -> None:
    found = load(base_url="HTTPS://Pictures.Example.org:8443/A/")
    assert found.base_url == "https://pictures.example.org:8443/A/"
    assert found.secure


def test_further_hosts_are_named_with_commas() -> None:
    found = load(base_url="https://a.example.org", hosts="b.example.org, C.example.org,")
    assert found.served_hosts == {"a.example.org", "b.example.org", "c.example.org"}


def test_a_further_host_may_be_copied_with_its_port() -> None:
    assert load(hosts="Lab.example:8000,[fd00::1]:80").served_hosts == {"lab.example", "[fd00::1]"}


def test_a_further_host_may_be_copied_as_an_address_of_it() -> None:
    assert load(hosts="https://Lab.example/d/x,http://b:80").served_hosts == {"lab.example", "b"}


def test_why_a_variable_cannot_be_read_is_said_in_plain_words() -> None:
    with pytest.raises(UsageError) as refused:
        load(base_url="pictures")
    assert str(refused.value) == (
        "LIGHTBOX_BASE_URL can't be used: it has no host name; set it to another value."
    )


def test_two_servers_make_different_tokens_that_no_log_shows() -> None:
    first, second = load(), load()
    assert first.owner_token != second.owner_token
    assert first.owner_token not in repr(first)


def test_the_readme_names_every_setting_and_no_other() -> None:
    named = re.findall(rf"^\| `{PREFIX}(\w+)`", README.read_text(), re.MULTILINE)
    assert {name.lower() for name in named} == set(Settings.model_fields) - HANDED_DOWN


def test_the_readme_gives_the_right_bound_of_the_cache() -> None:
    (bound,) = re.findall(r"`LIGHTBOX_CACHE_BYTES` \|.*\| (\d+) \|", README.read_text())
    assert int(bound) == Settings.model_fields["cache_bytes"].default


def test_a_server_answers_to_an_address_of_six_as_browsers_write_it() -> None:
    named = Settings(base_url="http://[fd00::1]:8000", hosts="lightbox.example")
    assert named.served_hosts == {"[fd00::1]", "lightbox.example"}
