"""Places for tests: owners take turns, and too many are sent away."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import pytest

from actors.workflow_tests.places import Places
from domain.kernel.errors import LimitExceeded

ONE, OTHER, THIRD = (UUID(int=number) for number in range(3))


def places(*, waiting: int = 10, of_one: int = 2, longest: timedelta = timedelta(minutes=1)) -> Places:
    return Places(most=1, waiting=waiting, waiting_of_one=of_one, longest=longest)


async def test_owners_take_turns_however_many_tests_one_has() -> None:
    room = places()
    order: list[UUID] = []
    first = AsyncExitStack()
    await first.enter_async_context(room.taken(ONE))

    async def test(owner: UUID) -> None:
        async with room.taken(owner):
            order.append(owner)

    tasks = [asyncio.create_task(test(owner)) for owner in (ONE, ONE, OTHER)]
    await asyncio.sleep(0)
    await first.aclose()
    await asyncio.gather(*tasks)

    assert order == [ONE, OTHER, ONE]


async def test_no_more_than_so_many_of_one_wait_and_no_more_in_all() -> None:
    room = places(waiting=3)
    async with room.taken(ONE):
        waiting = [asyncio.create_task(_pass(room, owner)) for owner in (ONE, ONE, OTHER)]
        await asyncio.sleep(0)

        for owner in (ONE, THIRD):
            with pytest.raises(LimitExceeded, match="Too many workflows are being tested"):
                await _pass(room, owner)
    await asyncio.gather(*waiting)


async def test_nobody_waits_for_longer_than_is_allowed() -> None:
    room = places(longest=timedelta(0))
    async with room.taken(ONE):
        with pytest.raises(LimitExceeded, match="waited for too long"):
            await _pass(room, OTHER)
    await _pass(room, OTHER)


async def test_a_waiting_test_that_is_cancelled_takes_no_place() -> None:
    room = places()
    async with room.taken(ONE):
        given_up = asyncio.create_task(_pass(room, OTHER))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    await _pass(room, OTHER)


async def _pass(room: Places, owner: UUID) -> None:
    async with room.taken(owner):
        pass
