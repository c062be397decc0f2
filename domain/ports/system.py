"""Ports to the world at large: the time, the sandbox, the health of what Stepgraph stands on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.errors import Problem
from domain.json_text import JsonValue
from domain.records import ComponentRecord, OutboxBacklog, WorkProgress
from domain.sandbox_shares import SandboxUse


class Clock(Protocol):
    """Where the shell and the services read the time; the decider is only ever told it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of the present moment; those of one clock sort in the order in which they were made."""


class Sandbox(Protocol):
    """Does what must not be done in this process, for nobody knows beforehand what it costs.

    `owner` is the execution, the webhook or the key that it is done for, and `use` what for: what is shared is shared
    out among uses, and among the owners of each. All methods raise `Unavailable` where the sandbox itself does not
    work, and `LimitExceeded` where too many trials wait already.
    """

    async def evaluate(
        self,
        source: str,
        data: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
        use: SandboxUse = SandboxUse.EXECUTION,
    ) -> JsonValue:
        """The value of an expression on `data`, the part of a scope that it reads (`Expression.pruned`).

        `data` is read before this waits for anything. Raises `ExpressionError` as `Expression.evaluate` does.
        """

    async def schema_problems(
        self, schema: JsonValue, value: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """What in a value does not meet a JSON Schema. Raises `SchemaTooCostly`, and `InvalidSchema`."""

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """Why a value is no JSON Schema; nothing where it is one. Raises `SchemaTooCostly`."""


class HealthProbe(Protocol):
    """Whether the parts that Stepgraph depends on do what the work needs of them, and whether the work goes on."""

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        """PostgreSQL, Redis and the migrations, each within `timeout`. Never raises.

        What the work does is tried: a part that answers and could not do it is down, and its detail says why.
        """

    async def backlog(self, now: datetime) -> OutboxBacklog:
        """What waits in the outbox. Raises `Unavailable`."""

    async def progress(self) -> WorkProgress:
        """How late executions are, and those who look after them, by the store's clock. Raises `Unavailable`."""


class Cipher(Protocol):
    """Seals what must not be read from a stolen database: secrets, and the keys that webhooks are signed with."""

    def encrypt(self, plain: bytes, *, purpose: str) -> bytes:
        """Seal under the newest key. `purpose` names what it is for ("webhook wh_…"), and is needed to open it."""

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        """Open what `encrypt` sealed for the same purpose, under any key that is still known.

        Raises `Undecipherable` where the key is gone, the bytes were changed, or they were sealed for something else.
        """


class Installation(Protocol):
    """What this installation has made up for itself, the same for all of its processes."""

    async def key(self) -> bytes:
        """32 random bytes that never change and never leave the installation."""
