"""The system under test: `stepgraph dev` with its own PostgreSQL, Valkey, API and workers, and the example service."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.graphql import GraphQLClient
from benchmarks.processes import cpu_seconds_below, example_service, free_port, stop

_READY_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system: its API, its own URL, and that of the example service."""

    api: GraphQLClient
    url: str
    service_url: str

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time so far of everything that we have started, by part (Linux only, else nothing)."""
        totals: dict[str, float] = {}
        for command, seconds in cpu_seconds_below(os.getpid()):
            part = next((part for part, marks in _PARTS.items() if any(mark in command for mark in marks)), "other")
            totals[part] = totals.get(part, 0.0) + seconds
        return totals


@contextlib.asynccontextmanager
async def running_stack(*, workers: int, log: Path | None = None) -> AsyncIterator[Stack]:
    """Start a system from nothing in a folder of its own, which is removed afterwards.

    `workers` is the number of worker processes. The output of the system goes to `log`, or nowhere.
    """
    with tempfile.TemporaryDirectory(prefix="stepgraph-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 -- PostgreSQL may run as another user
        async with (
            example_service() as service_url,
            _development_server(Path(folder), workers, log) as url,
            GraphQLClient(f"{url}/graphql") as api,
        ):
            yield Stack(api=api, url=url, service_url=service_url)


@contextlib.asynccontextmanager
async def _development_server(folder: Path, workers: int, log: Path | None) -> AsyncIterator[str]:
    port = free_port()
    output = (log or folder / "output.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stepgraph", "dev", "--port", str(port)),
        *("--data-dir", str(folder / "data"), "--workers", str(workers), "--example-port", "0"),
        stdout=output,
        stderr=output,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_ready(url, process, Path(output.name))
        yield url
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
            await asyncio.sleep(0.05)


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
