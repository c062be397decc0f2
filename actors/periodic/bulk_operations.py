"""The periodic job that carries on bulk operations, in every worker."""

from datetime import timedelta

from actors.periodic.jobs import IDLE, PeriodicJob
from actors.periodic.wake_ups import WakeUps
from domain.executions.bulk.service import BulkRunner
from domain.system.workers import Chore


def bulk_operations_job(runner: BulkRunner, wake_ups: WakeUps) -> PeriodicJob:
    """The job that does the next batch of an operation, and rests when there is none to be carried on."""

    async def rest() -> timedelta:
        return IDLE

    return PeriodicJob(
        name="carrying on bulk operations",
        every=timedelta(seconds=0.5),
        run=runner.run,
        rest=rest,
        woken=wake_ups.of(Chore.BULK_OPERATIONS),
    )
