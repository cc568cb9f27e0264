"""Answers kept in memory: bounded by all that they take, and waited for where promised."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from running import PATIENCE

from app.web.memory import Answers, Kept

TINY = Kept(b"", [], bytes(70), None)


def test_many_tiny_answers_are_kept_within_the_bound_too() -> None:
    answers = Answers(100_000)
    for number in range(1_000):
        answers.put(number, TINY)
    # Each has headers and an address, which are larger.
    assert sum(answers.get(number) is not None for number in range(1_000)) < 100
    assert answers.get(999) is TINY


def test_what_is_kept_anew_counts_once() -> None:
    answers = Answers(100_000)
    answers.put("first", TINY)
    for _ in range(1_000):
        answers.put("again", TINY)
    assert answers.get("first") is TINY


def test_a_promised_answer_is_waited_for_though_another_waits_no_longer() -> None:
    answers = Answers(100_000)

    async def ask() -> Kept | None:
        end_wait = answers.promise("sheet")
        leaving, staying = (asyncio.create_task(answers.wait_for("sheet")) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert leaving.cancelled()
        assert not staying.done()
        answers.put("sheet", TINY)
        await asyncio.to_thread(end_wait)  # as the thread does that drew it
        return await asyncio.wait_for(staying, PATIENCE)

    assert _run(ask) is TINY


def test_a_promise_that_nothing_came_of_ends_the_wait() -> None:
    answers = Answers(100_000)

    async def ask() -> tuple[Kept | None, Kept | None]:
        end_wait = answers.promise("sheet")
        waiting = asyncio.create_task(answers.wait_for("sheet"))
        await asyncio.sleep(0)
        end_wait()
        first = await asyncio.wait_for(waiting, PATIENCE)
        return first, await asyncio.wait_for(answers.wait_for("sheet"), PATIENCE)

    assert _run(ask) == (None, None)


def _run(ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    # In a thread of its own: Playwright keeps a loop running in this one from its first test on.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()
