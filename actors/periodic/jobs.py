"""Periodic jobs: work that is done again and again beside executions, in every worker, each job on its own."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.kernel.backoff import Backoff, jittered
from domain.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = timedelta(seconds=30)
_JITTER = 0.2
"""The share of an interval that is left to chance: workers started together must not come together for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJob:
    """A periodic job. `run` returns True when there is more to do at once.

    Every worker runs it, at the same time as others may: what must happen once is the business of the statement that
    does it. It must be safe to cancel anywhere.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[bool]]


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
        try:
            more = await job.run()
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
