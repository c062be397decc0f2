"""What an expression may read at its place in a document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.checks.flow import Flow
from domain.checks.hints import did_you_mean, one_of, shown
from domain.expressions import EVERYTHING

ROOTS = frozenset({"input", "vars", "steps", "execution", "workflow"})
STEP_ROOTS = ROOTS | {"attempt"}
RESERVED = STEP_ROOTS | {"error", "secrets", "response", "page", "index"}

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "execution": ("id", "createdAt", "startedAt"),
    "workflow": ("id", "name", "version"),
}
_STEP_MEMBERS = ("output", "status", "error")


@dataclass(frozen=True, slots=True)
class Frame:
    """A block that is around the place: what has run before `position` in it, or all of it where that is None."""

    flow: Flow
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The roots that are known at a place, the declared variables, and the blocks around it, innermost first."""

    roots: frozenset[str]
    variables: frozenset[str]
    frames: tuple[Frame, ...] = ()

    def inside(self, frame: Frame) -> "Scope":
        """The scope of a place in a block that is inside this one."""
        return replace(self, frames=(frame, *self.frames))

    def seeing(self, roots: Iterable[str]) -> "Scope":
        """The same with further roots."""
        return replace(self, roots=self.roots.union(roots))

    def problem_of(self, read: tuple[str, ...]) -> tuple[str, str | None] | None:
        """The message and the hint about a path that an expression reads, if it leads nowhere."""
        root = read[0]
        if read == EVERYTHING:
            return None
        if root not in self.roots:
            return self._unknown_root(root)
        if len(read) == 1:
            return None
        if root == "steps":
            return self._problem_of_step(read)
        known = self.variables if root == "vars" else _MEMBERS.get(root)
        if known is None or read[1] in known:
            return None
        hint = did_you_mean(read[1], known) or (one_of(sorted(known)) if known else "The workflow has no `variables`.")
        return f"There is no {shown(read[1])} in `{root}`.", hint

    def _unknown_root(self, root: str) -> tuple[str, str | None]:
        if any(root in frame.flow.index for frame in self.frames):
            return f"Nothing is called `{root}` here.", f"The output of a step is `steps.{root}.output`."
        hint = did_you_mean(root, self.roots) or f"Expressions see {', '.join(sorted(self.roots))}."
        return f"Nothing is called `{root}` here.", hint

    def _problem_of_step(self, read: tuple[str, ...]) -> tuple[str, str | None] | None:
        id = read[1]
        frame = next((frame for frame in self.frames if id in frame.flow.index), None)
        if frame is None:
            known = [name for frame in self.frames for name in frame.flow.index]
            return f"There is no step {shown(id)}.", did_you_mean(id, known)
        if frame.position is not None and frame.position == frame.flow.index[id]:
            return f"The step {id!r} has not run yet when it reads its own result.", None
        if frame.position is not None and not frame.flow.runs_before(id, frame.position):
            hint = f"Add {id!r} to the step's `dependsOn`."
            return f"The step {id!r} may not have run yet: this step does not depend on it.", hint
        if len(read) > 2 and read[2] not in _STEP_MEMBERS:
            hint = f"Its result is `steps.{id}.output`: write `steps.{id}.output.{read[2]}`."
            return f"A step has `output`, `status` and `error`, but no `{read[2]}`.", hint
        return None
