"""Connections that leave a server that has become a replica: the next one goes to where the address leads now.

A managed Redis fails over by letting its name lead to another server, and may keep the connections to the old one open.
"""

from functools import cache
from typing import Any

from redis.exceptions import ReadOnlyError


class _Leaving:
    """The part of a connection of an event loop that reads answers."""

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError:
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise


class _LeavingInThreads:
    """The part of a connection of threads that reads answers."""

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError:
            self.disconnect()  # type: ignore[attr-defined]
            raise


@cache
def leaving(kind: Any) -> Any:
    """This kind of connection, which leaves a server that says that it is a replica."""
    return type(f"Leaving{kind.__name__}", (_Leaving, kind), {})


@cache
def leaving_in_threads(kind: Any) -> Any:
    """This kind of connection of threads, likewise."""
    return type(f"Leaving{kind.__name__}", (_LeavingInThreads, kind), {})
