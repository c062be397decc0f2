"""Firing schedules: every tick starts its execution at most once, whatever crashes and however many workers there are.

Three steps. A claim takes due schedules, so one worker decides about each. Executions are started with a key made of
schedule and tick, so doing it again after a crash finds those already started. Only then the outcome is stored, which
moves the schedule on, unless it was claimed or changed again in between. A claim that follows one without an
outcome brings the execution that one has started, so that it counts as running however long the outage was.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, InvalidState, NotFound, StepgraphError, Unavailable
from domain.kernel.statuses import TriggerKind
from domain.schedules.model import Plan, ScheduleClaim, ScheduleOutcome, ScheduleRecord, plan, tick_key, tick_text
from domain.schedules.ports import ScheduleStore

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=5)
"""The time for which a claim keeps others away: when its worker dies, they go on after this."""

_TOGETHER = 250

_Tick: TypeAlias = tuple[UUID, datetime]
_Answer: TypeAlias = ExecutionRecord | StepgraphError


class Starter(Protocol):
    """Starts executions: `ExecutionService`."""

    async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
        """Start many; one answer each, in order."""


class Canceller(Protocol):
    """Cancels executions: `ExecutionControl`."""

    async def cancel(self, execution_id: UUID, reason: str | None = None) -> ExecutionRecord:
        """Ask for an execution to be cancelled. Raises `NotFound`, or `InvalidState` when it has ended."""


class ScheduleFiring:
    """Starts due schedules. Safe to be run by any number of workers at once, and to be cancelled anywhere."""

    def __init__(self, *, schedules: ScheduleStore, executions: Starter, control: Canceller, clock: Clock) -> None:
        self._schedules = schedules
        self._executions = executions
        self._control = control
        self._clock = clock

    async def fire(self, limit: int, *, unproven: bool | None = None, apart: bool = False) -> int:
        """Fire at most `limit` schedules that have something to do; returns how many had. Raises `Unavailable`.

        `unproven`: only those of which that is true, or only the others; None: either. `apart`: each by itself at the
        same time, so that none waits for another.
        """
        now = self._clock.now()
        claims = await self._schedules.claim(now=now, until=now + CLAIM, limit=limit, unproven=unproven)
        if apart:
            await asyncio.gather(*(self._fire([claim], now) for claim in claims))
        elif claims:
            await self._fire(claims, now)
        return len(claims)

    async def _fire(self, claims: Sequence[ScheduleClaim], now: datetime) -> None:
        """Start the executions that claims ask for, and store the outcomes."""
        # On a thread: after a long outage, to find out what was missed takes a moment.
        plans = await asyncio.to_thread(lambda: [(claim, _planned(claim, now)) for claim in claims])
        started = await self._start(
            {
                (claim.schedule.id, tick): _request(claim.schedule, tick)
                for claim, planned in plans
                if isinstance(planned, Plan)
                for tick in planned.starts
            }
        )
        for claim, planned in plans:
            if isinstance(planned, Plan) and planned.cancels:
                await self._cancel(claim.schedule)
        outcomes = [_outcome(claim, planned, started) for claim, planned in plans]
        await self._schedules.finish(outcomes)
        for claim, outcome in zip(claims, outcomes, strict=True):
            if outcome.last_error is not None:
                logger.info("schedule %r: %s", claim.schedule.settings.name, outcome.last_error)

    async def _start(self, requests: Mapping[_Tick, ExecuteRequest]) -> Mapping[_Tick, _Answer]:
        found: dict[_Tick, _Answer] = {}
        ticks = list(requests)
        for first in range(0, len(ticks), _TOGETHER):
            some = ticks[first : first + _TOGETHER]
            try:
                answers = await self._executions.execute_many([requests[tick] for tick in some])
            except Unavailable:
                raise
            except StepgraphError:  # one of them cannot be stored: it must not stop the others
                answers = [await self._start_alone(requests[tick]) for tick in some]
            found.update(zip(some, answers, strict=True))
        return found

    async def _start_alone(self, request: ExecuteRequest) -> _Answer:
        try:
            [answer] = await self._executions.execute_many([request])
        except Unavailable:
            raise
        except StepgraphError as error:
            return error
        return answer

    async def _cancel(self, schedule: ScheduleRecord) -> None:
        running = schedule.last_execution_id
        if running is not None:
            reason = f"The schedule {schedule.settings.name!r} is due again, and starts the next one."
            with suppress(NotFound, InvalidState):
                await self._control.cancel(running, reason)


def _planned(claim: ScheduleClaim, now: datetime) -> Plan | StepgraphError:
    try:
        return plan(claim, now)
    except InvalidInput as error:  # a time zone or an expression that this release does not know
        return error


def _request(schedule: ScheduleRecord, tick: datetime) -> ExecuteRequest:
    settings = schedule.settings
    return ExecuteRequest(
        workflow_id=settings.workflow_id,
        input=settings.input,
        labels={"schedule": settings.name, "scheduledAt": tick_text(tick)},
        idempotency_key=tick_key(schedule.id, tick),
        is_own_key=True,
        trigger=TriggerKind.SCHEDULE,
        trigger_id=schedule.id,
    )


def _outcome(claim: ScheduleClaim, planned: Plan | StepgraphError, started: Mapping[_Tick, _Answer]) -> ScheduleOutcome:
    """The outcome of a claim, as it is stored."""
    schedule = claim.schedule
    if not isinstance(planned, Plan):
        return ScheduleOutcome(
            schedule_id=schedule.id, epoch=claim.epoch, next_run_at=None, last_error=str(planned), stops=True
        )
    answers = [(tick, started[schedule.id, tick]) for tick in planned.starts]
    begun = [(tick, answer) for tick, answer in answers if isinstance(answer, ExecutionRecord)]
    refused = [(tick, answer) for tick, answer in answers if isinstance(answer, StepgraphError)]
    said = [planned.passed] if planned.passed else []
    if refused:
        said.append(f"The tick {tick_text(refused[-1][0])} started nothing: {refused[-1][1]}")
    is_gone = any(isinstance(error, NotFound) and error.what == "workflow" for _, error in refused)
    known = schedule.last_run_at, schedule.last_execution_id
    last_run_at, last_execution_id = (begun[-1][0], begun[-1][1].id) if begun else known
    return ScheduleOutcome(
        schedule_id=schedule.id,
        epoch=claim.epoch,
        next_run_at=None if is_gone else planned.next_run_at,
        buffered_at=None if is_gone else planned.buffered_at,
        last_run_at=last_run_at,
        last_execution_id=last_execution_id,
        last_error=" ".join(said) or None,
        stops=is_gone,
    )
