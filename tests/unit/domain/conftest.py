"""The services over the in-memory ports."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import StepState
from domain.executions.children import ChildStarter
from domain.executions.control.service import ExecutionControl
from domain.executions.records import ExecutionDelta, Progress, StepChange
from domain.executions.retries.service import ExecutionRetries
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.records import WorkflowRecord
from domain.workflows.service import CreateWorkflow, WorkflowService
from persistence.memory import MemoryStorage
from tests.builders import a_document
from tests.clocks import ManualClock

FAILURE = StepError(code=FailureCode.HTTP_STATUS, message="The service said 503.")


@dataclass(frozen=True, slots=True)
class Services:
    """The services, and what is behind them."""

    storage: MemoryStorage
    clock: ManualClock
    definitions: DefinitionCache
    workflows: WorkflowService
    executions: ExecutionService
    control: ExecutionControl
    retries: ExecutionRetries
    children: ChildStarter

    async def store_workflow(self, **members: Any) -> WorkflowRecord:
        """Store a workflow called `orders`, by default with one step."""
        return await self.workflows.create(CreateWorkflow(document=a_document(**members)))

    async def start(self, **members: Any) -> UUID:
        """Start `orders`."""
        return (await self.executions.execute(ExecuteRequest(workflow_name="orders", **members))).id

    async def change(
        self, id: UUID, status: ExecutionStatus, *steps: StepState, output: JsonValue = None, **members: Any
    ) -> None:
        """Take an execution, commit a change, and let go of it, as a worker does."""
        now = self.clock.now()
        store = self.storage.executions
        [claim] = await store.claim([id], worker_id=new_id(), now=now)
        definition = await self.definitions.get(claim.execution.definition_id)
        ended = sum(step.status.is_terminal for step in steps)
        await store.commit(
            ExecutionDelta(
                execution_id=id,
                epoch=claim.execution.epoch,
                status=status,
                progress=Progress(total=len(steps), completed=ended, failed=0, running=0, ended=ended),
                steps=tuple(StepChange(position=definition.position(step.path), state=step) for step in steps),
                started_at=now,
                finished_at=now if status.is_terminal else None,
                output=output,
                error=FAILURE if status is ExecutionStatus.FAILED else None,
                release=True,
                applied_commands=tuple(command.id for command in claim.commands),
                **members,
            )
        )


@pytest.fixture
def services() -> Services:
    storage, clock = MemoryStorage(), ManualClock()
    definitions = DefinitionCache(storage.workflows)
    limits = Limits(max_input_bytes=10_000, max_labels=3, max_batch=10, max_bulk=10, max_signals=5)
    executions, queries, queue = storage.executions, storage.queries, storage.queue
    return Services(
        storage=storage,
        clock=clock,
        definitions=definitions,
        workflows=WorkflowService(workflows=storage.workflows, clock=clock, limits=limits),
        executions=ExecutionService(
            workflows=storage.workflows,
            executions=executions,
            queries=queries,
            queue=queue,
            feed=storage.feed,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
        control=ExecutionControl(executions=executions, queries=queries, queue=queue, clock=clock, limits=limits),
        retries=ExecutionRetries(
            workflows=storage.workflows,
            executions=executions,
            queries=queries,
            queue=queue,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
        children=ChildStarter(
            workflows=storage.workflows,
            executions=executions,
            queries=queries,
            queue=queue,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
    )
