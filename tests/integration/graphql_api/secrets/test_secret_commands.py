"""`stepgraph secrets`, `encryption-key` and `rotate-encryption`, as processes."""

import asyncio
import os
import sys
from datetime import UTC, datetime

from domain.secrets.model import SecretRecord, purpose_of
from persistence.postgres.connections.database import Database
from persistence.postgres.secrets.cipher import AesGcmCipher
from persistence.postgres.secrets.store import PostgresSecretStore
from stepgraph.cli.secrets.encryption import new_encryption_key
from stepgraph.settings import load_settings
from tests.integration.graphql_api.api import LiveServer

VALUE = "piped-in-0123456789"


async def stepgraph(*arguments: str, given: str = "", **environment: str) -> tuple[int | None, str, str]:
    """The exit code of a command, and what it wrote to standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stepgraph", *arguments),
        env={**os.environ, "NO_PROXY": "*", "COLUMNS": "200", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(given.encode()), 30)
    return process.returncode, out.decode(), error.decode()


async def test_a_secret_is_piped_in_listed_and_deleted(server: LiveServer) -> None:
    api = server.api

    code, out, error = await stepgraph("secrets", "set", "token", "--url", server.url, given=f"{VALUE}\n")
    listed = await stepgraph("secrets", "list", "--url", server.url)
    refused = await stepgraph("secrets", "set", "no name", "--url", server.url, given=VALUE)
    record = (await api.storage.secrets.find_many(["token"]))["token"]
    deleted = await stepgraph("secrets", "delete", "token", "--url", server.url)

    assert (code, out, error) == (0, "token is set\n", "")
    assert api.cipher.decrypt(record.sealed, purpose=purpose_of("token")).decode() == VALUE
    assert listed[0] == 0
    assert "token" in listed[1]
    assert refused[0] == 1
    assert "This is no name of a secret." in refused[2]
    assert VALUE not in str((listed, refused))
    assert deleted == (0, "deleted token\n", "")
    assert await api.storage.secrets.count() == 0


async def test_everything_is_stored_anew_under_the_key_that_was_printed(empty_postgres_url: str) -> None:
    old, now = new_encryption_key(), datetime.now(UTC)
    _, out, _ = await stepgraph("encryption-key")
    new = out.strip()
    keys = load_settings(encryption_keys=f"{new},{old}").keys
    async with Database(empty_postgres_url, pool_size=1) as database:
        store = PostgresSecretStore(database)
        sealed = AesGcmCipher(keys[1:]).encrypt(VALUE.encode(), purpose=purpose_of("token"))
        await store.save(SecretRecord(name="token", sealed=sealed, created_at=now, updated_at=now))

        both = {"DATABASE_URL": empty_postgres_url, "STEPGRAPH_ENCRYPTION_KEYS": f"{new},{old}"}
        code, out, error = await stepgraph("rotate-encryption", **both)
        record = (await store.find_many(["token"]))["token"]
        lost = await stepgraph("rotate-encryption", **{**both, "STEPGRAPH_ENCRYPTION_KEYS": old})

    assert (code, out, error) == (0, "stored anew: 1 secrets, 0 webhooks\n", "")
    assert AesGcmCipher(keys[:1]).decrypt(record.sealed, purpose=purpose_of("token")).decode() == VALUE
    assert lost[0] == 1
    assert "secret token" in lost[2]
