"""WAIT: the times and the signals that it waits for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from actors.steps.data_transform import DataTransformExecutor
from actors.steps.wait import WaitExecutor
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, StepCall, Succeeded
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from tests.builders import constant, step, wait
from tests.calls import NOW, a_call

SIGNAL = {"signal": {"name": "approved"}}
TIMED = {"signal": {"name": "approved", "timeout": "PT1H"}}
EXCUSED = {"signal": {"name": "approved", "timeout": "PT1H", "onTimeout": {"by": "nobody"}}}


def call(value: JsonValue) -> StepCall:
    return replace(a_call(wait(duration="PT1S")), input=value)


def signal_call(config: Mapping[str, Any], **given: Any) -> StepCall:
    return a_call(step("ask", "WAIT", config), **given)


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
    assert DataTransformExecutor().execute(a_call(constant(output={"a": [1]}))) == Succeeded(output={"a": [1]})


@pytest.mark.parametrize(("config", "until"), [(SIGNAL, None), (TIMED, NOW + timedelta(hours=1))])
def test_a_wait_for_a_signal_names_it(config: Mapping[str, Any], until: Any) -> None:
    assert WaitExecutor().execute(signal_call(config)) == Deferred(
        until=until, reason=WaitReason(kind=WaitKind.SIGNAL, until=until, detail="approved"), checkpoint={}
    )


@pytest.mark.parametrize("payload", [None, 7, {"by": "Ann"}])
def test_a_signal_ends_the_wait_with_what_it_carries(payload: JsonValue) -> None:
    call = signal_call(TIMED, checkpoint={}, received={"payload": payload})

    assert WaitExecutor().execute(call) == Succeeded(output={"signal": "approved", "payload": payload})


def test_a_signal_that_comes_at_the_last_moment_counts() -> None:
    late = NOW + timedelta(hours=2)
    call = signal_call(TIMED, checkpoint={}, received={"payload": 1}, called_at=late)

    assert isinstance(WaitExecutor().execute(call), Succeeded)


def test_a_signal_that_does_not_come_in_time_fails_the_step() -> None:
    outcome = WaitExecutor().execute(signal_call(TIMED, checkpoint={}, called_at=NOW + timedelta(hours=1)))

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.TIMEOUT
    assert outcome.error.message == "The signal 'approved' did not come within 3600 s."


def test_a_signal_that_does_not_come_in_time_may_be_replaced() -> None:
    outcome = WaitExecutor().execute(signal_call(EXCUSED, checkpoint={}, called_at=NOW + timedelta(hours=1)))

    assert outcome == Succeeded(output={"signal": None, "payload": {"by": "nobody"}})


@pytest.mark.parametrize("config", [SIGNAL, TIMED, EXCUSED])
def test_a_step_that_is_called_before_its_time_waits_on(config: Mapping[str, Any]) -> None:
    again = signal_call(config, checkpoint={}, called_at=NOW + timedelta(minutes=59))

    assert WaitExecutor().execute(again) == WaitExecutor().execute(signal_call(config))
