"""Executions and their steps as the workers change them: hand-written SQL, many calls to a statement."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from domain.errors import InvalidInput, InvalidState, NotFound, Problem
from domain.json_text import JsonValue
from domain.ports import ProgressPublisher
from domain.records import (
    Claim,
    ExecutionDelta,
    ExecutionRecord,
    NewExecution,
    PendingCommand,
    StepRecord,
)
from domain.statuses import ExecutionStatus
from persistence import statements
from persistence.batch_rows import DeltaRows, new_execution_row
from persistence.batcher import Batcher
from persistence.changes import snapshot_of
from persistence.database import Connection, Database
from persistence.group_commit import GroupCommitter, Refused, Stored
from persistence.row_codec import command_of, execution_of, json_column, step_of
from persistence.rows import execution_of_new
from persistence.unavailable import REFUSALS

_KEY = 7
"""Where the idempotency key stands in a `new_execution`."""


class PostgresExecutionStore:
    """Implements `domain.ports.ExecutionStore`. Leaving its context stores what was posted."""

    def __init__(self, database: Database, publisher: ProgressPublisher, *, drain_timeout: float = 5.0) -> None:
        """`drain_timeout`: seconds that leaving may take, also while the database is away."""
        self._database = database
        self._publisher = publisher
        self._drain_timeout = drain_timeout
        self._committer = GroupCommitter(self._store, publisher)
        self._creations: Batcher[NewExecution, ExecutionRecord] = Batcher(self._create)
        self._claims: dict[UUID, Batcher[tuple[UUID, datetime], Claim | None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._committer.drain(self._drain_timeout)

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        return await self._creations.submit(executions)

    async def claim(self, ids: Collection[UUID], *, worker_id: UUID, now: datetime) -> list[Claim]:
        claims = self._claims.get(worker_id)
        if claims is None:

            async def run(wanted: list[tuple[UUID, datetime]]) -> list[Claim | None]:
                return await self._claim(wanted, worker_id)

            claims = self._claims[worker_id] = Batcher(run)
        found = await claims.submit([(id, now) for id in dict.fromkeys(ids)])
        return [claim for claim in found if claim is not None]

    async def commit(self, delta: ExecutionDelta) -> int:
        return await self._committer.commit(delta)

    def post(self, delta: ExecutionDelta) -> None:
        self._committer.post(delta)

    async def add_command(
        self, *, command_id: UUID, execution_id: UUID, kind: str, payload: JsonValue, now: datetime
    ) -> UUID | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(statements.LOCK_FOR_COMMAND, execution_id)
            if row is None:
                raise NotFound("execution", str(execution_id))
            status = ExecutionStatus(row["status"])
            if status.is_terminal:
                raise InvalidState(f"The execution has ended: it is {status}.", status.value)
            await connection.execute(statements.ADD_COMMAND, command_id, execution_id, kind, json_column(payload), now)
            worker_id: UUID | None = row["worker_id"]
            return worker_id

    async def commands(self, execution_id: UUID) -> Sequence[PendingCommand]:
        rows = await self._database.fetch(statements.COMMANDS_OF, [execution_id])
        return [command_of(row) for row in rows]

    async def commanded(self, worker_id: UUID) -> Sequence[UUID]:
        return [row["execution_id"] for row in await self._database.fetch(statements.COMMANDED, worker_id)]

    async def _create(self, executions: list[NewExecution]) -> list[ExecutionRecord]:
        records = [execution_of_new(new) for new in executions]
        try:
            rows = [new_execution_row(record) for record in records]
            async with self._database.hot_connection() as connection:
                known = await _insert_or_find(connection, rows)
        except REFUSALS as error:
            raise InvalidInput([Problem(path=(), message=f"cannot be stored: {error}")]) from error
        fresh = [record for record in records if record.id not in known]
        self._publisher.publish([snapshot_of(record, since=0, steps=()) for record in fresh])
        return [known.get(record.id, record) for record in records]

    async def _claim(self, wanted: list[tuple[UUID, datetime]], worker_id: UUID) -> list[Claim | None]:
        ids = list(dict.fromkeys(id for id, _ in wanted))
        now = max(time for _, time in wanted)
        async with self._database.hot_connection() as connection:
            rows = await connection.fetch(statements.CLAIM, ids, worker_id, now)
            begun = [row["id"] for row in rows if row["sequence"] > 0]
            commanded = [row["id"] for row in rows if row["has_commands"]]
            steps: defaultdict[UUID, list[StepRecord]] = defaultdict(list)
            if begun:
                for row in await connection.fetch(statements.STEPS_OF, begun):
                    steps[row["execution_id"]].append(step_of(row))
            commands: defaultdict[UUID, list[PendingCommand]] = defaultdict(list)
            if commanded:
                for row in await connection.fetch(statements.COMMANDS_OF, commanded):
                    commands[row["execution_id"]].append(command_of(row))
        claims: dict[UUID, Claim] = {}
        for row in rows:
            execution = execution_of(row)
            claims[execution.id] = Claim(
                execution=execution,
                steps=tuple(steps.get(execution.id, ())),
                commands=tuple(commands.get(execution.id, ())),
            )
        # Where two calls asked for the same execution, the first has it.
        return [claims.pop(id, None) for id, _ in wanted]

    async def _store(
        self, rows: Sequence[DeltaRows], applied_commands: Sequence[UUID], is_repeated: bool
    ) -> dict[int, Stored]:
        executions = [row.execution for row in rows]
        steps = [step for row in rows for step in row.steps]
        try:
            async with self._database.hot_connection() as connection:
                found = await connection.fetch(statements.COMMIT, executions, steps, applied_commands)
                if is_repeated and len(found) < len(executions):
                    found += await connection.fetch(statements.WAS_STORED, executions)
        except REFUSALS as error:
            raise Refused from error
        return {row["ordinal"]: Stored(row["sequence"], row["workflow_id"]) for row in found}


async def _insert_or_find(connection: Connection, rows: list[tuple[Any, ...]]) -> dict[UUID, ExecutionRecord]:
    """Insert what is new; answers what was there before, by the id that was asked for."""
    known: dict[UUID, ExecutionRecord] = {}
    # Keys are inserted in one order everywhere, so that two batches never wait for each other in a circle.
    missing = sorted(rows, key=lambda row: (row[_KEY] is not None, row[_KEY] or "", row[0]))
    while missing:
        inserted = {row["id"] for row in await connection.fetch(statements.CREATE, missing)}
        missing = [row for row in missing if row[0] not in inserted]
        if missing:
            for row in await connection.fetch(statements.FIND_EXISTING, missing):
                known[row["asked_id"]] = execution_of(row)
            # One that was there and is not found was deleted in between, and may now be inserted.
            missing = [row for row in missing if row[0] not in known]
    return known
