"""The time in which executions go on after the only worker was killed."""

import asyncio
import os
import signal
import time
from datetime import datetime

from benchmarks.executions import apply, execute_many
from benchmarks.graphql import GraphQLClient, GraphQLFailed
from benchmarks.stack import Stack, running_stack
from benchmarks.steps import slow_steps
from benchmarks.workload import Figures, OwnSystem

_EXECUTIONS = 1_000
_FOLLOWED = 100
_STEPS = 10
_MILLISECONDS = 500
"""The time that a step's call takes: all executions are in flight when the worker is killed."""
_NAME = "bench-survived"
_LOOK_SECONDS = 0.2
_COUNTS = "query ($filter: ExecutionFilter) { executionCounts(filter: $filter) { statuses { status count } } }"
_FOLLOW = """
subscription ($id: ID!) { executionProgress(id: $id) { execution { status } steps { path status startedAt } } }
"""


async def measure_survival(system: OwnSystem) -> Figures:
    """Kill the only worker of a system, which starts another; the seconds from then on.

    To the end of the first step that began after that, and until every execution has COMPLETED. Raises `RuntimeError`
    when one of them ends otherwise.
    """
    async with running_stack(workers=1, log=system.log) as stack:
        await apply(stack.api, _NAME, slow_steps(stack.service_url, _STEPS, milliseconds=_MILLISECONDS))
        ids = await execute_many(stack.api, _NAME, _EXECUTIONS)
        while (await _counts(stack.api)).get("RUNNING", 0) < _EXECUTIONS:  # noqa: ASYNC110 -- a worker starts them
            await asyncio.sleep(_LOOK_SECONDS)
        killed_at, killed = time.time(), time.perf_counter()
        _kill_worker(stack)
        first = await _first_step(stack.api, ids[:_FOLLOWED], killed_at) - killed
        while (counts := await _counts(stack.api)).get("COMPLETED", 0) < _EXECUTIONS:
            if other := counts.keys() & {"FAILED", "CANCELLED", "TIMED_OUT"}:
                raise RuntimeError(f"executions ended as {', '.join(sorted(other))}")
            await asyncio.sleep(_LOOK_SECONDS)
        return {"first step s": first, "all completed s": time.perf_counter() - killed}


def _kill_worker(stack: Stack) -> None:
    for process in stack.processes("worker"):
        os.kill(process.id, signal.SIGKILL)


async def _first_step(api: GraphQLClient, ids: list[str], after: float) -> float:
    """The moment in which the first of these executions has ended a step that began after a time."""
    async with api.connect() as connection:
        for id in ids:
            await connection.start(_FOLLOW, {"id": id})
        while True:
            _, data = await connection.next()
            if data is None:
                raise GraphQLFailed("an execution ended before one of its steps did")
            for step in data["executionProgress"]["steps"]:
                if step["status"] == "COMPLETED" and datetime.fromisoformat(step["startedAt"]).timestamp() > after:
                    return time.perf_counter()


async def _counts(api: GraphQLClient) -> dict[str, int]:
    """The number of executions of the workflow by status; none of a status that none has."""
    data = await api.execute(_COUNTS, {"filter": {"workflowName": _NAME}})
    return {each["status"]: each["count"] for each in data["executionCounts"]["statuses"] if each["count"]}
