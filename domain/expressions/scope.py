"""The names and paths that an expression may read at its place in a document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from domain.expressions.expression import EVERYTHING
from domain.kernel.hints import did_you_mean, one_of, shown

ROOTS = frozenset({"input", "vars", "steps", "execution", "workflow"})
STEP_ROOTS = ROOTS | {"attempt"}
RESERVED = STEP_ROOTS | {"error", "secrets", "response", "page", "index"}
WORDS = frozenset({"true", "false", "null", "and", "or", "in", "function"})
"""Names that the expression language itself gives a meaning."""

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "execution": ("id", "createdAt", "startedAt", "signalUrl"),
    "workflow": ("id", "name", "version"),
}
_MAX_LISTED = 8
_STEP_MEMBERS = ("output", "status", "error")
_SEEN_ELSEWHERE: Mapping[str, str] = {
    "error": "`error` is what handlers and a retry's `when` see; elsewhere it is `steps.<id>.error`.",
    "response": "`response` is what `poll` and `paginate` see; elsewhere it is `steps.<id>.output`.",
    "page": "`page` is what `paginate` sees.",
    "index": "`index` is what the steps and the `output` of a FOR_EACH see.",
    "item": "`item` is what the steps and the `output` of a FOR_EACH see.",
    "attempt": "`attempt` is what steps see.",
}


class Steps(Protocol):
    """The steps of one block, as a scope sees them."""

    @property
    def index(self) -> Mapping[str, int]:
        """Positions by id."""
        ...

    @property
    def inner(self) -> Mapping[str, tuple[str, str]]:
        """The step of this block and the path of the result, for each step inside of this block's steps."""
        ...

    def runs_before(self, earlier: str, position: int) -> bool:
        """True when the step with this id has surely ended when the one at `position` starts."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """A block around the place: the steps that have run before `position` in it, or all of it where that is None.

    `has_failed`: the place is in a handler of the step at `position`.
    """

    steps: Steps
    position: int | None = None
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The roots that are known at a place, the declared variables, and the blocks around it, innermost first.

    `items` are the names of the items of the loops around it, innermost first.
    """

    roots: frozenset[str]
    variables: frozenset[str]
    frames: tuple[Frame, ...] = ()
    items: tuple[str, ...] = ()

    def inside(self, frame: Frame) -> "Scope":
        """The scope of a place in a block that is inside this one."""
        return replace(self, frames=(frame, *self.frames))

    def seeing(self, roots: Iterable[str]) -> "Scope":
        """This scope with further roots."""
        return replace(self, roots=self.roots.union(roots))

    def handling(self) -> "Scope":
        """The scope of the handler of the step that this is the scope of."""
        step, *around = self.frames
        return replace(self.seeing(("error",)), frames=(replace(step, has_failed=True), *around))

    def looping(self, item: str) -> "Scope":
        """The scope of a block that runs once for each item, with `item` as the item's name."""
        return replace(self.seeing((item, "index", index_name(item))), items=(item, *self.items))

    def problem_of(self, read: tuple[str, ...], *, guessing: bool = True) -> tuple[str, str | None] | None:
        """The message and the hint about a path that an expression reads; None where it leads somewhere.

        `guessing`: take the time to find the step that may have been meant.
        """
        root = read[0]
        if read == EVERYTHING:
            return None
        if root not in self.roots:
            return self._unknown_root(root)
        if len(read) == 1:
            return None
        if root == "steps":
            return self._problem_of_step(read, guessing)
        known = self.variables if root == "vars" else _MEMBERS.get(root)
        if known is None or read[1] in known:
            return None
        hint = did_you_mean(read[1], known) or (one_of(sorted(known)) if known else "The workflow has no `variables`.")
        return f"There is no {shown(read[1])} in `{root}`.", hint

    def _unknown_root(self, root: str) -> tuple[str, str | None]:
        if any(root in frame.steps.index for frame in self.frames):
            return f"Nothing is called `{root}` here.", f"The output of a step is `steps.{root}.output`."
        hint = _SEEN_ELSEWHERE.get(root)
        if root == "item" and self.items:
            hint = f"The item is called `{self.items[0]}` here."
        hint = hint or did_you_mean(root, self.roots) or f"Expressions see {', '.join(sorted(self.roots))}."
        return f"Nothing is called `{root}` here.", hint

    def _problem_of_step(self, read: tuple[str, ...], guessing: bool) -> tuple[str, str | None] | None:
        id = read[1]
        frame = next((frame for frame in self.frames if id in frame.steps.index), None)
        if frame is None:
            return f"There is no step {shown(id)}.", self._instead_of(id, guessing)
        if frame.position is not None and frame.position == frame.steps.index[id]:
            if frame.has_failed:
                return self._problem_of_failed(read)
            return f"The step {id!r} has not run yet when it reads its own result.", "Read a step that runs before it."
        if frame.position is not None and not frame.steps.runs_before(id, frame.position):
            hint = f"Add {id!r} to the step's `dependsOn`."
            return f"The step {id!r} may not have run yet: this step does not depend on it.", hint
        if len(read) > 2 and read[2] not in _STEP_MEMBERS:
            hint = f"Its result is `steps.{id}.output`: write `steps.{id}.output.{read[2]}`."
            return f"A step has `output`, `status` and `error`, but no `{read[2]}`.", hint
        return None

    def _problem_of_failed(self, read: tuple[str, ...]) -> tuple[str, str | None] | None:
        """The problem of reading the output of the step whose failure is being handled: it is visible, but has none."""
        if len(read) == 2 or read[2] in ("status", "error"):
            return None
        return f"The step {read[1]!r} has failed when it is handled, and gave nothing.", "Read `error`."

    def _instead_of(self, id: str, guessing: bool) -> str:
        """A hint about the path to read where no visible step is called `id`."""
        for frame in self.frames:
            if id in frame.steps.inner:
                outer, result = frame.steps.inner[id]
                if frame.position == frame.steps.index.get(outer):
                    return "It is in another block: a block sees its own steps and those before the step around it."
                return f"It is inside of {outer!r}, and its result comes out as `{result}`."
        known = [name for frame in self.frames for name in frame.steps.index]
        nearest = did_you_mean(id, known) if guessing else None
        return nearest or (f"The steps here are {_listed(known)}." if known else "There are no steps here.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) if len(names) <= _MAX_LISTED else f"{_listed(names[:_MAX_LISTED])} and others"


def index_name(item: str) -> str:
    """The name of the index in a loop whose items are called `item`, also in the loops inside of it."""
    return f"{item}Index"
