"""The blocks that CONDITIONAL, PARALLEL and FOR_EACH open."""

from typing import Any

import pytest

from actors.steps.containers import ConditionalExecutor, ForEachExecutor, ParallelExecutor
from domain.executions.step_executor import Failed, Opened, Succeeded
from domain.kernel.failures import FailureCode
from tests.builders import constant, step
from tests.calls import a_call

THEN = {"if": "input.ok", "then": [constant()]}
BOTH = {**THEN, "else": [constant()]}
LOOP = {"items": "input.items", "steps": [constant()]}


@pytest.mark.parametrize(
    ("config", "ok", "outcome"),
    [
        (BOTH, True, Opened(checkpoint={"branch": "then"})),
        (BOTH, False, Opened(checkpoint={"branch": "else"})),
        (THEN, True, Opened(checkpoint={"branch": "then"})),
        (THEN, False, Succeeded(output={"branch": "else", "steps": {}})),
    ],
)
def test_a_condition_chooses_the_branch(config: dict[str, Any], ok: bool, outcome: object) -> None:
    call = a_call(step("choose", "CONDITIONAL", config), scope={"input": {"ok": ok}})

    assert ConditionalExecutor().execute(call) == outcome


@pytest.mark.parametrize("value", [None, 0, 1, 1.0, "true", "", [], [True], {}])
def test_a_condition_that_is_not_boolean_fails(value: Any) -> None:
    outcome = ConditionalExecutor().execute(a_call(step("choose", "CONDITIONAL", BOTH), scope={"input": {"ok": value}}))

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.EXPRESSION_FAILED
    assert not outcome.error.is_retryable


def test_a_condition_says_what_it_gave() -> None:
    call = a_call(step("choose", "CONDITIONAL", BOTH), scope={"input": {"ok": "yes" * 1000}})
    outcome = ConditionalExecutor().execute(call)

    assert isinstance(outcome, Failed)
    assert outcome.error.message.startswith("`if` gave 'yesyes")
    assert outcome.error.message.endswith(", which is neither true nor false.")
    assert len(outcome.error.message) < 150


def test_all_branches_of_a_parallel_are_opened() -> None:
    branches = [{"name": "eu", "steps": [constant()]}, {"name": "us", "steps": [constant()]}]

    assert ParallelExecutor().execute(a_call(step("fan", "PARALLEL", {"branches": branches}))) == Opened(checkpoint={})


def test_a_loop_keeps_its_items() -> None:
    call = a_call(step("loop", "FOR_EACH", LOOP), scope={"input": {"items": [1, None, {"a": []}]}})

    assert ForEachExecutor(3).execute(call) == Opened(checkpoint={"items": [1, None, {"a": []}]})


def test_a_loop_over_nothing_is_done_at_once() -> None:
    outcome = ForEachExecutor(3).execute(a_call(step("loop", "FOR_EACH", LOOP), scope={"input": {"items": []}}))

    assert outcome == Succeeded(output={"results": [], "succeeded": 0, "failed": 0, "failures": []})


def test_a_loop_over_too_many_items_fails() -> None:
    call = a_call(step("loop", "FOR_EACH", LOOP), scope={"input": {"items": [0] * 1001}})
    outcome = ForEachExecutor(1000).execute(call)

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.EXPRESSION_LIMIT
    assert outcome.error.message == "`items` gave 1,001 items; 1,000 are allowed."


@pytest.mark.parametrize(
    ("items", "shown"),
    [(None, "null"), (7, "the number 7"), ("ab", "'ab'"), ({"a": 1}, "an object"), (True, "true")],
)
def test_what_is_no_array_is_no_loop(items: Any, shown: str) -> None:
    outcome = ForEachExecutor(3).execute(a_call(step("loop", "FOR_EACH", LOOP), scope={"input": {"items": items}}))

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.EXPRESSION_FAILED
    assert outcome.error.message == f"`items` gave {shown}, which is not an array."
