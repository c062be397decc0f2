"""Processes that are kept alive, and processes that die with their parent."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from stepgraph.processes.supervisor import Program, kept_alive
from tests.waiting import wait_until

SLEEPER = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'a')); time.sleep(600)"
PARENT = """
import asyncio, sys
from stepgraph.processes.supervisor import Program, kept_alive

async def main():
    sleeper = Program(name="sleeper", command=[sys.executable, "-c", sys.argv[1], sys.argv[2]], environment={})
    async with kept_alive([sleeper]):
        await asyncio.Event().wait()

asyncio.run(main())
"""


def sleeper(log: Path, name: str = "sleeper") -> Program:
    """A process that writes its id down and sleeps."""
    return Program(name=name, command=[sys.executable, "-c", SLEEPER, str(log)], environment={}, grace=5)


def started(log: Path) -> list[int]:
    """The ids of the processes that were started, oldest first."""
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with kept_alive([sleeper(log)]):
        await wait_until(lambda: len(started(log)) == 1, "it has started")
        os.kill(started(log)[0], signal.SIGKILL)
        await wait_until(lambda: len(started(log)) == 2, "it was started again")

    assert not any(lives(pid) for pid in started(log))


async def test_each_process_is_told_its_id_and_which_before_it_have_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    telling = (
        "import os, sys, time; from stepgraph.processes.instances import this_instance as this;"
        " print(os.getpid(), this().id, *this().ended, sep=',', file=open(sys.argv[1], 'a'));"
        " assert this() and not any('INSTANCE' in name for name in os.environ); time.sleep(600)"
    )

    def told(number: int) -> list[str] | None:
        lines = log.read_text().splitlines() if log.exists() else []
        return lines[number].split(",") if len(lines) > number else None

    program = Program(name="teller", command=[sys.executable, "-c", telling, str(log)], environment={}, grace=5)
    ids: list[str] = []
    async with kept_alive([program]):
        for number in range(3):
            await wait_until(partial(told, number), "it has started", timeout=20)
            pid, id, *ended = told(number) or []
            assert ended == ids
            assert id not in ids
            ids.append(id)
            os.kill(int(pid), signal.SIGKILL)


async def test_a_process_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "import time, sys; print(time.monotonic(), file=open(sys.argv[1], 'a'))", str(log)]

    def starts() -> list[float]:
        return [float(line) for line in log.read_text().split()] if log.exists() else []

    async with kept_alive([Program(name="flash", command=command, environment={})]):
        await wait_until(lambda: len(starts()) == 3, "three starts", timeout=20)

    first, second, third = starts()[:3]
    assert second - first > 0.2
    assert third - second > second - first


async def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, program = tmp_path / "log", tmp_path / "program"
    source = f"#!{sys.executable}\nimport os\nprint(os.getpid(), file=open({str(log)!r}, 'a'))\n"

    def install() -> None:
        program.write_text(source)
        program.chmod(0o755)

    install()
    async with kept_alive([Program(name="flash", command=[str(program)], environment={})]):
        await wait_until(lambda: started(log), "it has run")
        program.unlink()
        await wait_until(lambda: any("cannot be started" in each for each in caplog.messages), "it is missing")
        before = len(started(log))

        install()

        await wait_until(lambda: len(started(log)) > before, "it was started again", timeout=20)


async def test_what_ends_at_once_leaves_no_process_behind(tmp_path: Path) -> None:
    async with kept_alive([sleeper(tmp_path / "log"), sleeper(tmp_path / "other")]) as keepers:
        pids = [keeper.pid for keeper in keepers]
    assert not any(lives(pid) for pid in pids)


async def test_all_are_stopped_at_the_end_and_the_ones_that_will_not_are_killed(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
    log, other = tmp_path / "log", tmp_path / "other"
    programs = [
        sleeper(log),
        Program(name="stubborn", command=[sys.executable, "-c", stubborn, str(other)], environment={}, grace=0.2),
    ]
    async with kept_alive(programs):
        await wait_until(lambda: started(log) and started(other), "both have started")

    assert not lives(started(log)[0])
    assert not lives(started(other)[0])


async def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, SLEEPER, str(log))
    await wait_until(lambda: len(started(log)) == 1, "the child has started")

    parent.kill()
    await parent.wait()

    await wait_until(lambda: not lives(started(log)[0]), "the child is gone")
