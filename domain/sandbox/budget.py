"""Budgets for the sandbox: the number of calls and the time that one request may use."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from domain.kernel.errors import LimitExceeded, Problem
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonText, JsonValue
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse
from domain.sandbox.written import WrittenParts

Answer = TypeVar("Answer")

NO_KEY = UUID(int=0)
"""The owner of trials where no keys are asked for."""


@dataclass(slots=True)
class SandboxBudget:
    """The calls and the time of the sandbox that one request may use, and how many expressions and tests it may try.

    `work_here`: characters of expressions times bytes of their data that are evaluated outside of it, in all.
    """

    calls: int = 100
    time: timedelta = timedelta(seconds=10)
    evaluations: int = 50
    tests: int = 5
    previews: int = 5
    work_here: int = 8_000_000
    _used: float = field(default=0.0, init=False)
    _called: int = field(default=0, init=False)
    _evaluated: int = field(default=0, init=False)

    def spend_evaluation(self) -> None:
        """Spend one trial of an expression, wherever it is evaluated. Raises `LimitExceeded`."""
        self._evaluated += 1
        if self._evaluated > self.evaluations:
            raise LimitExceeded(
                f"One request may try {self.evaluations:,} expressions (STEPGRAPH_MAX_EVALUATIONS): "
                "send the rest in another one."
            )

    def spend_preview(self) -> None:
        """Spend one look at the times of a schedule, which may take ten milliseconds. Raises `LimitExceeded`."""
        if self.previews == 0:
            raise LimitExceeded("One request may preview 5 schedules: send the rest in another one.")
        self.previews -= 1

    def spend_test(self) -> None:
        """Spend one test of a workflow. Raises `LimitExceeded`."""
        if self.tests == 0:
            raise LimitExceeded("One request may test 5 workflows: send the rest in another one.")
        self.tests -= 1

    def spend_here(self, work: int) -> bool:
        """Spend `work` outside of the sandbox; False, and nothing is spent, where too little is left."""
        if work > self.work_here:
            return False
        self.work_here -= work
        return True

    def spend_call(self) -> None:
        """Spend one call. Raises `LimitExceeded` where calls or time are used up."""
        self._called += 1
        if self._called > self.calls:
            raise LimitExceeded(
                f"One request may evaluate {self.calls:,} times in the sandbox (STEPGRAPH_MAX_SANDBOX_CALLS): "
                "send the rest in another one."
            )
        if self._used >= self.time.total_seconds():
            raise LimitExceeded(
                f"One request may use {self.time.total_seconds():g} s of the sandbox "
                "(STEPGRAPH_MAX_SANDBOX_TIME): send the rest in another one, or try what is cheaper."
            )

    async def timed(self, work: Awaitable[Answer]) -> Answer:
        """The answer; the time that it took is taken off the budget."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await work
        finally:
            self._used += loop.time() - began


class BudgetedSandbox:
    """A `domain.sandbox.ports.Sandbox` with a budget: once that is used up it raises `LimitExceeded`."""

    def __init__(self, sandbox: Sandbox, budget: SandboxBudget) -> None:
        self._sandbox = sandbox
        self._budget = budget

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
        """The port's `evaluate`, on the budget."""
        self._budget.spend_call()
        return await self._budget.timed(self._sandbox.evaluate(source, data, now=now, seed=seed, owner=owner, use=use))

    async def evaluate_text(
        self,
        source: str,
        data: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
        use: SandboxUse = SandboxUse.EXECUTION,
    ) -> JsonText:
        """See the port."""
        self._budget.spend_call()
        evaluating = self._sandbox.evaluate_text(source, data, now=now, seed=seed, owner=owner, use=use)
        return await self._budget.timed(evaluating)

    async def schema_problems(
        self, schema: JsonValue, value: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The port's `schema_problems`, on the budget."""
        self._budget.spend_call()
        return await self._budget.timed(self._sandbox.schema_problems(schema, value, owner=owner, use=use))

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """The port's `schema_faults`, on the budget."""
        self._budget.spend_call()
        return await self._budget.timed(self._sandbox.schema_faults(schema, owner=owner, use=use))


@dataclass(frozen=True, slots=True)
class TriedContext:
    """A context of expressions: its size in bytes, what makes it unusable, if anything, and the texts of its parts."""

    value: JsonValue
    size: int
    problem: str | None
    parts: WrittenParts = field(default_factory=WrittenParts)


@dataclass(frozen=True, slots=True)
class Trial:
    """The one for whom something is tried: the owner of a share, and the budget of the request."""

    owner: UUID = field(default_factory=new_id)
    budget: SandboxBudget = field(default_factory=SandboxBudget)
    contexts: dict[int, TriedContext] = field(default_factory=dict)
    """Contexts that were looked at already, by their identities: one may be that of every expression of a request."""

    def budgeted(self, sandbox: Sandbox | None) -> Sandbox | None:
        """The sandbox as this trial may use it."""
        return None if sandbox is None else BudgetedSandbox(sandbox, self.budget)
