"""Executions with children, run to their ends in memory by workers that die, and calls that go as a script says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.steps.sub_workflow import SubWorkflowExecutor
from domain.engine.state import StepState
from domain.executions.children import ChildStarter
from domain.executions.control.service import ExecutionControl
from domain.executions.records import ExecutionRecord
from domain.executions.retries.service import ExecutionRetries, RetryRequest
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.kernel.errors import InvalidState
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.limits import Limits
from domain.kernel.statuses import StepType
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import WorkflowService
from tests.builders import a_document
from tests.unit.actors.world import World

_MOST_TURNS = 3_000


class Goes(StrEnum):
    """The courses of a call. The fate of the last three is not known to the caller."""

    WELL = "WELL"
    REFUSED = "REFUSED"
    OUT_OF_TIME = "OUT_OF_TIME"
    WORKER_DIES = "WORKER_DIES"
    CANCELLED = "CANCELLED"


_FAILURES = {
    Goes.REFUSED: Failed(
        error=StepError(code=FailureCode.HTTP_STATUS, message="400", details={"status": 400}), status_code=400
    ),
    Goes.OUT_OF_TIME: Failed(error=StepError(code=FailureCode.TIMEOUT, message="No answer came.")),
}


@dataclass(frozen=True)
class Made:
    """A call that was made: of which step of which execution in the family, under which key, and how it went.

    `name` is the same in every retry: `loop[1].sub/charge` for the step `charge` of the child of `loop[1].sub`.
    `before` is the row of the step that made the last call of that name, as it stood when this one was made.
    """

    name: str
    key: str
    goes: Goes
    row: tuple[UUID, str]
    before: StepState | None


class Crash(BaseException):
    """The worker dies."""


@dataclass
class Family:
    """Workflows, executions of them with their children, and the calls that they make.

    `script` says how the calls of a name go, one after the other, `unscripted` does for names that are not in there;
    when it is at its end, they go well.
    """

    world: World = field(default_factory=lambda: World(hold=timedelta(0)))
    script: dict[str, list[Goes]] = field(default_factory=dict)
    unscripted: Callable[[str], list[Goes]] = field(default=lambda _: [])
    calls: list[Made] = field(default_factory=list)
    most: int = 10_000

    def __post_init__(self) -> None:
        storage, clock = self.world.storage, self.world.clock
        self.definitions = DefinitionCache(storage.workflows)
        parts: dict[str, Any] = {
            "workflows": storage.workflows,
            "executions": storage.executions,
            "queries": storage.queries,
            "queue": storage.queue,
            "definitions": self.definitions,
            "clock": clock,
        }
        self.workflows = WorkflowService(workflows=storage.workflows, clock=clock)
        self.executions = ExecutionService(feed=storage.feed, **parts)
        self.retries = ExecutionRetries(**parts)
        self.children = ChildStarter(limits=Limits(max_family=self.most), **parts)
        self.control = ExecutionControl(
            executions=storage.executions, queries=storage.queries, queue=storage.queue, clock=clock
        )
        self._running: dict[UUID, tuple[Activation, asyncio.Task[None]]] = {}

    async def store(self, name: str, steps: Sequence[dict[str, Any]], **members: Any) -> None:
        await self.workflows.apply(a_document(steps=steps, name=name, **members))

    async def start(self, name: str, input: Any = None) -> ExecutionRecord:
        """Start a workflow, and run everything to its end."""
        return await self.drive((await self.executions.execute(ExecuteRequest(workflow_name=name, input=input))).id)

    async def retry(self, id: UUID, **how: Any) -> ExecutionRecord:
        """Retry an execution, and run everything to its end."""
        return await self.drive((await self.retries.retry(id, RetryRequest(**how))).id)

    async def drive(self, id: UUID) -> ExecutionRecord:
        """Run all executions until this one and the others have ended."""
        async with asyncio.timeout(60):
            for _ in range(_MOST_TURNS):
                if not await self._turn():
                    return await self.world.record(id)
        raise AssertionError("it does not end")

    def names(self) -> list[str]:
        """The calls that were made, in order."""
        return [call.name for call in self.calls]

    async def child(self, parent: UUID, path: str = "sub") -> ExecutionRecord:
        """The child of a step."""
        rows = self.world.storage.tables.executions.values()
        (found,) = [row for row in rows if row.parent_id == parent and row.parent_path == path]
        return found

    async def _turn(self) -> bool:
        """Let workers take executions that want attention, or let time pass; True while anything is left to do."""
        world, tables = self.world, self.world.storage.tables
        now = world.clock.now()
        for row in list(tables.executions.values()):
            if row.id not in self._running and tables.wants_attention(row, now):
                await self._take(row)
        for _ in range(10):
            await asyncio.sleep(0)
        for id, (activation, task) in list(self._running.items()):
            if task.done():
                del self._running[id]
                await self._bury(task)
            elif tables.commands_of(id):
                activation.nudge()
        if self._running:
            return True
        live = [row for row in tables.executions.values() if not row.status.is_terminal]
        due = [row.due_at for row in live if row.due_at is not None]
        if due and not any(tables.wants_attention(row, now) for row in live):
            world.clock.time = max(now, min(due))
        return bool(live)

    async def _take(self, row: ExecutionRecord) -> None:
        definition = await self.definitions.get(row.definition_id)
        [claim] = await self.world.storage.executions.claim([row.id], worker_id=new_id(), now=self.world.clock.now())
        activation = Activation(claim, definition, self._parts(row))
        self._running[row.id] = activation, asyncio.create_task(activation.run())

    async def _bury(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if isinstance(error, Crash):
            held = {id for id, row in self.world.storage.tables.executions.items() if row.worker_id is not None}
            alive = held & self._running.keys()
            for id in held - alive:
                row = self.world.storage.tables.executions[id]
                self.world.storage.tables.executions[id] = _released(row)
        elif error is not None:
            raise error

    def _parts(self, row: ExecutionRecord) -> ActivationContext:
        parts = self.world.parts
        executors: Any = dict(parts.attempts.executors)
        executors[StepType.HTTP_REQUEST] = self
        executors[StepType.SUB_WORKFLOW] = SubWorkflowExecutor(self.children)
        return ActivationContext(
            store=parts.store,
            attempts=type(parts.attempts)(executors, 100_000),
            clock=parts.clock,
            queue=parts.queue,
            hold=parts.hold,
            cancel_child=self.children.cancel,
        )

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """A call of a service."""
        name = f"{self._place_of(call.execution_id)}{call.path}"
        if name not in self.script:
            self.script[name] = self.unscripted(name)
        waiting = self.script[name]
        goes = waiting.pop(0) if waiting else Goes.WELL
        last = next((made for made in reversed(self.calls) if made.name == name), None)
        before = None if last is None else self.world.storage.tables.steps[last.row[0]].get(last.row[1])
        row = (call.execution_id, call.path)
        self.calls.append(Made(name, call.idempotency_key, goes, row, None if before is None else before.state))
        if goes is Goes.WORKER_DIES:
            raise Crash
        if goes is Goes.CANCELLED:
            return self._cancelled(call.execution_id)
        return _FAILURES.get(goes) or Succeeded(output={"of": name})

    async def _cancelled(self, id: UUID) -> Outcome:
        """Somebody cancels the outermost execution around it while the call is made."""
        rows = self.world.storage.tables.executions
        while (parent := rows[id].parent_id) is not None:
            id = parent
        with suppress(InvalidState):  # this was told of in another way
            await self.control.cancel(id)
        never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return await never

    def _place_of(self, id: UUID) -> str:
        """The place of an execution in its family; a child that was retried alone has that of the first."""
        rows = self.world.storage.tables.executions
        names: list[str] = []
        at: UUID | None = id
        while at is not None:
            row = rows[at]
            if row.parent_id is not None:
                names.insert(0, f"{row.parent_path}/")
            at = row.parent_id or row.retried_from_id
        return "".join(names)


def _released(row: ExecutionRecord) -> ExecutionRecord:

    return replace(row, worker_id=None, epoch=row.epoch + 1, due_at=row.created_at)
