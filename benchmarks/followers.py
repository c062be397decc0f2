"""The time in which changes reach their followers, while a thousand executions change, each of which is followed."""

import asyncio
import statistics
import time
from datetime import datetime

from benchmarks.executions import apply, execute_many
from benchmarks.graphql import GraphQLClient, GraphQLFailed
from benchmarks.latency import percentile
from benchmarks.stack import Stack
from benchmarks.steps import slow_steps
from benchmarks.workload import Figures

_FOLLOWERS = 1_000
_AT_ONCE = 25
"""Executions that are started together; the others follow evenly over a second."""
_STEPS = 24
_MILLISECONDS = 950
"""The time that a step's call takes. With what else a step costs, each execution changes about once a second."""
_NAME = "bench-followed"
_FOLLOW = """
subscription ($id: ID!) {
  executionProgress(id: $id) { sequence execution { status } steps { path status finishedAt } }
}
"""
_Ends = dict[str, tuple[float, float]]
"""By path, the moments in which a step ended, and in which its follower was told, in seconds."""


async def prepare_followers(stack: Stack) -> None:
    """Store the workflow: calls in sequence."""
    await apply(stack.api, _NAME, slow_steps(stack.service_url, _STEPS, milliseconds=_MILLISECONDS))


async def measure_followers(stack: Stack) -> Figures:
    """Start and follow them; what counts are the ends while all of them go on.

    A step ends a little before its end is committed, so the times are rather too long. Raises `RuntimeError` when a
    follower was not told of an end, or was told of changes out of order.
    """
    began = time.perf_counter()
    followers: list[asyncio.Task[_Ends]] = []
    async with asyncio.TaskGroup() as group:
        for number in range(0, _FOLLOWERS, _AT_ONCE):
            await asyncio.sleep(began + number / _FOLLOWERS - time.perf_counter())
            ids = await execute_many(stack.api, _NAME, _AT_ONCE)
            followers += [group.create_task(_follow(stack.api, id)) for id in ids]
    ends = [follower.result() for follower in followers]
    first = max(each["call1"][0] for each in ends)
    last = min(each[f"call{_STEPS - 1}"][0] for each in ends)
    if last <= first:
        raise RuntimeError("the executions did not go on at the same time: this machine is too slow for it")
    delays = [told - ended for each in ends for ended, told in each.values() if first < ended <= last]
    return {
        "p50 ms": statistics.median(delays) * 1e3,
        "p99 ms": percentile(delays, 99) * 1e3,
        "longest ms": max(delays) * 1e3,
        "changes/s": len(delays) / (last - first),
    }


async def _follow(api: GraphQLClient, id: str) -> _Ends:
    ends: _Ends = {}
    sequence = -1
    async with api.connect() as connection:
        await connection.start(_FOLLOW, {"id": id})
        while (data := (await connection.next())[1]) is not None:
            now = time.time()
            update = data["executionProgress"]
            if update["sequence"] <= sequence:
                raise RuntimeError(f"{id}: {update['sequence']} was told after {sequence}")
            sequence = update["sequence"]
            for step in update["steps"]:
                if step["status"] == "COMPLETED":
                    ends.setdefault(step["path"], (datetime.fromisoformat(step["finishedAt"]).timestamp(), now))
            status = update["execution"]["status"]
    if status != "COMPLETED" or len(ends) < _STEPS:
        raise GraphQLFailed(f"{id} is {status}, and its follower was told of {len(ends)} of {_STEPS} ends")
    return ends
