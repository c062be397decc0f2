"""One answer for all callers that ask the same at the same time."""

import asyncio

import pytest

from domain.kernel.errors import Unavailable
from domain.kernel.single_flight import SingleFlight


class Question:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.broken = False

    async def __call__(self) -> int:
        self.asked += 1
        await self.open.wait()
        if self.broken:
            raise Unavailable("PostgreSQL does not answer.")
        return self.asked


async def asking(flight: SingleFlight[str, int], question: Question, key: str = "a") -> "asyncio.Task[int]":
    """A task that waits for the answer."""
    task = asyncio.create_task(flight(key, question))
    await asyncio.sleep(0)
    return task


async def test_those_who_ask_under_one_key_share_an_answer_and_others_do_not() -> None:
    flight, question, other = SingleFlight[str, int]("test"), Question(), Question()
    tasks = [await asking(flight, question) for _ in range(20)]
    apart = await asking(flight, other, "b")
    for each in (question, other):
        each.open.set()

    assert await asyncio.gather(*tasks, apart) == [1] * 21
    assert (question.asked, other.asked) == (1, 1)


async def test_an_answer_is_not_kept() -> None:
    flight, question = SingleFlight[str, int]("test"), Question()
    question.open.set()

    assert [await flight("a", question), await flight("a", question)] == [1, 2]
    assert flight.tasks == []


async def test_whoever_is_cancelled_takes_the_answer_from_nobody() -> None:
    flight, question = SingleFlight[str, int]("test"), Question()
    impatient, patient = await asking(flight, question), await asking(flight, question)

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    question.open.set()

    assert (await patient, question.asked) == (1, 1)


async def test_an_error_that_nobody_is_left_to_see_is_no_complaint() -> None:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    flight, question = SingleFlight[str, int]("test"), Question()
    question.broken = True
    alone = await asking(flight, question)
    [under_way] = flight.tasks
    alone.cancel()
    question.open.set()
    await asyncio.wait([alone, under_way])
    del alone, under_way

    question.broken = False
    assert await flight("a", question) == 2
    assert complaints == []
