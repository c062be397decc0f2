"""The workloads that all are measured by, in the sizes of docs/performance.md, and what measures them."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """The work of an execution."""

    CALLS = "calls"
    ITEMS = "items"
    SLOW = "slow"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerWorkload:
    """Executions of one kind, `steps` each, all at once or one at a time."""

    name: str
    title: str
    kind: Kind
    executions: int
    steps: int
    one_by_one: bool = False
    is_rate: bool = False
    """True when the figure is steps/s, so that fewer executions give the same one."""

    def scaled(self, share: float) -> "PeerWorkload":
        """The workload with a share of its executions, or of its one execution's items."""
        is_loop = self.kind is Kind.ITEMS
        return PeerWorkload(
            name=self.name,
            title=self.title,
            kind=self.kind,
            executions=self.executions if is_loop else max(int(self.executions * share), 2),
            steps=max(int(self.steps * share), 1) if is_loop else self.steps,
            one_by_one=self.one_by_one,
            is_rate=self.is_rate,
        )

    def figures(self, seconds: Sequence[float]) -> dict[str, float]:
        """The figures of a round: of `seconds` of each execution, or of the only one until all had ended."""
        if self.one_by_one:
            percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
            return {"p50 ms": percentiles[49] * 1000, "p99 ms": percentiles[98] * 1000}
        if self.is_rate:
            return {"steps/s": self.executions * self.steps / seconds[0]}
        return {"seconds": seconds[0]}


class Contender(Protocol):
    """One of those that are measured."""

    @property
    def name(self) -> str:
        """The name in tables."""

    @property
    def share(self) -> float:
        """The part of the executions that it gets, of those workloads that smaller numbers hardly change."""

    async def measure(self, workload: PeerWorkload) -> Sequence[float]:
        """Carry out a round. Seconds of each execution when they go one by one, else one number for all of them.

        Raises `RuntimeError` when anything did not complete.
        """


WORKLOADS: Sequence[PeerWorkload] = (
    PeerWorkload(
        name="W1",
        title="one execution at a time, one HTTP step",
        kind=Kind.CALLS,
        executions=200,
        steps=1,
        one_by_one=True,
    ),
    PeerWorkload(
        name="W2",
        title="500 executions of 10 HTTP steps in sequence",
        kind=Kind.CALLS,
        executions=500,
        steps=10,
        is_rate=True,
    ),
    PeerWorkload(
        name="W3",
        title="one execution, 1,000 HTTP items, 200 at a time",
        kind=Kind.ITEMS,
        executions=1,
        steps=1000,
    ),
    PeerWorkload(
        name="W4",
        title="1,000 executions of one HTTP call that takes 1 s",
        kind=Kind.SLOW,
        executions=1000,
        steps=1,
    ),
    PeerWorkload(
        name="W5",
        title="1,000 executions of 10 steps without I/O",
        kind=Kind.COUNTS,
        executions=1000,
        steps=10,
        is_rate=True,
    ),
)
