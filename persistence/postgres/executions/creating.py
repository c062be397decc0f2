"""Inserting executions in PostgreSQL: many in one statement, with slots where their workflow has a limit."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.executions.records import ExecutionRecord, NewExecution
from persistence.executions.rows import claimed_from_the_first, execution_of_new, starts_later
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions import lineage
from persistence.postgres.executions.rows.codec import execution_of
from persistence.postgres.executions.rows.composite import new_execution_row, step_row
from persistence.postgres.executions.statements import hot_path as statements
from persistence.postgres.executions.statements import slots as slot_statements

_KEY = 7
"""The position of the idempotency key in a `new_execution_3`."""

_MOST_COPIES = 5_000
"""The most steps that one statement copies: it has to answer in time."""


async def create(
    connection: Connection, executions: Sequence[NewExecution], *, alive_within: timedelta
) -> tuple[list[ExecutionRecord], dict[UUID, ExecutionRecord]]:
    """Insert executions; returns the new records, and the existing ones by the id that was asked for.

    Those that expect something of their workflow and were not inserted, for whatever reason, are in neither part.

    Those that are handed to a worker whose last heartbeat is not older than `alive_within` are held by it: less than a
    lease, so that nobody takes them over before it has been told.
    """
    records = {new.id: execution_of_new(new) for new in executions}
    handed = {new.id: new.worker_id for new in executions if new.worker_id is not None}
    expected = {new.id: new.expected for new in executions if new.expected is not None}
    holders: dict[UUID, UUID] = {}
    passed_over: set[UUID] = set()

    async def insert(rows: list[tuple[Any, ...]]) -> set[UUID]:
        if not handed and not expected:
            return {row["id"] for row in await connection.fetch(statements.CREATE, rows)}
        workers = [handed.get(row[0]) for row in rows]
        workflows = [(each.name, each.version) if (each := expected.get(row[0])) else (None, None) for row in rows]
        names, versions = zip(*workflows, strict=True)
        inserted = await connection.fetch(statements.CREATE_HANDED, rows, workers, alive_within, names, versions)
        holders.update((row["id"], row["worker_id"]) for row in inserted if row["worker_id"] is not None)
        done = {row["id"] for row in inserted}
        passed_over.update(row[0] for row in rows if row[0] in expected and row[0] not in done)
        return done | passed_over

    known = await _insert_or_find(connection, [new_execution_row(record) for record in records.values()], insert)
    return [
        claimed_from_the_first(record, holders[id]) if id in holders else record
        for id, record in records.items()
        if id not in known and id not in passed_over
    ], known


async def create_carefully(
    connection: Connection, executions: Sequence[NewExecution]
) -> tuple[list[ExecutionRecord], dict[UUID, ExecutionRecord]]:
    """Insert executions that need a slot, begin with steps, or have a family, in a transaction; like `create`.

    Those for which a family has no room are in neither part of the answer.
    """
    limited = {new.workflow_id for new in executions if new.max_concurrent is not None}
    limits = [id for id in limited if id is not None]
    if limits:
        await connection.execute(slot_statements.LOCK, limits)
    families = await lineage.lock_families(connection, executions)
    known = await _find(connection, [new_execution_row(execution_of_new(new)) for new in executions])
    wanted = list(_first_of_each_key(new for new in executions if new.id not in known))
    wanted = families.with_room(wanted)
    queued = await _queued(connection, wanted)
    records = {new.id: execution_of_new(new, is_queued=new.id in queued) for new in wanted}
    rows = [
        new_execution_row(records[new.id], new.start_at if new.id in queued and starts_later(new) else None)
        for new in wanted
    ]

    async def insert(rows: list[tuple[Any, ...]]) -> set[UUID]:
        return {row["id"] for row in await connection.fetch(statements.CREATE, rows)}

    raced = await _insert_or_find(connection, rows, insert)
    fresh = [new for new in wanted if new.id not in raced]
    steps = [step_row(step, number) for number, new in enumerate(fresh) for step in new.steps]
    for start in range(0, len(steps), _MOST_COPIES):
        await connection.execute(statements.COPY_STEPS, steps[start : start + _MOST_COPIES], [new.id for new in fresh])
    await lineage.insert_carried(connection, fresh)
    await families.count(connection, fresh)
    # Of two with one key in this call, the second finds the first.
    again = [new for new in executions if new.id not in known and new.id not in records]
    known |= raced | await _find(connection, [new_execution_row(execution_of_new(new)) for new in again])
    return [records[new.id] for new in fresh], known


async def admit(connection: Connection, workflow_id: UUID, limit: int, now: datetime) -> list[UUID]:
    """Give free slots to queued executions, in a transaction; returns their ids."""
    await connection.execute(slot_statements.LOCK, [workflow_id])
    await connection.execute(slot_statements.WAIT_FOR_SLOT, workflow_id, now)
    held: int = await connection.fetchval(slot_statements.HELD, workflow_id, limit)
    if held >= limit:
        return []
    rows = await connection.fetch(slot_statements.ADMIT, workflow_id, limit - held)
    return [row["id"] for row in rows]


async def _queued(connection: Connection, executions: Sequence[NewExecution]) -> Collection[UUID]:
    """The ids of those that must wait: they start later, no slot is free, or others are first."""
    queued: set[UUID] = set()
    held: dict[UUID, int] = {}
    for new in sorted(executions, key=lambda new: -new.priority):
        workflow_id, limit = new.workflow_id, new.max_concurrent
        if workflow_id is None or limit is None:
            continue
        if starts_later(new):
            queued.add(new.id)
            continue
        if workflow_id not in held:
            is_waited_for = await connection.fetchval(slot_statements.IS_WAITED_FOR, workflow_id, new.created_at)
            held[workflow_id] = (
                limit if is_waited_for else await connection.fetchval(slot_statements.HELD, workflow_id, limit)
            )
        if held[workflow_id] < limit:
            held[workflow_id] += 1
        else:
            queued.add(new.id)
    return queued


def _first_of_each_key(executions: Iterable[NewExecution]) -> Iterable[NewExecution]:
    seen: set[object] = set()
    for new in executions:
        key: object = new.id if new.idempotency_key is None else (new.workflow_id, new.idempotency_key)
        if key not in seen:
            seen.add(key)
            yield new


async def _find(connection: Connection, rows: list[tuple[Any, ...]]) -> dict[UUID, ExecutionRecord]:
    if not rows:
        return {}
    found = await connection.fetch(statements.FIND_EXISTING, rows)
    return {row["asked_id"]: execution_of(row) for row in found}


async def _insert_or_find(
    connection: Connection,
    rows: list[tuple[Any, ...]],
    insert: Callable[[list[tuple[Any, ...]]], Awaitable[set[UUID]]],
) -> dict[UUID, ExecutionRecord]:
    """Insert new rows; returns the executions that existed before, by the id that was asked for.

    `insert` gives the ids of those that did not exist.
    """
    known: dict[UUID, ExecutionRecord] = {}
    # Keys are inserted in one order everywhere, so that two batches never wait for each other in a circle.
    missing = sorted(rows, key=lambda row: (row[_KEY] is not None, row[_KEY] or "", row[0]))
    while missing:
        inserted = await insert(missing)
        missing = [row for row in missing if row[0] not in inserted]
        known |= await _find(connection, missing)
        # One that was there and is not found was deleted in between, and may now be inserted.
        missing = [row for row in missing if row[0] not in known]
    return known
