"""Reads that several resolvers await."""

import asyncio
import gc
from typing import Any

import pytest

from graphql_api.kit.shared_reads import shared


async def test_cancelling_one_awaiter_leaves_the_read_to_the_others() -> None:
    read: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    first, second = shared(read), shared(read)
    first.cancel()
    read.set_result(1)
    assert await second == 1


async def test_an_error_that_nobody_awaits_any_more_is_not_complained_about() -> None:
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    read: asyncio.Future[int] = loop.create_future()
    waiting = [shared(read) for _ in range(3)]
    for each in waiting:
        each.cancel()
    await asyncio.sleep(0)
    read.set_exception(ValueError("too much"))
    await asyncio.sleep(0)
    del read, waiting, each
    gc.collect()
    assert complaints == []


async def test_an_error_reaches_all_who_await_it() -> None:
    read: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = [shared(read) for _ in range(2)]
    read.set_exception(ValueError("too much"))
    for each in waiting:
        with pytest.raises(ValueError, match="too much"):
            await each
