"""Data that many expressions read in the sandbox are written as JSON once, and sent a few times at a time."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.expressions.evaluator import Evaluator
from domain.expressions.service import EvaluationService
from domain.expressions.templates import compile_template
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.sandbox.budget import SandboxBudget, Trial
from domain.sandbox.shares import SandboxUse
from tests.clocks import ManualClock
from tests.costs import least_seconds_awaited
from tests.sandboxes import AnsweringSandbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class WritingSandbox(AnsweringSandbox):
    """Writes the data of each expression, as one that has children does; `reads`: keeps what a child would read."""

    def __init__(self, *, reads: bool = False) -> None:
        super().__init__(self._written)
        self._reads = reads
        self.read: list[JsonValue] = []
        self.waiting = self.most_waiting = 0

    async def evaluate(
        self,
        source: str,
        data: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
        use: SandboxUse = SandboxUse.EXECUTION,
    ) -> JsonValue:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await super().evaluate(source, data, now=now, seed=seed, owner=owner, use=use)

    def _written(self, source: str, data: Mapping[str, JsonValue]) -> JsonValue:
        text = dumps(data)
        if self._reads:
            self.read.append(loads(text))
        return len(text)


async def test_a_context_that_many_expressions_are_tried_on_is_written_once() -> None:
    context: JsonValue = {"n": [0] * 300_000}
    once = await least_seconds_awaited(lambda: _written(context), enough=0)

    async def tried() -> None:
        service, trial = EvaluationService(clock=ManualClock(), sandbox=WritingSandbox()), Trial()
        for number in range(50):
            await service.evaluate(f"$distinct(n.b{number})", context, trial)

    assert await least_seconds_awaited(tried, enough=25 * once) < 25 * once


@pytest.mark.parametrize("source", ["$distinct(n.b).c", "[$$, 1..2]", "$distinct(o.p)", "$distinct(o.p.q[0].r) + 1"])
async def test_what_is_written_once_is_what_the_expression_reads(source: str) -> None:
    context: dict[str, JsonValue] = {"n": [{"b": 1}, 10**30, "é"], "o": {"p": {"q": [{"r": None}]}, "x": 1}, "x": {}}
    plain, written = WritingSandbox(reads=True), WritingSandbox(reads=True)
    await Evaluator(plain).render(compile_template(f"{{{{ {source} }}}}"), context, now=NOW, seed=1, owner=new_id())
    trial = Trial(budget=SandboxBudget())
    service = EvaluationService(clock=ManualClock(), sandbox=written)
    for _ in range(2):
        assert (await service.evaluate(source, context, trial)).error is None
    assert written.read == [*plain.read, *plain.read]
    assert [*map(dumps, written.read)] == [*map(dumps, [*plain.read, *plain.read])]


async def test_what_a_rendering_needs_of_the_sandbox_is_written_once_and_asked_for_a_few_at_a_time() -> None:
    scope: dict[str, JsonValue] = {"n": [0] * 300_000}
    once = await least_seconds_awaited(lambda: _written(scope), enough=0)
    template = compile_template([f"{{{{ $distinct(n.b{number}) }}}}" for number in range(50)])
    sandbox = WritingSandbox()

    async def rendered() -> None:
        await Evaluator(sandbox).render(template, scope, now=NOW, seed=1, owner=new_id())

    assert await least_seconds_awaited(rendered, enough=25 * once) < 25 * once
    assert sandbox.most_waiting <= 4


async def _written(value: JsonValue) -> str:
    return dumps(value)
