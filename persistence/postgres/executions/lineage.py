"""The lineage of executions: what a retry carries over, the retries of an execution, and the children of a step."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import cast
from uuid import UUID

import asyncpg

from domain.engine.state import CarriedStep
from domain.executions.records import NewExecution
from domain.kernel.json.text import JsonValue, dumps, loads
from persistence.postgres.columns.json_columns import json_column, json_value
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions.rows.codec import EXECUTION_COLUMNS

_INSERT = """
INSERT INTO carried_step (execution_id, path, origins, checkpoint)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::json[], $4::json[])
"""

CARRIED = "SELECT execution_id, path, origins, checkpoint FROM carried_step WHERE execution_id = ANY ($1::uuid[])"
"""The steps that these executions carry over."""

CARRIED_IN_BATCHES = """
SELECT b.id AS execution_id, c.path, c.origins, c.checkpoint
FROM workflow_execution b JOIN carried_step c ON c.execution_id = b.parent_id
  AND (c.path = '' OR c.path >= b.parent_path || '[' AND c.path < b.parent_path || ']')
WHERE b.id = ANY ($1::uuid[])
"""
"""The steps that the executions of these batches carry over into the batches' loops, by batch."""

# A walk over retries begins with what is asked for and ends with what nobody has retried.
CHILDREN = f"""
WITH RECURSIVE line (id) AS (
  SELECT id FROM workflow_execution WHERE parent_id = ANY ($1::uuid[]) AND parent_path = $2 AND NOT is_batch
  UNION
  SELECT retry.id FROM line JOIN workflow_execution retry ON retry.retried_from_id = line.id
)
SELECT {EXECUTION_COLUMNS} FROM line JOIN workflow_execution e ON e.id = line.id ORDER BY e.id
"""

NEWEST_RETRIES = f"""
WITH RECURSIVE line (asked_id, id) AS (
  SELECT id, id FROM unnest($1::uuid[]) id
  UNION
  SELECT line.asked_id, retry.id FROM line JOIN workflow_execution retry ON retry.retried_from_id = line.id
)
SELECT newest.asked_id, {EXECUTION_COLUMNS}
FROM (SELECT DISTINCT ON (asked_id) asked_id, id FROM line ORDER BY asked_id, id DESC) newest
JOIN workflow_execution e ON e.id = newest.id
"""


# The counter's row is the lock under which a family grows. One that is not there yet stands for the root alone.
_LOCK_FAMILIES = """
INSERT INTO execution_family (root_id, executions)
SELECT id, 1 FROM unnest($1::uuid[]) id ORDER BY id
ON CONFLICT (root_id) DO UPDATE SET executions = execution_family.executions
RETURNING root_id, executions
"""
_COUNT = "UPDATE execution_family SET executions = executions + $2 WHERE root_id = $1"


class Families:
    """The number of executions that come from each root, locked for the rest of the transaction."""

    def __init__(self, counts: dict[UUID, int]) -> None:
        self._counts = counts

    def with_room(self, executions: Sequence[NewExecution]) -> list[NewExecution]:
        """Those that may be inserted, in order: all without a family, and of each family as many as fit."""
        counts = dict(self._counts)
        found = []
        for new in executions:
            if new.root_id is not None and new.max_family is not None:
                if counts[new.root_id] >= new.max_family:
                    continue
                counts[new.root_id] += 1
            found.append(new)
        return found

    async def count(self, connection: Connection, inserted: Sequence[NewExecution]) -> None:
        """Store that these executions have joined their families."""
        grown = Counter(new.root_id for new in inserted if new.root_id is not None)
        for root_id, more in sorted(grown.items()):
            await connection.execute(_COUNT, root_id, more)


async def lock_families(connection: Connection, executions: Sequence[NewExecution]) -> Families:
    """The families that these executions would join, locked in a transaction."""
    roots = list({new.root_id for new in executions if new.root_id is not None})
    rows = await connection.fetch(_LOCK_FAMILIES, roots) if roots else []
    return Families({row["root_id"]: row["executions"] for row in rows})


async def insert_carried(connection: Connection, executions: Sequence[NewExecution]) -> None:
    """Store the steps that these executions carry over."""
    rows = [(new.id, step) for new in executions for step in new.carried]
    if rows:
        await connection.execute(
            _INSERT,
            [id for id, _ in rows],
            [step.path for _, step in rows],
            [dumps([str(origin) for origin in step.origins]) for _, step in rows],
            [json_column(step.checkpoint) for _, step in rows],
        )


def carried_of(rows: Collection[asyncpg.Record]) -> Mapping[UUID, list[CarriedStep]]:
    """The records of rows that `CARRIED` or `CARRIED_IN_BATCHES` gives."""
    found: defaultdict[UUID, list[CarriedStep]] = defaultdict(list)
    for row in rows:
        origins = cast("list[JsonValue]", loads(row["origins"]))
        step = CarriedStep(
            path=row["path"],
            origins=tuple(UUID(str(origin)) for origin in origins),
            checkpoint=json_value(row["checkpoint"]),
        )
        found[row["execution_id"]].append(step)
    return found
