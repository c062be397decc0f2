"""CPU per step of the engine without a database: `python -m benchmarks.micro_engine`.

Activations run executions over the in-memory store in this process: what is left is deciding, rendering, executing and
reporting. `--profile` prints where the time goes.
"""

import argparse
import asyncio
import cProfile
import pstats
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvloop
from rich.console import Console
from rich.table import Table

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.data_transform import DataTransformExecutor
from actors.steps.http_request import HttpRequestExecutor
from benchmarks.processes import example_service
from benchmarks.steps import http_steps, transform_steps
from domain.executions.records import Claim, NewExecution
from domain.executions.step_executor import StepExecutor
from domain.expressions.evaluator import Evaluator
from domain.kernel.ids import new_id
from domain.kernel.statuses import StepType
from domain.workflows.definitions.compiler import compile_workflow
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import WorkflowDocument
from persistence.memory import MemoryStorage

_ROUNDS = 5
_STEPS = 10


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return new_id()


async def _claims(storage: MemoryStorage, definition: Definition, count: int) -> list[Claim]:
    executions = [
        NewExecution(
            id=new_id(),
            definition_id=definition.id,
            workflow_id=None,
            workflow_version=None,
            input={"sku": "widget", "start": 0},
            labels={},
            priority=0,
            total_steps=definition.total_steps,
            created_at=datetime.now(UTC),
        )
        for _ in range(count)
    ]
    await storage.executions.create(executions)
    ids = [execution.id for execution in executions]
    return await storage.executions.claim(ids, worker_id=new_id(), now=datetime.now(UTC))


def _definition(steps: Sequence[Mapping[str, Any]]) -> Definition:
    document = WorkflowDocument.model_validate({"name": "micro", "steps": steps})
    return compile_workflow(document, definition_id=new_id(), workflow_id=None, version=None)


async def _cpu_per_step(parts: ActivationContext, storage: MemoryStorage, definition: Definition, count: int) -> float:
    activations = [Activation(claim, definition, parts) for claim in await _claims(storage, definition, count)]
    before = time.process_time()
    async with asyncio.TaskGroup() as group:
        for activation in activations:
            group.create_task(activation.run())
    cost = (time.process_time() - before) / (count * _STEPS) * 1e6
    example = next((row for row in storage.tables.executions.values() if row.status != "COMPLETED"), None)
    if example is not None:
        raise RuntimeError(f"an execution is {example.status}: {example.error}")
    return cost


async def _measure(*, profile: bool) -> None:
    policy = DestinationPolicy(allow_loopback=True)
    table = Table("steps", f"µs CPU a step, best of {_ROUNDS}")
    async with example_service() as url, HttpClient(policy, user_agent="benchmark") as client:
        for name, steps, count in (
            ("transforms", transform_steps(_STEPS), 200),
            ("HTTP requests", http_steps(url, _STEPS), 50),
        ):
            definition = _definition(steps)
            costs = []
            for _ in range(_ROUNDS):
                storage = MemoryStorage()
                executors: Mapping[str, StepExecutor] = {
                    StepType.HTTP_REQUEST: HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000_000),
                    StepType.DATA_TRANSFORM: DataTransformExecutor(),
                }
                attempts = StepRunner(executors, max_output_bytes=1_000_000)
                parts = ActivationContext(
                    store=storage.executions, attempts=attempts, clock=_Clock(), queue=storage.queue
                )
                costs.append(await _cpu_per_step(parts, storage, definition, count))
            table.add_row(name, f"{min(costs):.0f}")
            if profile:
                storage = MemoryStorage()
                parts = ActivationContext(
                    store=storage.executions, attempts=attempts, clock=_Clock(), queue=storage.queue
                )
                with cProfile.Profile() as profiler:
                    await _cpu_per_step(parts, storage, definition, count)
                pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro_engine", description=__doc__)
    parser.add_argument("--profile", action="store_true")
    uvloop.run(_measure(profile=parser.parse_args().profile))
