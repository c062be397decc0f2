"""DBOS as one of those that are measured: as many processes as workers, over a PostgreSQL of its own."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from benchmarks.peers.children import INSTALLED, Child, arguments, child
from benchmarks.peers.workloads import PeerWorkload

_FOLDER = Path(__file__).parent
_REQUIREMENTS = (_FOLDER / "requirements.txt").read_text().splitlines()


class Dbos:
    """Running processes of the application."""

    name = "DBOS"
    version = next(line.split()[0].removeprefix("dbos==") for line in _REQUIREMENTS if line.startswith("dbos=="))
    share = 0.2

    def __init__(self, processes: Sequence[Child], service_url: str) -> None:
        self._processes = processes
        self._service_url = service_url

    async def measure(self, workload: PeerWorkload) -> Sequence[float]:
        """Split executions over the processes, each of which starts its own ones and awaits them."""
        given, expected = arguments(workload, self._service_url)
        command = {"workflow": workload.kind, "arguments": given, "expected": expected}
        if workload.one_by_one or workload.executions == 1:
            alone = {**command, "count": workload.executions, "oneByOne": workload.one_by_one}
            return await self._processes[0].ask(alone)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, process in enumerate(self._processes):
                count = len(range(number, workload.executions, len(self._processes)))
                group.create_task(process.ask({**command, "count": count, "oneByOne": False}))
        return [time.perf_counter() - began]


@contextlib.asynccontextmanager
async def running_dbos(folder: Path, service_url: str, workers: int) -> AsyncIterator[Dbos]:
    """Start it from nothing in a folder."""
    python, log = INSTALLED / "dbos" / "bin" / "python", folder / "dbos.log"
    async with contextlib.AsyncExitStack() as stack:

        async def start(*command: str | Path) -> tuple[Child, str]:
            started = await stack.enter_async_context(child(command, log))
            return started, await started.first_line()

        _, url = await start(sys.executable, "-m", "benchmarks.peers.dbos.postgres", folder / "data")
        processes = []
        for number in range(workers):  # one after the other: the first one makes the tables
            process, _ = await start(python, "-I", _FOLDER / "application.py", url, f"executor-{number}")
            processes.append(process)
        yield Dbos(processes, service_url)
