"""The number of executions that PostgreSQL's planner expects to match a filter, by its statistics and at once."""

from collections.abc import Sequence
from typing import Any, cast

from domain.executions.lists import OrderBy
from domain.executions.records import ExecutionFilter
from domain.kernel.json.text import loads
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.lists.conditions import KEYED, WORKFLOWS, conditions_of


async def expected(database: Database, filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED) -> int:
    """The number of executions in a list by this time that the planner expects to match."""
    conditions = conditions_of(filter, by)
    rows: Sequence[Any] = await database.fetch(
        f"EXPLAIN (FORMAT JSON) SELECT FROM {matching(filter, conditions)} AND NOT e.is_batch", *conditions.arguments
    )
    [plan] = cast("list[dict[str, dict[str, float]]]", loads(rows[0][0]))
    return round(plan["Plan"]["Plan Rows"])


def matching(filter: ExecutionFilter, conditions: Conditions) -> str:
    """The part of a statement behind FROM, with a WHERE that more can be added to."""
    if filter.idempotency_key is None:
        return f"workflow_execution e WHERE {conditions}"
    return f"{WORKFLOWS} JOIN workflow_execution e ON {KEYED} WHERE {conditions}"
