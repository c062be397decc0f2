"""A worker's surroundings in memory: a clock that is set by hand, services that answer as told, and a store."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.steps.containers import ConditionalExecutor, ForEachExecutor, ParallelExecutor
from actors.steps.data_transform import DataTransformExecutor
from actors.steps.validation import ValidationExecutor
from actors.steps.wait import WaitExecutor
from domain.executions.records import Claim, ExecutionRecord, NewExecution, PendingCommand, StepRecord
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdSequence, new_id
from domain.kernel.statuses import CommandKind, StepType
from domain.workflows.definitions.definition import Definition
from persistence.memory import MemoryStorage

Answer = Callable[[StepCall], Outcome | Awaitable[Outcome]]
UNAVAILABLE = Failed(error=StepError(code=FailureCode.HTTP_STATUS, message="503", details={"status": 503}))


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._ids = IdSequence()

    def now(self) -> datetime:
        return self.time

    def new_id(self) -> UUID:
        return self._ids.next(self.now())

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


class RunningClock(SetClock):
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Service:
    """Stands for every called service: answers a step by its path, and counts the calls."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[StepCall] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        self.calls.append(call)
        answer = self.answers.get(call.path)
        return self._wait(call, answer(call) if answer else Succeeded(output={"of": call.path}))

    async def _wait(self, call: StepCall, answer: Outcome | Awaitable[Outcome]) -> Outcome:
        try:
            await asyncio.sleep(0)
            return await answer if isinstance(answer, Awaitable) else answer
        except asyncio.CancelledError:
            self.cancelled.append(call.path)
            raise

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.calls]


def never(_: StepCall) -> Awaitable[Outcome]:
    """A service that does not answer."""
    return asyncio.get_running_loop().create_future()


@dataclass
class World:
    """One store, one clock and one service, for workers that come and go."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: SetClock = field(default_factory=SetClock)
    service: Service = field(default_factory=Service)
    hold: timedelta = timedelta(seconds=3)
    max_output_bytes: int = 10_000
    evaluator: Evaluator = field(default_factory=Evaluator)

    def __post_init__(self) -> None:
        self.storage.tables.now = self.clock.now

    @property
    def parts(self) -> ActivationContext:
        attempts = StepRunner(
            {
                StepType.HTTP_REQUEST: self.service,
                StepType.DATA_TRANSFORM: DataTransformExecutor(),
                StepType.WAIT: WaitExecutor(),
                StepType.CONDITIONAL: ConditionalExecutor(),
                StepType.PARALLEL: ParallelExecutor(),
                StepType.FOR_EACH: ForEachExecutor(100_000),
                StepType.VALIDATION: ValidationExecutor(Evaluator()),
            },
            self.max_output_bytes,
            self.evaluator,
        )
        return ActivationContext(
            store=self.storage.executions,
            attempts=attempts,
            clock=self.clock,
            queue=self.storage.queue,
            hold=self.hold,
        )

    async def execution(
        self, definition: Definition, input: Any = None, *, priority: int = 0, id: UUID | None = None
    ) -> UUID:
        """A new execution of a definition."""
        id = id or new_id()
        new = NewExecution(
            id=id,
            definition_id=definition.id,
            workflow_id=None,
            workflow_version=None,
            input=input,
            labels={},
            priority=priority,
            total_steps=definition.total_steps,
            created_at=self.clock.now(),
        )
        await self.storage.executions.create([new])
        return id

    async def claim(self, id: UUID) -> Claim:
        """Claim the execution as a new worker."""
        (claim,) = await self.storage.executions.claim([id], worker_id=new_id(), now=self.clock.now())
        return claim

    async def activation(self, id: UUID, definition: Definition) -> Activation:
        return Activation(await self.claim(id), definition, self.parts)

    async def run(self, definition: Definition, input: Any = None) -> ExecutionRecord:
        """Start an execution and run its first activation to the end."""
        id = await self.execution(definition, input)
        await (await self.activation(id, definition)).run()
        return await self.record(id)

    async def record(self, id: UUID) -> ExecutionRecord:
        return (await self.storage.queries.get_many([id]))[id]

    def steps(self, id: UUID) -> Mapping[str, StepRecord]:
        """The stored step executions by path."""
        return self.storage.tables.steps.get(id, {})

    async def release_from_dead_worker(self, id: UUID) -> None:
        """Release the executions of a worker that has died, as the reconciler does."""
        await self.storage.recovery.release_dead(dead_before=self.clock.now(), limit=10)

    async def ask_to_cancel(self, id: UUID, reason: str | None = None) -> None:
        payload = None if reason is None else {"reason": reason}
        await self.storage.executions.add_command(
            PendingCommand(
                id=new_id(), execution_id=id, kind=CommandKind.CANCEL, payload=payload, created_at=self.clock.now()
            )
        )
