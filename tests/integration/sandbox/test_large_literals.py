"""Literals beyond 2^53 with a point or an exponent: the same in this process and in the sandbox's children."""

from datetime import UTC, datetime
from typing import Any

from actors.sandbox.pool import SandboxOptions, SandboxPool
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import Tier, compile_expression
from domain.kernel.ids import new_id

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SOURCES: dict[str, Any] = {
    "input.total >= 1e16": True,
    "input.total < 1e16": False,
    "input.total = 1e16": True,
    "input.total = 10000000000000000.0": True,
    "input.total in [1e16]": True,
    "9007199254740993.0": 9007199254740993,
    "9007199254740993e0": 9007199254740993,
    "12345678901234567890.0": 12345678901234567890,
    "$string(12345678901234567890.0)": "12345678901234567890",
    "$string(1e19)": "10000000000000000000",
    "$string(1e22)": "1e+22",
}


async def test_a_literal_is_the_same_integer_in_every_tier() -> None:
    scope = {"input": {"total": 10**16}}
    async with SandboxPool(SandboxOptions(children=1)) as pool:
        for source, expected in SOURCES.items():
            here = compile_expression(source)
            there = compile_expression(f"($unused := 1; {source})")
            assert (here.tier, there.tier) == (Tier.SAFE, Tier.SANDBOX)
            for expression in (here, there):
                value = await Evaluator(pool).evaluate(expression, scope, now=NOW, seed=1, owner=new_id())
                assert (expression.source, value) == (expression.source, expected)
            asked = await pool.evaluate(source, scope, now=NOW, seed=1, owner=new_id())
            assert (source, asked) == (source, expected)
