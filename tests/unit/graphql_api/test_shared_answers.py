"""Answers that one look-up gives to many."""

import asyncio
from datetime import timedelta

import pytest

from domain.kernel.errors import Unavailable
from graphql_api.kit.shared_answers import SharedAnswer

FOR_EVER = timedelta(days=1)


class Question:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.broken:
            raise Unavailable("PostgreSQL does not answer.")
        return number


async def test_all_who_ask_at_once_share_one_look_up() -> None:
    question = Question()
    question.open.clear()
    shared = SharedAnswer(question, FOR_EVER)
    asking = [asyncio.ensure_future(shared()) for _ in range(200)]
    await asyncio.sleep(0)

    question.open.set()

    assert await asyncio.gather(*asking) == [1] * 200
    assert await shared() == 1
    assert question.asked == 1


async def test_what_is_no_longer_recent_is_looked_up_anew() -> None:
    question = Question()
    shared = SharedAnswer(question, timedelta(0))

    assert [await shared(), await shared()] == [1, 2]


async def test_whoever_gives_up_leaves_the_look_up_to_the_others() -> None:
    question = Question()
    question.open.clear()
    shared = SharedAnswer(question, FOR_EVER)
    impatient, patient = asyncio.ensure_future(shared()), asyncio.ensure_future(shared())
    await asyncio.sleep(0)

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    question.open.set()

    assert await patient == 1
    assert question.asked == 1


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    question = Question()
    question.open.clear()
    question.broken = True
    shared = SharedAnswer(question, FOR_EVER)
    asking = [asyncio.ensure_future(shared()) for _ in range(3)]
    await asyncio.sleep(0)
    question.open.set()

    for each in asking:
        with pytest.raises(Unavailable):
            await each
    question.broken = False
    assert await shared() == 2


async def test_a_failure_that_nobody_waited_for_is_no_complaint(caplog: pytest.LogCaptureFixture) -> None:
    question = Question()
    question.open.clear()
    question.broken = True
    shared = SharedAnswer(question, FOR_EVER)
    asking = asyncio.ensure_future(shared())
    await asyncio.sleep(0)
    asking.cancel()
    question.open.set()
    await asyncio.sleep(0.01)

    question.broken = False
    assert await shared() == 2
    assert caplog.messages == []
