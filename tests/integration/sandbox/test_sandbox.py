"""The sandbox on real processes: what it evaluates, what it survives, and what it leaves behind."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import psutil
import pytest

from actors.sandbox.pool import SandboxOptions, SandboxPool
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, Tier, YieldsNothing, compile_expression
from domain.expressions.service import EvaluationService
from domain.expressions.templates import compile_template
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue, dumps, loads
from tests.clocks import ManualClock
from tests.integration.hostile_expressions import KNOWN, OWN
from tests.waiting import wait_until

NOW = datetime(2026, 1, 31, 8, 0, 0, 123_456, tzinfo=UTC)
HANGS = "$distinct([1..99999])"
MAX_SECONDS = 20.0  # the deadline is a second or two, and the machine may be busy
MAX_GROWTH = 64 * 1024  # KiB, for results of up to 4 MiB
SCOPE: Mapping[str, JsonValue] = {
    "input": {
        "orders": [{"id": 1, "price": 2.5}, {"id": 2, "price": 40}],
        "none": None,
        "large": 9_007_199_254_740_993,
        "name": "Ann",
    },
    "vars": {"limit": 5},
    "secrets": {"token": "s3cret"},
}


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    async with SandboxPool() as pool:
        yield pool


async def evaluate(
    pool: SandboxPool, source: str, scope: Mapping[str, JsonValue] = SCOPE, owner: UUID | None = None
) -> JsonValue:
    expression = compile_expression(source)
    return await pool.evaluate(
        expression.source, expression.pruned(scope), now=NOW, seed=7, owner=new_id() if owner is None else owner
    )


async def failure(evaluation: Awaitable[JsonValue]) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        await evaluation
    return caught.value


def opened_by(pid: int) -> list[str]:
    """The kinds of files that a process has open."""
    return [each.readlink().name.partition(":")[0] for each in Path(f"/proc/{pid}/fd").iterdir()]


class TestEvaluation:
    @pytest.mark.parametrize(
        ("source", "value"),
        [
            ("[1..3]", [1, 2, 3]),
            ("$map(input.orders, function($o) { $o.price * 2 })", [5, 80]),
            ("input.orders^(>price).id", [2, 1]),
            ("vars.*", 5),
            ("($x := input.none; $x)", None),
            ("($x := 2; {'a': [$x, $x / 4], 'é': 'ü'})", {"a": [2, 0.5], "é": "ü"}),
            ("$keys($$)", ["input", "vars"]),
            ("[1..3] ~> $sum", 6),
            ("'ab' ~> /b/ ? 1 : 2", 1),
            ("$pad('', 1000000, 'x') ~> $length", 1_000_000),
        ],
    )
    async def test_it_gives_what_the_language_says(self, pool: SandboxPool, source: str, value: JsonValue) -> None:
        assert await evaluate(pool, source) == value

    async def test_its_text_is_that_of_the_value(self, pool: SandboxPool) -> None:
        source = "$zip([1..5000], [1..5000])"
        text = await pool.evaluate_text(source, {}, now=NOW, seed=7, owner=new_id())
        assert loads(text.text) == await evaluate(pool, source)
        with pytest.raises(YieldsNothing):
            await pool.evaluate_text("none[0 = [1..2][0]]", {}, now=NOW, seed=7, owner=new_id())

    async def test_time_and_randomness_are_those_of_the_step(self, pool: SandboxPool) -> None:
        source = "($f := function() { [$now(), $millis(), $random()] }; $f())"
        once, again = await evaluate(pool, source), await evaluate(pool, source)

        assert once == again
        assert isinstance(once, list) and once[:2] == ["2026-01-31T08:00:00.123Z", 1769846400123]
        safe = compile_expression("$random()").evaluate({}, now=NOW, seed=7)
        assert once[2] == safe

    async def test_failures_are_told_as_in_the_process(self, pool: SandboxPool) -> None:
        for wrong in ("input.name > 3", "input.nam", "input.none.x", "-input", "input.large + 0"):
            with pytest.raises(ExpressionError) as caught:
                compile_expression(wrong if wrong != "input.nam" else "(input.nam)").evaluate(SCOPE, now=NOW, seed=7)
            told = await failure(evaluate(pool, f"($x := 1; {wrong})"))

            assert told.code is caught.value.code
            assert type(told) is type(caught.value)
            assert str(told).partition("` ")[2] == str(caught.value).partition("` ")[2]

    async def test_large_integers_are_passed_on_as_they_are(self, pool: SandboxPool) -> None:
        exact: Mapping[str, JsonValue] = {"a": [2**53 + 1, 2**64, 2**70 + 1, 123_456_789]}
        assert await evaluate(pool, "$map(a, function($x) { $x })", exact) == exact["a"]

    async def test_large_integers_are_not_computed_with(self, pool: SandboxPool) -> None:
        for source in ("$map(a, function($x) { $x + 1 })", "($x := $power(2, 67); $x)"):
            with pytest.raises(ExpressionError, match="would be rounded"):
                await evaluate(pool, source, {"a": [2**53 + 1]})

    async def test_nothing_names_what_is_missing(self, pool: SandboxPool) -> None:
        told = await failure(evaluate(pool, "($x := 1; input.ordrs[id = $x])"))
        assert isinstance(told, YieldsNothing)
        assert str(told).endswith("yields nothing: `input` has no `ordrs`.")

    async def test_a_child_knows_no_secret_no_environment_and_no_file(self, pool: SandboxPool) -> None:
        assert "s3cret" not in str(await evaluate(pool, "($f := function($x) { $string($x) }; $f($$))"))
        await wait_until(lambda: len(pool.pids) == 2, "all children are ready")
        for pid in pool.pids:
            opened = opened_by(pid)
            assert psutil.Process(pid).environ() == {}
            assert sorted(opened) == ["null", "null", "socket", "statm"]

    async def test_data_of_more_than_4_mib_are_refused_unless_little_of_them_is_read(self, pool: SandboxPool) -> None:
        scope: Mapping[str, JsonValue] = {"rows": [{"id": i, "text": "x" * 1000} for i in range(5_000)]}

        assert await evaluate(pool, "$sum($map(rows.id, function($x) { $x }))", scope) == 12_497_500
        told = await failure(evaluate(pool, "$count($map(rows, function($x) { $x }))", scope))
        assert told.code is FailureCode.EXPRESSION_LIMIT
        assert "bytes of data; 4,194,304 are allowed" in str(told)

    async def test_an_evaluator_uses_it_for_what_needs_it_and_renders_the_rest_itself(self, pool: SandboxPool) -> None:
        evaluator = Evaluator(pool)
        template = compile_template(
            {
                "sum": "{{ $sum([1..3]) }}",
                "text": "{{ input.name }}: {{ [1..2] }}",
                "plain": "{{ input.name }}",
                "a": [1],
            }
        )

        assert [each.source for each in template.sandboxed] == ["$sum([1..3])", "[1..2]"]
        rendered = await evaluator.render(template, SCOPE, now=NOW, seed=7, owner=new_id())
        assert rendered == {"sum": 6, "text": "Ann: [1,2]", "plain": "Ann", "a": [1]}
        condition = compile_expression("input.orders[id in [1..9]].id = [1, 2]")
        assert await evaluator.is_true(condition, SCOPE, now=NOW, seed=7, owner=new_id())

    async def test_what_is_too_costly_for_the_process_gets_a_second_chance(self, pool: SandboxPool) -> None:
        evaluator = Evaluator(pool)
        scope: Mapping[str, JsonValue] = {"rows": [{"id": i} for i in range(50_000)]}
        for source in ("rows.id", "[rows[id >= 0].id]"):
            expression = compile_expression(source)
            assert expression.tier is not Tier.SANDBOX
            with pytest.raises(ExpressionError, match="costs too much"):
                expression.evaluate(scope, now=NOW, seed=1)
            assert await evaluator.evaluate(expression, scope, now=NOW, seed=1, owner=new_id()) == list(range(50_000))
            rendered = await evaluator.render(
                compile_template({"ids": f"{{{{ {source} }}}}"}), scope, now=NOW, seed=1, owner=new_id()
            )
            assert rendered == {"ids": list(range(50_000))}

    async def test_the_evaluate_query_gives_what_a_worker_gives(self, pool: SandboxPool) -> None:
        service = EvaluationService(clock=ManualClock(), sandbox=pool)

        doubled = (await service.evaluate("$map([1..3], function($x) { $x * 2 })", {})).value
        assert dumps(doubled) == "[2,4,6]"
        assert "would be rounded" in str((await service.evaluate("[1..2].($$.a + 1)", {"a": 2**53 + 1})).error)
        assert "costs too much" in str((await service.evaluate(HANGS, {})).error)


class TestContainment:
    async def test_hostile_expressions_end_in_time_and_harm_nobody(self) -> None:
        hostile = {**KNOWN, **OWN}
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        latencies: list[float] = []
        outcomes: set[str] = set()

        async def attack(names: list[str], owner: UUID) -> None:
            for name in names:
                started = time.monotonic()
                with contextlib.suppress(ExpressionError):
                    await evaluate(shared, hostile[name], owner=owner)
                assert time.monotonic() - started < MAX_SECONDS, name
                outcomes.add(name)

        async def neighbour(owner: UUID) -> None:
            while True:
                started = time.monotonic()
                assert await evaluate(shared, "$sum([1..9])", owner=owner) == 45
                latencies.append(time.monotonic() - started)
                await asyncio.sleep(0.01)

        async with SandboxPool(SandboxOptions(children=4, deadline=timedelta(seconds=1))) as shared:
            await evaluate(shared, "[1]")
            beside = asyncio.create_task(neighbour(new_id()))
            names = list(hostile)
            await asyncio.gather(*(attack(names[start::2], new_id()) for start in range(2)))
            beside.cancel()
            await wait_until(lambda: len(shared.pids) == 4, "the pool is whole", timeout=10)
            values = await asyncio.gather(*(evaluate(shared, f"[1..{n}]") for n in range(2, 20)))

        assert [len(value) for value in values if isinstance(value, list)] == list(range(2, 20))
        assert outcomes == set(hostile)
        # Whoever had to wait for an attack to end would wait a second each time.
        assert quantiles(latencies, n=4)[0] < 0.5
        assert max(latencies) < MAX_SECONDS
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < MAX_GROWTH
