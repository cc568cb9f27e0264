"""What stands behind nginx, and who asks."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from .front import Front, MissingNginxError, Replica, find_nginx, visitor

Replicas = tuple[Replica, Replica]
Visit = Callable[[str], httpx2.Client]

_numbers = itertools.count(2)


@pytest.fixture(scope="session")
def nginx() -> str:
    """The program. Where there is none, tests that need it are skipped; in CI they fail."""
    try:
        return find_nginx()
    except MissingNginxError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(f"nginx is not tested: {missing}")


@pytest.fixture(scope="session")
def _started(
    nginx: str,  # noqa: ARG001 (asked for first, so that nothing starts in vain)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    replicas = Replica(folder), Replica(folder)
    for replica in replicas:
        replica.wait()
    yield replicas
    for replica in replicas:
        replica.kill()


@pytest.fixture
def replicas(_started: Replicas) -> Replicas:
    """Two replicas of the demo with one cache folder, both alive."""
    dead = [replica for replica in _started if not replica.is_alive]
    for replica in dead:
        replica.start()
    for replica in dead:
        replica.wait()
    return _started


@pytest.fixture(scope="session")
def _front(
    nginx: str, _started: Replicas, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    ports = [replica.port for replica in _started]
    with Front(nginx, tmp_path_factory.mktemp("nginx"), ports) as front:
        yield front


@pytest.fixture
def front(_front: Front, replicas: Replicas) -> Front:  # noqa: ARG001 (alive when asked)
    """Nginx before the two replicas; what one test has it keep, the next one finds there."""
    return _front


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Give someone new to an address, with limits of their own."""
    with ExitStack() as stack:
        yield lambda address: stack.enter_context(visitor(address, next(_numbers)))
