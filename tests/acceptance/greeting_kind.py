"""A kind of step from outside, all of it in one file: its configuration, its executor and its GraphQL input.

Tests install it as a distribution of its own; nothing of Stepgraph imports it.
"""

from collections.abc import Awaitable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, cast

import strawberry

from stepgraph.step_kinds import (
    Deferred,
    DocumentModel,
    Effect,
    ExpressionText,
    Failed,
    FailureCode,
    Integer,
    JsonTemplate,
    JsonValue,
    Outcome,
    PositiveDuration,
    Problem,
    SentText,
    StepCall,
    StepConfig,
    StepError,
    StepKind,
    StepParts,
    Succeeded,
    TextTemplate,
    WaitKind,
    WaitReason,
)


class GreetConfig(StepConfig):
    """Greets somebody after a pause; the output is {text, key, opened}."""

    name: TextTemplate
    password: SentText
    pause: PositiveDuration = timedelta(milliseconds=10)

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        if raw.get("name") == "nobody":
            yield Problem(path=("name",), message="Nobody is not greeted.", hint="Name somebody.")


@strawberry.input(description="Greet somebody.")
class GreetInput:
    """Greet somebody."""

    name: str
    password: str = strawberry.field(description="May read secrets.")
    pause: timedelta = timedelta(milliseconds=10)


class GreetExecutor:
    """Waits for the pause, in a row, and then greets; nobody called `mute` can be greeted."""

    def __init__(self) -> None:
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Wait at first, and greet at the second call."""
        if call.checkpoint is None:
            config = cast("GreetConfig", call.step.config)
            until = call.called_at + config.pause
            return Deferred(until=until, reason=WaitReason(kind=WaitKind.TIMER, until=until), checkpoint={"asked": 1})
        return self._greet(call)

    async def _greet(self, call: StepCall) -> Outcome:
        given = cast("Mapping[str, JsonValue]", call.input)
        if given["name"] == "mute":
            return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message="It does not answer."))
        text = f"Hello, {given['name']}! Your password has {len(str(given['password']))} letters."
        return Succeeded(output={"text": text, "key": call.idempotency_key, "opened": self._is_open})


class Greet(StepKind[GreetConfig]):
    """Greets somebody."""

    name = "GREET"
    config = GreetConfig
    executor = "greeting_kind:greet_executor"
    graphql_input = "greeting_kind:GreetInput"

    def stored_input(self, input: JsonValue) -> JsonValue:
        given = cast("Mapping[str, JsonValue]", input)
        return {"name": given["name"]}


class Loudness(StrEnum):
    """The loudness of a sum."""

    LOW = "LOW"
    HIGH = "HIGH"


class Part(DocumentModel):
    """A part of a sum."""

    amount: ExpressionText
    label: TextTemplate | None = None


class SumUpConfig(StepConfig):
    """Adds up numbers; the output is {total, input}."""

    parts: tuple[Part, ...]
    start: Integer = 0
    loudness: Loudness = Loudness.LOW
    notes: JsonTemplate | None = None


class SumUpExecutor:
    """Adds up the amounts that were rendered."""

    def execute(self, call: StepCall) -> Outcome:
        """Add them up."""
        given = cast("Mapping[str, Any]", call.input)
        total = given["start"] + sum(part["amount"] for part in given["parts"])
        return Succeeded(output={"total": total, "input": call.input})


class SumUp(StepKind[SumUpConfig]):
    """Adds up numbers; its GraphQL input is derived."""

    name = "SUM_UP"
    config = SumUpConfig
    executor = "greeting_kind:sum_up_executor"
    effect = Effect.NONE


def greet_executor(parts: StepParts) -> GreetExecutor:
    """The executor of GREET."""
    return GreetExecutor()


def sum_up_executor(parts: StepParts) -> SumUpExecutor:
    """The executor of SUM_UP."""
    return SumUpExecutor()


GREET = Greet()
SUM_UP = SumUp()
