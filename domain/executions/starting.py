"""The last step of every start: insert the executions, then tell the workers of those that can run now."""

from collections.abc import Sequence
from dataclasses import replace

from domain.executions.handing_over import Handovers
from domain.executions.ports import ExecutionStore
from domain.executions.records import ExecutionRecord, NewExecution
from domain.system.workers import WorkQueue

_MOST_HANDED = 4
"""The most executions of one request that are handed over: where there are more, all workers are to share them."""


async def launch(
    executions: Sequence[NewExecution],
    *,
    store: ExecutionStore,
    queue: WorkQueue,
    handovers: Handovers | None = None,
) -> list[ExecutionRecord]:
    """Insert all in one commit and answer in order; tell workers of those that are new, due and have a slot.

    Where `handovers` knows of a worker with room, a few are handed to it, and it need not look for them. For the others
    hints are sent. A hint that is lost loses nothing: the reconciler repeats it. Of a handover that is lost, the worker
    finds soon that it holds an execution that it does not run.
    """
    if not executions:
        return []
    if handovers is not None and len(executions) <= _MOST_HANDED:
        executions = [_offered(new, handovers) for new in executions]
    records = await store.create(executions)
    handed, due = [], []
    for new, record in zip(executions, records, strict=True):
        if record.id != new.id:
            continue
        if new.worker_id is not None and record.worker_id == new.worker_id:
            handed.append(record)
        elif new.start_at is None and not record.is_queued:
            due.append(new.id)
    if handed and handovers is not None:
        due += await store.take_back(await handovers.hand_over(handed))
    if due:
        await queue.hint(due)
    return records


def _offered(new: NewExecution, handovers: Handovers) -> NewExecution:
    """The execution, with the worker that it is handed to where it needs nothing but a worker."""
    needs_more = (
        new.start_at is not None
        or new.max_concurrent is not None
        or new.root_id is not None
        or new.parent_id is not None
        or new.retried_from_id is not None
    )
    return new if needs_more else replace(new, worker_id=handovers.worker_for(new))
