"""Signals that ask a process to stop are never missed, at whatever moment they come."""

import asyncio
import os
import signal
import sys

import pytest

FORKS = """
import os, random, signal, sys, time
from actors.process.stop_signals import StopSignals

def child(ready):
    signals = StopSignals.listening()
    os.write(ready, b"!")
    signals.wait()
    os._exit(7)

def ended(pid):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG) == (pid, 7 << 8):
            return True
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False

missed = 0
for trial in range(int(sys.argv[1])):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(writing)
    os.read(reading, 1)
    os.close(reading), os.close(writing)
    pause = time.perf_counter() + random.uniform(0, 0.0004)
    while time.perf_counter() < pause:
        pass
    os.kill(pid, random.choice((signal.SIGTERM, signal.SIGINT)))
    missed += not ended(pid)
print(missed)
"""

BUSY = """
import signal, threading
from actors.process.stop_signals import StopSignals

signals = StopSignals.listening()
lock = threading.Lock()
print("ready", flush=True)
signals.wait()
print("stopping", flush=True)
with lock:
    lock.acquire()  # never to be had: only the second signal ends this
"""


async def test_not_one_of_thousands_of_signals_is_missed() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FORKS, "2000", stdout=asyncio.subprocess.PIPE)

    out, _ = await asyncio.wait_for(process.communicate(), 100)

    assert out.split() == [b"0"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_a_process_whose_main_thread_waits_for_a_lock(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BUSY, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"ready\n"
    os.kill(process.pid, number)
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"stopping\n"

    os.kill(process.pid, number)

    assert await asyncio.wait_for(process.wait(), 20) == 128 + number
