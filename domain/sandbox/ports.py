"""The port of the sandbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonText, JsonValue
from domain.sandbox.shares import SandboxUse


class Sandbox(Protocol):
    """Does work of unknown cost, which must not be done in this process.

    `owner` is the execution, the webhook or the key that it is done for, and `use` the purpose: capacity is shared
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

    async def evaluate_text(
        self,
        source: str,
        data: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
        use: SandboxUse = SandboxUse.EXECUTION,
    ) -> JsonText:
        """The value of an expression as `evaluate` gives it, not parsed: for whoever only passes it on."""

    async def schema_problems(
        self, schema: JsonValue, value: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a value that does not meet a JSON Schema. Raises `SchemaTooCostly`, and `InvalidSchema`."""

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a value that is not a JSON Schema; none where it is one. Raises `SchemaTooCostly`."""
