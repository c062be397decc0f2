"""The time in which many begin to follow executions at once: `python -m benchmarks.micro_subscriptions`.

A system of its own, with one API process. The executions wait, so that nothing else happens meanwhile.
"""

import argparse
import asyncio
import time

from rich.console import Console
from rich.table import Table

from benchmarks.graphql import GraphQLClient
from benchmarks.stack import Stack, running_stack

_SIZES = (250, 500, 1_000, 2_000)
_A_CONNECTION = 50
_STARTED_TOGETHER = 1_000
_CREATE = """
mutation {
  createWorkflow(input: {name: "waits", steps: [{id: "a", config: {wait: {duration: "PT2H"}}}]}) { __typename }
}
"""
_START = """
mutation ($inputs: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $inputs) { ... on ExecutionBatch { results { ... on WorkflowExecution { id } } } }
}
"""
_WAITING = "query { executions(filter: {status: [WAITING]}) { totalCount } }"
_FOLLOW = """
subscription ($id: ID!) { executionProgress(id: $id) { kind sequence execution { status } steps { path status } } }
"""


async def _started(api: GraphQLClient, count: int) -> list[str]:
    """Start executions; gives their ids when all of them wait."""
    known = (await api.execute(_WAITING, {}))["executions"]["totalCount"]
    ids: list[str] = []
    while len(ids) < count:
        inputs = [{"workflowName": "waits"}] * min(_STARTED_TOGETHER, count - len(ids))
        started = (await api.execute(_START, {"inputs": inputs}))["executeWorkflows"]["results"]
        ids += [each["id"] for each in started]
    while (await api.execute(_WAITING, {}))["executions"]["totalCount"] < known + count:  # noqa: ASYNC110 -- workers start them
        await asyncio.sleep(0.2)
    return ids


async def _seconds(api: GraphQLClient, ids: list[str]) -> float:
    """Follow all executions at once, over connections of `_A_CONNECTION` each, until each has had an event."""
    everybody = asyncio.Barrier(1 + -(-len(ids) // _A_CONNECTION))

    async def follow(some: list[str]) -> None:
        async with api.connect() as connection:
            await everybody.wait()
            missing = {await connection.start(_FOLLOW, {"id": id}) for id in some}
            while missing:
                missing.discard((await connection.next())[0])
            await everybody.wait()

    async with asyncio.TaskGroup() as group:
        for first in range(0, len(ids), _A_CONNECTION):
            group.create_task(follow(ids[first : first + _A_CONNECTION]))
        await everybody.wait()
        began = time.perf_counter()
        await everybody.wait()
        return time.perf_counter() - began


async def _measure(stack: Stack, rounds: int) -> Table:
    table = Table(title="followers who come at once, until each has its first event")
    for title in ("followers", "round", "seconds", "API: ms of CPU each"):
        table.add_column(title, justify="right")
    for number in range(rounds):
        for size in _SIZES:
            ids = await _started(stack.api, size)
            before = stack.cpu_seconds().get("API", 0.0)
            seconds = await _seconds(stack.api, ids)
            spent = stack.cpu_seconds().get("API", 0.0) - before
            table.add_row(f"{size:,}", str(number + 1), f"{seconds:.2f}", f"{1000 * spent / size:.2f}")
    return table


async def _main(rounds: int) -> None:
    async with running_stack(workers=1) as stack:
        await stack.api.execute(_CREATE, {})
        Console().print(await _measure(stack, rounds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(_main(parser.parse_args().rounds))
