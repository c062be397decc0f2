"""Ends a live subscription when the key that opened it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from domain.kernel.errors import Unauthenticated
from graphql_api.context import Context


async def until_key_ends(stream: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
    """The events of a stream. Raises `Unauthenticated` when the principal's key has expired or was revoked."""
    ended = asyncio.ensure_future(context.services.access.until_invalid(context.principal))
    coming: asyncio.Task[Any] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(_next(stream))
            await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise Unauthenticated("The key of this subscription is not valid any more.")
            try:
                yield coming.result()
            except StopAsyncIteration:
                return
    finally:
        for task in (coming, ended):
            if task is not None and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def _next(stream: AsyncIterator[Any]) -> Any:
    return await anext(stream)
