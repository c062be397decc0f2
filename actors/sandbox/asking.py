"""A sandbox that is asked by requests in bytes: what its answers mean, whoever gives them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from actors.sandbox.child import FAILED, NOTHING, TOO_COSTLY, VALUE
from actors.sandbox.requests import compile_request, evaluate_request, read_problems, schema_request
from domain.expressions.expression import compile_expression
from domain.json_schemas.library import InvalidSchema
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonText, JsonValue, loads
from domain.sandbox.shares import SandboxUse, SchemaTooCostly


class Answer(NamedTuple):
    """An answer: one of the kinds in `actors.sandbox.child`, and a text in UTF-8."""

    kind: bytes
    text: bytes


class AskedSandbox(ABC):
    """The port `domain.sandbox.ports.Sandbox` over requests and answers; a subclass gets the answers."""

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
        """The value of an expression on data; see the port.

        The engine has a second; waiting for a child comes on top of that. Data of more than 4 MiB as JSON are refused.
        """
        found = await self.evaluate_text(source, data, now=now, seed=seed, owner=owner, use=use)
        try:
            return loads(found.text)
        except ValueError as error:
            raise compile_expression(source).failed(f"it gives what JSON cannot say: {error}") from error

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
        """The value of an expression on data, not parsed; see the port."""
        expression = compile_expression(source)
        kind, text = await self._ask(evaluate_request(expression, data, now, seed), owner, use)
        if kind == VALUE:
            try:
                return JsonText(text.decode())
            except UnicodeDecodeError as error:
                raise expression.failed(f"it gives what JSON cannot say: {error}") from error
        if kind == NOTHING:
            raise expression.yields_nothing(data)
        if kind == FAILED:
            raise expression.failed(text.decode(errors="replace"))
        raise expression.too_costly(text.decode(errors="replace"))

    async def schema_problems(
        self, schema: JsonValue, value: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a value that does not meet a schema; see the port. Values over 4 MiB as JSON are refused."""
        kind, text = await self._ask(schema_request(schema, value), owner, use)
        if kind == TOO_COSTLY:
            raise SchemaTooCostly(text.decode(errors="replace"))
        problems = read_problems(text)
        if kind == FAILED:
            raise InvalidSchema(problems)
        return problems

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a value that is not a JSON Schema; see the port."""
        kind, text = await self._ask(compile_request(schema), owner, use)
        if kind == TOO_COSTLY:
            raise SchemaTooCostly(text.decode(errors="replace"))
        return read_problems(text)

    @abstractmethod
    async def _ask(self, request: bytes, owner: UUID, use: SandboxUse) -> Answer:
        """The answer to a request."""
