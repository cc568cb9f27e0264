"""`lightbox get` as it is typed, from a mirror on loopback: what it says, and what it leaves."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mirror import Mirror, at_work
from running import LIGHTBOX, environment

from app.catalogue.facts import facts_for


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with at_work(Mirror(b"")) as state:
        yield state


@pytest.fixture
def published(real: Callable[[str], Path], mirror: Mirror) -> bytes:
    """The genuine breastmnist.npz, which the mirror has."""
    body = real("breastmnist").read_bytes()
    facts = facts_for("breastmnist")
    assert facts
    if len(body) != facts.files[0].bytes:
        pytest.skip("a stand-in has other bytes than the published file")
    mirror.body = body
    return body


def get(
    mirror: Mirror, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    given = [*arguments, "--to", str(folder)]
    if "LIGHTBOX_MIRROR" not in variables:
        given += ["--from", mirror.address]
    return subprocess.run(
        [LIGHTBOX, "get", *given],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.mark.usefixtures("published")
def test_it_says_what_is_to_come_and_what_came(mirror: Mirror, tmp_path: Path) -> None:
    done = get(mirror, tmp_path, "breastmnist")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("To fetch: 559.6 kB; ")
    assert first.endswith(f" free in {tmp_path}")
    assert second == f"{tmp_path}/breastmnist.npz: here, and as published"
    again = get(mirror, tmp_path, "breastmnist", "breastmnist")
    assert again.stdout.splitlines() == [second]
    assert len(mirror.ranges) == 1


def test_a_cut_download_is_taken_up_by_the_next_run(
    mirror: Mirror, published: bytes, tmp_path: Path
) -> None:
    (tmp_path / ".breastmnist.npz.part").write_bytes(published[:100_000])
    assert get(mirror, tmp_path, "BreastMNIST").returncode == 0
    assert mirror.ranges == ["bytes=100000-"]
    assert (tmp_path / "breastmnist.npz").read_bytes() == published
    assert listed(tmp_path) == {"breastmnist.npz"}


@pytest.mark.usefixtures("published")
def test_a_mirror_may_be_set_once_for_all(mirror: Mirror, tmp_path: Path) -> None:
    done = get(mirror, tmp_path, "breastmnist", LIGHTBOX_MIRROR=mirror.address)
    assert done.returncode == 0


@pytest.mark.usefixtures("published")
def test_of_several_one_may_fail_and_the_others_come(mirror: Mirror, tmp_path: Path) -> None:
    done = get(mirror, tmp_path, "retinamnist", "breastmnist")
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "retinamnist.npz has 559,580 bytes, but the published file has 3,291,041" in sentence
    assert listed(tmp_path) == {"breastmnist.npz"}


@pytest.mark.usefixtures("published")
def test_an_id_may_name_a_size(mirror: Mirror, tmp_path: Path) -> None:
    done = get(mirror, tmp_path, "breastmnist_64", "breastmnist", "--size", "64")
    assert done.returncode == 1  # the mirror has the bytes of another
    (sentence,) = done.stderr.splitlines()
    assert "breastmnist_64.npz" in sentence
    assert listed(tmp_path) == set()


def page(mirror: Mirror) -> None:
    mirror.body, mirror.kind = b"<html>Sign in</html>", "text/html"


def too_few(mirror: Mirror) -> None:
    mirror.body = mirror.body[:-1]


def other(mirror: Mirror) -> None:
    mirror.body = mirror.body[:-1] + bytes([mirror.body[-1] ^ 1])


def missing(mirror: Mirror) -> None:
    mirror.statuses = [404]


def busy(mirror: Mirror) -> None:
    mirror.statuses, mirror.retry_after = [503], "86400"


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (page, "is a web page"),
        (too_few, "559,579 bytes"),
        (other, "gave other bytes"),
        (missing, "status 404"),
        (busy, "is busy"),
    ],
)
def test_each_fault_of_a_mirror_has_its_sentence_and_leaves_nothing(
    spoil: Callable[[Mirror], None], words: str, mirror: Mirror, tmp_path: Path
) -> None:
    spoil(mirror)
    done = get(mirror, tmp_path, "breastmnist")
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("lightbox: ")
    assert words in sentence
    assert sentence.endswith(".")
    assert listed(tmp_path) == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "not a published dataset"),
        (["breastmnist", "organmnist3d", "--size", "128"], "its sizes are 28, 64"),
        (["breastmnist", "--size", "0"], "not published at 0 px"),
        (["breastmnist_64", "--size", "128"], "name two sizes"),
    ],
)
def test_what_is_not_published_is_refused_before_anything_is_asked(
    arguments: list[str], words: str, mirror: Mirror, tmp_path: Path
) -> None:
    done = get(mirror, tmp_path / "new", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert mirror.ranges == []
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ALL_PROXY": "socks5://127.0.0.1:1080"},
        {"HTTP_PROXY": "foo:bar"},
        {"SSL_CERT_FILE": "/nowhere/at/all.pem"},
    ],
)
def test_a_proxy_or_certificate_that_cannot_be_used_is_told_of(
    wrong: dict[str, str], mirror: Mirror, tmp_path: Path
) -> None:
    done = get(mirror, tmp_path, "breastmnist", **wrong)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "proxy and certificate settings" in sentence
    assert listed(tmp_path) == set()
