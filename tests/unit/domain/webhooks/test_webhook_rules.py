"""The rules of delivering: when an event is tried again, when an endpoint is left alone, when it is given up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel.errors import Undecipherable
from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType, WebhookDirection, WebhookEventStatus
from domain.webhooks.model import (
    RETRY_DELAYS,
    Endpoint,
    Verdict,
    WebhookAttempt,
    WebhookEventRecord,
    WebhookRecord,
    judge,
    pause_after,
    purpose_of,
    retry_delay,
)
from domain.webhooks.secrets import opened_secrets
from persistence.postgres.secrets.cipher import AesGcmCipher

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

WEBHOOK = WebhookRecord(
    id=new_id(),
    name="orders",
    direction=WebhookDirection.OUTBOUND,
    url="https://receiver.test/",
    secret=b"",
    created_at=NOW,
    updated_at=NOW,
)
EVENT = WebhookEventRecord(
    id=new_id(),
    webhook_id=WEBHOOK.id,
    event_type="execution.completed",
    status=WebhookEventStatus.PENDING,
    payload=None,
    created_at=NOW,
)
ENDPOINT = Endpoint(webhook=WEBHOOK, lease_id=new_id(), failures=0, paused_until=None, due=(EVENT,))


def an_attempt(status_code: int | None = 500) -> WebhookAttempt:
    error = None if status_code == 200 else "It failed."
    return WebhookAttempt(at=NOW, duration=timedelta(seconds=1), status_code=status_code, error=error)


def judged(
    attempt: WebhookAttempt,
    *,
    endpoint: Endpoint = ENDPOINT,
    failures: int = 0,
    retry_after: timedelta | None = None,
    now: datetime = NOW,
) -> Verdict:
    event = replace(EVENT, failures=failures, attempts=(an_attempt(),) * failures)
    return judge(attempt, endpoint, event, retry_after=retry_after, chance=0.5, now=now)


def test_an_event_is_tried_ten_times_over_three_days() -> None:
    waits = [retry_delay(failures, None, 0.5) for failures in range(1, 11)]
    assert waits == [*RETRY_DELAYS, None]
    assert timedelta(days=3) < sum(RETRY_DELAYS, timedelta()) < timedelta(days=4)


def test_no_delay_is_off_by_more_than_a_tenth() -> None:
    assert [retry_delay(2, None, chance) for chance in (0.0, 0.5, 1.0)] == [4.5 * MINUTE, 5 * MINUTE, 5.5 * MINUTE]


def test_a_receiver_may_ask_for_a_longer_wait_but_not_for_a_shorter_one() -> None:
    assert judged(an_attempt(), retry_after=MINUTE).next_attempt_at == NOW + MINUTE
    assert judged(an_attempt(), retry_after=timedelta(seconds=1)).next_attempt_at == NOW + timedelta(seconds=5)


def test_a_receiver_is_not_left_alone_for_more_than_a_day() -> None:
    verdict = judged(an_attempt(429), retry_after=30 * DAY)
    assert (verdict.next_attempt_at, verdict.throttled_until) == (NOW + DAY, NOW + DAY)


def test_a_wait_that_is_asked_for_holds_for_all_events() -> None:
    assert judged(an_attempt(503), retry_after=MINUTE).throttled_until == NOW + MINUTE
    assert judged(an_attempt(503)).throttled_until is None


def test_after_its_last_attempt_an_event_has_failed() -> None:
    assert judged(an_attempt(), failures=8).status is WebhookEventStatus.PENDING
    verdict = judged(an_attempt(), failures=9, retry_after=MINUTE)
    assert (verdict.status, verdict.next_attempt_at) == (WebhookEventStatus.FAILED, None)


def test_a_success_ends_an_event_and_forgives_its_endpoint() -> None:
    failing = replace(ENDPOINT, webhook=replace(WEBHOOK, failing_since=NOW - 9 * DAY), failures=7, paused_until=NOW)
    verdict = judged(an_attempt(200), endpoint=failing, failures=3)
    assert verdict == Verdict(
        status=WebhookEventStatus.DELIVERED,
        next_attempt_at=None,
        failures=0,
        failing_since=None,
        paused_until=None,
        throttled_until=None,
        disabled_reason=None,
    )


def test_an_endpoint_that_fails_pauses_for_longer_and_longer() -> None:
    seconds = [pause_after(failures).total_seconds() for failures in (1, 2, 3, 6, 7, 1000)]
    assert seconds == [1, 2, 4, 32, 60, 60]
    verdict = judged(an_attempt(), endpoint=replace(ENDPOINT, failures=2))
    assert (verdict.failures, verdict.paused_until) == (3, NOW + timedelta(seconds=4))


def test_only_first_attempts_make_an_endpoint_pause() -> None:
    paused = replace(ENDPOINT, failures=2, paused_until=NOW + MINUTE)
    verdict = judged(an_attempt(), endpoint=paused, failures=1)
    assert (verdict.failures, verdict.paused_until) == (2, NOW + MINUTE)


def test_one_that_is_gone_is_disabled_at_once() -> None:
    assert judged(an_attempt(410)).disabled_reason == "The receiver answered 410 Gone."


def test_days_of_nothing_but_failures_disable() -> None:
    first = judged(an_attempt())
    assert (first.failing_since, first.disabled_reason) == (NOW, None)
    failing = replace(ENDPOINT, webhook=replace(WEBHOOK, failing_since=NOW))
    assert judged(an_attempt(None), endpoint=failing, now=NOW + 5 * DAY - MINUTE).disabled_reason is None
    verdict = judged(an_attempt(None), endpoint=failing, now=NOW + 5 * DAY)
    assert (verdict.failing_since, verdict.disabled_reason) == (NOW, "Every delivery has failed for 5 days.")


def test_a_webhook_wants_what_it_was_made_for() -> None:
    workflow_id = new_id()
    started, ended = EventType.EXECUTION_STARTED, EventType.EXECUTION_COMPLETED
    assert WEBHOOK.wants(started, None)
    assert not replace(WEBHOOK, event_types=(ended,)).wants(started, None)
    assert replace(WEBHOOK, workflow_id=workflow_id).wants(ended, workflow_id)
    assert not replace(WEBHOOK, workflow_id=workflow_id).wants(ended, None)
    assert not replace(WEBHOOK, enabled=False).wants(ended, None)
    assert not replace(WEBHOOK, direction=WebhookDirection.INBOUND).wants(ended, None)


def test_a_lost_key_of_the_secret_that_goes_does_not_stop_the_one_that_stays() -> None:
    cipher, lost = AesGcmCipher([bytes(32)]), AesGcmCipher([b"x" * 32])
    purpose = purpose_of(WEBHOOK.id)
    rotated = replace(
        WEBHOOK,
        secret=cipher.encrypt(b"new", purpose=purpose),
        previous_secret=lost.encrypt(b"old", purpose=purpose),
        previous_secret_until=NOW + HOUR,
    )
    assert opened_secrets(rotated, cipher, NOW) == ["new"]
    with pytest.raises(Undecipherable):
        opened_secrets(rotated, lost, NOW)
    both = replace(rotated, previous_secret=cipher.encrypt(b"old", purpose=purpose))
    assert opened_secrets(both, cipher, NOW) == ["new", "old"]
    assert opened_secrets(both, cipher, NOW + HOUR) == ["new"]
