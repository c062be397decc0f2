"""Starts and ends the processes that a benchmark runs against. Each is ended by its own id."""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 20
_STOP_SECONDS = 20


@contextlib.asynccontextmanager
async def example_service() -> AsyncIterator[str]:
    """The bundled example service in a process of its own; gives its URL."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "example_service", "--port", "0", stdout=PIPE)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
        if not line:
            raise RuntimeError("the example service did not start")
        yield line.decode().strip()
    finally:
        await stop(process)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def stop(process: Process) -> None:
    """Ask a process to end, and end it when it does not."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process as it is now: its id, its command line, its user and system time, and the bytes it holds in memory."""

    id: int
    command: str
    cpu_seconds: float
    resident_bytes: int


def processes_below(root: int) -> Iterator[RunningProcess]:
    """A process and its living descendants (proc(5); Linux only, elsewhere none)."""
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found: dict[int, tuple[int, float, int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            seconds = (int(fields[11]) + int(fields[12])) / ticks
            found[int(folder.name)] = (int(fields[1]), seconds, int(fields[21]) * page)
    for id, (_, seconds, resident) in found.items():
        ancestor = id
        while ancestor != root and ancestor in found:
            ancestor = found[ancestor][0]
        if ancestor == root:
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{id}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield RunningProcess(id, command, seconds, resident)
