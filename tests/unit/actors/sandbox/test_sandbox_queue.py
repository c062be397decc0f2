"""Shares of the sandbox: what people try out never takes what executions need, and no key takes another's turn."""

import asyncio
from uuid import UUID

import pytest

from actors.sandbox.queue import Call, Places, SandboxQueue
from domain.kernel.errors import LimitExceeded
from domain.sandbox.shares import SandboxUse

EXECUTION, HOOK, TRIAL = SandboxUse.EXECUTION, SandboxUse.HOOK, SandboxUse.TRIAL


def a_queue(children: int = 2, trials: int = 1, waiting: int = 5) -> SandboxQueue:
    return SandboxQueue(Places(children=children, trials=trials, trials_waiting=waiting))


def call(use: SandboxUse, owner: int = 0) -> Call:
    return Call(b"", UUID(int=owner), use, asyncio.get_running_loop().create_future())


def added(queue: SandboxQueue, use: SandboxUse, *owners: int) -> list[Call]:
    calls = [call(use, owner) for owner in owners]
    for each in calls:
        queue.add(each)
    return calls


async def test_trials_leave_every_child_to_executions() -> None:
    queue = a_queue()
    trials = added(queue, TRIAL, 1, 2, 3)
    assert queue.next() is trials[0]
    assert queue.next() is None
    executions = added(queue, EXECUTION, 4, 5)
    assert [queue.next(), queue.next()] == executions


async def test_executions_come_before_hooks_and_both_before_trials_that_came_first() -> None:
    queue = a_queue()
    [trial], [hook], [execution] = added(queue, TRIAL, 1), added(queue, HOOK, 2), added(queue, EXECUTION, 3)
    assert [queue.next(), queue.next(), queue.next()] == [execution, hook, trial]


async def test_hooks_hold_at_most_half_of_the_children() -> None:
    queue = a_queue(children=4)
    hooks = added(queue, HOOK, 1, 2, 3)
    assert [queue.next(), queue.next(), queue.next()] == [*hooks[:2], None]
    executions = added(queue, EXECUTION, 4, 5)
    assert [queue.next(), queue.next()] == executions


async def test_keys_take_turns_at_what_is_tried() -> None:
    queue = a_queue()
    many, [other] = added(queue, TRIAL, 1, 1, 1), added(queue, TRIAL, 2)
    order = []
    while (begun := queue.next()) is not None:
        order.append(begun)
        queue.release(begun)
    assert order == [many[0], other, many[1], many[2]]


async def test_a_key_that_lets_too_much_wait_is_sent_away_and_others_are_not() -> None:
    queue = a_queue(waiting=3)
    added(queue, TRIAL, 1, 1, 1)
    with pytest.raises(LimitExceeded, match="3 of one key may wait: try again in a few seconds"):
        queue.add(call(TRIAL, 1))
    added(queue, TRIAL, 2)
    added(queue, EXECUTION, *[1] * 100)


async def test_very_many_keys_together_are_sent_away_too() -> None:
    queue = a_queue(waiting=3)
    added(queue, TRIAL, *range(500))
    with pytest.raises(LimitExceeded):
        queue.add(call(TRIAL, 1_000))


async def test_a_trial_that_has_waited_for_too_long_is_sent_away_and_one_that_has_begun_is_not() -> None:
    queue = a_queue()
    begun, waiting = added(queue, TRIAL, 1, 2)
    assert queue.next() is begun
    queue.give_up(begun)
    queue.give_up(waiting)
    assert not begun.answer.done()
    with pytest.raises(LimitExceeded, match="waited for too long"):
        await waiting.answer
    queue.release(begun)
    assert queue.next() is None


async def test_one_child_serves_all_uses_in_turn() -> None:
    queue = a_queue(children=1)
    first, second = added(queue, EXECUTION, 1, 2)
    [hook] = added(queue, HOOK, 3)
    for expected in (first, second, hook):
        begun = queue.next()
        assert begun is expected
        assert queue.next() is None
        queue.release(expected)
