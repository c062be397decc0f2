"""Claiming executions and batches in PostgreSQL: many in one statement, with all that is needed to go on with them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.engine.state import CarriedStep
from domain.executions.records import Claim, ExecutionRecord, PendingCommand, StepRecord
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions import lineage
from persistence.postgres.executions.rows.codec import EXECUTION_COLUMNS, commands_of, execution_of, step_of
from persistence.postgres.executions.statements import batches as batch_statements
from persistence.postgres.executions.statements import hot_path as statements

_PARENTS = f"SELECT {EXECUTION_COLUMNS} FROM workflow_execution e WHERE e.id = ANY ($1::uuid[])"


async def claim(
    connection: Connection, ids: Sequence[UUID], *, worker_id: UUID, now: datetime, watched: Sequence[UUID] = ()
) -> tuple[list[Claim], set[UUID]]:
    """The claims, and the ids of the executions that have batches. Batches whose execution has ended are removed."""
    rows = await connection.fetch(statements.CLAIM, ids, worker_id, now, watched)
    has_batches = {row["id"] for row in rows if row["has_batches"]}
    executions = [execution_of(row) for row in rows]
    batches = [execution for execution in executions if execution.is_batch]
    parents = await _parents(connection, batches) if batches else {}
    commands = await _commands(connection, [row["id"] for row in rows if row["has_commands"]])
    steps = await _steps(connection, executions, has_batches, parents)
    items = await _items(connection, batches, parents)
    carried = await _carried(connection, executions, parents)
    claims = []
    for execution in executions:
        parent = parents.get(execution.parent_id) if execution.is_batch and execution.parent_id is not None else None
        if execution.is_batch and parent is None:
            continue
        claims.append(
            Claim(
                execution=execution,
                steps=tuple(items.get(execution.id, ()) if parent is not None else steps.get(execution.id, ())),
                commands=tuple(commands.get(execution.id, ())),
                parent=parent,
                outer=() if parent is None else tuple(steps.get(parent.id, ())),
                carried=tuple(carried.get(execution.id, ())),
            )
        )
    return claims, has_batches


async def _parents(connection: Connection, batches: Sequence[ExecutionRecord]) -> Mapping[UUID, ExecutionRecord]:
    ids = list({batch.parent_id for batch in batches})
    rows = await connection.fetch(_PARENTS, ids)
    parents = {row["id"]: execution_of(row) for row in rows}
    parents = {id: parent for id, parent in parents.items() if not parent.status.is_terminal}
    orphans = [batch.id for batch in batches if batch.parent_id not in parents]
    if orphans:
        await connection.execute(batch_statements.DROP_ORPHANS, orphans)
    return parents


async def _commands(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, list[PendingCommand]]:
    commands: defaultdict[UUID, list[PendingCommand]] = defaultdict(list)
    if ids:
        for command in commands_of(await connection.fetch(statements.COMMANDS_OF, ids)):
            commands[command.execution_id].append(command)
    return commands


async def _steps(
    connection: Connection,
    executions: Collection[ExecutionRecord],
    has_batches: Collection[UUID],
    parents: Collection[UUID],
) -> Mapping[UUID, list[StepRecord]]:
    """The steps of executions; without the items of loops that have batches, for `has_batches` and for parents."""
    # One that never committed has none, unless it is a retry.
    begun = [each.id for each in executions if not each.is_batch and (each.sequence > 0 or each.retried_from_id)]
    outside = {id for id in begun if id in has_batches} | set(parents)
    whole = [id for id in begun if id not in outside]
    rows: list[asyncpg.Record] = []
    if whole:
        rows += await connection.fetch(statements.STEPS_OF, whole)
    if outside:
        rows += await connection.fetch(batch_statements.STEPS_OUTSIDE, list(outside))
    return _grouped(rows)


async def _items(
    connection: Connection, batches: Sequence[ExecutionRecord], parents: Mapping[UUID, ExecutionRecord]
) -> Mapping[UUID, list[StepRecord]]:
    """The steps of each batch's own items, by batch."""
    begun = []
    for batch in batches:
        parent = parents.get(batch.parent_id) if batch.parent_id is not None else None
        if parent is not None and (batch.sequence > 0 or parent.retried_from_id is not None):
            begun.append(batch)
    if not begun:
        return {}
    rows = await connection.fetch(batch_statements.STEPS_OF_ITEMS, [batch.id for batch in begun])
    return _grouped(rows, "batch_id")


async def _carried(
    connection: Connection, executions: Collection[ExecutionRecord], parents: Mapping[UUID, ExecutionRecord]
) -> Mapping[UUID, Sequence[CarriedStep]]:
    """The steps that retries carry over; for batches of retries, those of their own loop."""
    retries = [each.id for each in executions if each.retried_from_id is not None]
    retried = {id for id, parent in parents.items() if parent.retried_from_id is not None}
    batches = [each.id for each in executions if each.is_batch and each.parent_id in retried]
    found: dict[UUID, Sequence[CarriedStep]] = {}
    if retries:
        found |= lineage.carried_of(await connection.fetch(lineage.CARRIED, retries))
    if batches:
        found |= lineage.carried_of(await connection.fetch(lineage.CARRIED_IN_BATCHES, batches))
    return found


def _grouped(rows: Sequence[asyncpg.Record], key: str = "execution_id") -> Mapping[UUID, list[StepRecord]]:
    steps: defaultdict[UUID, list[StepRecord]] = defaultdict(list)
    for row in rows:
        steps[row[key]].append(step_of(row))
    return steps
