"""Executions that a SUB_WORKFLOW step starts or goes on with, and the cancelling of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from domain.engine.state import CarriedStep
from domain.executions.control.commands import CommandSender
from domain.executions.idempotency import CHILDREN
from domain.executions.ports import ExecutionQueries, ExecutionStore
from domain.executions.records import ExecutionRecord, NewExecution
from domain.executions.retries.preparation import RetryPreparation, RetryRequest
from domain.executions.starting import launch
from domain.json_schemas.checks import SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue, is_same
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.kernel.statuses import CommandKind, ExecutionStatus, WorkflowStatus
from domain.sandbox.ports import Sandbox
from domain.system.workers import WorkQueue
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.ports import WorkflowStore
from domain.workflows.resolution import Lookups

MAX_NESTING = 10
"""The most executions that may be around a child: an endless recursion ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRequest:
    """A step's request for a child: of the step at `parent_path`, for its attempt.

    `workflow` is a name, `version` None its newest. `carried` is the step as the parent, a retry, has carried it over.
    """

    parent_id: UUID
    parent_path: str
    attempt: int
    workflow: str
    version: int | None
    input: JsonValue
    labels: Mapping[str, JsonValue]
    carried: CarriedStep | None = None

    @property
    def key(self) -> str:
        """The child's idempotency key."""
        return f"{CHILDREN}{self.parent_id}:{self.parent_path}:{self.attempt}"


class ChildStarter:
    """Starts children, idempotently by parent, path and attempt.

    A step that has had a child before, in an attempt of its own or in the execution that its own is a retry of, goes on
    with that one instead of beginning anew: so no step of a child that has completed is run again.
    """

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
        sandbox: Sandbox | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._workflows = workflows
        self._executions = executions
        self._queries = queries
        self._queue = queue
        self._definitions = definitions
        self._clock = clock
        self._limits = limits or Limits()
        self._checks = SchemaChecks(sandbox)
        self._new_id = new_id
        self._preparation = RetryPreparation(queries=queries, clock=clock, new_id=new_id)
        self._commands = CommandSender(executions=executions, queue=queue, clock=clock, new_id=new_id)

    async def start(self, request: ChildRequest) -> ExecutionRecord:
        """The child of this attempt of a step: a new one, or the one that an earlier call has started.

        Where the step has had one before, it is that one if it has COMPLETED, or has not ended yet (ask again when it
        has), and else a retry of it. Of its retries, which may have been asked for alone, the newest counts.

        The child has the parent's priority. Raises `NotFound` (the workflow, its version, or the parent),
        `InvalidInput`, `InvalidState` (the workflow is not ACTIVE, or the child to go on with was deleted), or
        `LimitExceeded` when more than `MAX_NESTING` executions would be around the child.
        """
        parent, root_id = await self._parent(request.parent_id)
        earlier: ExecutionRecord | None = None
        if request.carried is not None or request.attempt > 1:
            earlier = await self._earlier(request)
        if earlier is None:
            new = await self._new(request)
        elif earlier.idempotency_key == request.key or earlier.status not in _ENDED_BADLY:
            return earlier
        else:
            new = await self._retry(request, earlier)
        asked = replace(
            new,
            priority=parent.priority,
            idempotency_key=request.key,
            parent_id=request.parent_id,
            parent_path=request.parent_path,
            root_id=root_id,
            max_family=self._limits.max_family,
        )
        [record] = await launch([asked], store=self._executions, queue=self._queue)
        if (record.parent_id, record.parent_path) != (request.parent_id, request.parent_path):
            raise Conflict(f"The idempotency key {request.key!r} belongs to another execution.")
        return record

    async def _earlier(self, request: ChildRequest) -> ExecutionRecord | None:
        """The execution to go on with, or this attempt's own. Raises `InvalidState` where it was deleted."""
        carried = request.carried
        origins = () if carried is None else carried.origins
        line = await self._queries.children_at([*origins, request.parent_id], request.parent_path)
        if not line:
            match None if carried is None else carried.checkpoint:
                case {"child": str(child)}:
                    message = f"The execution {child}, with which this step would go on, has been deleted. "
                    hint = f"Retry with `fromStep: {request.parent_path}` to begin another one."
                    raise InvalidState(message + hint, "DELETED")
                case _:
                    return None
        own = next((child for child in line if child.idempotency_key == request.key), None)
        if own is not None:
            return own
        if _wants_latest(request):  # what another version of the parent has asked for may be something else
            found = await Lookups(self._workflows, self._definitions).workflow(None, request.workflow)
            same = [each for each in line if each.workflow_id == found.id]
            line = [each for each in same if is_same(each.input, await self._as_stored(request, each))]
        return _to_go_on_with(line) if line else None

    async def _as_stored(self, request: ChildRequest, child: ExecutionRecord) -> JsonValue:
        """The input that is asked for, with the defaults of the version that a child was started with."""
        try:
            return (await self._definitions.load(child.definition_id)).with_defaults(request.input)
        except (NotFound, InvalidInput):
            return request.input

    async def _retry(self, request: ChildRequest, earlier: ExecutionRecord) -> NewExecution:
        """A retry of a child that did not complete, with the newest version where that is asked for."""
        is_latest = _wants_latest(request)
        if is_latest:
            lookups = Lookups(self._workflows, self._definitions)
            loaded = await lookups.definition(await lookups.workflow(None, request.workflow), request.version)
            problems = await loaded.input_problems(earlier.input, self._checks)
            if problems:
                raise InvalidInput([problem.under("input") for problem in problems])
        else:
            loaded = await self._definitions.load(earlier.definition_id)
        histories = await self._preparation.histories([earlier.id])
        asked = RetryRequest(latest_version=is_latest)
        return await self._preparation.retry_of(earlier, loaded, histories[earlier.id], asked)

    async def _new(self, request: ChildRequest) -> NewExecution:
        lookups = Lookups(self._workflows, self._definitions)
        found = await lookups.workflow(None, request.workflow)
        if found.status is not WorkflowStatus.ACTIVE:
            message = f"The workflow {found.name!r} is {found.status.value}; only ACTIVE ones can be started."
            raise InvalidState(message, found.status.value)
        loaded = await lookups.definition(found, request.version)
        value = loaded.with_defaults(request.input)
        problems = payload_problems(value, max_bytes=self._limits.max_input_bytes, what="input")
        problems = problems or await loaded.input_problems(value, self._checks)
        if problems:
            raise InvalidInput([problem.under("input") for problem in problems])
        definition = loaded.definition
        return NewExecution(
            id=self._new_id(),
            definition_id=definition.id,
            workflow_id=found.id,
            workflow_version=definition.version,
            input=value,
            labels=request.labels,
            priority=0,
            total_steps=definition.total_steps,
            created_at=self._clock.now(),
            max_concurrent=definition.max_concurrent_executions,
        )

    async def cancel(self, child_id: UUID, reason: str | None = None) -> None:
        """Ask for a child to be cancelled; one that has ended, or is gone, is left as it is."""
        with suppress(NotFound, InvalidState):
            payload: JsonValue = None if reason is None else {"reason": reason}
            await self._commands.send(child_id, CommandKind.CANCEL, payload)

    async def _parent(self, parent_id: UUID) -> tuple[ExecutionRecord, UUID]:
        """The parent, checked to be allowed a child, and the id of the root execution of its family."""
        record = await self._read(parent_id)
        around, ancestor = 1, record
        while ancestor.parent_id is not None:
            if not ancestor.is_batch:
                around += 1
            if around > MAX_NESTING:
                raise LimitExceeded(
                    f"A workflow in a workflow in a workflow …: at most {MAX_NESTING} executions may be around one."
                )
            above = (await self._queries.get_many([ancestor.parent_id], lean=True)).get(ancestor.parent_id)
            if above is None:  # deleted since
                break
            ancestor = above
        return record, ancestor.id

    async def _read(self, id: UUID) -> ExecutionRecord:
        record = (await self._queries.get_many([id])).get(id)
        if record is None:
            raise NotFound("execution", to_public(IdKind.EXECUTION, id))
        return record


_ENDED_BADLY = frozenset({ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMED_OUT})


def _to_go_on_with(line: Sequence[ExecutionRecord]) -> ExecutionRecord:
    """The execution to go on with, of children and their retries: the newest that COMPLETED, else runs, else ended."""
    done = [child for child in line if child.status is ExecutionStatus.COMPLETED]
    live = [child for child in line if not child.status.is_terminal]
    return (done or live or list(line))[-1]


def _wants_latest(request: ChildRequest) -> bool:
    match None if request.carried is None else request.carried.checkpoint:
        case {"latestVersion": bool(latest)}:
            return latest
        case _:
            return False
