"""Events of circuit breakers that others are told: one has opened, or closed."""

from datetime import datetime

from domain.circuit_breakers.model import BreakerSnapshot
from domain.kernel.statuses import CircuitBreakerState, EventType
from domain.kernel.times import time_text
from domain.outbox.events import OutboxEvent

_TOLD = {
    CircuitBreakerState.OPEN: EventType.CIRCUIT_BREAKER_OPENED,
    CircuitBreakerState.CLOSED: EventType.CIRCUIT_BREAKER_CLOSED,
}


def is_told(snapshot: BreakerSnapshot, before: CircuitBreakerState) -> bool:
    """True when a new state is announced: the breaker has opened, or has closed after not being closed `before`."""
    is_still_closed = snapshot.state is before is CircuitBreakerState.CLOSED  # only its count was reset
    return snapshot.state in _TOLD and not is_still_closed


def told(snapshot: BreakerSnapshot, now: datetime) -> OutboxEvent:
    """The event of a breaker that has opened or closed."""
    return OutboxEvent(
        type=_TOLD[snapshot.state],
        at=now,
        data={
            "serviceId": snapshot.service_id,
            "state": snapshot.state.value,
            "failureCount": snapshot.failure_count,
            "openedAt": _text(snapshot.opened_at),
            "nextProbeAt": _text(snapshot.next_probe_at),
        },
    )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time_text(time)
