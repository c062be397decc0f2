"""Webhooks and their events as they are stored, and the rules of delivery: when to retry, and when to give up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.changes import UNSET, Unset
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType, InboundSignature, WebhookDirection, WebhookEventStatus
from domain.kernel.times import time_text

ROTATION_GRACE = timedelta(hours=24)
"""The time for which the previous secret stays valid after a rotation."""

RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The delay after each failed attempt; after one more failure the event has FAILED."""

JITTER = 0.1
"""The largest random change of a delay, as a share of it, in either direction."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""The longest delay that a receiver may ask for; more is cut to this."""

DISABLED_AFTER = timedelta(days=5)
"""The time after which a webhook is disabled whose deliveries all fail."""

EXCERPT_BYTES = 1024
"""The most bytes of a receiver's answer that are kept with an attempt."""

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=1)
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRecord:
    """A registered webhook. Names are unique among all.

    Outbound: `url` is the receiver, `event_types` limits the events (empty: all), and `workflow_id` their workflow.
    Inbound: `workflow_id` is the one to start, `signature` how senders prove themselves, `input` an expression that
    builds the execution's input; its address is made from its id. `secret` and `previous_secret` are sealed
    (`purpose_of`); the text inside is the secret as it was shown. The previous one is good until
    `previous_secret_until`.

    `disabled_reason`: why it is not `enabled`, where no person disabled it. `failing_since`: the first failure
    since a delivery last succeeded. `left_out`: the fields that were not read, as of an `ExecutionRecord`.
    """

    id: UUID
    name: str
    direction: WebhookDirection
    url: str | None = None
    event_types: tuple[EventType, ...] = ()
    workflow_id: UUID | None = None
    signature: InboundSignature = InboundSignature.STANDARD_WEBHOOKS
    input: str | None = None
    secret: bytes
    previous_secret: bytes | None = None
    previous_secret_until: datetime | None = None
    enabled: bool = True
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    created_at: datetime
    updated_at: datetime
    left_out: Mapping[str, int] = field(default_factory=dict)

    def wants(self, type: EventType, workflow_id: UUID | None) -> bool:
        """True when an event of this type is for this webhook; `workflow_id` is that of the execution it is about."""
        return (
            self.enabled
            and self.direction is WebhookDirection.OUTBOUND
            and (not self.event_types or type in self.event_types)
            and self.workflow_id in (None, workflow_id)
        )

    def sealed_secrets(self, now: datetime) -> tuple[bytes, ...]:
        """The secrets that are valid at this moment, the newest first."""
        if self.previous_secret is None or self.previous_secret_until is None or self.previous_secret_until <= now:
            return (self.secret,)
        return self.secret, self.previous_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChanges:
    """Changes of a webhook, as of `domain.kernel.changes`. `event_types`: names of them; None and empty are all."""

    name: str | Unset | None = UNSET
    url: str | Unset | None = UNSET
    event_types: Sequence[str] | Unset | None = UNSET
    workflow_id: UUID | Unset | None = UNSET
    input: str | Unset | None = UNSET
    enabled: bool | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAttempt:
    """One attempt at delivering. `status_code` is the answer's, `excerpt` its beginning.

    `error` is the reason for which there is no answer, or for which it is no success.
    """

    at: datetime
    duration: timedelta
    status_code: int | None = None
    error: str | None = None
    excerpt: str | None = None

    @property
    def succeeded(self) -> bool:
        """True when the receiver has taken it: any 2xx, and nothing else."""
        return self.error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEventRecord:
    """An event of a webhook: one that it was or is to be sent, or one that came in through it.

    `payload` is the JSON that is sent, or that came. `position` orders events that are sent for the first time; events
    never queued have none. `failures`: attempts that have failed since it was queued, or replayed. `next_attempt_at` is
    set while it is PENDING. `external_id`: the sender's id of something inbound, unique within the webhook. `left_out`:
    the fields that were not read, as of an `ExecutionRecord`; `attempt_count` is known nevertheless.
    """

    id: UUID
    webhook_id: UUID
    event_type: str
    status: WebhookEventStatus
    payload: JsonValue
    created_at: datetime
    attempts: tuple[WebhookAttempt, ...] = ()
    failures: int = 0
    last_status_code: int | None = None
    last_error: str | None = None
    delivered_at: datetime | None = None
    next_attempt_at: datetime | None = None
    execution_id: UUID | None = None
    external_id: str | None = None
    position: int | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    unread_attempts: int = 0

    @property
    def attempt_count(self) -> int:
        """The number of attempts at delivering it, replays included."""
        return len(self.attempts) + self.unread_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An outbound webhook that a worker serves alone until its lease is over; `lease_id` is that worker's turn.

    `due` are events to send one after the other. `failures`: first attempts that have failed since anything was last
    delivered; `paused_until`: until when it gets nothing new because of that.
    """

    webhook: WebhookRecord
    lease_id: UUID
    failures: int
    paused_until: datetime | None
    due: tuple[WebhookEventRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The consequences of an attempt. `next_attempt_at`: when the event is tried again, None where it has ended.

    For the endpoint: first attempts that have failed in a row (`failures`), `failing_since`, until when none are made
    (`paused_until`), until when nothing at all is sent (`throttled_until`), and why it is disabled, if it is.
    """

    status: WebhookEventStatus
    next_attempt_at: datetime | None
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    throttled_until: datetime | None
    disabled_reason: str | None


def purpose_of(webhook_id: UUID) -> str:
    """The purpose under which a webhook's secrets are sealed."""
    return f"webhook {webhook_id}"


def judge(
    attempt: WebhookAttempt,
    endpoint: Endpoint,
    event: WebhookEventRecord,
    *,
    retry_after: timedelta | None,
    chance: float,
    now: datetime,
) -> Verdict:
    """The consequences of an attempt that is over `now`. `chance`, 0 to 1, chooses the jitter."""
    if attempt.succeeded:
        return Verdict(
            status=WebhookEventStatus.DELIVERED,
            next_attempt_at=None,
            failures=0,
            failing_since=None,
            paused_until=None,
            throttled_until=None,
            disabled_reason=None,
        )
    is_first = not event.attempts
    failures = endpoint.failures + is_first
    failing_since = endpoint.webhook.failing_since or attempt.at
    asked = None if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER)
    delay = retry_delay(event.failures + 1, asked, chance)
    return Verdict(
        status=WebhookEventStatus.FAILED if delay is None else WebhookEventStatus.PENDING,
        next_attempt_at=None if delay is None else now + delay,
        failures=failures,
        failing_since=failing_since,
        paused_until=now + pause_after(failures) if is_first else endpoint.paused_until,
        throttled_until=None if asked is None else now + asked,
        disabled_reason=_disabled_reason(attempt.status_code, failing_since, now),
    )


def retry_delay(failures: int, retry_after: timedelta | None, chance: float) -> timedelta | None:
    """The time to wait after the `failures`-th failed attempt; None: it was the last.

    It is never shorter than the receiver has asked for.
    """
    if failures > len(RETRY_DELAYS):
        return None
    delay = RETRY_DELAYS[failures - 1] * (1 + JITTER * (2 * chance - 1))
    return delay if retry_after is None else max(delay, retry_after)


def pause_after(failures: int) -> timedelta:
    """The time for which an endpoint gets nothing new after so many failures: 1 s, 2 s, 4 s, up to a minute."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(failures - 1, 10)))


def _disabled_reason(status_code: int | None, failing_since: datetime, now: datetime) -> str | None:
    if status_code == _GONE:
        return "The receiver answered 410 Gone."
    if now - failing_since >= DISABLED_AFTER:
        return f"Every delivery has failed for {DISABLED_AFTER.days} days."
    return None


def why_not_replayed(event: WebhookEventRecord, *, enabled: bool) -> str | None:
    """The reason for which an event cannot be replayed; None when it can. `enabled` is its webhook's."""
    if event.status in (WebhookEventStatus.RECEIVED, WebhookEventStatus.REJECTED):
        return "The event came in: only what was sent can be sent once more."
    if event.status is WebhookEventStatus.PENDING and not event.attempts:
        return "The event is on its first way already."
    return None if enabled else "The webhook is disabled: enable it first."


def in_turn(events: Iterable[WebhookEventRecord]) -> tuple[WebhookEventRecord, ...]:
    """Events in the order in which they are sent: new ones as they happened, then retries as they are due."""
    return tuple(sorted(events, key=_turn))


def _turn(event: WebhookEventRecord) -> tuple[bool, int, datetime]:
    again = bool(event.attempts)
    return again, 0 if again else event.position or 0, event.next_attempt_at or event.created_at


def disabled_data(webhook_id: UUID, name: str, reason: str) -> JsonValue:
    """The data of the event `webhook.disabled`."""
    return {"id": to_public(IdKind.WEBHOOK, webhook_id), "name": name, "reason": reason}


def attempts_to_json(attempts: Sequence[WebhookAttempt]) -> list[JsonValue]:
    """Attempts as they are stored."""
    return [
        {
            "at": time_text(attempt.at),
            "duration": attempt.duration.total_seconds(),
            "statusCode": attempt.status_code,
            "error": attempt.error,
            "excerpt": attempt.excerpt,
        }
        for attempt in attempts
    ]
