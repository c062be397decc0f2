"""A sandbox without children: it answers what a test says, or fails as it says."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from domain.expressions.expression import compile_expression
from domain.json_schemas.library import InvalidSchema, SchemaValidator
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.sandbox.shares import SandboxUse


class AnsweringSandbox:
    """Implements `domain.sandbox.ports.Sandbox`. `answer` gives the value for a source and what it reads, or raises."""

    def __init__(self, answer: Callable[[str, Mapping[str, JsonValue]], JsonValue]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, UUID]] = []
        self.checked: list[tuple[JsonValue, SandboxUse]] = []

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
        """The answer."""
        self.asked.append((source, owner))
        return self._answer(source, data)

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
        """The answer as text."""
        return JsonText(dumps(await self.evaluate(source, data, now=now, seed=seed, owner=owner, use=use)))

    async def schema_problems(
        self, schema: JsonValue, value: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a value, found in this process."""
        self.checked.append((schema, use))
        return SchemaValidator(schema).problems(value)

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The problems of a schema, found in this process."""
        self.checked.append((schema, use))
        try:
            SchemaValidator(schema)
        except InvalidSchema as error:
            return list(error.problems)
        return []


class SchemaSandbox(AnsweringSandbox):
    """Checks schemas, in this process, and evaluates nothing."""

    def __init__(self) -> None:
        super().__init__(_refused)


def _refused(source: str, data: Mapping[str, JsonValue]) -> JsonValue:
    raise compile_expression(source).failed("this sandbox evaluates nothing.")
