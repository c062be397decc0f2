"""The steps that a retry keeps of an execution that failed: the rows that the new execution begins with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from domain.engine.carrying import is_fate_unknown
from domain.engine.decision_builder import prefix_of
from domain.engine.shares import known_steps
from domain.engine.state import Attempt, StepState
from domain.executions.records import StepChange
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.documents.graph import EACH, FAILURE_HANDLER, HANDLER
from domain.workflows.steps.conditional import CONDITIONAL
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.kind import Effect
from domain.workflows.steps.parallel import PARALLEL
from domain.workflows.steps.registry import kind_of

_SPREAD = "spread"  # how a loop was cut for all workers: see domain/engine/sharding.py


def kept_steps(
    definition: Definition,
    rows: Iterable[StepState],
    *,
    now: datetime,
    from_step: str | None = None,
    is_new_version: bool = False,
) -> tuple[StepChange, ...]:
    """The rows to begin with, in document order: steps that have ended, and the contents of containers done in part.

    - a step is kept when it COMPLETED or was SKIPPED, or FAILED in a way that counts as ended (`onError` continue, or
      a handler that ended well), and everything that it depends on in its block is kept so too
    - a step whose handler has done something, and not ended well, stays FAILED, and its handler goes on: its effects
      would else be repeated, or stand although the step succeeds after all
    - a container that did not end is open again with its checkpoint, the same holds for the steps in it, and its
      timeout runs from `now`; without a checkpoint it starts anew
    - `from_step`, the path of a step that was reached, is not kept, nor are the steps that depend on it; the containers
      around it are open again, and the steps that depend on those are not kept
    - of another version (`is_new_version`) only those are kept that `definition` has with the same path and type

    Steps of `onFailure` are never kept. Raises `InvalidInput` (at `fromStep`) for a path that was never reached.
    """
    keeping = _Keeping(definition, rows, now, from_step, is_new_version)
    if from_step is not None:
        keeping.check(from_step)
    keeping.block("", definition.root)
    changes = [StepChange(position=definition.position(state.path), state=state) for state in keeping.kept]
    return tuple(sorted(changes, key=lambda change: change.position))


def total_steps(definition: Definition, kept: Iterable[StepChange]) -> int:
    """The number of known step executions of an execution that begins with these."""
    return definition.total_steps + known_steps(definition, (change.state for change in kept))


class _Keeping:
    """One walk over the rows of an execution. `kept` are the rows found so far."""

    def __init__(
        self,
        definition: Definition,
        rows: Iterable[StepState],
        now: datetime,
        from_step: str | None,
        is_new_version: bool,
    ) -> None:
        self.kept: list[StepState] = []
        self._definition = definition
        self._now = now
        self._from_step = from_step
        self._around = frozenset() if from_step is None else frozenset(around(from_step))
        self._is_new_version = is_new_version
        self._rows: dict[str, StepState] = {}
        self._in_block: dict[str, list[StepState]] = defaultdict(list)
        self._blocks_of: dict[str, dict[str, None]] = defaultdict(dict)
        for row in rows:
            prefix = prefix_of(row.path)
            self._rows[row.path] = row
            self._in_block[prefix].append(row)
            owner = owner_of(prefix)
            if owner is not None:
                self._blocks_of[owner][prefix] = None

    def check(self, from_step: str) -> None:
        """Raise `InvalidInput` where there is nothing to begin from at this path."""
        if from_step.startswith(f"{FAILURE_HANDLER}.") and FAILURE_HANDLER not in self._definition.root.steps:
            message = "The steps of `onFailure` run again only when the execution fails again."
            raise _refused(message, "Name a step of the workflow itself.")
        if from_step not in self._rows:
            message = f"The step {from_step!r} was never reached."
            raise _refused(message, "Name a step by its path, such as choose.then.fetch or loop[3].fetch.")
        if not self._fits(self._rows[from_step]):
            message = f"This version has no step {from_step!r} of type {self._rows[from_step].type}."
            raise _refused(message, "Retry with the version that failed, or from another step.")

    def block(self, prefix: str, block: Block) -> bool:
        """Keep the steps of an open block that a retry keeps; True when all of its steps count as ended."""
        ended: set[str] = set()
        for stage in block.stages:
            for id in stage:
                step = block.steps[id]
                row = self._rows.get(f"{prefix}.{id}" if prefix else id)
                if row is None or row.type != step.type or row.path == self._from_step:
                    continue
                if ended.issuperset(step.depends_on) and self._step(step, row):
                    ended.add(id)
        return len(ended) == len(block.steps)

    def _step(self, step: CompiledStep, row: StepState) -> bool:
        """Keep a step whose dependencies have ended, as far as a retry keeps it; True when it counts as ended."""
        if row.path not in self._around:
            if row.status in (StepStatus.COMPLETED, StepStatus.SKIPPED) or self._is_borne(step, row):
                self._whole(row)
                return True
            if (
                row.status is StepStatus.FAILED
                and step.handler is not None
                and self._has_acted(f"{row.path}.{HANDLER}")
            ):
                self._handling(step, row)
                return False
        elif self._is_in_handler_of(row):
            self._handling(step, row)
            return False
        if step.is_container:
            self._reopen(step, row)
        return False

    def _is_borne(self, step: CompiledStep, row: StepState) -> bool:
        """True when the step failed and its block went on."""
        if row.status is not StepStatus.FAILED:
            return False
        if step.on_error_continue:
            return True
        if step.handler is None:
            return False
        known, self.kept = self.kept, []
        try:
            return self.block(f"{row.path}.{HANDLER}", step.handler)
        finally:
            self.kept = known

    def _has_acted(self, prefix: str) -> bool:
        """True when steps of a block may have had effects outside of the execution, or have taken signals."""
        return any(
            _has_acted(row) or any(self._has_acted(inner) for inner in self._blocks_of.get(row.path, ()))
            for row in self._in_block.get(prefix, ())
        )

    def _is_in_handler_of(self, row: StepState) -> bool:
        """True when the step to begin from is in the handler of this one."""
        return self._from_step is not None and self._from_step.startswith(f"{row.path}.{HANDLER}.")

    def _handling(self, step: CompiledStep, row: StepState) -> None:
        """Keep a step that failed as it is, and the part of its handler that does not run again."""
        assert step.handler is not None
        handler = f"{row.path}.{HANDLER}"
        self._whole(row, without=handler)
        self.block(handler, step.handler)

    def _reopen(self, step: CompiledStep, row: StepState) -> None:
        checkpoint = _checkpoint_of(row) if row.status is StepStatus.COMPLETED else row.checkpoint
        if checkpoint is None:
            return
        if self._is_new_version:  # whose loops may be cut in another way
            checkpoint = _uncut(checkpoint)
        last = row.attempts[-1]
        self.kept.append(
            replace(
                row,
                status=StepStatus.RUNNING,
                attempts=(*row.attempts[:-1], Attempt(number=last.number, started_at=last.started_at)),
                output=None,
                error=None,
                waiting_for=None,
                due_at=None if step.timeout is None else self._now + step.timeout,
                finished_at=None,
                checkpoint=checkpoint,
            )
        )
        for prefix in self._blocks_of[row.path]:
            label = EACH if prefix.endswith("]") else prefix.rpartition(".")[2]
            if label != HANDLER and label in step.blocks:
                self.block(prefix, step.blocks[label])

    def _whole(self, row: StepState, *, without: str | None = None) -> None:
        """Keep a step as it is, with everything in it; a loop that was spread counts its items itself from now on."""
        is_cut = isinstance(row.checkpoint, Mapping) and _SPREAD in row.checkpoint
        self.kept.append(replace(row, checkpoint=_uncut(row.checkpoint) or None) if is_cut else row)
        for prefix in self._blocks_of.get(row.path, ()):
            if prefix != without:
                for inner in self._in_block[prefix]:
                    if self._fits(inner):
                        self._whole(inner)

    def _fits(self, row: StepState) -> bool:
        try:
            return self._definition.step(row.path).type == row.type
        except KeyError:
            return False


def _has_acted(row: StepState) -> bool:
    """True when a step itself may have had effects outside of the execution, or has taken a signal."""
    kind = kind_of(row.type)
    if row.status is StepStatus.COMPLETED and kind.takes_signals:
        return True
    match kind.effect:
        case Effect.NONE:
            return False
        case Effect.CHILD:
            return True
        case Effect.CALL:
            is_reached = row.status is not StepStatus.SKIPPED
            return row.status is StepStatus.COMPLETED or (is_reached and is_fate_unknown(row))


def owner_of(prefix: str) -> str | None:
    """The path of the step that a block is in; None for the workflow's own and for `onFailure`."""
    if prefix.endswith("]"):
        return prefix[: prefix.rindex("[")]
    return prefix.rpartition(".")[0] or None


def around(path: str) -> Iterable[str]:
    """The paths of the steps in whose blocks the step at `path` is, innermost first."""
    owner = owner_of(prefix_of(path))
    while owner is not None:
        yield owner
        owner = owner_of(prefix_of(owner))


def _uncut(checkpoint: JsonValue) -> JsonValue:
    """A loop's checkpoint without its division into batches."""
    if not isinstance(checkpoint, Mapping):
        return checkpoint
    return {name: value for name, value in checkpoint.items() if name != _SPREAD}


def _checkpoint_of(row: StepState) -> JsonValue:
    """The checkpoint that a completed container had before it completed; None where that is unknown."""
    match row.type, row.checkpoint, row.input, row.output:
        case PARALLEL.name, _, _, _:
            return {}
        case CONDITIONAL.name, _, _, {"branch": branch}:
            return {"branch": branch}
        case (FOR_EACH.name, {"items": items}, _, _) | (FOR_EACH.name, _, {"items": items}, _):
            return {"items": items}
        case _:
            return None


def _refused(message: str, hint: str) -> InvalidInput:
    return InvalidInput([Problem(path=("fromStep",), message=message, hint=hint)])
