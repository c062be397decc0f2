"""A process that serves others computes only so much of what one request asks for: the rest is for the sandbox."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.expressions.evaluator import MAX_WORK, Evaluator
from domain.expressions.expression import compile_expression
from domain.expressions.service import EvaluationService
from domain.json_schemas.checks import SchemaChecks
from domain.json_schemas.schema import JsonSchema
from domain.kernel.json.text import JsonValue
from domain.sandbox.budget import SandboxBudget, Trial, TriedContext
from tests.clocks import ManualClock
from tests.costs import least_seconds_awaited
from tests.sandboxes import AnsweringSandbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Trial().owner
FEW: JsonValue = {"x": ["ab"] * 100}
MANY: JsonValue = {"x": ["ab"] * (MAX_WORK // 60)}
SCHEMA = JsonSchema({"items": {"type": "string", "minLength": 1}})


def sandbox() -> AnsweringSandbox:
    return AnsweringSandbox(lambda source, data: "from the sandbox")


async def value(evaluator: Evaluator, source: str, data: JsonValue) -> JsonValue:
    assert isinstance(data, dict)
    return await evaluator.evaluate(compile_expression(source), data, now=NOW, seed=1, owner=OWNER)


@pytest.mark.parametrize("evaluator", [Evaluator.of_hooks(sandbox()), Evaluator.of_trial(Trial(), sandbox())])
async def test_what_is_small_is_evaluated_here_and_what_is_large_in_the_sandbox(evaluator: Evaluator) -> None:
    source = "$count(x) + 0 + 0 + 0 + 0 + 0"
    assert await value(evaluator, source, FEW) == 100
    assert await value(evaluator, source, MANY) == "from the sandbox"


async def test_a_path_is_looked_up_here_however_large_the_data_is() -> None:
    assert await value(Evaluator.of_hooks(sandbox()), "x[0]", MANY) == "ab"


async def test_a_worker_evaluates_here_what_needs_no_sandbox() -> None:
    assert await value(Evaluator(sandbox()), "$count(x) + 0 + 0 + 0 + 0 + 0", MANY) == MAX_WORK // 60


async def test_without_a_sandbox_everything_is_evaluated_here() -> None:
    assert await value(Evaluator.of_hooks(None), "$count(x) + 0 + 0 + 0 + 0 + 0", MANY) == MAX_WORK // 60


async def test_what_one_request_tries_is_summed_up() -> None:
    source = "$count(x)"
    once = len(source) * len('{"x":[' + ",".join(['"ab"'] * 100) + "]}")
    trial, asked = Trial(budget=SandboxBudget(work_here=3 * once)), sandbox()

    found = [await value(Evaluator.of_trial(trial, asked), source, FEW) for _ in range(5)]

    assert found == [100, 100, 100, "from the sandbox", "from the sandbox"]


async def test_many_paths_on_one_context_are_counted_too() -> None:
    size = len('{"x":[' + ",".join(['"ab"'] * 100) + "]}")
    trial, asked = Trial(budget=SandboxBudget(work_here=3 * 4 * size)), sandbox()

    found = [
        await value(Evaluator.of_trial(trial, asked, context=TriedContext(FEW, size, None)), "x[0]", FEW)
        for _ in range(5)
    ]

    assert found == ["ab", "ab", "ab", "from the sandbox", "from the sandbox"]


async def test_fifty_paths_on_one_large_context_cost_little_more_than_a_few() -> None:
    context: JsonValue = {"n": [0] * 450_000}
    service = EvaluationService(clock=ManualClock(), sandbox=sandbox())

    async def tried() -> None:
        trial = Trial()
        for number in range(50):
            await service.evaluate(f"n.b{number}", context, trial)

    assert await least_seconds_awaited(tried, enough=0.5) < 0.5


async def test_values_are_checked_here_up_to_what_one_request_may_have_of_it() -> None:
    asked, given = sandbox(), ["ab"] * 100
    work = SCHEMA.work_here(given)
    assert work is not None
    checks = SchemaChecks(asked, most_here=2 * work)

    found = [await checks.problems(SCHEMA, given, owner=OWNER) for _ in range(5)]

    assert found == [[]] * 5
    assert len(asked.checked) == 3


async def test_without_a_bound_or_a_sandbox_all_values_are_checked_here() -> None:
    asked = sandbox()
    for checks in (SchemaChecks(asked), SchemaChecks(None, most_here=1)):
        assert [await checks.problems(SCHEMA, ["ab"] * 100, owner=OWNER) for _ in range(5)] == [[]] * 5
    assert asked.checked == []


async def test_between_two_values_that_are_checked_here_others_are_served() -> None:
    checks, served = SchemaChecks(), [0]
    turns: list[int] = []

    async def check() -> None:
        await checks.problems(SCHEMA, ["ab"] * 5_000, owner=OWNER)
        turns.append(served[0])

    async def serve() -> None:
        while len(turns) < 20:
            served[0] += 1
            await asyncio.sleep(0)

    await asyncio.gather(serve(), *(check() for _ in range(20)))
    assert len(set(turns)) > 10
