"""Periodic jobs: each is run again and again, and none stands in the way of another."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from actors.periodic.jobs import PeriodicJob, PeriodicJobs
from domain.kernel.errors import Unavailable
from tests.waiting import wait_until

OFTEN = timedelta(milliseconds=1)
NEVER = timedelta(days=1)


class Counter:
    """Work that counts how often it is done, and then does what it was told."""

    def __init__(self, then: Callable[[int], bool]) -> None:
        self.times = 0
        self._then = then

    async def run(self) -> bool:
        self.times += 1
        return self._then(self.times)


def job(run: Callable[[], Awaitable[bool]], every: timedelta = OFTEN) -> PeriodicJob:
    return PeriodicJob(name="counting", every=every, run=run)


async def until_done(*counters: Counter, times: int, every: timedelta = OFTEN) -> None:
    """Run the jobs until each was run so often."""
    running = asyncio.create_task(PeriodicJobs([job(counter.run, every) for counter in counters]).run())
    await wait_until(lambda: all(counter.times >= times for counter in counters), "all were done")
    running.cancel()
    await asyncio.wait([running])


async def test_a_periodic_job_is_done_again_and_again() -> None:
    await until_done(Counter(lambda _: False), times=3)


async def test_one_that_has_more_to_do_goes_on_at_once() -> None:
    await until_done(Counter(lambda times: times < 3), times=3, every=NEVER)


@pytest.mark.parametrize("error", [Unavailable("PostgreSQL is away."), RuntimeError("a bug")], ids=str)
async def test_one_that_fails_is_done_again_and_others_go_on(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(times: int) -> bool:
        if times < 3:
            raise error
        return False

    await until_done(Counter(fail), Counter(lambda _: False), times=3)
    assert "counting" in caplog.text


async def test_a_periodic_job_that_waits_holds_up_no_other() -> None:
    async def wait_for_ever() -> bool:
        await asyncio.Event().wait()
        return False

    counter = Counter(lambda _: False)
    running = asyncio.create_task(PeriodicJobs([job(wait_for_ever), job(counter.run)]).run())
    await wait_until(lambda: counter.times >= 3, "the other was done")
    running.cancel()
    await asyncio.wait([running])
