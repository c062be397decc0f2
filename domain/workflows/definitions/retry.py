"""Retry rules: if and when a failed attempt is followed by another, as a pure function of policy and failure."""

from datetime import datetime, timedelta

from domain.kernel.backoff import Backoff
from domain.kernel.backoff import jittered as partly_left_to_chance
from domain.kernel.failures import StepError
from domain.kernel.statuses import Jitter, RetryStrategy
from domain.workflows.definitions.definition import RetryPolicy

#: No policy and no service can push the next attempt further away than this.
LONGEST_DELAY = timedelta(days=7)

_SHARES = {Jitter.NONE: 0.0, Jitter.EQUAL: 0.5, Jitter.FULL: 1.0}


def next_attempt_at(
    policy: RetryPolicy | None,
    error: StepError,
    *,
    attempt: int,
    first_started_at: datetime,
    now: datetime,
    chance: float,
    retry_after: timedelta | None = None,
    retry_wanted: bool | None = None,
) -> datetime | None:
    """The time at which attempt `attempt + 1` starts, or None when attempt `attempt` was the last.

    Only failures that are retryable by nature are tried again, and of those only the ones the policy's `when` wants
    (`retry_wanted`; None: it has no `when`). `retry_after`, the delay the service asked for, is a lower bound and is
    not shortened by `max_delay`. An attempt that would start after `max_elapsed`, counted from the first one's start,
    does not happen.
    """
    if policy is None or policy.strategy is RetryStrategy.NONE or attempt >= policy.max_attempts:
        return None
    if not error.is_retryable or retry_wanted is False:
        return None
    delay = jittered(policy.jitter, backoff(policy, attempt), chance)
    if retry_after is not None:
        delay = max(delay, min(retry_after, LONGEST_DELAY))
    at = now + delay
    if policy.max_elapsed is not None and at - first_started_at > policy.max_elapsed:
        return None
    return at


def backoff(policy: RetryPolicy, attempt: int) -> timedelta:
    """The delay after attempt `attempt` (from 1), capped by `max_delay`, before jitter."""
    cap = LONGEST_DELAY if policy.max_delay is None else min(policy.max_delay, LONGEST_DELAY)
    match policy.strategy:
        case RetryStrategy.NONE:
            return timedelta(0)
        case RetryStrategy.LINEAR:
            return min(min(policy.delay, cap) * attempt, cap)
        case RetryStrategy.FIXED:
            factor = 1.0
        case RetryStrategy.EXPONENTIAL:
            factor = policy.factor
    return Backoff(first=policy.delay, cap=cap, factor=factor, jitter=0.0).pause(attempt, chance=0.0)


def jittered(jitter: Jitter, delay: timedelta, chance: float) -> timedelta:
    """Spread a delay so that those who failed together do not come back together; `chance` is in [0, 1)."""
    return partly_left_to_chance(delay, _SHARES[jitter], chance)
