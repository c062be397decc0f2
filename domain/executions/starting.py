"""The last step of every start: insert the executions, then send hints for those that can run now."""

from collections.abc import Sequence

from domain.executions.ports import ExecutionStore
from domain.executions.records import ExecutionRecord, NewExecution
from domain.system.workers import WorkQueue


async def launch(
    executions: Sequence[NewExecution], *, store: ExecutionStore, queue: WorkQueue
) -> list[ExecutionRecord]:
    """Insert all in one commit and answer in order; send hints for those that are new, due and have a slot.

    A lost hint loses nothing: the reconciler repeats it.
    """
    if not executions:
        return []
    records = await store.create(executions)
    due = [
        new.id
        for new, record in zip(executions, records, strict=True)
        if record.id == new.id and new.start_at is None and not record.is_queued
    ]
    if due:
        await queue.hint(due)
    return records
