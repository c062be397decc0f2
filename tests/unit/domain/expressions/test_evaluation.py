"""Trying out expressions."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from domain.expressions.service import EvaluationService
from domain.kernel.errors import Unavailable
from domain.kernel.json.text import JsonText, JsonValue
from tests.clocks import ManualClock
from tests.sandboxes import AnsweringSandbox

SERVICE = EvaluationService(clock=ManualClock())


def broken(source: str, data: Mapping[str, JsonValue]) -> JsonValue:
    """The answer of a sandbox that does not start."""
    raise Unavailable("The sandbox is not there.")


@pytest.mark.parametrize(
    ("expression", "context", "value"),
    [
        ("input.a", {"input": {"a": 1.0}}, 1.0),
        ("{{ input.a }}", {"input": {"a": None}}, None),
        ("$sum(steps.fetch.output.xs)", {"steps": {"fetch": {"output": {"xs": [1, 2]}}}}, 3),
        ("$now()", {}, "2030-01-01T00:00:00.000Z"),
    ],
)
async def test_the_value_is_what_a_worker_would_get(expression: str, context: JsonValue, value: JsonValue) -> None:
    evaluation = await SERVICE.evaluate(expression, context)
    assert (evaluation.value, evaluation.error) == (value, None)
    assert evaluation.duration == timedelta(0)


@pytest.mark.parametrize(
    ("expression", "context", "error"),
    [
        ("input.a +", {}, "(at character 10)"),
        ("", {}, "The expression is empty."),
        ("input.missing", {"input": {}}, "`input.missing` yields nothing"),
        ('input.a + "x"', {"input": {"a": 1}}, "failed"),
        ("input.a", [], "The context must be an object, not an array."),
        ("input.a", None, "The context must be an object, not null."),
        ("input.a", {"input": "\0"}, "U+0000"),
        ("[1..3]", {}, "needs the sandbox"),
        ("input.a", {"input": "x" * 1_000_001}, "bytes; 1,000,000 are allowed"),
    ],
)
async def test_what_is_wrong_is_told_and_never_raised(expression: str, context: JsonValue, error: str) -> None:
    evaluation = await SERVICE.evaluate(expression, context)
    assert evaluation.value is None
    assert evaluation.error is not None and error in evaluation.error


async def test_a_sandbox_that_does_not_work_is_an_error_too() -> None:
    service = EvaluationService(clock=ManualClock(), sandbox=AnsweringSandbox(broken))
    assert (await service.evaluate("[1..3]", {})).error == "The sandbox is not there."


async def test_what_the_sandbox_gives_is_passed_on_without_being_parsed() -> None:
    service = EvaluationService(clock=ManualClock(), sandbox=AnsweringSandbox(lambda source, data: [1, 2, 3]))
    value = (await service.evaluate("[1..3]", {})).value
    assert isinstance(value, JsonText)
    assert value.text == "[1,2,3]"
