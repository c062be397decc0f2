"""Invariants of an execution's rows: true at every moment, whatever has happened to whom, and told from rows alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from domain.engine.shares import known_steps
from domain.engine.state import StepState
from domain.executions.records import WHOLE, Progress
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.documents.graph import EACH, HANDLER
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.parallel import ParallelConfig

Rows = Mapping[str, StepState]


class RowsOf:
    """The rows of one execution, looked up by path and by block."""

    def __init__(self, definition: Definition, rows: Rows) -> None:
        self._definition = definition
        self._rows = rows
        self._blocks: dict[str, dict[str, StepState]] = defaultdict(dict)
        for path, row in rows.items():
            prefix, _, id = path.rpartition(".")
            self._blocks[prefix][id] = row

    def check(self, progress: Progress, status: ExecutionStatus, *, was_paused: bool) -> None:
        """Check all invariants of an execution with this status.

        In a pause a block may be opened in which nothing starts: where it `was_paused`, more steps may be known.
        """
        for path, row in self._rows.items():
            step = self._definition.step(path)
            self._check_row(row, step)
            self._check_order(path, row, step)
            if step.is_container:
                self._check_container(path, row, step)
        for prefix in self._blocks:
            self._check_block(prefix)
        if status.is_terminal:
            assert [path for path, row in self._rows.items() if not row.status.is_terminal] == []
        self._check_progress(progress, was_paused)

    def _check_row(self, row: StepState, step: CompiledStep) -> None:
        assert [attempt.number for attempt in row.attempts] == list(range(1, row.attempt + 1))
        assert all(attempt.finished_at is not None for attempt in row.attempts[:-1])
        assert (row.status is StepStatus.WAITING) == (row.waiting_for is not None), f"{row.path} waits for nothing"
        assert row.status.is_terminal == (row.finished_at is not None)
        assert (row.status in (StepStatus.FAILED, StepStatus.CANCELLED)) <= (row.error is not None)
        assert row.due_at is None or row.status is StepStatus.WAITING or step.is_container

    def _check_order(self, path: str, row: StepState, step: CompiledStep) -> None:
        prefix, _, _ = path.rpartition(".")
        for id in step.depends_on:
            before = f"{prefix}.{id}" if prefix else id
            ended_at = self._ended_at(before)
            assert ended_at is not None, f"{path} has begun, but {before} has not ended"
            assert row.started_at is not None and ended_at <= row.started_at

    def _check_container(self, path: str, row: StepState, step: CompiledStep) -> None:
        keys = self._keys(path, step)
        if row.status.is_terminal:
            left = [prefix for prefix, _ in keys if any(self._unfinished(prefix))]
            assert left == [], f"{path} has ended, and something runs in {left}"
        else:
            active = [prefix for prefix, block in keys if self._is_active(prefix, block)]
            assert len(active) <= _limit(step), f"{path} has {active} running at a time"

    def _check_block(self, prefix: str) -> None:
        block = self._definition.block(prefix)
        assert self._blocks[prefix].keys() <= block.steps.keys()
        if self._has_failed(prefix, block):
            left = list(self._unfinished(prefix))
            assert left == [], f"{prefix} has failed, and in it still runs {left}"

    def _check_progress(self, progress: Progress, was_paused: bool) -> None:
        rows = list(self._rows.values())
        counted = Progress(
            total=self._definition.total_steps + known_steps(self._definition, rows),
            completed=sum(row.status is StepStatus.COMPLETED for row in rows),
            failed=sum(row.status is StepStatus.FAILED for row in rows),
            running=sum(row.status is StepStatus.RUNNING and not self._is_open(row) for row in rows),
            ended=progress.ended,
        )
        assert 0 <= progress.ended <= WHOLE
        if was_paused:
            assert progress.total >= counted.total
            progress = replace(progress, total=counted.total)
        assert progress == counted, f"{progress} is stored, and the rows say {counted}"

    def _is_open(self, row: StepState) -> bool:
        return row.checkpoint is not None and self._definition.step(row.path).is_container

    def _keys(self, path: str, step: CompiledStep) -> Iterable[tuple[str, Block]]:
        if EACH in step.blocks:
            begun = [prefix for prefix in self._blocks if prefix.startswith(f"{path}[") and prefix.endswith("]")]
            return [(prefix, step.blocks[EACH]) for prefix in begun if "." not in prefix[len(path) :]]
        return [(f"{path}.{label}", block) for label, block in step.blocks.items() if label != HANDLER]

    def _unfinished(self, prefix: str) -> Iterable[str]:
        return (id for id, row in self._blocks.get(prefix, {}).items() if not row.status.is_terminal)

    def _is_active(self, prefix: str, block: Block) -> bool:
        if prefix not in self._blocks:
            return False
        return not self._has_failed(prefix, block) and not self._has_ended(prefix, block)

    def _has_ended(self, prefix: str, block: Block) -> bool:
        return all(self._ended_at(f"{prefix}.{id}") is not None for id in block.steps)

    def _has_failed(self, prefix: str, block: Block) -> bool:
        return any(self._fails_its_block(f"{prefix}.{id}" if prefix else id, step) for id, step in block.steps.items())

    def _fails_its_block(self, path: str, step: CompiledStep) -> bool:
        row = self._rows.get(path)
        if row is None or row.status not in (StepStatus.FAILED, StepStatus.CANCELLED):
            return False
        if row.status is StepStatus.CANCELLED or (step.handler is None and not step.on_error_continue):
            return True
        return step.handler is not None and self._has_failed(f"{path}.{HANDLER}", step.handler)

    def _ended_at(self, path: str) -> datetime | None:
        """The time at which a step has ended so that others may go on; None when it has not."""
        row = self._rows.get(path)
        if row is None or not row.status.is_terminal or row.status is StepStatus.CANCELLED:
            return None
        step = self._definition.step(path)
        if row.status is not StepStatus.FAILED or step.on_error_continue:
            return row.finished_at
        if step.handler is None:
            return None
        ends = [self._ended_at(f"{path}.{HANDLER}.{id}") for id in step.handler.steps]
        return None if None in ends else max(end for end in ends if end is not None)


def check_change(before: StepState | None, after: StepState) -> None:
    """Check that a row changed as it may: an end, and each attempt, is recorded once."""
    if before is None:
        return
    assert not before.status.is_terminal or before == after, f"{before.path} had ended, and was recorded again"
    assert after.attempts[: before.attempt - 1] == before.attempts[:-1]
    if before.attempts and before.attempts[-1].finished_at is not None:
        assert after.attempts[before.attempt - 1] == before.attempts[-1], f"an attempt at {before.path} ended twice"


def _limit(step: CompiledStep) -> int:
    match step.config:
        case ParallelConfig(max_concurrency=limit, branches=branches):
            return limit or len(branches)
        case ForEachConfig(max_concurrency=limit):
            return limit
        case _:
            return 1
