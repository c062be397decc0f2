"""Folding of facts into the state, and rebuilding of a state from stored rows: the other half of the decider.

`evolve` changes the state in place (see domain/engine/state.py for why) and refuses transitions that are not in the
table.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from domain.engine.block_evolution import evolve_block
from domain.engine.facts import (
    AttemptFailed,
    BatchDone,
    BlockEnded,
    BlockOpened,
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFact,
    ExecutionFailed,
    ExecutionPaused,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionTimedOut,
    Fact,
    FailureHandlingStarted,
    ItemResolved,
    OutputRequested,
    SignalConsumed,
    SignalKept,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepOpened,
    StepResumed,
    StepSkipped,
    StepStarted,
    StepWaited,
)
from domain.engine.state import BlockState, ExecutionState
from domain.engine.step_evolution import evolve_step, move, set_timers, settle
from domain.kernel.failures import StepError
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.definition import Definition

_Step = (StepStarted, StepCompleted, StepFailed, StepSkipped, StepCancelled, StepWaited, AttemptFailed, StepResumed)
_Block = (StepOpened, BlockOpened, BlockEnded, ItemResolved, BatchDone)


def evolve(state: ExecutionState, definition: Definition, fact: Fact) -> None:
    """Fold one fact into the state. Raises `IllegalTransition` when the table does not allow it."""
    if isinstance(fact, _Step):
        evolve_step(state, definition, fact)
    elif isinstance(fact, _Block):
        evolve_block(state, definition, fact)
    else:
        _evolve_execution(state, definition, fact)


def _evolve_execution(state: ExecutionState, definition: Definition, fact: ExecutionFact) -> None:
    match fact:
        case ExecutionStarted():
            move(state, ExecutionStatus.RUNNING)
            state.started_at, state.deadline_at = fact.at, fact.deadline_at
            if state.batch is None and "" not in state.blocks:
                state.blocks[""] = BlockState(prefix="", block=definition.root, owner=None, key="", share=1.0)
        case SignalKept():
            state.signals.append(fact.signal)
        case SignalConsumed():
            state.signals.remove(fact.signal)
        case ExecutionPaused():
            move(state, ExecutionStatus.PAUSED)
            state.paused_at = fact.at
        case ExecutionResumed():
            _resume_execution(state, fact)
        case FailureHandlingStarted():
            state.failure, state.is_timeout, state.error = fact.error, fact.is_timeout, fact.error
            state.deadline_at = None
            state.finishing = False
            state.blocks.pop("", None)
        case OutputRequested():
            state.finishing = True
        case ExecutionCompleted():
            _end(state, ExecutionStatus.COMPLETED, fact.at)
            state.output = fact.output
        case ExecutionFailed():
            _end(state, ExecutionStatus.FAILED, fact.at, fact.error)
        case ExecutionCancelled():
            _end(state, ExecutionStatus.CANCELLED, fact.at, fact.error)
        case ExecutionTimedOut():
            _end(state, ExecutionStatus.TIMED_OUT, fact.at, fact.error)
        case _:
            assert_never(fact)


def _resume_execution(state: ExecutionState, fact: ExecutionResumed) -> None:
    """Resume, and move the deadline and the timeouts of open containers by the length of the pause."""
    state.paused_at = None
    move(state, ExecutionStatus.RUNNING)
    if state.deadline_at is not None:
        state.deadline_at += fact.pause
    for path in fact.containers:
        step = state.steps[path]
        assert step.due_at is not None
        state.steps[path] = replace(step, due_at=step.due_at + fact.pause)
    set_timers(state)
    settle(state)


def _end(state: ExecutionState, status: ExecutionStatus, at: datetime, error: StepError | None = None) -> None:
    move(state, status)
    state.finished_at, state.error = at, error
