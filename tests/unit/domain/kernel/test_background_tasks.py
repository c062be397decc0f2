"""Tasks that run beside what has started them."""

import asyncio
import gc
from datetime import timedelta

import pytest

from domain.kernel.background_tasks import BackgroundTasks, cancelled, running
from tests.waiting import wait_until

AT_ONCE = timedelta(0)
LONG = timedelta(minutes=1)


@pytest.mark.parametrize("by", ["itself", "the tasks of an object"])
async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(by: str) -> None:
    tasks, begun = BackgroundTasks("test"), asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:  # as some libraries do where an answer comes at the same moment
            await asyncio.Event().wait()

    task = tasks.start(work())
    await begun.wait()
    await (cancelled([task]) if by == "itself" else tasks.cancel())

    assert task.cancelled()


async def test_a_task_that_nobody_else_holds_is_kept_until_it_ends() -> None:
    tasks, go, done = BackgroundTasks("test"), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.set()

    tasks.start(work())
    await asyncio.sleep(0)
    gc.collect()
    go.set()

    await wait_until(done.is_set, "the work was done")
    await wait_until(lambda: len(tasks) == 0, "the task was let go")


async def test_whoever_starts_a_task_can_have_its_result() -> None:
    async def answer() -> int:
        return 42

    assert await BackgroundTasks("test").start(answer()) == 42


async def test_finishing_waits_for_tasks_and_for_those_that_they_start() -> None:
    tasks, done = BackgroundTasks("test"), []

    async def work(times: int) -> None:
        await asyncio.sleep(0)
        if times > 1:
            tasks.start(work(times - 1))
        done.append(times)

    tasks.start(work(3))
    await tasks.finish(LONG)

    assert (done, len(tasks)) == ([3, 2, 1], 0)


async def test_a_task_that_takes_too_long_to_finish_is_cancelled_and_may_still_clean_up() -> None:
    tasks, cleaned_up = BackgroundTasks("test"), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned_up.set()

    tasks.start(work())
    await asyncio.sleep(0)
    await tasks.finish(AT_ONCE)

    assert (cleaned_up.is_set(), len(tasks)) == (True, 0)


async def test_a_task_that_a_cancelled_one_starts_is_cancelled_as_well() -> None:
    tasks = BackgroundTasks("test")

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tasks.start(asyncio.Event().wait())

    tasks.start(work())
    await asyncio.sleep(0)
    await tasks.cancel()

    assert len(tasks) == 0


async def test_work_beside_a_context_ends_with_it_also_when_the_context_fails() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail_beside_it() -> None:
        async with running(work(), "test"):
            await wait_until(begun.is_set, "the work has begun")
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await fail_beside_it()

    assert ended.is_set()
