"""The system under test: `stepgraph dev` with its own PostgreSQL, Valkey, API and workers, and the example service."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.graphql import GraphQLClient
from benchmarks.processes import RunningProcess, example_service, free_port, processes_below, stop

_READY_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system: its API, its own URL, that of the example service, and where its data is.

    `start_seconds`: from the start of its first process until it was ready.
    """

    api: GraphQLClient
    url: str
    service_url: str
    data: Path
    start_seconds: float

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time so far of everything that we have started, by part (Linux only, else nothing)."""
        totals: dict[str, float] = {}
        for part, process in self._processes():
            totals[part] = totals.get(part, 0.0) + process.cpu_seconds
        return totals

    def processes(self, part: str) -> list[RunningProcess]:
        """The processes of a part of the system (Linux only, else none)."""
        return [process for each, process in self._processes() if each == part]

    def _processes(self) -> Iterator[tuple[str, RunningProcess]]:
        for process in processes_below(os.getpid()):
            marked = (part for part, marks in _PARTS.items() if any(mark in process.command for mark in marks))
            yield next(marked, "other"), process


@contextlib.contextmanager
def benchmark_folder() -> Iterator[Path]:
    """A folder for the data of systems, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="stepgraph-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        yield Path(folder)


@contextlib.asynccontextmanager
async def running_stack(*, workers: int, log: Path | None = None) -> AsyncIterator[Stack]:
    """Start a system from nothing in a folder of its own, which is removed afterwards; otherwise as `stack_in`."""
    with benchmark_folder() as folder:
        async with stack_in(folder, workers=workers, log=log) as stack:
            yield stack


@contextlib.asynccontextmanager
async def stack_in(folder: Path, *, workers: int, log: Path | None = None) -> AsyncIterator[Stack]:
    """Start a system on what is in a folder, and stop it afterwards.

    `workers` is the number of worker processes. The output of the system goes to `log`, or to a file in the folder.
    """
    data = folder / "data"
    async with (
        example_service() as service_url,
        _development_server(data, workers, log or folder / "output.log") as (url, seconds),
        GraphQLClient(f"{url}/graphql") as api,
    ):
        yield Stack(api=api, url=url, service_url=service_url, data=data, start_seconds=seconds)


@contextlib.asynccontextmanager
async def _development_server(data: Path, workers: int, log: Path) -> AsyncIterator[tuple[str, float]]:
    port = free_port()
    began = time.perf_counter()
    output = log.open("ab")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stepgraph", "dev", "--port", str(port)),
        *("--data-dir", str(data), "--workers", str(workers), "--example-port", "0"),
        stdout=output,
        stderr=output,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_ready(url, process, log)
        yield url, time.perf_counter() - began
    finally:
        await stop(process)
        output.close()


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"`stepgraph dev` ended with {process.returncode}:\n{_tail(log)}")
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.02)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


# The first that matches counts: the API's command line also speaks of workers.
_PARTS = {
    "example service": ("example_service",),
    "PostgreSQL": ("postgres",),
    "Valkey": ("valkey", "redis-server"),
    "API": (" api-process ",),
    "worker": (" worker", "dramatiq"),
    "benchmark": ("benchmarks",),
}
