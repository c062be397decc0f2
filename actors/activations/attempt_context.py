"""The ingredients of an attempt: its step, what expressions see at its place, and the keys that never change."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, TypeAlias
from uuid import UUID
from zlib import crc32

from actors.activations.expression_context import ExecutionScope
from domain.engine.decision_builder import prefix_of
from domain.engine.reports import OutcomeReported
from domain.engine.signals import RECEIVED
from domain.engine.state import CarriedStep, StepState
from domain.executions.step_executor import Failed
from domain.expressions.expression import Expression
from domain.expressions.turns import Turns
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue, dumps
from domain.workflows.definitions.definition import CompiledStep

Values: TypeAlias = Mapping[str, JsonValue]
"""Values by name: what expressions see; or by source: what is known already of some expressions."""

NO_ANSWERS: Final[Mapping[str, JsonValue]] = {}
"""The sandbox's answers where it was not asked."""

SKIPPED: Final[JsonValue] = {}
"""The one object that stands for the input of a step whose condition is false."""

_NO_TIME = timedelta(0)


class AttemptContext:
    """One attempt, with its ingredients worked out once. `now` is the present, `started_at` when the attempt began."""

    __slots__ = (
        "attempt",
        "carried",
        "execution_id",
        "now",
        "path",
        "prefix",
        "scope",
        "seed",
        "started_at",
        "state",
        "step",
    )

    def __init__(
        self,
        execution_id: UUID,
        step: CompiledStep,
        state: StepState,
        scope: ExecutionScope,
        now: datetime,
        carried: CarriedStep | None,
    ) -> None:
        self.execution_id = execution_id
        self.carried = carried
        self.step = step
        self.state = state
        self.scope = scope
        self.now = now
        self.path = state.path
        self.prefix = prefix_of(state.path)
        self.attempt = len(state.attempts)
        self.started_at = state.attempts[-1].started_at
        self.seed = seed_of(self.origin, state.path)

    @property
    def origin(self) -> UUID:
        """The execution in which the call was first made; a retry makes the same call, with the same keys and seed."""
        return self.execution_id if self.carried is None else self.carried.origins[-1]

    @property
    def values(self) -> Mapping[str, JsonValue]:
        """The values that its expressions see, valid until something else runs."""
        return self.scope.for_attempt(self.prefix, self.attempt)

    @property
    def asks_when(self) -> bool:
        """True when the step's condition is to be evaluated: at the step's very start only."""
        return self.attempt == 1 and self.state.checkpoint is None

    @property
    def is_answered(self) -> bool:
        """True when the step has called already, and does not call again: it needs no secret any more."""
        return self.step.kind.is_answered(self.state.checkpoint)

    @property
    def held_for(self) -> timedelta:
        """The time for which circuit breakers have held the attempt up."""
        attempt = self.state.attempts[-1]
        return _NO_TIME if attempt.delay is None else attempt.timed_from - attempt.started_at

    def is_wanted(self, values: Values, answers: Values, turns: Turns | None) -> bool:
        """True when the step's condition holds, or it has none. Raises `ExpressionError` and `TurnOver`."""
        when = self.step.when
        return when is None or not self.asks_when or self.is_true(when, values, answers, turns)

    def is_true(self, condition: Expression, values: Values, answers: Values, turns: Turns | None) -> bool:
        """True when a condition holds for this attempt. Raises `ExpressionError` and `TurnOver`."""
        return condition.is_true(values, now=self.started_at, seed=self.seed, answers=answers, turns=turns)

    def rendered(self, values: Values, answers: Values, turns: Turns | None) -> JsonValue:
        """The step's input, rendered. Raises `ExpressionError` and `TurnOver`."""
        return self.step.inputs.render(values, now=self.started_at, seed=self.seed, answers=answers, turns=turns)

    def input(self, values: Values, answers: Values, turns: Turns | None) -> JsonValue:
        """The step's rendered input, or `SKIPPED` where its condition is false. Raises as `rendered`."""
        if self.step.when is not None and not self.is_wanted(values, answers, turns):
            return SKIPPED
        return self.rendered(values, answers, turns)

    def failed(self, failed: Failed, shown: JsonValue, wanted: bool | None) -> OutcomeReported:
        """The report that the attempt failed. `shown` is the input as stored, `wanted` the retry condition's answer."""
        error = _storable(failed.error)
        outcome = failed if error is failed.error else replace(failed, error=error)
        return OutcomeReported(self.path, self.attempt, outcome, shown, random.random(), wanted)


def opened_checkpoint(checkpoint: JsonValue) -> tuple[JsonValue, Mapping[str, JsonValue] | None]:
    """The checkpoint that the step itself has left, and the message that it was sent since (None: none)."""
    if not isinstance(checkpoint, dict) or RECEIVED not in checkpoint:
        return checkpoint, None
    received = checkpoint[RECEIVED]
    assert isinstance(received, dict)
    return {name: value for name, value in checkpoint.items() if name != RECEIVED}, received


def idempotency_key_of(execution_id: UUID, path: str) -> str:
    """The step execution's idempotency key: 32 characters, equal for every attempt and on every worker."""
    return blake2b(path.encode(), key=execution_id.bytes, digest_size=16).hexdigest()


def seed_of(execution_id: UUID, path: str) -> int:
    """The seed of all randomness within one step execution, equal for every evaluation and on every worker."""
    return (execution_id.int ^ crc32(path.encode())) & 0x7FFF_FFFF_FFFF_FFFF


def _storable(error: StepError) -> StepError:
    """The error; where it quotes text that JSON cannot represent (half a surrogate pair), with replacements."""
    try:
        dumps(error.to_json())
    except ValueError:
        return StepError(code=error.code, message=error.message.encode(errors="replace").decode(), path=error.path)
    return error
