"""Data: the servers that hold it, the keys that encrypt it, and the times for which it is kept."""

import base64
from datetime import timedelta
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from persistence.postgres.connections.sessions import PoolerMode
from stepgraph.settings.postgresql import postgresql_address
from stepgraph.settings.redis import redis_address
from stepgraph.settings.types import Duration

_KEY_BYTES = 32


class StorageSettings(BaseSettings):
    """The servers that hold data, the keys that encrypt it, and the times for which it is kept."""

    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("STEPGRAPH_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL's address; several hosts are separated by commas. Only `dev` and `demo` do without: "
        "they start their own.",
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("STEPGRAPH_REDIS_URL", "REDIS_URL"),
        description="The address of Redis, Valkey or another server of that protocol, or of the sentinels that know "
        "it: `redis+sentinel://HOST:PORT,HOST:PORT/NAME`.",
    )
    data_dir: Path = Field(Path(".stepgraph"), description="The folder in which `dev` and `demo` keep their data.")
    database_pool_size: int = Field(6, ge=2, le=200, description="Connections to PostgreSQL of each process.")
    database_pooler: PoolerMode = Field(
        PoolerMode.TRANSACTION,
        description="How a pooler between Stepgraph and PostgreSQL lends sessions, where there is one: for a "
        "`transaction`, which costs two more round trips a statement, or for a whole `session`.",
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="Keys that secrets are stored under: 32 random bytes each, in base64, separated by commas. The "
        "first one encrypts, all of them decrypt. `dev` and `demo` make one up.",
    )
    execution_retention: Duration | None = Field(
        None,
        description="The time for which executions are kept after their end. Default: until somebody deletes them.",
    )
    bulk_retention: Duration = Field(
        timedelta(days=30), description="The time for which bulk operations are kept once they have ended."
    )
    audit_retention: Duration = Field(
        timedelta(days=90), description="The time for which entries of the audit are kept."
    )
    metrics_minutes_retention: Duration = Field(
        timedelta(days=35), description="The time for which the metrics keep buckets of a minute."
    )
    metrics_hours_retention: Duration = Field(
        timedelta(days=400),
        description="The time for which the metrics keep buckets of an hour; those of a day are kept for ever.",
    )
    webhook_retention: Duration = Field(
        timedelta(days=30), description="The time for which events of webhooks are kept once they are over."
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        return None if value is None else postgresql_address(value)

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        return None if value is None else redis_address(value)

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(key) != _KEY_BYTES for key in _keys_in(value)):
            raise ValueError("must be keys of 32 bytes in base64, such as `stepgraph encryption-key` prints")
        return value

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The bytes of the encryption keys, the one that encrypts first; none where none are set."""
        return () if self.encryption_keys is None else _keys_in(self.encryption_keys)


def _keys_in(value: SecretStr) -> tuple[bytes, ...]:
    """The bytes of each key in the setting; empty for one that is not base64."""
    keys = []
    for text in value.get_secret_value().split(","):
        try:
            keys.append(base64.b64decode(text.strip(), validate=True))
        except ValueError:
            keys.append(b"")
    return tuple(keys)
