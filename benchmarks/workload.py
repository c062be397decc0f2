"""The forms of a workload: one of a system that others share, and one that starts systems of its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stack import Stack

Figures = Mapping[str, float]

CPU_PREFIX = "µs CPU/step "
"""The prefix of figures that give the processor time of one step in a part of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound for a figure: at most, or at least."""

    figure: str
    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """True when a value reaches the target."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload: `prepare` runs once, then `measure` round by round, each giving the same figures."""

    name: str
    title: str
    prepare: Callable[[Stack], Awaitable[None]]
    measure: Callable[[Stack], Awaitable[Figures]]
    targets: Sequence[Target] = field(default=())
    timeout: float = 180.0
    """Seconds that one round may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSystem:
    """A system that a workload starts: where its output goes (None: nowhere), and the executions that it may store."""

    log: Path | None = None
    stored: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSystemWorkload:
    """A workload whose rounds start systems of their own, for they end a part of it, fill it, or time its start.

    `measure` gives the same figures each round. `most_rounds`: one that takes long is not repeated more often.
    """

    name: str
    title: str
    measure: Callable[[OwnSystem], Awaitable[Figures]]
    targets: Sequence[Target] = field(default=())
    timeout: float = 180.0
    """Seconds that one round may take."""
    most_rounds: int | None = None


AnyWorkload = Workload | OwnSystemWorkload
