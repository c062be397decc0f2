"""A process whose event loop stands still ends, whatever it stands still in; one that was only stopped goes on."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from stepgraph.processes.supervisor import Keeper, Program, kept_alive
from stepgraph.processes.watchdog import EXIT_FROZEN, FROZEN_SIGNAL
from tests.waiting import wait_until

LIMIT = timedelta(seconds=1)
PATIENCE = 120.0
"""Seconds after which a test gives up, on a machine that is busy with other things too."""
PROCESS = """
import asyncio, ctypes, os, re, signal, sys, time
from datetime import timedelta
from stepgraph.telemetry.logging import configure_logging
from stepgraph.settings import LogFormat
from stepgraph.processes.watchdog import Watchdog

def sleeps():
    time.sleep(600)

def spins():
    while True:
        pass

def matches():
    re.match(r"(a+)+$", "a" * 60 + "b")

def sleeps_with_the_lock():
    ctypes.PyDLL(None).sleep(600)

def writes_into_a_full_pipe():
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.write(2, b"x" * 200_000)

async def main():
    loop = asyncio.get_running_loop()
    async with Watchdog(timedelta(seconds=1)).watching():
        if sys.argv[1] != "goes_on":
            loop.call_later(0.1, globals()[sys.argv[1]])
        print(os.getpid(), flush=True)
        for second in range(600):
            await asyncio.sleep(0.2)
            print("beat", flush=True)

configure_logging("INFO", LogFormat.JSON)
asyncio.run(main())
"""


def command(kind: str) -> list[str]:
    return [sys.executable, "-c", PROCESS, kind]


@asynccontextmanager
async def process(kind: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that freezes in some way, or goes on."""
    started = await asyncio.create_subprocess_exec(
        *command(kind), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


@pytest.mark.parametrize("kind", ["sleeps", "spins"])
async def test_a_loop_that_stands_still_is_ended_with_its_stack_in_the_log(kind: str) -> None:
    async with process(kind) as frozen:
        _, said = await asyncio.wait_for(frozen.communicate(), PATIENCE)

    assert frozen.returncode == EXIT_FROZEN
    [line] = [json.loads(line) for line in said.splitlines()]
    assert line["level"] == "critical"
    assert "stood still" in line["event"]
    assert f"in {kind}" in line["stack"]
    assert line["task"] is None  # a callback of the loop is no task


async def test_code_that_never_lets_go_of_the_interpreter_is_ended_too_with_every_stack() -> None:
    async with process("matches") as frozen:
        _, said = await asyncio.wait_for(frozen.communicate(), PATIENCE)

    assert frozen.returncode == -FROZEN_SIGNAL
    assert b"in matches" in said


async def test_a_loop_that_cannot_even_log_is_ended_too() -> None:
    async with process("writes_into_a_full_pipe") as frozen:
        await asyncio.wait_for(frozen.communicate(), PATIENCE)

    assert frozen.returncode == EXIT_FROZEN


async def test_a_process_that_was_stopped_for_longer_goes_on_when_it_is_continued() -> None:
    async with process("goes_on") as stopped:
        assert stopped.stdout is not None
        await asyncio.wait_for(stopped.stdout.readline(), 20)
        stopped.send_signal(signal.SIGSTOP)
        watched = psutil.Process(stopped.pid)
        await wait_until(lambda: watched.status() == psutil.STATUS_STOPPED, "it is stopped")
        # The time is what this is about: three times what a loop that stands still is given.
        await asyncio.sleep(3 * LIMIT.total_seconds())
        stopped.send_signal(signal.SIGCONT)

        for _ in range(20):  # which takes four seconds more
            assert await asyncio.wait_for(stopped.stdout.readline(), 20) == b"beat\n"
        assert stopped.returncode is None


@asynccontextmanager
async def supervised(kind: str, log: Path) -> AsyncIterator[Keeper]:
    """The process that `process` starts, kept alive by a supervisor."""
    program = Program(
        name=kind, command=command(kind), environment=dict[str, str](), output=log, grace=5, watchdog_timeout=LIMIT
    )
    async with kept_alive([program]) as [keeper]:
        yield keeper


async def test_the_supervisor_ends_what_holds_the_interpreter_and_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "log"
    async with supervised("sleeps_with_the_lock", log) as keeper:
        first = keeper.pid

        await wait_until(lambda: keeper.pid != first, "it was started anew", timeout=40, interval=0.05)

    assert "in sleeps_with_the_lock" in log.read_text()
    assert any("its event loop stood still" in each for each in caplog.messages)


async def test_the_supervisor_leaves_a_stopped_process_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with supervised("goes_on", log) as keeper:
        await wait_until(lambda: "beat" in (log.read_text() if log.exists() else ""), "it has begun", timeout=20)
        os.kill(keeper.pid, signal.SIGSTOP)
        first = keeper.pid
        # Longer than both the process itself and its supervisor would wait for a sign of life.
        await asyncio.sleep(LIMIT.total_seconds() + 7)
        os.kill(keeper.pid, signal.SIGCONT)
        beats = log.read_text().count("beat")

        await wait_until(lambda: log.read_text().count("beat") > beats + 10, "it goes on", timeout=20)
        assert keeper.pid == first


async def test_a_supervised_process_that_freezes_again_and_again_is_started_less_and_less_often(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def starts() -> list[str]:
        return [line for line in (log.read_text() if log.exists() else "").splitlines() if line.isdigit()]

    async with supervised("sleeps", log):
        await wait_until(lambda: len(starts()) >= 3, "it was started three times", timeout=40, interval=0.05)

    assert len(set(starts())) == len(starts())
