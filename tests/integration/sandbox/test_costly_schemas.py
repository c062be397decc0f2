"""Schemas that cost more than their size tells, checked by the real sandbox: decided, or refused in time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from actors.sandbox.pool import SandboxOptions, SandboxPool
from actors.steps.validation import ValidationExecutor
from domain.executions.step_executor import Failed, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.json_schemas.checks import SchemaChecks
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.sandbox.shares import SandboxUse, SchemaTooCostly
from tests.builders import step
from tests.calls import a_call, run
from tests.costly_schemas import ENDLESS, UNKNOWN
from tests.costs import least_seconds_awaited
from tests.waiting import wait_until

MEBIBYTE = 2**20


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    async with SandboxPool(SandboxOptions(children=1)) as pool:
        yield pool


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_cannot_be_decided_is_refused_and_costs_this_process_nothing(pool: SandboxPool, name: str) -> None:
    (schema, value), is_finite = ENDLESS[name], name in ("many patterns", "many patterns of names")
    resident, took = psutil.Process().memory_info().rss, []

    async def check() -> None:
        began = time.monotonic()
        # Of a schema that is large and ends, a fast machine may see the end.
        with suppress(SchemaTooCostly) if is_finite else pytest.raises(SchemaTooCostly):
            await SchemaChecks(pool).problems(JsonSchema(schema), value, owner=new_id())
        took.append(time.monotonic() - began)

    assert await least_seconds_awaited(check, enough=0.5) < 0.5
    assert min(took) < 10  # two seconds, and a machine that has other things to do
    assert psutil.Process().memory_info().rss - resident < 20 * MEBIBYTE


@pytest.mark.parametrize(("schema", "value"), UNKNOWN.values(), ids=UNKNOWN)
async def test_what_can_be_decided_is_although_nobody_knew(pool: SandboxPool, schema: Any, value: Any) -> None:
    checks = SchemaChecks(pool, SandboxUse.TRIAL)
    assert await checks.faults(schema, owner=new_id()) == []
    assert await checks.problems(JsonSchema(schema), value, owner=new_id()) == []


async def test_faults_come_back_with_their_places(pool: SandboxPool) -> None:
    schema: Any = {"properties": {"n": {"$ref": "#"}, "v": {"pattern": "^a+$"}}}
    [problem] = await SchemaChecks(pool).problems(JsonSchema(schema), {"n": {"n": {"v": "b"}}}, owner=new_id())
    assert (problem.path, problem.message) == (("n", "n", "v"), '"b" does not match "^a+$".')


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"pattern": "("}, ("pattern",)),
        ({"properties": {"a": {"pattern": "x" * 1_001}}}, ("properties", "a", "pattern")),
        ({"patternProperties": {"y" * 1_001: True}}, ("patternProperties", "y" * 1_001)),
        ({"allOf": [{"pattern": "a"}] * 501}, ()),
        ({"$ref": "http://127.0.0.1:1/schema.json"}, ()),
        ({"$ref": "file:///etc/passwd"}, ()),
        ({"$ref": "#/nowhere"}, ()),
    ],
)
async def test_what_is_no_schema_or_none_that_is_allowed_says_where(
    pool: SandboxPool, schema: Any, path: tuple[str, ...]
) -> None:
    checks = SchemaChecks(pool)
    [fault] = await checks.faults(schema, owner=new_id())
    assert fault.path == path
    with pytest.raises(InvalidSchema):
        await checks.problems(JsonSchema(schema), 1, owner=new_id())


async def test_a_large_value_that_is_wrong_everywhere_is_told_of_without_its_faults_being_made_here(
    pool: SandboxPool,
) -> None:
    schema = JsonSchema({"items": {"required": [f"a{i}" for i in range(100)]}})
    resident = psutil.Process().memory_info().rss

    async def check() -> None:
        [problem] = await SchemaChecks(pool).problems(schema, [{}] * 30_000, owner=new_id())
        assert problem.path == ("0",)

    assert await least_seconds_awaited(check, enough=0.5) < 0.5
    assert psutil.Process().memory_info().rss - resident < 20 * MEBIBYTE


async def test_the_memory_that_patterns_took_is_given_back(pool: SandboxPool) -> None:
    schema = {"allOf": [{"pattern": f"^\\p{{L}}{{1,15}}{i}$"} for i in range(60)]}
    for i in range(4):
        await SchemaChecks(pool).faults({**schema, "title": str(i)}, owner=new_id())
    await wait_until(lambda: len(pool.pids) == 1, "a child is ready", timeout=10)
    [pid] = pool.pids
    assert psutil.Process(pid).memory_info().rss < 128 * MEBIBYTE


async def test_executions_do_not_wait_for_what_a_key_tries_out() -> None:
    schema, value = ENDLESS["a chain of pairs"]
    async with SandboxPool() as pool:
        trials = [
            asyncio.ensure_future(pool.schema_problems(schema, value, owner=new_id(), use=SandboxUse.TRIAL))
            for _ in range(4)
        ]
        await pool.schema_faults(True, owner=new_id())  # a child is there
        for use in (SandboxUse.EXECUTION, SandboxUse.HOOK) * 5:
            assert await pool.schema_problems({"pattern": "a"}, "a", owner=new_id(), use=use) == []
        assert not all(trial.done() for trial in trials)  # which takes two seconds each, one after the other
        for trial in trials:
            trial.cancel()
        await asyncio.gather(*trials, return_exceptions=True)


async def test_a_step_whose_data_nobody_can_check_fails_and_its_worker_goes_on(pool: SandboxPool) -> None:
    schema, value = ENDLESS["alternatives that both lead back"]
    executor = ValidationExecutor(Evaluator(pool))
    integer = step("b", "VALIDATION", {"schema": {"type": "integer"}})

    async def check_both() -> None:
        endless = asyncio.ensure_future(
            run(executor, a_call(step("a", "VALIDATION", {"schema": schema}), scope={"input": value}))
        )
        await asyncio.sleep(0)
        assert await run(executor, a_call(integer, scope={"input": 1})) == Succeeded(output={"valid": True})
        assert not endless.done()

        outcome = await endless
        assert isinstance(outcome, Failed)
        assert outcome.error.code is FailureCode.SCHEMA_LIMIT
        assert not outcome.error.is_retryable
        assert "Give less at once, or make the schema simpler." in outcome.error.message

    assert await least_seconds_awaited(check_both, enough=0.5) < 0.5
