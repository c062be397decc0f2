"""VALIDATION: its checks, and its messages."""

from collections.abc import Mapping
from typing import Any

import pytest

from actors.steps.validation import ValidationExecutor
from domain.executions.step_executor import Failed, Outcome, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import compile_expression
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from tests.builders import step
from tests.calls import EXECUTION, a_call, run
from tests.sandboxes import AnsweringSandbox, SchemaSandbox

SCHEMA = {
    "type": "object",
    "required": ["sku"],
    "properties": {"sku": {"type": "string"}, "lines": {"items": {"type": "integer"}}},
}
VALID = Succeeded(output={"valid": True})


async def check(config: Mapping[str, Any], data: JsonValue, evaluator: Evaluator | None = None) -> Outcome:
    executor = ValidationExecutor(evaluator or Evaluator())
    return await run(executor, a_call(step("check", "VALIDATION", config), scope={"input": data}))


def problems(outcome: Outcome) -> list[Any]:
    assert isinstance(outcome, Failed), outcome
    assert outcome.error.code is FailureCode.VALIDATION_FAILED
    assert not outcome.error.is_retryable
    assert outcome.error.details is not None
    found = outcome.error.details["problems"]
    assert isinstance(found, list)
    return found


def rule(expression: str, message: str = "It is wrong.") -> dict[str, str]:
    return {"rule": expression, "message": message}


async def test_data_that_meets_schema_and_rules_is_valid() -> None:
    config = {"schema": SCHEMA, "rules": [rule("input.lines[0] = 1"), rule("$count(input.lines) < 3")]}

    assert await check(config, {"sku": "a", "lines": [1, 2]}) == VALID


async def test_all_problems_are_told_at_once() -> None:
    rules = [rule("input.lines[0] = 2", "The first line of {{ input.customer }} is not 2."), rule("input.lines[1] = 1")]
    outcome = await check({"schema": SCHEMA, "rules": rules}, {"lines": ["a", 1], "customer": "Ann"})

    assert problems(outcome) == [
        {"path": [], "message": '"sku" is a required property.'},
        {"path": ["lines", "0"], "message": '"a" is not of type "integer".'},
        {"path": [], "message": "The first line of Ann is not 2."},
    ]
    assert isinstance(outcome, Failed)
    assert outcome.error.message == (
        'The data is not valid: "sku" is a required property. lines.0: "a" is not of type "integer". '
        "The first line of Ann is not 2."
    )


async def test_the_first_three_problems_are_named_and_the_rest_is_counted() -> None:
    outcome = await check({"rules": [rule("input", f"No {each}") for each in "abcde"]}, False)

    assert isinstance(outcome, Failed)
    assert outcome.error.message == "The data is not valid: No a. No b. No c. (and 2 more problems)"
    long = await check({"rules": [rule("input", "x" * 900)]}, False)
    assert isinstance(long, Failed)
    assert len(long.error.message) < 500


async def test_the_data_is_what_the_step_says_and_the_rules_see_everything() -> None:
    config = {"data": "input.order", "schema": SCHEMA, "rules": [rule("input.ready")]}

    assert await check(config, {"order": {"sku": "a"}, "ready": True}) == VALID
    assert problems(await check(config, {"order": {}, "ready": True})) == [
        {"path": [], "message": '"sku" is a required property.'}
    ]


async def test_null_is_data_too() -> None:
    config = {"data": "input.order", "schema": {"type": "object"}}

    assert problems(await check(config, {"order": None})) == [{"path": [], "message": 'null is not of type "object".'}]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("input.lines", "The rule gave neither true nor false."),
        ("input.nothing", "`input.nothing` yields nothing: `input` has no `nothing`."),
        ("input.lines[0] + true", "`input.lines[0] + true` failed: "),
    ],
)
async def test_a_rule_that_does_not_answer_is_not_met(expression: str, reason: str) -> None:
    [problem] = problems(await check({"rules": [rule(expression)]}, {"lines": [1]}))

    assert problem["message"].startswith(f"It is wrong. ({reason}")


async def test_a_message_may_be_nothing_but_an_expression() -> None:
    assert problems(await check({"rules": [rule("input.ok", "{{ input.limits }}")]}, {"ok": False, "limits": [1]})) == [
        {"path": [], "message": "[1]"}
    ]


async def test_a_message_has_a_bounded_length() -> None:
    outcome = await check({"rules": [rule("input.ok", "{{ input.text }}")]}, {"ok": False, "text": "a" * 100_000})

    assert len(problems(outcome)[0]["message"]) == 1_000


async def test_a_hundred_problems_of_a_schema_are_enough() -> None:
    evaluator = Evaluator(SchemaSandbox())
    assert len(problems(await check({"schema": SCHEMA}, {"sku": "a", "lines": ["a"] * 1000}, evaluator))) == 100


SOURCE = "$reduce(input.lines, function($a, $b) { $a + $b }) = 3"


@pytest.mark.parametrize(("answer", "is_valid"), [(True, True), (False, False), ("yes", False)])
async def test_a_rule_may_need_the_sandbox(answer: JsonValue, is_valid: bool) -> None:
    sandbox = AnsweringSandbox(lambda _, __: answer)
    config = {"rules": [rule("input.ok"), rule(SOURCE)]}
    outcome = await check(config, {"ok": True, "lines": [1, 2]}, Evaluator(sandbox))

    assert (outcome == VALID) is is_valid
    assert sandbox.asked == [(SOURCE, EXECUTION)]


async def test_a_rule_that_the_sandbox_gives_up_is_not_met() -> None:
    def give_up(source: str, _: Mapping[str, JsonValue]) -> JsonValue:
        raise compile_expression(source).too_costly("it took too long.")

    outcome = await check({"rules": [rule(SOURCE)]}, {"lines": []}, Evaluator(AnsweringSandbox(give_up)))

    assert problems(outcome)[0]["message"] == f"It is wrong. (`{SOURCE}` costs too much: it took too long.)"


async def test_a_sandbox_that_does_not_work_is_worth_another_try() -> None:
    def fail(_: str, __: Mapping[str, JsonValue]) -> JsonValue:
        raise Unavailable("The sandbox does not start.")

    outcome = await check({"rules": [rule(SOURCE)]}, {"lines": []}, Evaluator(AnsweringSandbox(fail)))

    assert isinstance(outcome, Failed)
    assert outcome.error.is_retryable
