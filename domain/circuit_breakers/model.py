"""Circuit breakers as values: their configuration, and the state that all processes share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.changes import UNSET, Unset
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.statuses import CircuitBreakerState

MAX_SERVICE_ID = 200
"""The largest length of a service's id, in characters."""

_MOST_CALLS = 10_000
_SHORTEST, _LONGEST = timedelta(milliseconds=100), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    """The thresholds at which a breaker opens and closes.

    `failure_threshold` failures in a row open it; after `reset_timeout` probes are let through, `half_open_max_calls`
    at a time over all workers; `success_threshold` of them that succeed close it, and one that fails opens it again.
    """

    failure_threshold: int = 5
    success_threshold: int = 2
    reset_timeout: timedelta = timedelta(seconds=30)
    half_open_max_calls: int = 1

    def checked(self) -> "BreakerConfig":
        """This configuration, if it makes sense. Raises `InvalidInput` with every problem."""
        problems = [
            Problem(path=("config", name), message=f"must be between 1 and {_MOST_CALLS:,}, and is {value}.")
            for name, value in (
                ("failureThreshold", self.failure_threshold),
                ("successThreshold", self.success_threshold),
                ("halfOpenMaxCalls", self.half_open_max_calls),
            )
            if not 1 <= value <= _MOST_CALLS
        ]
        if not _SHORTEST <= self.reset_timeout <= _LONGEST:
            problems.append(
                Problem(path=("config", "resetTimeout"), message="must be between PT0.1S and P1D.", hint="Try PT30S.")
            )
        if problems:
            raise InvalidInput(problems)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanges:
    """Changes of a `BreakerConfig`, as of `domain.kernel.changes`."""

    failure_threshold: int | Unset = UNSET
    success_threshold: int | Unset = UNSET
    reset_timeout: timedelta | Unset = UNSET
    half_open_max_calls: int | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSnapshot:
    """The state of a service's breaker. `version` grows with every change, `generation` with every new `state`.

    `failure_count`: failures in a row, while CLOSED. `success_count`: probes that succeeded, while HALF_OPEN. `probes`:
    the places that are taken while HALF_OPEN, each with when it is given up for lost.
    """

    service_id: str
    state: CircuitBreakerState = CircuitBreakerState.CLOSED
    version: int = 0
    generation: int = 0
    failure_count: int = 0
    success_count: int = 0
    opened_at: datetime | None = None
    next_probe_at: datetime | None = None
    probes: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def is_healthy(self) -> bool:
        """True when the breaker is CLOSED and has counted no failure."""
        return self.state is CircuitBreakerState.CLOSED and self.failure_count == 0

    def is_older_than(self, other: "BreakerSnapshot") -> bool:
        """True when the other one is the newer state of the same breaker."""
        return (self.generation, self.version) < (other.generation, other.version)

    def closed(self) -> "BreakerSnapshot":
        """This breaker's next state when it is closed by hand."""
        return BreakerSnapshot(service_id=self.service_id, version=self.version + 1, generation=self.generation + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerRecord:
    """A breaker as it is stored: its configuration, and its state when that last changed."""

    id: UUID
    config: BreakerConfig
    snapshot: BreakerSnapshot
    updated_at: datetime

    @property
    def service_id(self) -> str:
        """The id of the service that it guards."""
        return self.snapshot.service_id

    def at(self, snapshot: BreakerSnapshot | None) -> "CircuitBreakerRecord":
        """This record with the given state, where that is newer than its own."""
        if snapshot is None or not self.snapshot.is_older_than(snapshot):
            return self
        return replace(self, snapshot=snapshot)


def is_service_id(text: str) -> bool:
    """True when a text can name a service: 1 to 200 printable characters, without spaces around them."""
    return 0 < len(text) <= MAX_SERVICE_ID and text.isprintable() and text == text.strip()
