"""Finding out if a PostgreSQL is one that Stepgraph can stand on: its version, encoding, rights, room, durability."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from domain.system.records import Finding, Severity
from persistence.postgres import models
from persistence.postgres.connections.clock import described
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.sessions import PoolerMode

OLDEST = 15
"""The oldest version of PostgreSQL that is supported."""
_SUBJECT = "postgresql"
_APART = timedelta(seconds=1)
"""The largest difference of two clocks that nobody needs to know of."""
_ASK = """
SELECT
  current_setting('server_version_num')::int / 10000 AS version,
  current_setting('server_version') AS version_text,
  current_setting('server_encoding') AS encoding,
  current_setting('search_path') AS search_path,
  current_schema()::text AS schema,
  current_user::text AS role,
  pg_is_in_recovery() AS is_replica,
  current_setting('transaction_read_only')::bool AS is_read_only,
  current_setting('fsync')::bool AND current_setting('full_page_writes')::bool AS survives_crashes,
  current_setting('synchronous_commit') <> 'off' AS waits_for_commits,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS connections,
  COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
  clock_timestamp() AS now,
  pg_backend_pid() AS backend
"""
_LACKING = """
SELECT c.relname::text AS name, string_agg(p.right_, ', ' ORDER BY p.right_) AS rights
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p (right_)
WHERE c.relkind IN ('r', 'p') AND c.relname = ANY ($1::text[]) AND NOT has_table_privilege(c.oid, p.right_)
GROUP BY c.relname ORDER BY c.relname
"""
_SHOWN = 3


async def findings_of_postgres(database: Database) -> Sequence[Finding]:
    """All that is to be said of this PostgreSQL; nothing where all is well. Raises `Unavailable`."""
    async with database.connection() as connection:
        before = datetime.now(UTC)
        row = await connection.fetchrow(_ASK)
        after = datetime.now(UTC)
        assert row is not None
        lacking = await connection.fetch(_LACKING, _tables())
        is_pooled = row["backend"] != connection.get_server_pid()
    found = [*_of_server(row), *_of_rights(row, lacking), *_of_durability(row)]
    if is_pooled:
        found.append(_of_pooler(database.pooler))
    elif row["connections"] < database.most_connections:
        found.append(
            _finding(
                Severity.WARNING,
                f"There is room for {row['connections']} connections, and each process opens up to "
                f"{database.most_connections}: raise max_connections, lower STEPGRAPH_DATABASE_POOL_SIZE, or put a "
                "pooler in between.",
            )
        )
    offset = before + (after - before) / 2 - row["now"]
    if abs(offset) > _APART + (after - before):
        found.append(
            Finding(
                subject="clocks",
                severity=Severity.WARNING,
                detail=f"This machine's clock is {described(offset)}: set it, by NTP. Everything goes by PostgreSQL's.",
            )
        )
    return found


def _of_server(row: Any) -> Iterator[Finding]:
    if row["version"] < OLDEST:
        yield _fault(f"PostgreSQL is {row['version_text']}: it must be {OLDEST} or newer.")
    if row["encoding"] != "UTF8":
        yield _fault(
            f"The database's encoding is {row['encoding']}, which cannot store every text: make one with "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )
    if row["is_replica"]:
        yield _waiting("This PostgreSQL is a replica and takes no writes: DATABASE_URL must lead to the primary.")
    elif row["is_read_only"]:
        yield _waiting(
            "Sessions are read-only: DATABASE_URL must lead to the primary, or default_transaction_read_only be off "
            "for this role and this database."
        )


def _of_rights(row: Any, lacking: Sequence[Any]) -> Iterator[Finding]:
    if row["schema"] is None:
        yield _fault(
            f"The role {row['role']} has no schema: of its search_path, {row['search_path']}, none is there or may be "
            "used. CREATE SCHEMA, or GRANT USAGE on one, and name it by options=-csearch_path%3DNAME in DATABASE_URL."
        )
    elif lacking:
        named = "; ".join(f"{each['rights']} on {each['name']}" for each in lacking[:_SHOWN])
        more = f"; and {len(lacking) - _SHOWN} more tables" if len(lacking) > _SHOWN else ""
        yield _fault(
            f"The role {row['role']} lacks {named}{more}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
            f"{row['schema']} TO {row['role']}, and the same by ALTER DEFAULT PRIVILEGES for tables to come."
        )
    elif not row["may_create"]:
        yield _finding(
            Severity.WARNING,
            f"The role {row['role']} may not create tables in the schema {row['schema']}: run `stepgraph migrate` as "
            "one that may.",
        )


def _of_durability(row: Any) -> Iterator[Finding]:
    if not row["survives_crashes"]:
        yield _finding(
            Severity.WARNING,
            "fsync or full_page_writes is off: a crash of the machine may destroy the database. Set both to on.",
        )
    if not row["waits_for_commits"]:
        yield _finding(
            Severity.WARNING,
            "synchronous_commit is off: after a crash steps that were done may be done again. Set it to on.",
        )


def _of_pooler(pooler: PoolerMode) -> Finding:
    if pooler is PoolerMode.SESSION:
        return _finding(Severity.FINE, "A pooler is in between, and lends its sessions for as long as they are used.")
    return _finding(
        Severity.FINE,
        "A pooler is in between. Each statement has a transaction of its own, two round trips more: with a pooler in "
        "session mode set STEPGRAPH_DATABASE_POOLER to session.",
    )


@cache
def _tables() -> Sequence[str]:
    return [getattr(models, name).describe()["table"] for name in models.__all__]


def _fault(detail: str) -> Finding:
    return _finding(Severity.FAULT, detail)


def _waiting(detail: str) -> Finding:
    return _finding(Severity.WAITING, detail)


def _finding(severity: Severity, detail: str) -> Finding:
    return Finding(subject=_SUBJECT, severity=severity, detail=detail)
