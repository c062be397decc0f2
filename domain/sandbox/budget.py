"""Budgets for the sandbox: how often, and for how long, one request may use it."""

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

Answer = TypeVar("Answer")

NO_KEY = UUID(int=0)
"""The owner of what is tried where no keys are asked for."""


@dataclass(slots=True)
class SandboxBudget:
    """How often one request may use the sandbox, and for how long in all; and how many expressions it may try.

    `work_here`: characters of expressions times bytes of their data that are evaluated outside of it, in all.
    """

    calls: int = 100
    time: timedelta = timedelta(seconds=10)
    evaluations: int = 50
    work_here: int = 8_000_000
    _used: float = field(default=0.0, init=False)
    _called: int = field(default=0, init=False)
    _evaluated: int = field(default=0, init=False)

    def spend_evaluation(self) -> None:
        """Take one expression that is tried out, wherever it is evaluated. Raises `LimitExceeded`."""
        self._evaluated += 1
        if self._evaluated > self.evaluations:
            raise LimitExceeded(
                f"One request may try {self.evaluations:,} expressions (STEPGRAPH_MAX_EVALUATIONS): "
                "send the rest in another one."
            )

    def spend_here(self, work: int) -> bool:
        """Whether so much may be evaluated outside of the sandbox; it is taken off then."""
        if work > self.work_here:
            return False
        self.work_here -= work
        return True

    def spend_call(self) -> None:
        """Take one call. Raises `LimitExceeded` where calls or time are used up."""
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
    """A `domain.sandbox.ports.Sandbox` that ends with a budget: then it raises `LimitExceeded`."""

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
        """See the port."""
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
        """See the port."""
        self._budget.spend_call()
        return await self._budget.timed(self._sandbox.schema_problems(schema, value, owner=owner, use=use))

    async def schema_faults(
        self, schema: JsonValue, *, owner: UUID, use: SandboxUse = SandboxUse.EXECUTION
    ) -> list[Problem]:
        """See the port."""
        self._budget.spend_call()
        return await self._budget.timed(self._sandbox.schema_faults(schema, owner=owner, use=use))


@dataclass(frozen=True, slots=True)
class Trial:
    """On whose behalf something is tried: the owner of a share, and the budget of the request."""

    owner: UUID = field(default_factory=new_id)
    budget: SandboxBudget = field(default_factory=SandboxBudget)

    def budgeted(self, sandbox: Sandbox | None) -> Sandbox | None:
        """The sandbox as this trial may use it."""
        return None if sandbox is None else BudgetedSandbox(sandbox, self.budget)
