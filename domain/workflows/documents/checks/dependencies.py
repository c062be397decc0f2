"""The order of a block's steps: their dependencies, and the problems of these."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from domain.kernel.errors import Problem
from domain.kernel.hints import did_you_mean
from domain.workflows.documents.checks.inner_results import inner_results

_MAX_CYCLES = 10
_MAX_NAMES = 8
_MAX_GUESSES = 100
_MAX_PROBLEMS = 500
"""The most problems of one block: a document gets no more, and a step may name a hundred thousand others."""


class Dependencies:
    """One block of a raw document. `index` maps ids to positions; of duplicates the first counts.

    `problems` have paths from the block on.
    """

    def __init__(self, steps: Sequence[object]) -> None:
        self.problems: list[Problem] = []
        self.index: dict[str, int] = {}
        self._ids = [step.get("id") if isinstance(step, dict) else None for step in steps]
        self._steps = steps
        self._unclear: set[int] = set()
        self._name_steps()
        self._befores = [self._dependencies(position) for position in range(len(steps))]
        self._find_cycles()
        self._ancestors: list[int] | None = None

    @cached_property
    def inner(self) -> Mapping[str, tuple[str, str]]:
        """The step of this block and the path of the result, for each step inside of this block's steps."""
        return inner_results(self._steps)

    def runs_before(self, earlier: str, position: int) -> bool:
        """True when the step with this id has surely ended when the one at `position` starts.

        Also True where its own dependencies are malformed, which is a problem already.
        """
        if position in self._unclear:
            return True
        if self._ancestors is None:
            self._ancestors = self._all_ancestors()
        return bool(self._ancestors[position] >> self.index[earlier] & 1)

    def _name_steps(self) -> None:
        for position, id in enumerate(self._ids):
            if not isinstance(id, str):
                continue
            if id in self.index:
                if len(self.problems) > _MAX_PROBLEMS:
                    continue
                message = f"There is another step {id!r} in this block, at position {self.index[id]}."
                hint = "Give each step of a block an id of its own."
                self.problems.append(Problem(path=(str(position), "id"), message=message, hint=hint))
            else:
                self.index[id] = position

    def _dependencies(self, position: int) -> list[int]:
        step = self._steps[position]
        written = step.get("dependsOn") if isinstance(step, dict) else None
        if written is None:
            return [position - 1] if position else []
        if not isinstance(written, list | tuple):
            self._unclear.add(position)
            return []
        found: dict[int, None] = {}
        for place, id in enumerate(written):
            if not isinstance(id, str):
                continue
            if len(self.problems) > _MAX_PROBLEMS:
                self._unclear.add(position)
                break
            path = (str(position), "dependsOn", str(place))
            if id == self._ids[position]:
                message = f"The step {id!r} cannot depend on itself, which is a cycle: {id} → {id}."
                self.problems.append(Problem(path=path, message=message, hint="Take it out."))
            elif id not in self.index:
                self._unclear.add(position)
                hint = did_you_mean(id, self.index) if len(self.problems) < _MAX_GUESSES else None
                hint = hint or "Depend on steps of the same block, by their ids."
                self.problems.append(Problem(path=path, message=f"There is no step {id!r} in this block.", hint=hint))
            elif self.index[id] in found:
                self.problems.append(Problem(path=path, message=f"{id!r} is listed twice.", hint="List it once."))
            else:
                found[self.index[id]] = None
        return list(found)

    def _find_cycles(self) -> None:
        """Report one cycle after the other, each without the edge that closed the one before."""
        for _ in range(_MAX_CYCLES):
            try:
                TopologicalSorter(dict(enumerate(self._befores))).prepare()
            except CycleError as error:
                cycle: list[int] = error.args[1]
                self._report(cycle[:-1])
                self._befores[cycle[1]].remove(cycle[0])
            else:
                return
        self._befores = [[] for _ in self._befores]

    def _report(self, cycle: list[int]) -> None:
        """Report a cycle of positions, each of which comes before the next, and the last before the first."""
        first = cycle.index(min(cycle))
        around = [str(self._ids[position]) for position in (*cycle[first:], *cycle[: first + 1])]
        if len(around) > _MAX_NAMES:
            around[_MAX_NAMES - 2 : -1] = ["…"]
        self.problems.append(
            Problem(
                path=(str(min(cycle)), "dependsOn"),
                message=f"These steps wait for each other in a cycle: {' → '.join(around)}.",
                hint="Take one of these dependencies out.",
            )
        )

    def _all_ancestors(self) -> list[int]:
        """For each position the set of positions that come before it, as the bits of a number."""
        ancestors = [0] * len(self._befores)
        for position in TopologicalSorter(dict(enumerate(self._befores))).static_order():
            for before in self._befores[position]:
                ancestors[position] |= ancestors[before] | 1 << before
        return ancestors
