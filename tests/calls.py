"""Calls of executors as workers make them: with a step of a document, compiled, and its rendered input."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.executions.step_executor import Outcome, StepCall, StepExecutor
from domain.kernel.json.text import JsonValue
from tests.builders import a_definition

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
EXECUTION = UUID("01890000-0000-7000-8000-000000000001")
KEY = "key-of-the-step"


def a_call(
    step: Mapping[str, Any],
    *,
    scope: Mapping[str, JsonValue] | None = None,
    path: str | None = None,
    checkpoint: JsonValue = None,
    received: Mapping[str, JsonValue] | None = None,
    called_at: datetime = NOW,
    attempt: int = 1,
) -> StepCall:
    """The call of a document's step, which sees `scope`. It is not checked whether the step may be stored."""
    compiled = a_definition(steps=[step]).root.steps[step["id"]]
    seen: Mapping[str, JsonValue] = {"input": {}, **(scope or {})}
    return StepCall(
        execution_id=EXECUTION,
        path=path or compiled.path,
        attempt=attempt,
        step=compiled,
        input=compiled.inputs.render(seen, now=NOW, seed=1),
        scope=seen,
        now=NOW,
        idempotency_key=KEY,
        called_at=called_at,
        checkpoint=checkpoint,
        received=received,
    )


async def run(executor: StepExecutor, call: StepCall) -> Outcome:
    """The outcome of a call, of executors that return it at once and of those that are awaited."""
    outcome = executor.execute(call)
    return await outcome if isinstance(outcome, Awaitable) else outcome
