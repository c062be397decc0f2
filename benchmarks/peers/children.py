"""Processes of peers: each answers a line of JSON by a line of JSON, and is ended by its own id."""

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.peers.workloads import Kind, PeerWorkload
from benchmarks.processes import stop
from stepgraph.processes.children import dies_with_parent

INSTALLED = Path(".stepgraph/peers").resolve()
"""The folder that `make bench-peers` installs peers into."""

_READY_SECONDS = 60
_LONGEST_LINE = 1024 * 1024


class Child:
    """A process that reads commands."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self._log = log

    async def first_line(self) -> str:
        """The line that it prints when it is ready. Raises `RuntimeError` if it ends, `TimeoutError` after a minute."""
        async with asyncio.timeout(_READY_SECONDS):
            return (await self._line()).decode().strip()

    async def ask(self, command: Mapping[str, Any]) -> list[float]:
        """The seconds that it answers a command with. Raises `RuntimeError` for an error, and when it has ended."""
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(command) + b"\n")
        answer = orjson.loads(await self._line())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        seconds: list[float] = answer["seconds"]
        return seconds

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a process of a peer ended by itself:\n{tail(self._log)}")
        return line


def tail(log: Path) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-2000:]


@contextlib.asynccontextmanager
async def child(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """A process in a session of its own, so that Ctrl-C reaches only us. Its errors go to `log`."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            limit=_LONGEST_LINE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=dies_with_parent(),
        )
    try:
        yield Child(process, log)
    finally:
        await stop(process)


@contextlib.asynccontextmanager
async def server(command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """A process that is not asked anything; all that it says goes to `log`."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=dies_with_parent(),
        )
    try:
        yield process
    finally:
        await stop(process)


def arguments(workload: PeerWorkload, service_url: str) -> tuple[dict[str, Any], int]:
    """The input of one execution, and the result that it must have."""
    match workload.kind:
        case Kind.CALLS:
            return {"url": service_url, "sku": "widget", "steps": workload.steps}, workload.steps
        case Kind.ITEMS:
            return {"url": service_url, "items": workload.steps, "concurrency": 200}, workload.steps
        case Kind.SLOW:
            return {"url": service_url}, 1
        case Kind.COUNTS:
            return {"sku": "widget", "steps": workload.steps}, workload.steps
