"""Memory that large requests took is given back: freed memory of the C library's, and garbage in cycles."""

import json
import subprocess
import sys
from typing import Any

import pytest

MADE = """
import asyncio, gc, json, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from stepgraph.processes.memory_trimming import trim_memory, trimming_memory, resident_bytes

def pieces():
    return [bytes(600 + number % 100) for number in range(150_000)]  # the C library's, for Python's own have up to 512
"""
FREED = """
before, made = resident_bytes(), pieces()
kept = made[::1000]  # here and there one, so that nothing at the end becomes free
peak = resident_bytes()
del made
freed = resident_bytes()
trim_memory()
print(json.dumps([each - before for each in (peak, freed, resident_bytes())]))
"""
CYCLES = """
async def main():
    gc.disable()
    class Cycle: pass
    before = resident_bytes()
    async with trimming_memory(timedelta(seconds=0.05), 1_000_000):
        await asyncio.sleep(0.2)
        one = Cycle(); one.own, one.held = one, pieces()
        del one
        peak = resident_bytes()
        for _ in range(200):
            await asyncio.sleep(0.05)
            if resident_bytes() < before + 30_000_000:
                break
        print(json.dumps([peak - before, resident_bytes() - before]))
asyncio.run(main())
"""
LATER = """
async def main():
    gc.disable()
    looked = asyncio.Event()
    gc.callbacks.append(lambda phase, _: looked.set() if phase == "stop" else None)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    before = resident_bytes()
    async with trimming_memory(timedelta(seconds=0.05), 10_000_000):
        made = await asyncio.to_thread(pieces)
        kept = made[::1000]
        await looked.wait()  # it has grown, and garbage is collected; trimming is what the one thread does then
        await asyncio.to_thread(int)
        await asyncio.sleep(0)
        peak = resident_bytes()
        del made
        for _ in range(200):
            await asyncio.sleep(0.05)
            if resident_bytes() < before + 30_000_000:
                break
        print(json.dumps([peak - before, resident_bytes() - before]))
asyncio.run(main())
"""
AT_REST = """
async def main():
    is_idle = False
    before = resident_bytes()
    async with trimming_memory(timedelta(seconds=0.05), 1_000_000_000, is_idle=lambda: is_idle):
        made = pieces()
        kept = made[::1000]
        del made
        for _ in range(10):
            await asyncio.sleep(0.05)
        busy = resident_bytes()
        is_idle = True
        for _ in range(200):
            await asyncio.sleep(0.05)
            if resident_bytes() < before + 30_000_000:
                break
        print(json.dumps([busy - before, resident_bytes() - before]))
asyncio.run(main())
"""
AT_THE_END = """
def work():
    large = [bytes(30_000_000) for _ in range(2)]  # from then on the C library keeps more by itself
    del large
    made = pieces()

async def main():
    before = resident_bytes()
    async with trimming_memory(timedelta(seconds=0.05), 10_000_000):
        await asyncio.to_thread(work)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if resident_bytes() < before + 30_000_000:
                break
        print(json.dumps(resident_bytes() - before))
asyncio.run(main())
"""


def measured(program: str) -> Any:
    said = subprocess.run([sys.executable, "-c", MADE + program], capture_output=True, text=True, check=True).stdout
    return json.loads(said)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory, and only glibc keeps so much")
def test_what_was_freed_between_what_is_in_use_is_given_back() -> None:
    peak, freed, left = measured(FREED)
    assert peak > 90_000_000
    assert freed > 60_000_000  # this is what a process would keep
    assert left < 30_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory")
def test_a_process_that_has_grown_finds_what_it_holds_for_nothing() -> None:
    peak, left = measured(CYCLES)
    assert peak > 90_000_000
    assert left < 30_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory, and only glibc keeps so much")
def test_what_is_freed_after_a_look_is_given_back_although_the_process_does_not_grow() -> None:
    peak, left = measured(LATER)
    assert peak > 90_000_000
    assert left < 30_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory, and only glibc keeps so much")
def test_a_process_that_rests_gives_back_what_a_busy_one_keeps() -> None:
    busy, left = measured(AT_REST)
    assert busy > 60_000_000
    assert left < 30_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory, and only glibc keeps so much")
def test_what_another_thread_has_freed_is_given_back_too() -> None:
    assert measured(AT_THE_END) < 30_000_000
