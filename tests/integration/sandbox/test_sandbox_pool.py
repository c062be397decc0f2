"""The life of the sandbox's children: they are started, shared, replaced, and gone when the pool is."""

import asyncio
import gc
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psutil
import pytest

from actors.sandbox.pool import SandboxOptions, SandboxPool
from domain.expressions.expression import ExpressionError
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from tests.waiting import wait_until

NOW = datetime(2026, 1, 31, tzinfo=UTC)
HANGS = "$distinct([1..99999])"
BUSY = "$sum($map([1..30000], function($x) { $x }))"


async def evaluate(pool: SandboxPool, source: str, owner: UUID | None = None) -> JsonValue:
    return await pool.evaluate(source, {}, now=NOW, seed=7, owner=new_id() if owner is None else owner)


async def until_whole(pool: SandboxPool, children: int = 2) -> frozenset[int]:
    await wait_until(lambda: len(pool.pids) == children, f"{children} children are ready", timeout=10)
    return pool.pids


async def until_started(pool: SandboxPool, children: int) -> frozenset[int]:
    pool.start()
    return await until_whole(pool, children)


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    async with SandboxPool() as pool:
        yield pool


async def test_a_pool_that_nobody_asks_starts_nothing(pool: SandboxPool) -> None:
    process = psutil.Process()
    descriptors, children = process.num_fds(), process.children()
    async with SandboxPool() as another:
        assert process.num_fds() == descriptors
        assert not another.pids
        assert process.children() == children


async def test_starting_does_not_wait_and_asking_does(pool: SandboxPool) -> None:
    pool.start()
    assert not pool.pids
    assert await evaluate(pool, "[1..2]") == [1, 2]


async def test_closing_leaves_no_process_no_descriptor_and_no_task() -> None:
    gc.collect()
    descriptors, tasks = psutil.Process().num_fds(), len(asyncio.all_tasks())
    async with SandboxPool(SandboxOptions(children=3)) as pool:
        pids = await until_started(pool, 3)
        under_way = [asyncio.ensure_future(evaluate(pool, HANGS)) for _ in range(5)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*under_way, return_exceptions=True)

    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert psutil.Process().num_fds() == descriptors
    assert len(asyncio.all_tasks()) == tasks
    with pytest.raises(Unavailable):
        await evaluate(pool, "[1..2]")


async def test_a_pool_can_be_closed_while_its_children_start() -> None:
    children = psutil.Process().children()
    async with SandboxPool() as pool:
        pool.start()
    assert psutil.Process().children() == children


async def test_a_child_that_hangs_is_killed_at_the_deadline_and_replaced() -> None:
    async with SandboxPool(SandboxOptions(children=1, deadline=timedelta(seconds=0.3))) as pool:
        [pid] = await until_started(pool, 1)
        with pytest.raises(ExpressionError, match=r"costs too much: it was not done after 0.3 s\.") as caught:
            await evaluate(pool, HANGS)

        assert caught.value.code is FailureCode.EXPRESSION_LIMIT
        assert await evaluate(pool, "[1..2]") == [1, 2]
        assert pid not in await until_whole(pool, 1)
        assert not psutil.pid_exists(pid)


async def test_a_child_that_runs_out_of_memory_fails_what_it_evaluates_and_is_replaced() -> None:
    async with SandboxPool(SandboxOptions(children=1, deadline=timedelta(seconds=30))) as pool:
        [pid] = await until_started(pool, 1)
        with pytest.raises(ExpressionError, match="out of memory or of stack") as caught:
            await evaluate(pool, "($a := $pad('', 500000, 'a'); $replace($a, 'a', $a))")

        assert caught.value.code is FailureCode.EXPRESSION_LIMIT
        assert pid not in await until_whole(pool, 1)


async def test_what_a_child_was_at_when_somebody_else_killed_it_is_evaluated_by_another() -> None:
    async with SandboxPool(SandboxOptions(children=1, deadline=timedelta(seconds=10))) as pool:
        [pid] = await until_started(pool, 1)
        os.kill(pid, signal.SIGSTOP)  # or it might have answered before it is killed
        evaluation = asyncio.ensure_future(evaluate(pool, "$count([1..999].([1..100]))"))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)

        assert await evaluation == 99_900
        assert pid not in pool.pids


async def test_a_child_that_was_killed_while_idle_is_replaced(pool: SandboxPool) -> None:
    pids = await until_started(pool, 2)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)

    assert await asyncio.gather(*(evaluate(pool, "[1..2]") for _ in range(4))) == [[1, 2]] * 4
    await wait_until(lambda: len(pool.pids - pids) == 2, "there are new children")


async def test_interrupts_from_a_terminal_do_not_reach_the_children(pool: SandboxPool) -> None:
    pids = await until_started(pool, 2)
    for pid in pids:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)

    assert await evaluate(pool, "[1..2]") == [1, 2]
    assert pool.pids == pids


async def test_a_child_is_replaced_after_so_many_calls() -> None:
    async with SandboxPool(SandboxOptions(children=1, calls=3)) as pool:
        seen: set[int] = set()
        for count in range(2, 12):
            assert await evaluate(pool, f"$count([1..{count}])") == count
            seen |= pool.pids
        assert len(seen) >= 3


async def test_a_child_that_keeps_too_much_memory_is_replaced() -> None:
    async with SandboxPool(SandboxOptions(children=1, most_resident=1)) as pool:
        first = await until_started(pool, 1)
        assert await evaluate(pool, "[1..2]") == [1, 2]
        assert not first & await until_whole(pool, 1)


async def test_one_owner_never_holds_more_than_half_of_the_children() -> None:
    async with SandboxPool(SandboxOptions(children=4, deadline=timedelta(seconds=2))) as pool:
        await until_started(pool, 4)
        hog, started = new_id(), time.monotonic()
        hogging = [asyncio.ensure_future(evaluate(pool, HANGS, hog)) for _ in range(4)]
        for _ in range(20):
            assert await evaluate(pool, "[1..2]") == [1, 2]
        assert not all(each.done() for each in hogging)
        await asyncio.gather(*hogging, return_exceptions=True)
        assert time.monotonic() - started > 4  # two at a time


async def test_owners_take_turns_at_a_single_child() -> None:
    async with SandboxPool(SandboxOptions(children=1)) as pool:
        await until_started(pool, 1)
        hog, ended = new_id(), []

        async def timed(name: str, owner: UUID) -> None:
            await evaluate(pool, BUSY, owner)
            ended.append(name)

        await asyncio.gather(*(timed("hog", hog) for _ in range(20)), timed("guest", new_id()))
        assert ended.index("guest") <= 2


async def test_what_nobody_waits_for_any_more_is_not_evaluated() -> None:
    async with SandboxPool(SandboxOptions(children=1, deadline=timedelta(seconds=0.5))) as pool:
        await until_started(pool, 1)
        forgotten = [asyncio.ensure_future(evaluate(pool, HANGS)) for _ in range(100)]
        await asyncio.sleep(0)
        for each in forgotten:
            each.cancel()
        started = time.monotonic()

        assert await evaluate(pool, "[1..2]") == [1, 2]
        assert time.monotonic() - started < 25  # the one that was under way had to end first; all of them take 50


async def test_a_thousand_at_once_are_all_answered(pool: SandboxPool) -> None:
    owners = [new_id() for _ in range(50)]
    values = await asyncio.gather(*(evaluate(pool, f"[0..{n}][-1]", owners[n % 50]) for n in range(1_000)))
    assert values == list(range(1_000))


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
async def test_a_sandbox_that_does_not_start_says_so(
    program: str, monkeypatch: pytest.MonkeyPatch, pool: SandboxPool
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(Unavailable, match="The sandbox for expressions does not work"):
        await evaluate(pool, "[1..2]")
    with pytest.raises(Unavailable):
        await evaluate(pool, "[1..2]")

    monkeypatch.undo()

    async def works() -> bool:
        try:
            await evaluate(pool, "[1..2]")
        except Unavailable:
            return False
        return True

    await wait_until(works, "the sandbox works again")


def lives(pid: int) -> bool:
    """True while a process runs; one that has ended may stay in the table until its new parent looks."""
    return psutil.pid_exists(pid) and bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


async def test_children_end_with_their_parent_whatever_they_do() -> None:
    program = f"""
import asyncio, json
from datetime import UTC, datetime
from uuid import UUID
from actors.sandbox.pool import SandboxPool

async def main():
    async with SandboxPool() as pool:
        ask = lambda source, owner: pool.evaluate(source, {{}}, now=datetime.now(UTC), seed=1, owner=UUID(int=owner))
        while len(pool.pids) < 2:
            await ask("[1..2]", 1)
        print(json.dumps(list(pool.pids)), flush=True)
        await ask({HANGS!r}, 2)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pids = json.loads(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    await wait_until(lambda: not any(lives(pid) for pid in pids), "the children are gone")
