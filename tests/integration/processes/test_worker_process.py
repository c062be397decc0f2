"""A worker's process and its signals: everything is closed in order, and what cannot start says why."""

import asyncio
import os
import signal
import sys

import pytest

PROCESS = """
import asyncio, sys
from contextlib import asynccontextmanager
from actors.process.broker import make_broker
from actors.process.worker_process import run_worker

class Runner:
    def stop_admitting(self): pass

@asynccontextmanager
async def open_runner():
    if sys.argv[2] == "broken":
        raise OSError("no way")
    print("open", flush=True)
    yield Runner()
    print("closing", flush=True)
    if sys.argv[2] == "slow":
        await asyncio.sleep(600)
    print("closed", flush=True)

sys.exit(run_worker(make_broker(sys.argv[1], open_runner), threads=1))
"""


async def start_process(redis_url: str, kind: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, redis_url, kind, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_closes_everything_in_order(empty_redis_url: str, number: signal.Signals) -> None:
    process = await start_process(empty_redis_url, "plain")
    assert await line(process) == "open"

    process.send_signal(number)

    assert [await line(process), await line(process)] == ["closing", "closed"]
    assert await asyncio.wait_for(process.wait(), 20) == os.EX_OK


async def test_a_second_signal_ends_the_process_at_once(empty_redis_url: str) -> None:
    process = await start_process(empty_redis_url, "slow")
    assert await line(process) == "open"
    process.terminate()
    assert await line(process) == "closing"

    process.terminate()

    assert await asyncio.wait_for(process.wait(), 20) == 128 + signal.SIGTERM


async def test_a_process_that_cannot_start_says_why_and_ends(empty_redis_url: str) -> None:
    process = await start_process(empty_redis_url, "broken")

    _, complaints = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 1
    assert b"no way" in complaints
