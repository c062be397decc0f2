"""Processes that are kept alive: each has a name and a command, and one that dies is started again."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stepgraph.children import start_child, stop_child
from stepgraph.logging import PROCESS_VARIABLE

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY_AFTER = 5.0
"""A process that has lived this many seconds is started again at once when it dies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep alive.

    `grace`: the seconds it gets between SIGTERM and SIGKILL. `output`: a file for what it says; None: where ours goes.
    `death_signal`: what it gets when we are killed ourselves.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace: float = 20.0
    output: Path | None = None
    death_signal: int = signal.SIGTERM

    @classmethod
    def stepgraph(
        cls,
        name: str,
        *arguments: str,
        environment: Mapping[str, str],
        grace: float = 20.0,
        death_signal: int = signal.SIGTERM,
    ) -> Self:
        """A process of this very installation: `stepgraph ARGUMENTS…`."""
        return cls(
            name=name,
            command=[sys.executable, "-m", "stepgraph", *arguments],
            environment={**environment, PROCESS_VARIABLE: name},
            grace=grace,
            death_signal=death_signal,
        )


@asynccontextmanager
async def kept_alive(programs: Sequence[Program]) -> AsyncIterator[None]:
    """Run these while the context lasts; at its end they are asked to stop all at once, and waited for."""
    keepers = []
    try:
        for program in programs:
            child = await _start(program)
            keepers.append(asyncio.create_task(_keep(program, child), name=f"keeps {program.name} alive"))
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _start(program: Program) -> asyncio.subprocess.Process:
    return await start_child(
        program.command,
        environment=program.environment,
        output=program.output,
        death_signal=program.death_signal,
    )


async def _keep(program: Program, child: asyncio.subprocess.Process) -> None:
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    started = loop.time()
    try:
        while True:
            status = await child.wait()
            lived = loop.time() - started
            pause = _FIRST_PAUSE if lived >= _STEADY_AFTER else min(pause * 2, _LONGEST_PAUSE)
            logger.warning("%s ended with status %s after %.1f s; starting it again", program.name, status, lived)
            await asyncio.sleep(0 if lived >= _STEADY_AFTER else pause)
            child = await _start(program)
            started = loop.time()
    finally:
        await stop_child(child, grace=program.grace)
