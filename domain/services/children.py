"""Executions that a SUB_WORKFLOW step starts, and the cancelling of them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

from domain.checks.json_values import payload_problems
from domain.errors import Conflict, InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.ids import IdKind, new_id, to_public
from domain.json_text import JsonValue
from domain.limits import Limits
from domain.ports import Clock, ExecutionQueries, ExecutionStore, WorkflowStore, WorkQueue
from domain.records import ExecutionRecord, NewExecution
from domain.services.commands import CommandSender
from domain.services.definitions import DefinitionCache
from domain.services.launching import launch
from domain.services.lookups import Lookups
from domain.statuses import CommandKind, WorkflowStatus

MAX_NESTING = 10
"""How many executions may be around a child: an endless recursion ends here."""

CHILD_KEY = "child:"
"""What the idempotency keys of children start with, and no other key."""


class ChildStarter:
    """Starts children, each once however often it is asked for: by parent, path and attempt."""

    def __init__(
        self,
        *,
        workflows: WorkflowStore,
        executions: ExecutionStore,
        queries: ExecutionQueries,
        queue: WorkQueue,
        definitions: DefinitionCache,
        clock: Clock,
        limits: Limits | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._workflows = workflows
        self._executions = executions
        self._queries = queries
        self._queue = queue
        self._definitions = definitions
        self._clock = clock
        self._limits = limits or Limits()
        self._new_id = new_id
        self._commands = CommandSender(executions=executions, queue=queue, clock=clock, new_id=new_id)

    async def start(
        self,
        *,
        parent_id: UUID,
        parent_path: str,
        attempt: int,
        workflow: str,
        version: int | None,
        input: JsonValue,
        labels: Mapping[str, JsonValue],
    ) -> ExecutionRecord:
        """The child of this attempt of a step: a new one, or the one that an earlier call has started.

        `workflow` is a name, `version` None its newest. The child has the parent's priority. Raises `NotFound` (the
        workflow, its version, or the parent), `InvalidInput`, `InvalidState` (the workflow is not ACTIVE), or
        `LimitExceeded` when more than `MAX_NESTING` executions would be around the child.
        """
        parent = await self._parent(parent_id)
        lookups = Lookups(self._workflows, self._definitions)
        found = await lookups.workflow(None, workflow)
        if found.status is not WorkflowStatus.ACTIVE:
            message = f"The workflow {found.name!r} is {found.status.value}; only ACTIVE ones can be started."
            raise InvalidState(message, found.status.value)
        loaded = await lookups.definition(found, version)
        problems = payload_problems(input, max_bytes=self._limits.max_input_bytes, what="input")
        problems = problems or loaded.input_problems(input)
        if problems:
            raise InvalidInput([problem.under("input") for problem in problems])
        definition = loaded.definition
        new = NewExecution(
            id=self._new_id(),
            definition_id=definition.id,
            workflow_id=found.id,
            workflow_version=definition.version,
            input=input,
            labels=labels,
            priority=parent.priority,
            total_steps=definition.total_steps,
            created_at=self._clock.now(),
            idempotency_key=f"{CHILD_KEY}{parent_id}:{parent_path}:{attempt}",
            parent_id=parent_id,
            parent_path=parent_path,
            max_concurrent=definition.max_concurrent_executions,
        )
        [record] = await launch([new], store=self._executions, queue=self._queue)
        if (record.parent_id, record.parent_path) != (parent_id, parent_path):
            raise Conflict(f"The idempotency key {new.idempotency_key!r} belongs to another execution.")
        return record

    async def cancel(self, child_id: UUID, reason: str | None = None) -> None:
        """Ask for a child to be cancelled; one that has ended, or is gone, is left as it is."""
        with suppress(NotFound, InvalidState):
            payload: JsonValue = None if reason is None else {"reason": reason}
            await self._commands.send(child_id, CommandKind.CANCEL, payload)

    async def _parent(self, parent_id: UUID) -> ExecutionRecord:
        """The parent, once it is known that it may have a child."""
        record = await self._read(parent_id)
        around, ancestor = 1, record
        while ancestor.parent_id is not None:
            if not ancestor.is_batch:
                around += 1
            if around > MAX_NESTING:
                raise LimitExceeded(
                    f"A workflow in a workflow in a workflow …: at most {MAX_NESTING} executions may be around one."
                )
            above = (await self._queries.get_many([ancestor.parent_id])).get(ancestor.parent_id)
            if above is None:  # deleted since
                break
            ancestor = above
        return record

    async def _read(self, id: UUID) -> ExecutionRecord:
        record = (await self._queries.get_many([id])).get(id)
        if record is None:
            raise NotFound("execution", to_public(IdKind.EXECUTION, id))
        return record
