"""The retry policy as a table: failed attempts, and the delays after which others follow."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import Jitter, RetryStrategy
from domain.workflows.definitions.definition import RetryPolicy
from domain.workflows.definitions.retry import LONGEST_DELAY, backoff, jittered, next_attempt_at

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TIMEOUT = StepError(code=FailureCode.TIMEOUT, message="no answer")
SECOND = timedelta(seconds=1)


def http(status: int) -> StepError:
    return StepError(code=FailureCode.HTTP_STATUS, message=str(status), details={"status": status})


@pytest.mark.parametrize(
    ("strategy", "delays"),
    [
        (RetryStrategy.FIXED, [2, 2, 2, 2, 2]),
        (RetryStrategy.LINEAR, [2, 4, 6, 8, 10]),
        (RetryStrategy.EXPONENTIAL, [2, 6, 18, 30, 30]),  # factor 3, capped at 30
    ],
)
def test_the_delay_grows_as_the_strategy_says(strategy: RetryStrategy, delays: list[int]) -> None:
    policy = RetryPolicy(strategy=strategy, delay=2 * SECOND, factor=3, max_delay=30 * SECOND)

    assert [backoff(policy, attempt) for attempt in range(1, 6)] == [delay * SECOND for delay in delays]


def test_an_exponential_delay_that_overflows_every_number_is_still_capped() -> None:
    policy = RetryPolicy(delay=timedelta(days=1), factor=1e300, max_delay=None)

    assert backoff(policy, 1_000) == LONGEST_DELAY


@pytest.mark.parametrize(
    ("jitter", "chance", "seconds"),
    [
        (Jitter.NONE, 0.25, 8),
        (Jitter.FULL, 0.0, 0),
        (Jitter.FULL, 0.25, 2),
        (Jitter.EQUAL, 0.0, 4),
        (Jitter.EQUAL, 0.5, 6),
    ],
)
def test_jitter_leaves_nothing_all_or_half_of_the_delay_to_chance(jitter: Jitter, chance: float, seconds: int) -> None:
    assert jittered(jitter, 8 * SECOND, chance) == seconds * SECOND


@pytest.mark.parametrize(
    ("error", "is_tried_again"),
    [
        (TIMEOUT, True),
        (StepError(code=FailureCode.CONNECT_FAILED, message=""), True),
        (http(500), True),
        (http(503), True),
        (http(408), True),
        (http(429), True),
        (http(400), False),
        (http(404), False),
        (StepError(code=FailureCode.DESTINATION_BLOCKED, message=""), False),
        (StepError(code=FailureCode.EXPRESSION_FAILED, message=""), False),
        (StepError(code=FailureCode.RESPONSE_TOO_LARGE, message=""), False),
    ],
    ids=lambda value: f"{value.code} {value.message}".strip() if isinstance(value, StepError) else str(value),
)
def test_only_what_a_repetition_may_mend_is_tried_again(error: StepError, is_tried_again: bool) -> None:
    at = next_attempt_at(RetryPolicy(), error, attempt=1, first_started_at=NOW, now=NOW, chance=0.5)

    assert (at is not None) == is_tried_again


def test_without_a_policy_or_with_none_there_is_one_attempt() -> None:
    for policy in (None, RetryPolicy(strategy=RetryStrategy.NONE), RetryPolicy(max_attempts=1)):
        assert next_attempt_at(policy, TIMEOUT, attempt=1, first_started_at=NOW, now=NOW, chance=0) is None


def test_the_first_call_counts_as_an_attempt() -> None:
    policy = RetryPolicy(max_attempts=3)

    tried_again = [
        next_attempt_at(policy, TIMEOUT, attempt=n, first_started_at=NOW, now=NOW, chance=0) is not None
        for n in (1, 2, 3)
    ]

    assert tried_again == [True, True, False]


def test_the_policy_condition_can_only_narrow() -> None:
    def at(error: StepError, wanted: bool) -> datetime | None:
        return next_attempt_at(
            RetryPolicy(), error, attempt=1, first_started_at=NOW, now=NOW, chance=0, retry_wanted=wanted
        )

    assert at(TIMEOUT, True) is not None
    assert at(TIMEOUT, False) is None
    assert at(http(404), True) is None


def test_a_service_that_asks_for_time_gets_it_even_beyond_the_cap() -> None:
    policy = RetryPolicy(delay=SECOND, max_delay=2 * SECOND, jitter=Jitter.NONE)

    at = next_attempt_at(
        policy, http(503), attempt=1, first_started_at=NOW, now=NOW, chance=0, retry_after=timedelta(minutes=3)
    )

    assert at == NOW + timedelta(minutes=3)


def test_a_service_cannot_push_the_next_attempt_out_of_sight() -> None:
    at = next_attempt_at(
        RetryPolicy(), http(503), attempt=1, first_started_at=NOW, now=NOW, chance=0, retry_after=timedelta(days=9999)
    )

    assert at == NOW + LONGEST_DELAY


def test_an_attempt_that_would_start_too_late_does_not_happen() -> None:
    policy = RetryPolicy(delay=10 * SECOND, jitter=Jitter.NONE, max_elapsed=15 * SECOND)

    def at(elapsed: int) -> datetime | None:
        return next_attempt_at(policy, TIMEOUT, attempt=1, first_started_at=NOW, now=NOW + elapsed * SECOND, chance=0)

    assert at(5) == NOW + 15 * SECOND
    assert at(6) is None
