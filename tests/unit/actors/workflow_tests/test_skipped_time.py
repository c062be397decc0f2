"""A loop whose time is skipped: waits are over at once, in their order, and the clock says how long they were."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from actors.workflow_tests.skipped_time import NothingLeft, SkippingClock, SkippingLoop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def loop() -> Iterator[SkippingLoop]:
    loop = SkippingLoop()
    yield loop
    loop.close()


def test_a_wait_of_a_year_is_over_at_once_and_was_a_year_long(loop: SkippingLoop) -> None:
    clock = SkippingClock(loop, NOON)

    loop.run_until_complete(asyncio.sleep(365 * 86400))

    assert clock.now() == NOON + timedelta(days=365)


def test_what_waits_for_less_goes_first(loop: SkippingLoop) -> None:
    order: list[int] = []

    async def wait(seconds: int) -> None:
        await asyncio.sleep(seconds)
        order.append(seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*(wait(seconds) for seconds in (30, 10, 20)))

    loop.run_until_complete(all_of_them())

    assert order == [10, 20, 30]
    assert loop.time() == pytest.approx(30)


def test_no_time_passes_while_something_computes(loop: SkippingLoop) -> None:
    clock = SkippingClock(loop, NOON)

    async def computing() -> None:
        for _ in range(1_000):
            await asyncio.sleep(0)

    loop.run_until_complete(computing())

    assert clock.now() == NOON


def test_what_is_meant_for_a_thread_is_done_at_once_and_may_fail(loop: SkippingLoop) -> None:
    async def both() -> None:
        assert await asyncio.to_thread(lambda: 1) == 1
        await asyncio.to_thread(int, "none")

    with pytest.raises(ValueError, match="none"):
        loop.run_until_complete(both())


def test_tasks_that_wait_for_each_other_for_ever_are_an_error(loop: SkippingLoop) -> None:
    async def for_ever() -> None:
        await loop.create_future()

    with pytest.raises(NothingLeft):
        loop.run_until_complete(for_ever())
