"""Values that the shell derives from a state: progress, the reason for waiting, and the next due time."""

from collections.abc import Iterable
from datetime import datetime

from domain.engine.facts import ExecutionResumed, Fact
from domain.engine.state import ExecutionState, WaitReason
from domain.executions.records import WHOLE, Progress
from domain.kernel.statuses import ExecutionStatus, WaitKind


def progress(state: ExecutionState) -> Progress:
    """The counters that are stored with every change."""
    return Progress(
        total=state.total,
        completed=state.completed,
        failed=state.failed,
        running=len(state.running),
        ended=min(WHOLE, round(state.ended * WHOLE)),
    )


def next_due(state: ExecutionState) -> datetime | None:
    """The earliest time at which something is due: a wait, a retry, a timeout or the execution's deadline."""
    if state.status.is_terminal or state.is_paused:
        return None
    if not state.timers:
        return state.deadline_at
    due = state.timers[0][0]
    return due if state.deadline_at is None else min(due, state.deadline_at)


def waiting_for(state: ExecutionState) -> WaitReason | None:
    """The reason for which the execution does not run, that of the waiting step due first; None while it runs."""
    if state.status is ExecutionStatus.PENDING:
        return WaitReason(kind=WaitKind.WORKER)
    if state.status is ExecutionStatus.PAUSED:
        return WaitReason(kind=WaitKind.PAUSED, detail="Resume the execution to go on.")
    if state.status is not ExecutionStatus.WAITING:
        return None
    path = next((path for _, path in state.timers[:1] if path in state.waiting), None)
    if path is None:
        path = min(state.waiting, key=lambda waiting: (_due(state, waiting), waiting))
    reason = state.steps[path].waiting_for
    if reason is None:
        return None
    detail = path if reason.kind in _SAID_BY_PATH else f"{path}: {reason.detail}"
    return WaitReason(kind=reason.kind, until=reason.until, detail=detail)


_SAID_BY_PATH = frozenset({WaitKind.TIMER, WaitKind.RETRY})


def _due(state: ExecutionState, path: str) -> tuple[bool, datetime]:
    due_at = state.steps[path].due_at
    return (due_at is None, due_at or state.created_at)


def touched(facts: Iterable[Fact]) -> tuple[str, ...]:
    """The paths of the steps that these facts change, each once, in the order of their first change."""
    return tuple(dict.fromkeys(path for fact in facts for path in _paths_of(fact)))


def _paths_of(fact: Fact) -> tuple[str, ...]:
    if isinstance(fact, ExecutionResumed):
        return fact.containers
    path: str | None = getattr(fact, "path", None)
    return () if path is None else (path,)
