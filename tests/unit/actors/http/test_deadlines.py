"""One limit for many calls: those that it cancels, and those that it does not."""

import asyncio

import pytest

from actors.http.deadlines import Deadlines


async def call(deadlines: Deadlines, wait_for: asyncio.Event) -> str:
    task = asyncio.current_task()
    assert task is not None
    deadlines.begin(task)
    try:
        await wait_for.wait()
    except asyncio.CancelledError:
        if deadlines.is_over(task):
            return "too late"
        raise
    finally:
        deadlines.end(task)
    return "in time"


async def test_a_call_that_takes_too_long_is_ended_and_its_task_goes_on() -> None:
    deadlines = Deadlines(0.02)

    async def twice() -> tuple[str, str, int]:
        first = await call(deadlines, asyncio.Event())
        done = asyncio.Event()
        done.set()
        second = await call(deadlines, done)
        task = asyncio.current_task()
        assert task is not None
        return first, second, task.cancelling()

    assert await asyncio.create_task(twice()) == ("too late", "in time", 0)
    deadlines.close()


async def test_every_late_call_is_ended_and_no_other() -> None:
    deadlines = Deadlines(0.05)
    quick, never = asyncio.Event(), asyncio.Event()
    early = [asyncio.create_task(call(deadlines, never)) for _ in range(3)]
    passing = asyncio.create_task(call(deadlines, quick))
    quick.set()

    assert await passing == "in time"
    assert await asyncio.gather(*early) == ["too late"] * 3

    later = asyncio.create_task(call(deadlines, never))
    assert await later == "too late"
    deadlines.close()


async def test_a_cancellation_from_outside_stays_one() -> None:
    deadlines = Deadlines(60)
    task = asyncio.create_task(call(deadlines, asyncio.Event()))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()


async def test_a_cancellation_from_outside_wins_over_the_limit() -> None:
    deadlines = Deadlines(0.01)
    limit_reached = asyncio.Event()

    async def stubborn() -> str:
        task = asyncio.current_task()
        assert task is not None
        deadlines.begin(task)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            limit_reached.set()
            task.cancel()
            if deadlines.is_over(task):
                return "too late"
            raise
        finally:
            deadlines.end(task)
        return "in time"

    task = asyncio.create_task(stubborn())
    await limit_reached.wait()

    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()
