"""What the shell reads off a state: how far it is, what it waits for, and when it wants attention next."""

from collections.abc import Iterable
from datetime import datetime

from domain.engine.events import Fact
from domain.engine.state import ExecutionState, WaitReason
from domain.records import Progress
from domain.statuses import ExecutionStatus, WaitKind


def progress(state: ExecutionState) -> Progress:
    """The counters that are stored with every change."""
    return Progress(
        total=state.total,
        completed=state.completed,
        failed=state.failed,
        running=len(state.running),
        ended=state.ended,
    )


def next_due(state: ExecutionState) -> datetime | None:
    """The earliest time at which something is due: a wait, a retry or the execution's deadline."""
    if state.status.is_terminal:
        return None
    if not state.timers:
        return state.deadline_at
    due = state.timers[0][0]
    return due if state.deadline_at is None else min(due, state.deadline_at)


def waiting_for(state: ExecutionState) -> WaitReason | None:
    """Why the execution does not run: the reason of its earliest waiting step; None while it runs or has ended."""
    if state.status is ExecutionStatus.PENDING:
        return WaitReason(kind=WaitKind.WORKER)
    if state.status is not ExecutionStatus.WAITING or not state.timers:
        return None
    path = state.timers[0][1]
    reason = state.steps[path].waiting_for
    return None if reason is None else WaitReason(kind=reason.kind, until=reason.until, detail=path)


def touched(facts: Iterable[Fact]) -> tuple[str, ...]:
    """The paths of the steps that these facts change, each once, in the order of their first change."""
    return tuple(dict.fromkeys(path for fact in facts if (path := getattr(fact, "path", None)) is not None))
