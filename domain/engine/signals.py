"""Signals and other messages to an execution, and the steps that take them."""

from domain.engine.actions import RunStep
from domain.engine.decision_builder import DecisionBuilder
from domain.engine.facts import StepResumed
from domain.engine.state import ExecutionState, Signal, StepState, WaitReason
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind

RECEIVED = "received"
"""The member of a checkpoint that holds the message that was sent to the step."""

_ADDRESSED = frozenset({WaitKind.CALLBACK, WaitKind.DEPENDENCY})


def consumer_of(state: ExecutionState, signal: Signal) -> StepState | None:
    """The step that has waited for this signal for longest."""
    waiting = (
        step
        for path in state.waiting
        if _takes(path, (step := state.steps[path]).waiting_for, signal) and step.checkpoint is not None
    )
    return min(waiting, key=lambda step: (step.attempts[-1].started_at, step.path), default=None)


def first_for(state: ExecutionState, path: str, reason: WaitReason) -> Signal | None:
    """The oldest kept signal that a step takes which begins to wait."""
    return next((signal for signal in state.signals if _takes(path, reason, signal)), None)


def resume(builder: DecisionBuilder, path: str, attempt: int, checkpoint: JsonValue, signal: Signal) -> None:
    """Call a waiting step again with the message it was sent: in its checkpoint, so that no crash can lose it."""
    left = checkpoint if isinstance(checkpoint, dict) else {}
    builder.facts.append(StepResumed(path, builder.now, {**left, RECEIVED: {"payload": signal.payload}}))
    builder.commands.append(RunStep(path, attempt))


def _takes(path: str, reason: WaitReason | None, signal: Signal) -> bool:
    if reason is None:
        return False
    if signal.path is not None:
        return signal.path == path and reason.kind in _ADDRESSED
    return reason.kind is WaitKind.SIGNAL and reason.detail == signal.name
