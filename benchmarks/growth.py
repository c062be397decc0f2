"""The cost of work and of lists among a million stored executions, beside what it is among ten thousand."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.executions import apply
from benchmarks.latency import measure_latency, prepare_latency
from benchmarks.many_executions import PAGE, console_filters, store_executions
from benchmarks.stack import Stack, running_stack
from benchmarks.steps import transform_steps
from benchmarks.throughput import measure_calls, measure_transforms, prepare_calls, prepare_transforms
from benchmarks.workload import Figures, OwnSystem, Target
from domain.kernel.ids import IdKind, new_id, to_public
from persistence.postgres.connections.database import Database
from stepgraph.processes.storage import EmbeddedServers

_FEW = 10_000
_WORKFLOWS = 3
"""So few that a page by a workflow and a failure is full among ten thousand already."""
_ROUNDS = 3
"""Measurements of each workload of which the median counts."""
_PAGES = 7
"""Requests of each page of which the median counts."""
_AT_MOST = 1.3
_WORK = ("W1 p50", "W2", "W5")
_WORKFLOW_ID = "query ($name: String!) { workflow(name: $name) { id } }"
OF_GROWTH = (
    *(Target(figure=f"{what} after the load, ratio", bound=_AT_MOST) for what in _WORK),
    *(Target(figure=f"{what} after a rest, ratio", bound=_AT_MOST) for what in _WORK),
    Target(figure="slowest page, ratio", bound=_AT_MOST),
)


async def measure_growth(system: OwnSystem) -> Figures:
    """Measure among few; store many at once, and measure right after it; vacuum as PostgreSQL does, and measure again.

    Times are divided by those among few: 1 is no growth.
    """
    async with running_stack(workers=2, log=system.log) as stack:
        url = EmbeddedServers(stack.data).addresses.database_url
        async with Database(url) as database:
            growth = _Growth(stack, database, system.stored)
            await growth.prepare()
            await growth.store(system.stored - _FEW, system.stored)
            await growth.rest()
            few, few_pages = await growth.work(), await growth.pages()
            seconds = await growth.store(0, system.stored - _FEW)
            loaded = await growth.work()
            await growth.rest()
            rested, pages = await growth.work(), await growth.pages()
    # A page that was not full among few has more to show among many: its time is told, and no ratio.
    full = [name for name in sorted(pages) if few_pages[name].rows == pages[name].rows]
    ratios = {name: pages[name].milliseconds / few_pages[name].milliseconds for name in full}
    return {
        **{f"{what} after the load, ratio": loaded[what] / few[what] for what in _WORK},
        **{f"{what} after a rest, ratio": rested[what] / few[what] for what in _WORK},
        "slowest page, ratio": max(ratios.values()),
        "slowest page ms": max(page.milliseconds for page in pages.values()),
        "median page, ratio": statistics.median(ratios.values()),
        **{f"page of {name}, ratio": ratio for name, ratio in ratios.items()},
        **{f"page of {name} ms": pages[name].milliseconds for name in sorted(pages.keys() - ratios.keys())},
        "seconds of the load": seconds,
    }


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a list: how long it took, and the executions on it."""

    milliseconds: float
    rows: int


class _Growth:
    """A system whose stored executions grow."""

    def __init__(self, stack: Stack, database: Database, stored: int) -> None:
        self._stack, self._database, self._stored = stack, database, stored
        self._schedule = new_id()
        self._workflow = ""

    async def prepare(self) -> None:
        """Store the workflows that are measured, and those of the stored executions."""
        for number in range(_WORKFLOWS):
            await apply(self._stack.api, f"workflow-{number}", transform_steps(1))
        data = await self._stack.api.execute(_WORKFLOW_ID, {"name": "workflow-0"})
        self._workflow = data["workflow"]["id"]
        for prepare in (prepare_latency, prepare_calls, prepare_transforms):
            await prepare(self._stack)

    async def store(self, first: int, last: int) -> float:
        """Store the executions of these numbers; the seconds it took."""
        began = time.perf_counter()
        async with self._database.connection() as connection:
            await store_executions(connection, first, last, self._stored, schedule=self._schedule, living=False)
        return time.perf_counter() - began

    async def rest(self) -> None:
        """Do at once what autovacuum and the checkpointer do in minutes."""
        async with self._database.connection() as connection:
            for statement in ("VACUUM ANALYZE workflow_execution", "VACUUM ANALYZE step_execution", "CHECKPOINT"):
                await connection.execute(statement, timeout=900)

    async def work(self) -> Mapping[str, float]:
        """The median times of W1, W2 and W5."""
        latencies = [(await measure_latency(self._stack))["p50 ms"] for _ in range(_ROUNDS)]
        calls = [(await measure_calls(self._stack))["seconds"] for _ in range(_ROUNDS)]
        transforms = [(await measure_transforms(self._stack))["seconds"] for _ in range(_ROUNDS)]
        return dict(zip(_WORK, map(statistics.median, (latencies, calls, transforms)), strict=True))

    async def pages(self) -> dict[str, _Page]:
        """A page of 50 by each filter of the console."""
        filters = console_filters(self._workflow, to_public(IdKind.SCHEDULE, self._schedule))
        return {name: await self._page(filter) for name, filter in filters.items()}

    async def _page(self, filter: Mapping[str, object]) -> _Page:
        lengths, rows = [], 0
        for _ in range(_PAGES):
            began = time.perf_counter()
            data = await self._stack.api.execute(PAGE, {"filter": filter})
            lengths.append((time.perf_counter() - began) * 1e3)
            rows = len(data["executions"]["nodes"])
        return _Page(statistics.median(lengths), rows)
