"""The plan of a retry: each step of an execution that has ended, with what its retry does with it, and why."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.engine.carrying import is_fate_unknown
from domain.engine.decision_builder import prefix_of
from domain.engine.state import StepState
from domain.executions.records import StepChange
from domain.executions.retries.old_input import resting_on_input
from domain.executions.retries.plan import around, owner_of
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.documents.graph import EACH, FAILURE_HANDLER, HANDLER
from domain.workflows.steps.kind import Effect
from domain.workflows.steps.parallel import PARALLEL


class RetryAction(StrEnum):
    """The part that a step has in a retry."""

    KEEP = "KEEP"
    CONTINUE = "CONTINUE"
    RUN = "RUN"
    DROP = "DROP"


class RetryReason(StrEnum):
    """The reason for which a retry does that."""

    COMPLETED = "COMPLETED"
    SKIPPED = "SKIPPED"
    TOLERATED = "TOLERATED"
    HANDLER_CONTINUES = "HANDLER_CONTINUES"
    CONTENT_CONTINUES = "CONTENT_CONTINUES"
    NOT_COMPLETED = "NOT_COMPLETED"
    NOT_REACHED = "NOT_REACHED"
    FROM_STEP = "FROM_STEP"
    DEPENDENCY = "DEPENDENCY"
    CONTAINER = "CONTAINER"
    INPUT = "INPUT"
    HANDLER = "HANDLER"
    VERSION = "VERSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step of a plan. `status` and `type` are those it had; PENDING where it was not reached.

    `detail`: the steps that it depends on and that are not kept, or the container that begins anew. `repeats`: it
    called others, or may have, and calls them again under another Idempotency-Key. `rests_on_old_input`: it is kept
    although its outcome may follow from the input that is replaced.
    """

    path: str
    step_id: str
    type: str
    status: StepStatus
    action: RetryAction
    reason: RetryReason
    detail: str | None = None
    repeats: bool = False
    rests_on_old_input: bool = False


_Verdict = tuple[RetryAction, RetryReason, str | None]

_OF_KEPT: Mapping[StepStatus, RetryReason] = {
    StepStatus.COMPLETED: RetryReason.COMPLETED,
    StepStatus.SKIPPED: RetryReason.SKIPPED,
}


def planned_steps(
    definition: Definition,
    rows: Collection[tuple[str, StepState]],
    kept: Iterable[StepChange],
    *,
    from_step: str | None = None,
    is_edited: bool = False,
    keeps_key: Callable[[str], bool] = lambda path: False,
) -> tuple[PlannedStep, ...]:
    """The steps that were reached, and those of open blocks that were not, in the order of the document.

    `rows` are those of the execution, each with its position; `kept` is what `kept_steps` gave for them, and
    `keeps_key` is true of the paths whose calls are made under the key they had. Items of loops that had not begun
    are left out, for they may be very many.
    """
    planning = _Planning(definition, [state for _, state in rows], kept, from_step, is_edited, keeps_key)
    found = [(position, planning.reached(state)) for position, state in rows]
    found += [(definition.position(step.path), step) for step in planning.unreached()]
    return tuple(step for _, step in sorted(found, key=lambda each: (each[0], each[1].path)))


class _Planning:
    def __init__(
        self,
        definition: Definition,
        rows: Collection[StepState],
        kept: Iterable[StepChange],
        from_step: str | None,
        is_edited: bool,
        keeps_key: Callable[[str], bool],
    ) -> None:
        self._definition = definition
        self._rows = {row.path: row for row in rows}
        self._kept = {change.state.path: change.state for change in kept}
        self._from_step = from_step
        self._around = frozenset() if from_step is None else frozenset(around(from_step))
        self._is_edited = is_edited
        self._keeps_key = keeps_key
        self._resting = resting_on_input(definition) if is_edited and self._kept else frozenset()

    def reached(self, row: StepState) -> PlannedStep:
        """The plan for a step that has a row."""
        compiled = self._compiled(row.path)
        action, reason, detail = self._verdict(row, compiled)
        return PlannedStep(
            path=row.path,
            step_id=row.step_id,
            type=row.type,
            status=row.status,
            action=action,
            reason=reason,
            detail=detail,
            repeats=action is RetryAction.RUN and compiled is not None and self._repeats(row, compiled),
            rests_on_old_input=row.path in self._kept and compiled is not None and compiled.path in self._resting,
        )

    def unreached(self) -> Iterator[PlannedStep]:
        """The steps of blocks that are open in the retry, and have no row."""
        for prefix, block in self._open_blocks().items():
            for id, step in block.steps.items():
                path = f"{prefix}.{id}" if prefix else id
                if path not in self._rows:
                    yield PlannedStep(
                        path=path,
                        step_id=id,
                        type=step.type,
                        status=StepStatus.PENDING,
                        action=RetryAction.RUN,
                        reason=RetryReason.NOT_REACHED,
                    )

    def _verdict(self, row: StepState, compiled: CompiledStep | None) -> _Verdict:
        if compiled is None or compiled.type != row.type:
            return RetryAction.DROP, RetryReason.VERSION, None
        kept = self._kept.get(row.path)
        if kept is not None:
            return self._verdict_of_kept(kept, compiled)
        if row.path.startswith(f"{FAILURE_HANDLER}.") and FAILURE_HANDLER not in self._definition.root.steps:
            return RetryAction.DROP, RetryReason.HANDLER, None
        for prefix in _prefixes(row.path):
            owner = owner_of(prefix)
            if owner is not None and owner not in self._kept:
                if prefix == f"{owner}.{HANDLER}":
                    return RetryAction.DROP, RetryReason.HANDLER, owner
                return RetryAction.RUN, RetryReason.CONTAINER, owner
        return RetryAction.RUN, *self._cause(row, compiled)

    def _verdict_of_kept(self, kept: StepState, compiled: CompiledStep) -> _Verdict:
        if not kept.status.is_terminal:
            return RetryAction.CONTINUE, RetryReason.CONTENT_CONTINUES, None
        if kept.status is StepStatus.FAILED and compiled.handler is not None and not compiled.on_error_continue:
            inside = f"{kept.path}.{HANDLER}."
            if any(inside + id not in self._kept for id in compiled.handler.steps):
                return RetryAction.KEEP, RetryReason.HANDLER_CONTINUES, None
        return RetryAction.KEEP, _OF_KEPT.get(kept.status, RetryReason.TOLERATED), None

    def _cause(self, row: StepState, compiled: CompiledStep) -> tuple[RetryReason, str | None]:
        """The reason for which a step runs whose containers are open."""
        if self._is_edited and self._from_step is None:
            return RetryReason.INPUT, None
        if row.path == self._from_step or row.path in self._around:
            return RetryReason.FROM_STEP, None
        if row.status in _OF_KEPT or self._is_tolerated(row, compiled):
            prefix = prefix_of(row.path)
            paths = (f"{prefix}.{id}" if prefix else id for id in compiled.depends_on)
            unmet = [path for path in paths if not self._is_settled(path)]
            if unmet:
                return RetryReason.DEPENDENCY, ", ".join(unmet)
        return RetryReason.NOT_COMPLETED, None

    def _is_tolerated(self, row: StepState, compiled: CompiledStep) -> bool:
        return row.status is StepStatus.FAILED and (compiled.on_error_continue or compiled.handler is not None)

    def _is_settled(self, path: str) -> bool:
        kept, compiled = self._kept.get(path), self._compiled(path)
        if kept is None or compiled is None:
            return False
        action, reason, _ = self._verdict_of_kept(kept, compiled)
        return action is RetryAction.KEEP and reason is not RetryReason.HANDLER_CONTINUES

    def _repeats(self, row: StepState, compiled: CompiledStep) -> bool:
        """True when what the step did, or may have done, is done again."""
        if self._keeps_key(row.path):
            return False
        match compiled.kind.effect:
            case Effect.NONE:
                return False
            case Effect.CHILD:
                return row.status is not StepStatus.SKIPPED
            case Effect.CALL:
                return row.status is StepStatus.COMPLETED or (
                    row.status is not StepStatus.SKIPPED and is_fate_unknown(row)
                )

    def _open_blocks(self) -> Mapping[str, Block]:
        """The blocks whose steps run as far as they are not kept, by prefix: items of loops only where begun."""
        blocks = {"": self._definition.root}
        begun = {prefix_of(path) for path in self._rows}
        for path, kept in self._kept.items():
            compiled = self._compiled(path)
            if compiled is None:
                continue
            if self._verdict_of_kept(kept, compiled)[1] is RetryReason.HANDLER_CONTINUES:
                assert compiled.handler is not None
                blocks[f"{path}.{HANDLER}"] = compiled.handler
            elif not kept.status.is_terminal:
                for label, block in compiled.blocks.items():
                    prefix = f"{path}.{label}"
                    if label not in (HANDLER, EACH) and (compiled.kind is PARALLEL or prefix in begun):
                        blocks[prefix] = block
        for prefix in begun:
            owner = owner_of(prefix) if prefix.endswith("]") else None
            kept_owner = None if owner is None else self._kept.get(owner)
            if owner is not None and kept_owner is not None and not kept_owner.status.is_terminal:
                compiled = self._compiled(owner)
                if compiled is not None and EACH in compiled.blocks:
                    blocks[prefix] = compiled.blocks[EACH]
        return blocks

    def _compiled(self, path: str) -> CompiledStep | None:
        try:
            return self._definition.step(path)
        except KeyError:
            return None


def _prefixes(path: str) -> list[str]:
    """The prefixes of the blocks that a step is in, outermost first, without the workflow's own."""
    found = []
    prefix = prefix_of(path)
    while prefix:
        found.append(prefix)
        owner = owner_of(prefix)
        if owner is None:
            break
        prefix = prefix_of(owner)
    return found[::-1]
