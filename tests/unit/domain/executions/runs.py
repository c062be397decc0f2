"""Workflows whose HTTP steps are answered by a hand, run to their ends and retried."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain.executions.records import ExecutionRecord
from domain.executions.retries.service import ExecutionRetries, RetryRequest
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import WorkflowService
from tests.builders import a_document, http, step
from tests.unit.actors.world import UNAVAILABLE, World


class Runs:
    """Workflows whose HTTP steps are answered by a hand, run to their ends one activation after the other."""

    def __init__(self) -> None:
        self.world = World()
        storage, clock = self.world.storage, self.world.clock
        self.definitions = DefinitionCache(storage.workflows)
        self.workflows = WorkflowService(workflows=storage.workflows, clock=clock)
        self.executions = ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=self.definitions,
            clock=clock,
        )
        self.retries = ExecutionRetries(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            definitions=self.definitions,
            clock=clock,
        )

    def fail(self, *paths: str) -> None:
        """Let the services of these steps be away from now on, and those of all others answer."""
        self.world.service.answers = {path: lambda _: UNAVAILABLE for path in paths}

    async def start(self, *steps: dict[str, Any], input: JsonValue = None, **members: Any) -> ExecutionRecord:
        """Store a workflow of these steps, and run it to its end."""
        await self.workflows.apply(a_document(steps=steps, **members))
        record = await self.executions.execute(ExecuteRequest(workflow_name="orders", input=input))
        return await self.drive(record.id)

    async def retry(self, id: UUID, **how: Any) -> ExecutionRecord:
        """Retry an execution, and run that to its end; what it calls is in `called`."""
        self.world.service.calls.clear()
        record = await self.retries.retry(id, RetryRequest(**how))
        return await self.drive(record.id)

    async def drive(self, id: UUID) -> ExecutionRecord:
        """Run an execution to its end."""
        record = await self.world.record(id)
        definition = await self.definitions.get(record.definition_id)
        await (await self.world.activation(id, definition)).run()
        return await self.world.record(id)

    @property
    def called(self) -> list[str]:
        """The steps that the last run has called, in order."""
        return self.world.service.paths()

    def steps(self, record: ExecutionRecord) -> dict[str, str]:
        """Every step of an execution with its status."""
        return {path: row.state.status.value for path, row in self.world.steps(record.id).items()}


def loop(id: str, *steps: dict[str, Any], **config: Any) -> dict[str, Any]:
    return step(id, "FOR_EACH", {"items": "[1, 2, 3]", "steps": list(steps), **config})


def fan(id: str, **branches: list[dict[str, Any]]) -> dict[str, Any]:
    return step(id, "PARALLEL", {"branches": [{"name": name, "steps": steps} for name, steps in branches.items()]})


def choose(id: str, *then: dict[str, Any]) -> dict[str, Any]:
    return step(id, "CONDITIONAL", {"if": "true", "then": list(then)})


@st.composite
def documents(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    """A block of calls, in containers of all sorts."""
    steps = []
    ids = [f"{letter}{depth}" for letter in "abc"[: draw(st.integers(1, 3))]]
    for index, id in enumerate(ids):
        kind = draw(st.sampled_from(["call", "call", "if", "fan", "loop"] if depth else ["call"]))
        if kind == "if":
            built = choose(id, *draw(documents(depth - 1)))
        elif kind == "fan":
            built = fan(id, x=draw(documents(depth - 1)), y=draw(documents(depth - 1)))
        elif kind == "loop":
            limit = draw(st.integers(1, 3))
            built = loop(id, *draw(documents(depth - 1)), maxConcurrency=limit, **{"as": f"item_{id}"})
        else:
            built = http(id)
        if draw(st.booleans()):
            built["dependsOn"] = draw(st.lists(st.sampled_from(ids[:index]), unique=True)) if index else []
        steps.append(built)
    return steps
