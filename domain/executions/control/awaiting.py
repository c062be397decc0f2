"""Waiting for an execution to end: changes come from the feed; the store is asked when the feed is silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

from domain.executions.ports import ExecutionQueries
from domain.executions.progress import ProgressFeed
from domain.executions.records import ExecutionChange, ExecutionRecord

SILENCE = timedelta(seconds=5)


async def until_ended(
    record: ExecutionRecord,
    *,
    wait_for: timedelta,
    queries: ExecutionQueries,
    feed: ProgressFeed,
    silence: timedelta = SILENCE,
) -> ExecutionRecord:
    """The execution once it has ended, or as it is when `wait_for` is over. The store is asked every `silence`."""
    if record.status.is_terminal:
        return record
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_for.total_seconds()), feed.listen(record.id) as changes:
            return await _ended(record, changes, queries, silence)
    return await _read(record, queries)


async def _ended(
    record: ExecutionRecord,
    changes: AsyncIterator[ExecutionChange | None],
    queries: ExecutionQueries,
    silence: timedelta,
) -> ExecutionRecord:
    heard: asyncio.Task[bool] | None = None
    try:
        while not (record := await _read(record, queries)).status.is_terminal:
            if heard is None or heard.done():
                heard = asyncio.create_task(_hears_of_an_end(changes))
            await asyncio.wait({heard}, timeout=silence.total_seconds())
            if heard.done() and not heard.result():
                await asyncio.sleep(silence.total_seconds())  # the feed has ended; only the store is left
        return record
    finally:
        if heard is not None and not heard.done():
            heard.cancel()
            with suppress(asyncio.CancelledError):
                await heard


async def _hears_of_an_end(changes: AsyncIterator[ExecutionChange | None]) -> bool:
    """Read changes until one may be the last. False when there are no more."""
    async for change in changes:
        if change is None or change.status.is_terminal:
            return True
    return False


async def _read(record: ExecutionRecord, queries: ExecutionQueries) -> ExecutionRecord:
    return (await queries.get_many([record.id])).get(record.id, record)
