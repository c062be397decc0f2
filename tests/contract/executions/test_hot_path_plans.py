"""Plans of the hot path: what it finds by id, it finds along the primary key, however small the table is."""

import json
import re
from collections.abc import Iterator
from typing import Any

from persistence.postgres.connections.database import Database
from persistence.postgres.executions.statements import batches, hot_path
from persistence.postgres.indexes import LISTS

FILL = """
INSERT INTO workflow_execution (
  id, definition_id, workflow_version, status, labels, priority, created_at, sequence, steps_total, steps_completed,
  steps_failed, steps_running, steps_ended, epoch, crashes
)
SELECT gen_random_uuid(), gen_random_uuid(), 1, 'RUNNING', '{}', 0, now(), 1, 1, 1, 0, 0, 0, 1, 0
FROM generate_series(1, $1::int)
"""
BY_ID = {
    "commit": hot_path.COMMIT,
    "was stored": hot_path.WAS_STORED,
    "find existing": hot_path.FIND_EXISTING,
    "claim": hot_path.CLAIM,
    "lock for commands": hot_path.LOCK_FOR_COMMANDS,
    "notify": hot_path.NOTIFY,
    "holders": hot_path.HOLDERS,
    "delete": hot_path.DELETE,
    "commit of batches": batches.COMMIT,
    "lock parents": batches.LOCK_PARENTS,
}
OF_LISTS = {f"workflow_execution_{name}" for name in LISTS}


async def test_an_index_of_lists_is_never_read_for_what_is_found_by_id(empty_postgres_url: str) -> None:
    async with Database(empty_postgres_url) as database:
        for more in (0, 50, 450):
            await database.fetch(FILL, more)
            async with database.hot_connection() as connection:
                read = {name: set(_indexes(await plan_of(connection, text))) for name, text in BY_ID.items()}
            assert {name: found & OF_LISTS for name, found in read.items() if found & OF_LISTS} == {}
            assert all("workflow_execution_pkey" in found for found in read.values())


async def plan_of(connection: Any, statement: str) -> dict[str, Any]:
    """The plan by which a worker runs a statement, whatever its parameters are."""
    nothing = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", statement))))
    await connection.execute(f"PREPARE hot AS {statement}")
    [[plan]] = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE hot ({nothing})")
    await connection.execute("DEALLOCATE hot")
    top: dict[str, Any] = json.loads(plan)[0]["Plan"]
    return top


def _indexes(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for part in node.get("Plans", ()):
        yield from _indexes(part)
