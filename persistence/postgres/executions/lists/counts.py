"""Numbers of executions that match: exact for a list, and for a look at all statuses exact up to a bound."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from domain.executions.lists import Count, OrderBy, statuses_of
from domain.executions.records import ExecutionFilter
from domain.kernel.json.text import loads
from domain.kernel.statuses import ExecutionStatus
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.lists.conditions import KEYED, WORKFLOWS, conditions_of

EXACT_UP_TO = 10_000
"""The executions of a status that are counted one by one; beyond it the planner's estimate is told."""


async def count(database: Database, filter: ExecutionFilter, by: OrderBy) -> int:
    """The number of executions in a list by this time."""
    statuses = statuses_of(filter, by)
    if statuses is not None and not statuses:
        return 0
    conditions = conditions_of(filter, by)
    statement = f"SELECT count(*) FROM {_matching(filter, conditions)}"
    if filter.workflow_id is None and filter.workflow_name is None:
        # Batches belong to no workflow. There are few of them, and without them in it a count reads an index only.
        statement = f"SELECT ({statement}) - ({statement} AND e.is_batch)"
    found: int = await database.fetch_value(statement, *conditions.arguments)
    return found


async def counts(database: Database, filter: ExecutionFilter) -> Mapping[ExecutionStatus, Count]:
    """The number of executions of each status that match; a status that the filter leaves out has none."""
    wanted = statuses_of(filter)
    statuses = sorted(ExecutionStatus if wanted is None else wanted)
    conditions = conditions_of(filter, without=("statuses",))
    matching = f"{_matching(filter, conditions)} AND NOT e.is_batch AND e.status = s.status"
    bound, asked = conditions.argument(EXACT_UP_TO + 1), conditions.argument(statuses)
    rows = await database.fetch(
        f"""
        SELECT s.status, (SELECT count(*) FROM (SELECT FROM {matching} LIMIT {bound}) found) AS found
        FROM unnest({asked}::text[]) s (status)
        """,
        *conditions.arguments,
    )
    found = {ExecutionStatus(row["status"]): Count(row["found"]) for row in rows}
    for status, number in found.items():
        if number.number > EXACT_UP_TO:
            found[status] = await _estimate(database, filter, status)
    return found


async def _estimate(database: Database, filter: ExecutionFilter, status: ExecutionStatus) -> Count:
    conditions = conditions_of(filter, without=("statuses",))
    conditions.add("e.status = ?", status.value)
    rows: Sequence[Any] = await database.fetch(
        f"EXPLAIN (FORMAT JSON) SELECT FROM {_matching(filter, conditions)}", *conditions.arguments
    )
    [plan] = cast("list[dict[str, dict[str, float]]]", loads(rows[0][0]))
    return Count(max(EXACT_UP_TO, round(plan["Plan"]["Plan Rows"])), is_estimate=True)


def _matching(filter: ExecutionFilter, conditions: Conditions) -> str:
    """The part of a statement behind FROM, with a WHERE that more can be added to."""
    if filter.idempotency_key is None:
        return f"workflow_execution e WHERE {conditions}"
    return f"{WORKFLOWS} JOIN workflow_execution e ON {KEYED} WHERE {conditions}"
