"""Stepgraph as one of those that are measured, by the workflows of docs/performance.md."""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.executions import apply, watching
from benchmarks.peers.ratios import OURS
from benchmarks.peers.workloads import Kind, PeerWorkload
from benchmarks.stack import Stack
from benchmarks.steps import http_item_steps, http_steps, slow_steps, transform_steps

_PAUSE_SECONDS = 0.01


class Stepgraph:
    """A running system; every workload is a workflow of its own."""

    name = OURS
    share = 1.0

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stored: set[str] = set()

    async def measure(self, workload: PeerWorkload) -> Sequence[float]:
        """Start executions by one mutation and see them end over a subscription that was opened before."""
        name = f"bench-{workload.kind}-{workload.steps}"
        if name not in self._stored:
            await apply(self._stack.api, name, self._steps(workload))
            self._stored.add(name)
        async with watching(self._stack.api, name) as watch:
            if not workload.one_by_one:
                return [await watch.seconds_for(workload.executions)]
            seconds = []
            for _ in range(workload.executions):
                seconds.append(await watch.seconds_for_one())
                await asyncio.sleep(_PAUSE_SECONDS)
            return seconds

    def _steps(self, workload: PeerWorkload) -> list[dict[str, Any]]:
        url = self._stack.service_url
        match workload.kind:
            case Kind.CALLS:
                return http_steps(url, workload.steps)
            case Kind.ITEMS:
                return http_item_steps(url, workload.steps)
            case Kind.SLOW:
                return slow_steps(url)
            case Kind.COUNTS:
                return transform_steps(workload.steps)
