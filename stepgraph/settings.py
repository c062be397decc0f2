"""Everything that can be set, from the environment: `STEPGRAPH_*`, and `DATABASE_URL` and `REDIS_URL` as they are."""

import base64
import os
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEBIBYTE = 1024 * 1024
_KEY_BYTES = 32
UNPREFIXED = ("DATABASE_URL", "REDIS_URL")
"""Variables that are understood without the prefix too, as everybody else calls them so."""


def _seconds(value: object) -> object:
    """A plain number is seconds; pydantic itself reads ISO 8601."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(milliseconds=1))]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class LogFormat(StrEnum):
    """How log lines look: `AUTO` is CONSOLE on a terminal and JSON elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class InvalidSettings(ValueError):
    """The environment holds values that cannot be used; the message lists all of them."""


class Settings(BaseSettings):
    """The settings of one process. Durations are ISO 8601 (`PT8S`) or seconds; sizes are bytes."""

    model_config = SettingsConfigDict(
        env_prefix="STEPGRAPH_", extra="ignore", frozen=True, env_ignore_empty=True, validate_by_name=True
    )

    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("STEPGRAPH_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL's address. Only `dev` and `demo` do without: they start their own.",
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("STEPGRAPH_REDIS_URL", "REDIS_URL"),
        description="The address of Redis, Valkey or another server of that protocol.",
    )
    data_dir: Path = Field(Path(".stepgraph"), description="Where `dev` and `demo` keep their data.")

    host: str = Field("127.0.0.1", description="The address the API listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port the API listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="Where others reach the API: what callback addresses begin with. Default: `http://<host>:<port>`.",
    )
    url: str = Field("http://127.0.0.1:8000", description="Where the client commands find the API.")
    allowed_origins: CommaSeparated = Field(
        (), description="Origins of other sites whose pages may open WebSockets, separated by commas."
    )
    require_keys: bool | None = Field(
        None,
        description="Whether the API asks for keys. Default: where it listens on an address that others can reach.",
    )
    token: SecretStr | None = Field(None, description="The token of an API key, for the client commands.")
    execution_retention: Duration | None = Field(
        None, description="How long executions are kept after their end. Default: until somebody deletes them."
    )
    audit_retention: Duration = Field(timedelta(days=90), description="How long entries of the audit are kept.")
    metrics_minutes_retention: Duration = Field(
        timedelta(days=35), description="How long buckets of a minute are kept in the metrics."
    )
    metrics_hours_retention: Duration = Field(
        timedelta(days=400), description="How long buckets of an hour are kept in the metrics; of a day: for ever."
    )
    prometheus: bool = Field(True, description="Whether the API serves /metrics, for Prometheus.")
    worker_metrics_host: str = Field("127.0.0.1", description="The address on which workers serve /metrics.")
    worker_metrics_port: int | None = Field(
        None,
        ge=1,
        le=65_000,
        description="The port on which the first worker process serves /metrics, for Prometheus; the second has the "
        "next one, and so on. Default: none does.",
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="Keys that secrets are stored under: 32 random bytes each, in base64, separated by commas. The "
        "first one encrypts, all of them decrypt. `dev` and `demo` make one up.",
    )
    graphiql: bool = Field(True, description="Whether the API serves GraphiQL at /graphiql.")

    database_pool_size: int = Field(6, ge=2, le=200, description="Connections to PostgreSQL of each process.")
    worker_processes: int = Field(2, ge=1, le=256, description="Worker processes that `dev` and `worker` run.")
    worker_threads: int = Field(2, ge=1, le=64, description="Threads of each worker that take messages.")
    worker_executions: int = Field(
        1000, ge=1, le=100_000, description="Executions that one worker process holds at a time."
    )
    heartbeat: Duration = Field(timedelta(seconds=2), description="How often a worker says that it lives.")
    lease: Duration = Field(
        timedelta(seconds=8), description="After how long without a heartbeat a worker counts as dead."
    )
    poisoned_after: int = Field(
        5, ge=1, description="An execution that has outlived this many workers is failed as POISONED."
    )
    shutdown_grace: Duration = Field(
        timedelta(seconds=10), description="How long running steps may go on when a worker is asked to stop."
    )

    sandbox_children: int = Field(
        2, ge=1, le=64, description="Child processes of each process that evaluate expressions which may be costly."
    )
    sandbox_calls: int = Field(
        10_000, ge=1, description="After how many expressions such a child is replaced by a new one."
    )

    max_document_bytes: int = Field(MEBIBYTE, ge=1024, description="The size of a workflow document.")
    max_input_bytes: int = Field(MEBIBYTE, ge=1024, description="The size of an execution's input.")
    max_items: int = Field(100_000, ge=1, description="Items of one FOR_EACH.")
    max_bulk: int = Field(10_000, ge=1, description="Executions that one request may cancel or retry.")
    max_signals: int = Field(
        1_000, ge=1, description="Signals that an execution keeps for steps that come to wait for them."
    )
    max_output_bytes: int = Field(4 * MEBIBYTE, ge=1024, description="The size of a step's or an execution's output.")
    max_response_bytes: int = Field(
        4 * MEBIBYTE, ge=1024, description="The size of a called service's response, after decompression."
    )

    http_connections: int = Field(1000, ge=1, description="Connections to called services that a worker keeps.")
    webhook_retention: Duration = Field(
        timedelta(days=30), description="How long events of webhooks are kept once they are over."
    )
    egress_allow_loopback: bool = Field(
        False, description="Whether steps may call services on this machine; `dev` and `demo` allow it."
    )
    egress_allowed_networks: CommaSeparated = Field(
        (), description="Private networks that steps may call, as CIDRs separated by commas."
    )
    egress_allowed_hosts: CommaSeparated = Field(
        (), description="Host names that steps may call wherever they point, separated by commas."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="`console`, `json`, or `auto`: by whether it is a terminal."
    )

    @field_validator("allowed_origins", "egress_allowed_networks", "egress_allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("egress_allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ip_network(network)
            except ValueError as error:
                raise ValueError(f"must be networks such as 10.0.0.0/8: {error}") from error
        return value

    @model_validator(mode="after")
    def _lease_outlasts_heartbeats(self) -> Self:
        if self.lease < 2 * self.heartbeat:
            raise ValueError(
                "STEPGRAPH_LEASE must be at least twice STEPGRAPH_HEARTBEAT, or living workers count as dead"
            )
        return self

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in value or "?" in value or "#" in value:
            raise ValueError("must be an address such as https://flows.example.com")
        return value.rstrip("/")

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(key) != _KEY_BYTES for key in _keys_in(value)):
            raise ValueError("must be keys of 32 bytes in base64, such as `stepgraph encryption-key` prints")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("postgresql", "postgres"):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The bytes of the encryption keys, the one that encrypts first; none where none are set."""
        return () if self.encryption_keys is None else _keys_in(self.encryption_keys)

    @property
    def asks_for_keys(self) -> bool:
        """Whether the API asks for keys: as it is set, or where it listens for others than this machine."""
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys

    def redacted(self) -> dict[str, str]:
        """Every setting as text, with passwords in addresses left out."""
        shown = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in ("database_url", "redis_url") and value is not None:
                value = without_password(value)
            shown[name] = "" if value is None else str(value)
        return shown


def _keys_in(value: SecretStr) -> tuple[bytes, ...]:
    """What is no base64 counts as an empty key."""
    keys = []
    for text in value.get_secret_value().split(","):
        try:
            keys.append(base64.b64decode(text.strip(), validate=True))
        except ValueError:
            keys.append(b"")
    return tuple(keys)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; `overrides` win over the environment. Raises `InvalidSettings` with every fault."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"  {_variable(fault['loc'])}{_sentence(fault)}" for fault in error.errors()]
        raise InvalidSettings("These settings cannot be used:\n" + "\n".join(faults)) from error


_SENTENCES = {
    "int_parsing": "must be a whole number.",
    "bool_parsing": "must be true or false.",
    "time_delta_parsing": "must be a duration: seconds, or ISO 8601 such as PT8S.",
}


def _sentence(fault: ErrorDetails) -> str:
    """What is wrong, as the rest of a sentence that begins with the variable's name."""
    known = _SENTENCES.get(fault["type"])
    if known is not None:
        return f" {known}"
    text = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return f"{text}."
    return f" {text.replace('Input should be', 'must be', 1).replace('String should', 'must', 1).rstrip('.')}."


def _variable(location: tuple[int | str, ...]) -> str:
    """The variable that a setting was read from: `DATABASE_URL` and `REDIS_URL` go without the prefix too."""
    if not location:
        return ""
    name = str(location[0]).upper()
    prefixed = name if name.startswith("STEPGRAPH_") else f"STEPGRAPH_{name}"
    plain = prefixed.removeprefix("STEPGRAPH_")
    return plain if plain in UNPREFIXED and prefixed not in os.environ else prefixed
