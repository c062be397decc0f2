"""Periodic jobs: work that is done again and again beside executions, in every worker, each job on its own.

Where nothing happens a job rests: until it is woken, until something is due that it knows of, and for `IDLE` at most,
as a wake-up may be lost.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.kernel.backoff import Backoff, jittered
from domain.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

IDLE = timedelta(seconds=2)
"""The longest rest: what nobody was woken for, as Redis or the one who left it was away, is found after it."""

_EARLY = timedelta(milliseconds=2)
"""The most by which an event loop's timer is early: what is due must not be missed by that."""
_LONGEST_PAUSE = timedelta(seconds=30)
_JITTER = 0.2
"""The share of an interval that is left to chance: workers started together must not come together for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJob:
    """A periodic job. `run` returns True when there is more to do at once.

    `rest` is asked when there is not: the time for which there is nothing to do, as far as is known. A job rests for
    `every` at least, and without a `rest` for no more. After that, `woken` ends its rest.

    Every worker runs it, at the same time as others may: what must happen once is the business of the statement that
    does it. It must be safe to cancel anywhere.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[bool]]
    rest: Callable[[], Awaitable[timedelta]] | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)


def rest_until(due: datetime | None, now: datetime) -> timedelta:
    """The rest of a job that has something to do at `due`; None: it knows of nothing."""
    return IDLE if due is None else min(IDLE, due - now + _EARLY)


class PeriodicJobs:
    """Runs periodic jobs until cancelled. A failing one is tried again, ever less often, and disturbs no other."""

    def __init__(self, jobs: Sequence[PeriodicJob]) -> None:
        self._jobs = jobs

    async def run(self) -> None:
        """Run the jobs for ever."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(_repeat(job), name=job.name)


async def _repeat(job: PeriodicJob) -> None:
    backoff = Backoff(first=2 * job.every, cap=_LONGEST_PAUSE, jitter=_JITTER)
    failures = 0
    while True:
        job.woken.clear()  # what comes from here on is seen by this run, or ends the rest after it
        rest = job.every
        try:
            more = await job.run()
            if not more and job.rest is not None:
                rest = await job.rest()
            failures = 0
        except Unavailable as error:
            logger.warning("%s has to wait: %s", job.name, error)
            more, failures = False, failures + 1
        except Exception:
            logger.exception("%s failed; it goes on", job.name)
            more, failures = False, failures + 1
        if not more:
            chance = random.random()
            pause = backoff.pause(failures, chance) if failures else jittered(job.every, _JITTER, chance)
            await asyncio.sleep(pause.total_seconds())
            if rest > job.every and not failures:
                await _woken(job.woken, within=rest - pause)


async def _woken(event: asyncio.Event, within: timedelta) -> None:
    """Wait for the event, or until the time is over."""
    if not event.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                await event.wait()
