"""Servers that Stepgraph cannot stand on, or not as well as it should: each is found before work begins."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest

from domain.system.records import Finding, Severity
from persistence.diagnosis import diagnose
from persistence.health import SystemHealthProbe
from persistence.postgres.connections.database import Database
from tests.conftest import PostgresServer
from tests.integration.processes.test_servers_of_the_wrong_kind import answers, free_port, valkey
from tests.pgbouncer import pgbouncer

WITHIN = timedelta(seconds=20)


async def found(url: str, redis_url: str) -> dict[str, Finding]:
    """The gravest that is said of each of these servers, by subject."""
    async with Database(url, pool_size=2) as database:
        return {each.subject: each for each in reversed(await diagnose(database, redis_url, WITHIN))}


async def health(url: str, redis_url: str) -> str:
    """The complaint of `/readyz` about PostgreSQL."""
    async with Database(url, pool_size=2) as database:
        components = await SystemHealthProbe(database, redis_url).components(WITHIN)
    return str(components[0].detail)


def as_role(url: str, role: str) -> str:
    """The address of a database for this role."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return urlunsplit(parts._replace(netloc=f"{role}@", query=f"host={host}"))


async def run(url: str, *statements: str) -> None:
    """Run statements as the owner of everything."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def role(empty_postgres_url: str) -> AsyncIterator[str]:
    """A role that may nothing but log in."""
    name = f"bare_{urlsplit(empty_postgres_url).path[-12:]}"
    await run(empty_postgres_url, f"CREATE ROLE {name} LOGIN")
    yield name
    await run(empty_postgres_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


async def test_of_servers_that_are_as_they_should_be_there_is_nothing_to_say(
    empty_postgres_url: str, redis_url: str
) -> None:
    said = await found(empty_postgres_url, redis_url)
    assert {subject: each.severity for subject, each in said.items() if subject != "postgresql"} == {
        "migrations": Severity.FINE,
        "redis": Severity.FINE,
    }
    assert said["postgresql"].severity in (Severity.FINE, Severity.WARNING)  # these tests run without fsync


async def test_a_role_that_may_not_write_is_told_the_grant_that_it_lacks(
    empty_postgres_url: str, redis_url: str, role: str
) -> None:
    url = as_role(empty_postgres_url, role)
    said = (await found(url, redis_url))["postgresql"]
    assert said.severity is Severity.FAULT
    assert f"The role {role} lacks DELETE, INSERT, SELECT, UPDATE on api_key" in said.detail
    assert "more tables" in said.detail
    assert f"IN SCHEMA public TO {role}" in said.detail
    assert await health(url, redis_url) == said.detail

    await run(empty_postgres_url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    await run(empty_postgres_url, f"REVOKE DELETE ON webhook FROM {role}")
    assert "lacks DELETE on webhook: GRANT" in (await found(url, redis_url))["postgresql"].detail

    await run(empty_postgres_url, f"GRANT DELETE ON webhook TO {role}")
    said = (await found(url, redis_url))["postgresql"]
    assert said.severity is not Severity.FAULT
    async with Database(url, pool_size=2) as database:
        details = [each.detail for each in await diagnose(database, redis_url, WITHIN)]
    assert any("may not create tables in the schema public" in detail for detail in details)


async def test_a_role_without_a_schema_is_told_of(empty_postgres_url: str, redis_url: str, role: str) -> None:
    await run(empty_postgres_url, f"ALTER ROLE {role} SET search_path TO nowhere")
    said = (await found(as_role(empty_postgres_url, role), redis_url))["postgresql"]
    assert said.severity is Severity.FAULT
    assert "of its search_path, nowhere, none is there or may be used" in said.detail


async def test_sessions_that_are_read_only_may_change(empty_postgres_url: str, redis_url: str, role: str) -> None:
    await run(empty_postgres_url, f"ALTER ROLE {role} SET default_transaction_read_only TO on")
    url = as_role(empty_postgres_url, role)
    async with Database(url, pool_size=2) as database:
        said = [each for each in await diagnose(database, redis_url, WITHIN) if each.severity is Severity.WAITING]
    assert any("default_transaction_read_only" in each.detail for each in said)


async def test_commits_that_nobody_waits_for_are_warned_of(
    empty_postgres_url: str, redis_url: str, postgres_server: PostgresServer
) -> None:
    name = urlsplit(empty_postgres_url).path[1:]
    await postgres_server.run(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
    async with Database(empty_postgres_url, pool_size=2) as database:
        said = [each for each in await diagnose(database, redis_url, WITHIN) if "synchronous_commit" in each.detail]
    assert [each.severity for each in said] == [Severity.WARNING]


async def test_an_encoding_that_lacks_letters_is_refused(postgres_server: PostgresServer, redis_url: str) -> None:
    url = await postgres_server.empty()
    name = f"{urlsplit(url).path[1:]}_latin"
    await postgres_server.run(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        said = await found(postgres_server.url_of(name), redis_url)
        assert said["postgresql"].severity is Severity.FAULT
        assert "encoding is LATIN1" in said["postgresql"].detail
        assert said["migrations"].severity is Severity.WAITING
        assert "Run `stepgraph migrate`" in said["migrations"].detail
    finally:
        await postgres_server.drop(postgres_server.url_of(name))
        await postgres_server.drop(url)


async def test_too_few_connections_are_warned_of(empty_postgres_url: str, redis_url: str) -> None:
    async with Database(empty_postgres_url, pool_size=200) as database:
        details = [each.detail for each in await diagnose(database, redis_url, WITHIN)]
    assert any("each process opens up to 204: raise max_connections" in detail for detail in details)


async def test_a_pooler_is_named(empty_postgres_url: str, redis_url: str) -> None:
    async with (
        pgbouncer(empty_postgres_url, mode="transaction", sessions=3) as url,
        Database(url, pool_size=2) as database,
    ):
        (said,) = [each for each in await diagnose(database, redis_url, WITHIN) if each.severity is Severity.FINE][:1]
    assert "A pooler is in between" in said.detail


async def test_a_redis_that_evicts_is_warned_of(empty_postgres_url: str, tmp_path: Path) -> None:
    with valkey(tmp_path, config=["maxmemory 64mb", "maxmemory-policy allkeys-lru"]) as port:
        await answers(port)
        said = (await found(empty_postgres_url, f"redis://127.0.0.1:{port}/0"))["redis"]
    assert said.severity is Severity.WARNING
    assert "evicts any key when its memory is full (maxmemory-policy allkeys-lru)" in said.detail


async def test_a_cluster_will_never_do(empty_postgres_url: str, tmp_path: Path) -> None:
    with valkey(tmp_path, config=["cluster-enabled yes", f"cluster-port {free_port()}"]) as port:
        await answers(port)
        said = (await found(empty_postgres_url, f"redis://127.0.0.1:{port}/0"))["redis"]
    assert said.severity is Severity.FAULT


async def test_servers_that_are_not_there_may_come() -> None:
    said = await found("postgresql://u@127.0.0.1:1/x", "redis://127.0.0.1:1/0")
    assert {subject: each.severity for subject, each in said.items()} == {
        "postgresql": Severity.WAITING,
        "migrations": Severity.WAITING,
        "redis": Severity.WAITING,
    }
