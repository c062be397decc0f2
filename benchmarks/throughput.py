"""The time of many executions that one mutation starts, until the last end is seen."""

from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.executions import apply, watching
from benchmarks.stack import Stack
from benchmarks.steps import http_steps, transform_steps
from benchmarks.workload import CPU_PREFIX, Figures


def throughput(
    *, workflow: str, executions: int, steps: int, document: Callable[[Stack], list[dict[str, Any]]]
) -> tuple[Callable[[Stack], Awaitable[None]], Callable[[Stack], Awaitable[Figures]]]:
    """Prepare and measure: `executions` of `steps` steps, started by one mutation, timed until the last end."""

    async def prepare(stack: Stack) -> None:
        await apply(stack.api, workflow, document(stack))
        async with watching(stack.api, workflow) as watch:
            await watch.seconds_for(max(executions // 5, 1))

    async def measure(stack: Stack) -> Figures:
        async with watching(stack.api, workflow) as watch:
            before = stack.cpu_seconds()
            seconds = await watch.seconds_for(executions)
            after = stack.cpu_seconds()
        per_step = {
            f"{CPU_PREFIX}{part}": (after[part] - before.get(part, 0.0)) / (executions * steps) * 1e6
            for part in after
            if part != "other"
        }
        return {"steps/s": executions * steps / seconds, "seconds": seconds, **per_step}

    return prepare, measure


prepare_calls, measure_calls = throughput(
    workflow="bench-calls", executions=500, steps=10, document=lambda stack: http_steps(stack.service_url, 10)
)
prepare_transforms, measure_transforms = throughput(
    workflow="bench-transforms", executions=1000, steps=10, document=lambda _: transform_steps(10)
)
