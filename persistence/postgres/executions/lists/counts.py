"""Numbers of executions that match: exact for a list; for a look at all statuses exact where that takes no time.

What an index has alone is counted up to a bound. Of anything else a look at the newest of each status tells how many
there may be. Few are then counted, if that is done at once; many are told as an estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from asyncpg import QueryCanceledError

from domain.executions.lists import Count, ExecutionOrder, OrderBy, statuses_of
from domain.executions.records import ExecutionFilter
from domain.kernel.statuses import ExecutionStatus
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.lists.conditions import add_conditions, conditions_of
from persistence.postgres.executions.lists.estimates import expected, matching
from persistence.postgres.executions.lists.pages import in_order, workflows_named
from persistence.postgres.executions.lists.walks import Walk, bounds, order_by, unanswered, walk_of_each

EXACT_UP_TO = 10_000
"""The executions of a status that are counted one by one; beyond it an estimate is told."""
_LOOK = 2_000
"""The newest of each status that are looked at where no index says which match."""
_TELLING = 100
"""So many that match among those tell how many do in all. Of fewer the planner has a word too."""
_UNSEEN = 3
"""So many more may match than were seen: where none was, there is one in twenty that three were to be expected."""
_PATIENCE = timedelta(milliseconds=15)
"""The time in which few are counted, or else estimated."""


async def count(database: Database, filter: ExecutionFilter, by: OrderBy) -> int:
    """The number of executions in a list by this time."""
    statuses = statuses_of(filter, by)
    if statuses is not None and not statuses:
        return 0
    conditions = conditions_of(filter, by)
    statement = f"SELECT count(*) FROM {matching(filter, conditions)}"
    if filter.workflow_id is None and filter.workflow_name is None:
        # Batches belong to no workflow. There are few of them, and without them in it a count reads an index only.
        statement = f"SELECT ({statement}) - ({statement} AND e.is_batch)"
    found: int = await database.fetch_value(statement, *conditions.arguments)
    return found


async def counts(database: Database, filter: ExecutionFilter) -> Mapping[ExecutionStatus, Count]:
    """The number of executions of each status that match; a status that the filter leaves out has none."""
    wanted = statuses_of(filter)
    statuses = frozenset(ExecutionStatus) if wanted is None else wanted
    known = Walk(answers=frozenset({"statuses", "workflow"}))
    if filter.idempotency_key is not None or not unanswered(known, filter, OrderBy.CREATED):
        return await _counted(database, filter, statuses)
    looks = await _looked(database, filter, statuses)
    found = {status: Count(look.found) for status, look in looks.items()}
    for status in [status for status, look in looks.items() if not look.is_complete]:
        found[status] = await _judged(database, filter, status, looks[status])
    return {status: found.get(status, Count(0)) for status in statuses}


async def _counted(
    database: Database, filter: ExecutionFilter, statuses: frozenset[ExecutionStatus]
) -> dict[ExecutionStatus, Count]:
    conditions = conditions_of(filter, without=("statuses",))
    of_status = f"{matching(filter, conditions)} AND NOT e.is_batch AND e.status = s.status"
    bound, asked = conditions.argument(EXACT_UP_TO + 1), conditions.argument(sorted(statuses))
    rows = await database.fetch(
        f"""
        SELECT s.status, (SELECT count(*) FROM (SELECT FROM {of_status} LIMIT {bound}) found) AS found
        FROM unnest({asked}::text[]) s (status)
        """,
        *conditions.arguments,
    )
    found = {ExecutionStatus(row["status"]): Count(row["found"]) for row in rows}
    for status, number in found.items():
        if number.number > EXACT_UP_TO:
            more = await expected(database, replace(filter, statuses=frozenset({status})))
            found[status] = Count(max(EXACT_UP_TO, more), is_estimate=True)
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at the newest executions of a status: how many there were, how many match, and whether that is all."""

    looked: int
    found: int
    is_complete: bool


async def _looked(
    database: Database, filter: ExecutionFilter, statuses: frozenset[ExecutionStatus]
) -> dict[ExecutionStatus, _Look]:
    named = None if filter.workflow_name is None else await workflows_named(database, filter.workflow_name)
    conditions = Conditions()
    walk = walk_of_each(filter, named, statuses, conditions)
    within = [bounds(walk, filter, ExecutionOrder(), None, conditions), *walk.needs, "NOT e.is_batch"]
    most = conditions.argument(_LOOK)
    add_conditions(conditions, filter, without=("statuses", "workflow"), is_look=True)
    newest = f"WHERE {' AND '.join(within)} ORDER BY {order_by(walk, ExecutionOrder())} LIMIT {most}"
    rows = await in_order(
        database,
        f"""
        SELECT l.status, sum(l.looked) AS looked, sum(l.found) AS found, bool_and(l.looked < {most}) AS is_complete
        FROM {" CROSS JOIN ".join(walk.sources)} CROSS JOIN LATERAL (
          SELECT e.status, count(*) AS looked, count(*) FILTER (WHERE {conditions}) AS found
          FROM (SELECT e.* FROM workflow_execution e {newest}) e GROUP BY e.status
        ) l GROUP BY l.status
        """,
        *conditions.arguments,
    )
    return {
        ExecutionStatus(row["status"]): _Look(int(row["looked"]), int(row["found"]), row["is_complete"]) for row in rows
    }


def _front(filter: ExecutionFilter) -> ExecutionFilter:
    """The parts of a filter by which the newest are found."""
    return ExecutionFilter(
        statuses=filter.statuses,
        workflow_id=filter.workflow_id,
        workflow_name=filter.workflow_name,
        created_after=filter.created_after,
        created_before=filter.created_before,
        ids=filter.ids,
    )


async def _judged(database: Database, filter: ExecutionFilter, status: ExecutionStatus, look: _Look) -> Count:
    """The number of a status of which not all were looked at."""
    only = replace(filter, statuses=frozenset({status}))
    share = max(await expected(database, _front(only)), look.looked) / look.looked
    if look.found >= _TELLING:
        number = round(look.found * share)
    else:
        number = min(await expected(database, only), round((look.found + _UNSEEN) * share))
    if number <= EXACT_UP_TO:
        exact = await _counted_at_once(database, only)
        if exact is not None:
            return Count(exact)
    return Count(max(number, look.found), is_estimate=True)


async def _counted_at_once(database: Database, filter: ExecutionFilter) -> int | None:
    """The number that match; None where that takes too long, or there are too many of them."""
    conditions = conditions_of(filter)
    bound = conditions.argument(EXACT_UP_TO + 1)
    bounded = f"{matching(filter, conditions)} AND NOT e.is_batch LIMIT {bound}"
    async with database.transaction() as connection:
        await connection.execute(f"SET LOCAL statement_timeout = {round(_PATIENCE.total_seconds() * 1000)}")
        try:
            found: int = await connection.fetchval(
                f"SELECT count(*) FROM (SELECT FROM {bounded}) found", *conditions.arguments
            )
        except QueryCanceledError:
            return None
    return found if found <= EXACT_UP_TO else None
