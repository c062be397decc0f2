"""Pages of lists of executions: a walk along an index, and for what no index has alone, first a look and then a search.

Where a filter has parts that the index of a walk does not answer, the walk looks at so many executions and no more.
If those that match do not fill the page, it goes on among more of them where that is expected to fill it, or where too
many match to gather them all. Else all that match are gathered by whatever indexes the planner finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from domain.executions.lists import ExecutionOrder, OrderBy, Place, statuses_of
from domain.executions.records import ExecutionFilter
from persistence.executions.large_values import share_of
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.lists.conditions import KEYED, WORKFLOWS, add_conditions, conditions_of
from persistence.postgres.executions.lists.estimates import expected
from persistence.postgres.executions.lists.walks import Walk, bounds, key_of, order_by, unanswered, walk_of
from persistence.postgres.executions.rows.codec import EXECUTION_COLUMNS
from persistence.postgres.executions.rows.lean import lean_execution_columns

_IN_ORDER = ";".join(f"SET LOCAL enable_{way} = off" for way in ("sort", "incremental_sort", "bitmapscan"))
LOOKS = (2_000, 20_000, 200_000)
"""The executions that a walk looks at where its index alone does not say what matches: at first, and then once more."""
_FEW = 1_000
"""So many are gathered though fewer are expected: the planner knows little of parts of words, for one."""
_GATHERED = 2
"""To gather one execution costs as much as to look at so many on a walk."""


async def page_rows(
    database: Database, filter: ExecutionFilter, order: ExecutionOrder, after: Place | None, *, limit: int, lean: bool
) -> Sequence[asyncpg.Record]:
    """The first `limit` rows behind a place."""
    statuses = statuses_of(filter, order.by)
    if statuses is not None and not statuses:
        return []
    listing = _Listing(filter, order, after, limit, lean)
    if filter.idempotency_key is None:
        named = None if filter.workflow_name is None else await workflows_named(database, filter.workflow_name)
        for most, next_most in zip(LOOKS, (*LOOKS[1:], None), strict=True):
            conditions = Conditions()
            walk = walk_of(filter, named, order.by, conditions)
            looks = unanswered(walk, filter, order.by)
            statement = _walked(listing, walk, conditions, most if looks else None)
            # Nothing but the primary key has the order of a walk without columns in front of its own.
            if walk.columns or order.by is not OrderBy.CREATED:
                rows = await in_order(database, statement, *conditions.arguments)
            else:
                rows = await database.fetch(statement, *conditions.arguments)
            if len(rows) >= limit or not looks:
                return rows
            if next_most is None:
                break
            if len(rows) * next_most < limit * most:
                gathered = await _all_gathered(database, listing, next_most // _GATHERED)
                if gathered is not None:
                    return gathered
    conditions = conditions_of(filter, order.by)
    return await _planned_for(database, _gathered(listing, conditions), *conditions.arguments)


@dataclass(frozen=True, slots=True)
class _Listing:
    """The page that is asked for, and the SQL that follows from it alone."""

    filter: ExecutionFilter
    order: ExecutionOrder
    after: Place | None
    limit: int
    lean: bool

    @property
    def direction(self) -> str:
        return "ASC" if self.order.ascending else "DESC"

    @property
    def key(self) -> str:
        return key_of(self.order.by)

    @property
    def order_by(self) -> str:
        """The order of rows that have a `key`. By creation it is their id."""
        return f"key {self.direction}" + ("" if self.order.by is OrderBy.CREATED else f", id {self.direction}")

    def columns(self, arguments: Conditions) -> str:
        if not self.lean:
            return EXECUTION_COLUMNS
        return lean_execution_columns(f"{arguments.argument(share_of(self.limit))}::int")


async def _all_gathered(database: Database, listing: _Listing, most: int) -> Sequence[asyncpg.Record] | None:
    """The page out of all that match; None where these are more than `most`, or many more than the planner expects."""
    told = await expected(database, listing.filter, listing.order.by)
    if told > most:
        return None
    most = min(most, _FEW + 2 * told)
    conditions = conditions_of(listing.filter, listing.order.by)
    rows = await _planned_for(database, _gathered(listing, conditions, most), *conditions.arguments)
    return None if rows and rows[0]["gathered"] > most else rows


async def _planned_for(database: Database, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
    """The rows of a statement that is planned for these very arguments, of which it depends how many match."""
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *arguments)
        return rows


async def in_order(database: Database, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
    """The rows of a walk. The planner takes a comparison of rows to leave next to none, and would sort them all."""
    async with database.transaction() as connection:
        await connection.execute(_IN_ORDER)
        rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *arguments)
        return rows


async def workflows_named(database: Database, name: str) -> list[UUID]:
    """The workflows that have, or had until they were deleted, this name."""
    return [row["id"] for row in await database.fetch("SELECT id FROM workflow WHERE name = $1", name)]


def _walked(listing: _Listing, walk: Walk, arguments: Conditions, most: int | None) -> str:
    """A walk along an index. `most`: how many are looked at, where there are conditions beside those of the index."""
    filter, order = listing.filter, listing.order
    within = bounds(Walk() if walk.merges else walk, filter, order, listing.after, arguments)
    needs = [within, *walk.needs, "NOT e.is_batch"]
    if order.by is not OrderBy.CREATED:
        needs.append("e.finished_at IS NOT NULL")
    add_conditions(arguments, filter, order.by, walk.answers, is_look=most is not None)
    rest = str(arguments) if most is not None else "true"
    if most is None:
        needs.append(str(arguments))
    limit = arguments.argument(listing.limit)
    most_here = limit if most is None else arguments.argument(most)
    ordered = f"WHERE {' AND '.join(needs)} ORDER BY {order_by(walk, order)} LIMIT {most_here}"
    columns = listing.columns(arguments)
    if walk.merges:
        fixed = [f"{column} = {value}" for column, value in zip(walk.columns, walk.values, strict=True)][:-1]
        walks = (
            f"(SELECT e.*, {listing.key} AS key FROM workflow_execution e"
            f" WHERE {' AND '.join([*needs, *fixed, f'{walk.columns[-1]} = {value}'])}"
            f" ORDER BY {listing.order_by} LIMIT {most_here})"
            for value in walk.merges
        )
        walked = f"SELECT u.* FROM ({' UNION ALL '.join(walks)}) u ORDER BY {listing.order_by} LIMIT {most_here}"
        return f"SELECT {columns} FROM ({walked}) e WHERE {rest} ORDER BY {listing.order_by} LIMIT {limit}"
    if not walk.sources:
        # One walk comes in its order already, so nothing behind the last row of the page is read.
        fronts = "".join(f", {column} AS front_{number}" for number, column in enumerate(walk.columns))
        walked = f"SELECT e.*, {listing.key} AS key {fronts} FROM workflow_execution e {ordered}"
        by = "".join(f"front_{number} {listing.direction}, " for number in range(len(walk.columns)))
        return f"SELECT {columns} FROM ({walked}) e WHERE {rest} ORDER BY {by}{listing.order_by} LIMIT {limit}"
    walked = f"SELECT e.id, {listing.key} AS key FROM workflow_execution e {ordered}"
    walked = f"SELECT k.* FROM {' CROSS JOIN '.join(walk.sources)} CROSS JOIN LATERAL ({walked}) k"
    walked += f" ORDER BY {listing.order_by} LIMIT {most_here}"
    return _shown(listing, walked, rest, columns, limit)


def _gathered(listing: _Listing, conditions: Conditions, most: int | None = None) -> str:
    """All that matches, by whatever indexes, of which the first are taken. `most`: of more than these any, as many."""
    within = bounds(Walk(), listing.filter, listing.order, listing.after, conditions)
    found = f"SELECT e.id, {listing.key} AS key FROM workflow_execution e"
    needs = f"{within} AND NOT e.is_batch AND {conditions}"
    if listing.filter.idempotency_key is not None:
        found = f"SELECT e.* FROM {WORKFLOWS} CROSS JOIN LATERAL ({found} WHERE {KEYED} AND {needs}) e"
    else:
        found = f"{found} WHERE {needs}"
    if most is not None:
        found += f" LIMIT {conditions.argument(most + 1)}"
    limit = conditions.argument(listing.limit)
    walked = f"SELECT * FROM found ORDER BY {listing.order_by} LIMIT {limit}"
    columns = f"{listing.columns(conditions)}, (SELECT count(*) FROM found) AS gathered"
    shown = _shown(listing, walked, "true", columns, limit)
    return f"WITH found AS MATERIALIZED ({found}) {shown}"


def _shown(listing: _Listing, walked: str, rest: str, columns: str, limit: str) -> str:
    """The columns of executions that were found and match the rest, in their order."""
    by = ", ".join(f"k.{part}" for part in listing.order_by.split(", "))
    return f"""
    SELECT {columns} FROM ({walked}) k JOIN workflow_execution e ON e.id = k.id WHERE {rest} ORDER BY {by} LIMIT {limit}
    """
