"""Tests of workflows in their own process: it can reach nothing, ends when it has to, and bears whatever is sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from actors.workflow_tests.pool import ProcessTestRunner, RunnerOptions
from domain.kernel.errors import LimitExceeded
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus
from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestResult
from tests.waiting import wait_until

ONE, OTHER = UUID(int=1), UUID(int=2)
PATIENT = RunnerOptions(start_within=timedelta(minutes=3), deadline=timedelta(minutes=1))
ANSWER = {"id": "answer", "type": "DATA_TRANSFORM", "config": {"expression": "6 * 7"}}
HANGS = {
    "id": "hang",
    "type": "DATA_TRANSFORM",
    "config": {"expression": "($f := function() {$f()}; $f())"},
}


def job(*steps: dict[str, Any], input: Any = None, mocks: Any = None, **document: Any) -> WorkflowTestJob:
    return WorkflowTestJob(
        document={"name": "tested", "steps": list(steps), **document},
        input=input,
        mocks=mocks,
        now=datetime.now(UTC),
        limits=Limits(),
        max_output_bytes=4 * 2**20,
    )


def loop_of(step: dict[str, Any]) -> dict[str, Any]:
    return {"id": "loop", "type": "FOR_EACH", "config": {"items": "input.items", "steps": [step]}}


def _protection_of(pid: int) -> tuple[bool, bytes]:
    """True where its calls to the system are filtered; and its environment."""
    process = Path("/proc") / str(pid)
    return "Seccomp:\t2" in (process / "status").read_text(), (process / "environ").read_bytes()


def _has_ended(process: psutil.Process) -> bool:
    """True when all threads of a process have ended, whether or not its parent has noticed."""
    if not process.is_running():
        return True
    threads = list((Path("/proc") / str(process.pid) / "task").iterdir())
    return process.status() == psutil.STATUS_ZOMBIE and len(threads) <= 1


@pytest.fixture
async def runner() -> AsyncIterator[ProcessTestRunner]:
    async with ProcessTestRunner(PATIENT) as runner:
        yield runner
    assert not runner.pids


def status_of(result: WorkflowTestResult) -> ExecutionStatus:
    assert result.execution is not None, result.problems
    return result.execution.status


async def test_one_process_runs_one_test_after_the_other_and_has_given_up_all_but_its_socket(
    runner: ProcessTestRunner,
) -> None:
    first = await runner.run(job(ANSWER, output="steps.answer.output"), ONE)
    [pid] = runner.pids
    second = await runner.run(job(ANSWER), OTHER)

    assert (status_of(first), status_of(second)) == (ExecutionStatus.COMPLETED,) * 2
    assert first.execution is not None
    assert first.execution.output == 42
    assert runner.pids == {pid}
    assert _protection_of(pid) == (True, b"")


async def test_a_test_that_takes_too_long_is_ended_with_its_process() -> None:
    options = RunnerOptions(start_within=timedelta(minutes=3), deadline=timedelta(milliseconds=50))
    async with ProcessTestRunner(options) as runner:
        with pytest.raises(LimitExceeded, match=r"it was not done after 0\.05 s"):
            await runner.run(job(loop_of(HANGS), input={"items": list(range(100))}), ONE)

        await wait_until(lambda: not runner.pids, "the end of the process")


async def test_a_caller_that_gives_up_ends_the_test(runner: ProcessTestRunner) -> None:
    await runner.run(job(ANSWER), ONE)
    [process] = [psutil.Process(pid) for pid in runner.pids]
    items = {"items": list(range(9_000))}
    waiting = asyncio.create_task(runner.run(job(loop_of({**ANSWER, "id": "one"}), input=items), ONE))
    used = process.cpu_times().user
    await wait_until(lambda: process.cpu_times().user > used + 0.05, "the test under way")

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await wait_until(lambda: _has_ended(process), "the end of the process")
    assert status_of(await runner.run(job(ANSWER), OTHER)) is ExecutionStatus.COMPLETED


@pytest.mark.parametrize(
    ("tested", "told"),
    [
        (job(loop_of({**ANSWER, "id": "one"}), input={"items": [0] * 100_000}), "more than 10,000 steps"),
        (
            job(
                {"id": "big", "type": "DATA_TRANSFORM", "config": {"output": "{{ input }}"}},
                loop_of({"id": "copy", "type": "DATA_TRANSFORM", "config": {"output": "{{ steps.big.output.text }}"}}),
                input={"items": [0] * 100, "text": "x" * 500_000},
            ),
            "bytes",
        ),
    ],
    ids=["steps", "size"],
)
async def test_a_test_of_too_much_is_given_up_with_a_reason(
    runner: ProcessTestRunner, tested: WorkflowTestJob, told: str
) -> None:
    with pytest.raises(LimitExceeded, match=told):
        await runner.run(tested, ONE)

    assert status_of(await runner.run(job(ANSWER), ONE)) is ExecutionStatus.COMPLETED


async def test_a_test_that_eats_memory_ends_and_the_next_one_runs(runner: ProcessTestRunner) -> None:
    copies = [
        {
            "id": f"copy_{number}",
            "type": "DATA_TRANSFORM",
            "config": {"output": [f"{{{{ steps.copy_{number - 1}.output }}}}"] * 40 if number else "x" * 10_000},
        }
        for number in range(6)
    ]
    result: WorkflowTestResult | None = None
    try:
        result = await runner.run(job(*copies), ONE)
    except LimitExceeded:
        pass
    else:  # or a step was refused before
        assert status_of(result) is ExecutionStatus.FAILED

    assert status_of(await runner.run(job(ANSWER), OTHER)) is ExecutionStatus.COMPLETED


async def test_a_process_that_nobody_needs_ends_by_itself() -> None:
    options = RunnerOptions(start_within=timedelta(minutes=3), deadline=timedelta(minutes=1), idle=timedelta(0))
    async with ProcessTestRunner(options) as runner:
        await runner.run(job(ANSWER), ONE)

        await wait_until(lambda: not runner.pids, "the end of the process")


async def test_a_process_that_was_killed_while_idle_costs_no_test(runner: ProcessTestRunner) -> None:
    await runner.run(job(ANSWER), ONE)
    [pid] = runner.pids
    killed = psutil.Process(pid)
    killed.kill()
    await wait_until(lambda: _has_ended(killed), "the end of the process")

    assert status_of(await runner.run(job(ANSWER), ONE)) is ExecutionStatus.COMPLETED
