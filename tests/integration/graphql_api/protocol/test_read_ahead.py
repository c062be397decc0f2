"""A live list of many executions reads what it needs for all that wait, not for one after the other."""

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID

from domain.executions.records import ExecutionFilter, ExecutionRecord, NewExecution
from domain.kernel.ids import new_id
from graphql_api.executions.following import status_changes
from graphql_api.executions.origins import ExecutionOrigins
from persistence.memory import MemoryStorage
from persistence.memory.executions.queries import MemoryExecutionQueries
from tests.clocks import ManualClock


class CountingQueries(MemoryExecutionQueries):
    """Counts how often executions were read."""

    reads = 0

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ExecutionRecord]:
        self.reads += 1
        return await super().get_many(ids, lean=lean)


async def test_a_hundred_changes_that_wait_cost_one_statement() -> None:
    storage, now = MemoryStorage(), ManualClock().now()
    queries = CountingQueries(storage.tables)
    origins = ExecutionOrigins(queries)
    updates = status_changes(storage.feed, origins, storage.workflows, storage.large_values, ExecutionFilter())
    new = [
        NewExecution(
            id=new_id(),
            definition_id=new_id(),
            workflow_id=None,
            workflow_version=None,
            input=None,
            labels={},
            priority=0,
            total_steps=1,
            created_at=now,
        )
        for _ in range(100)
    ]
    first = asyncio.ensure_future(anext(updates))
    await asyncio.sleep(0)  # it listens now

    await storage.executions.create(new)
    seen = [await first, *[await anext(updates) for _ in new[1:]]]
    await updates.aclose()

    assert [execution.id for execution in seen] == [each.id for each in new]
    assert queries.reads == 1
