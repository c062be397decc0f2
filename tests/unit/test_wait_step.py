"""What a WAIT step waits for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from actors.steps.data_transform import DataTransformExecutor
from actors.steps.executor import Deferred, Failed, StepCall, Succeeded
from actors.steps.wait import WaitExecutor
from domain.definition import CompiledStep
from domain.engine.state import WaitReason
from domain.failures import FailureCode
from domain.json_text import JsonValue
from domain.statuses import StepType, WaitKind
from domain.steps import WaitConfig
from domain.templates import compile_template

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


def call(value: JsonValue) -> StepCall:
    step = CompiledStep(
        id="pause",
        path="pause",
        position="0000",
        type=StepType.WAIT,
        config=WaitConfig(duration=timedelta(seconds=1)),
        inputs=compile_template(value),
        depends_on=(),
        dependants=(),
    )
    return StepCall(
        execution_id=UUID(int=1),
        path="pause",
        attempt=1,
        step=step,
        input=value,
        scope={},
        now=NOW,
        idempotency_key="key",
    )


@pytest.mark.parametrize(
    ("value", "until", "shown"),
    [
        ({"duration": "PT5S"}, NOW + timedelta(seconds=5), "2026-01-31T08:00:05Z"),
        ({"duration": "P1DT0.5S"}, NOW + timedelta(days=1, seconds=0.5), "2026-02-01T08:00:00.500000Z"),
        ({"until": "2026-01-31T10:00:00+01:00"}, NOW + timedelta(hours=1), "2026-01-31T09:00:00Z"),
        ({"until": "2026-01-31t08:00:00.250z"}, NOW + timedelta(seconds=0.25), "2026-01-31T08:00:00.250000Z"),
    ],
)
def test_a_wait_lets_go_of_the_step_until_it_is_over(value: JsonValue, until: datetime, shown: str) -> None:
    assert WaitExecutor().execute(call(value)) == Deferred(
        until=until, reason=WaitReason(kind=WaitKind.TIMER, until=until), output={"until": shown}
    )


@pytest.mark.parametrize("until", ["2026-01-31T08:00:00Z", "1999-12-31T23:59:59Z"])
def test_a_time_that_has_passed_is_no_wait(until: str) -> None:
    assert WaitExecutor().execute(call({"until": until})) == Succeeded(output={"until": until})


@pytest.mark.parametrize(
    "value",
    [
        {"until": "tomorrow"},
        {"until": "2026-01-31"},
        {"until": "2026-01-31T08:00:00"},
        {"until": "2026-02-31T08:00:00Z"},
        {"until": "0001-01-01T00:00:00+23:00"},
        {"until": 1769846400},
        {"until": None},
        {"duration": "5 seconds"},
        {},
        None,
    ],
)
def test_what_is_no_time_fails_the_step(value: JsonValue) -> None:
    outcome = WaitExecutor().execute(call(value))

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.EXPRESSION_FAILED


def test_a_transform_hands_its_input_on() -> None:
    assert DataTransformExecutor().execute(call({"a": [1]})) == Succeeded(output={"a": [1]})
