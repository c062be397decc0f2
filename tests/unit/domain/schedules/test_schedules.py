"""Plans for schedules whose ticks are due: overlap policies, catching up, and bounds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kernel.ids import new_id
from domain.kernel.statuses import OverlapPolicy
from domain.schedules.model import MAX_STARTS, MAX_TICKS, Plan, ScheduleClaim, ScheduleRecord, ScheduleSettings, plan

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SKIP, BUFFER_ONE, ALLOW, CANCEL_OTHER = OverlapPolicy


def planned(
    *,
    now: datetime = NOON,
    due: datetime | None = NOON,
    runs: bool = False,
    buffered: datetime | None = None,
    last_run_at: datetime | None = None,
    **settings: Any,
) -> Plan:
    """The plan for an hourly schedule."""
    given: dict[str, Any] = {"name": "hourly", "workflow_id": new_id(), "cron": "0 * * * *"} | settings
    schedule = ScheduleRecord(
        id=new_id(),
        settings=ScheduleSettings(**given),
        revision=1,
        created_at=NOON,
        updated_at=NOON,
        next_run_at=due,
        buffered_at=buffered,
        last_run_at=last_run_at,
    )
    return plan(ScheduleClaim(schedule=schedule, epoch=1, is_running=runs), now)


@pytest.mark.parametrize("overlap", OverlapPolicy)
def test_a_tick_that_is_due_is_started_and_the_next_one_follows(overlap: OverlapPolicy) -> None:
    due = planned(overlap=overlap, now=NOON + timedelta(seconds=0.3))

    assert (due.starts, due.next_run_at, due.passed) == ([NOON], NOON + HOUR, None)
    assert not due.cancels


def test_skip_starts_nothing_while_the_last_one_runs() -> None:
    due = planned(overlap=SKIP, runs=True)

    assert (due.starts, due.next_run_at) == ([], NOON + HOUR)
    assert due.passed == "The tick 2026-05-05T12:00:00Z was skipped: an execution of this schedule had not ended."


def test_allow_starts_whatever_runs() -> None:
    assert planned(overlap=ALLOW, runs=True).starts == [NOON]


def test_buffer_one_remembers_one_tick_and_drops_further_ones() -> None:
    first = planned(overlap=BUFFER_ONE, runs=True)
    second = planned(overlap=BUFFER_ONE, runs=True, due=NOON + HOUR, now=NOON + HOUR, buffered=NOON)

    assert (first.starts, first.buffered_at, first.passed) == ([], NOON, None)
    assert (second.starts, second.buffered_at) == ([], NOON)
    assert second.passed is not None


def test_a_buffered_tick_is_started_when_the_last_one_has_ended() -> None:
    alone = planned(overlap=BUFFER_ONE, due=NOON + HOUR, buffered=NOON)
    with_next = planned(overlap=BUFFER_ONE, due=NOON + HOUR, now=NOON + HOUR, buffered=NOON)

    assert (alone.starts, alone.buffered_at, alone.next_run_at) == ([NOON], None, NOON + HOUR)
    assert (with_next.starts, with_next.buffered_at) == ([NOON], NOON + HOUR)


def test_cancel_other_cancels_what_runs_and_starts_the_newest_when_it_has_ended() -> None:
    first = planned(overlap=CANCEL_OTHER, runs=True)
    second = planned(overlap=CANCEL_OTHER, runs=True, due=NOON + HOUR, now=NOON + HOUR, buffered=NOON)
    ended = planned(overlap=CANCEL_OTHER, due=NOON + 2 * HOUR, now=NOON + HOUR, buffered=NOON + HOUR)

    assert (first.cancels, first.starts, first.buffered_at) == (True, [], NOON)
    assert (second.cancels, second.starts, second.buffered_at) == (True, [], NOON + HOUR)
    assert second.passed == "The tick 2026-05-05T12:00:00Z was skipped: a newer one took the place."
    assert (ended.cancels, ended.starts, ended.buffered_at) == (False, [NOON + HOUR], None)


def test_cancel_other_starts_only_the_newest_of_those_that_were_missed() -> None:
    due = planned(overlap=CANCEL_OTHER, now=NOON + 2 * HOUR, catch_up_window=timedelta(days=1))

    assert (due.starts, due.cancels) == ([NOON + 2 * HOUR], False)


def test_what_was_missed_within_the_window_is_started_the_oldest_first() -> None:
    due = planned(overlap=ALLOW, now=NOON + 3 * HOUR, catch_up_window=timedelta(days=1))

    assert due.starts == [NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert (due.next_run_at, due.passed) == (NOON + 4 * HOUR, None)


def test_each_missed_tick_is_subject_to_the_overlap_policy() -> None:
    skipping = planned(overlap=SKIP, now=NOON + 3 * HOUR, catch_up_window=timedelta(days=1))
    buffering = planned(overlap=BUFFER_ONE, now=NOON + 3 * HOUR, catch_up_window=timedelta(days=1))

    assert skipping.starts == [NOON]
    assert skipping.passed is not None
    assert skipping.passed.startswith("3 ticks from 2026-05-05T13:00:00Z to 2026-05-05T15:00:00Z were skipped")
    assert (buffering.starts, buffering.buffered_at) == ([NOON], NOON + HOUR)


def test_what_is_older_than_the_window_is_dropped_and_said_to_be() -> None:
    due = planned(overlap=ALLOW, now=NOON + 3 * HOUR, catch_up_window=2 * HOUR)

    assert due.starts == [NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert due.passed is not None
    assert "the catch-up window is PT2H" in due.passed


def test_a_window_of_nothing_still_starts_what_is_only_a_moment_late() -> None:
    prompt = planned(now=NOON + timedelta(seconds=10), catch_up_window=timedelta(0))
    late = planned(now=NOON + timedelta(seconds=11), catch_up_window=timedelta(0))

    assert prompt.starts == [NOON]
    assert (late.starts, late.next_run_at) == ([], NOON + HOUR)
    assert late.passed is not None


def test_after_a_years_outage_of_every_minute_the_newest_thousand_are_looked_at() -> None:
    window, now = timedelta(days=366), NOON + timedelta(days=365)

    skipping = planned(cron="* * * * *", overlap=SKIP, now=now, catch_up_window=window)
    allowing = planned(cron="* * * * *", overlap=ALLOW, now=now, catch_up_window=window)

    assert skipping.starts == [now - timedelta(minutes=MAX_TICKS - 1)]
    assert skipping.next_run_at == now + timedelta(minutes=1)
    assert skipping.passed is not None
    assert skipping.passed.startswith("More than 1,000 ticks were missed")
    assert (len(allowing.starts), allowing.starts[0]) == (MAX_STARTS, skipping.starts[0])
    assert allowing.next_run_at == allowing.starts[-1] + timedelta(minutes=1)


def test_a_tick_that_was_started_already_is_passed_over_without_a_word() -> None:
    due = planned(overlap=SKIP, runs=True, last_run_at=NOON)

    assert (due.starts, due.passed, due.next_run_at) == ([], None, NOON + HOUR)
