"""The ports of circuit breakers: the question before a service is called, and the sharing and storing of states."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot, CircuitBreakerRecord
from domain.kernel.fast_values import fast_init
from domain.kernel.pages import Page
from domain.kernel.statuses import CircuitBreakerState


@fast_init
@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to call a service once. One with a `probe` takes one of the few places that a half-open breaker has.

    `generation` is that of the breaker when this was given: a report about a call that began in an earlier state
    changes nothing.
    """

    service_id: str
    generation: int = 0
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service is not to be called now; `until` is when a call may be tried again."""

    service_id: str
    until: datetime


class CircuitBreakers(Protocol):
    """Guards services by their `service_id`, across all workers. No method raises.

    Where Redis is away, each process goes on with what it knows. While a service is healthy, none of these waits for
    anything outside of the process. Every permit is given back once, by one of the last three. A call of `admit`
    that is cancelled gives no permit; a report counts also where its caller is cancelled.
    """

    async def admit(self, service_id: str) -> Permit | Refused:
        """A permit for one call, or a refusal. The first call ever creates the service's breaker."""

    async def succeeded(self, permit: Permit) -> None:
        """Report that the service has answered, be it with a complaint about the request."""

    async def failed(self, permit: Permit) -> None:
        """Report that the service could not be reached, did not answer in time, or has answered that it is at fault."""

    def abandoned(self, permit: Permit) -> None:
        """Report that the call was given up before its result was known."""


@dataclass(frozen=True, slots=True)
class BreakerNews:
    """News of one breaker: its new `snapshot`, that its `config` has changed, or (neither) that it was deleted.

    `service_id` None: the connection is new, and anything may have been missed.
    """

    service_id: str | None
    snapshot: BreakerSnapshot | None = None
    config: BreakerConfig | None = None


class SharedBreakers(Protocol):
    """The newest state of every breaker, between processes. It may forget everything at any time.

    Every method raises `Unavailable` while it cannot be reached: a command is given up after a quarter of a second.
    """

    async def read(self, service_ids: Collection[str]) -> Mapping[str, BreakerSnapshot]:
        """The states of these services' breakers; those that are unknown are left out."""

    async def replace(self, snapshot: BreakerSnapshot, *, after: int) -> BreakerSnapshot | None:
        """Replace version `after` of a state, or store it where none is known, and publish it.

        Returns None when that is done, else the state that is there instead.
        """

    async def configured(self, service_id: str, config: BreakerConfig) -> None:
        """Publish a new configuration."""

    async def deleted(self, service_id: str) -> None:
        """Publish that a breaker was deleted.

        Its state is kept for a while, so that late reports are recognised as late.
        """

    def news(self) -> "AbstractAsyncContextManager[AsyncIterator[BreakerNews]]":
        """The news published from now on; lost connections are made anew for ever."""


class BreakerStore(Protocol):
    """The stored breakers: their configuration, and their last state. Ordered by service id."""

    async def ensure(self, service_id: str, *, id: UUID, now: datetime) -> CircuitBreakerRecord:
        """The breaker of this service, stored with this id if it is new.

        Of more than 10,000 services no more are stored; the answer is then a record of its own.
        """

    async def find(self, service_id: str) -> CircuitBreakerRecord | None:
        """The breaker of this service."""

    async def get(self, id: UUID) -> CircuitBreakerRecord | None:
        """The breaker with this id."""

    async def many(self, service_ids: Collection[str]) -> Mapping[str, CircuitBreakerRecord]:
        """The breakers of these services."""

    async def page(
        self, states: Collection[CircuitBreakerState] | None, *, first: int, after: str | None
    ) -> Page[CircuitBreakerRecord]:
        """Breakers by their service id; `after` is one."""

    async def count(self, states: Collection[CircuitBreakerState] | None) -> int:
        """The number of breakers that match `page`'s filter."""

    async def configure(self, service_id: str, config: BreakerConfig, now: datetime) -> CircuitBreakerRecord:
        """Change the configuration of a breaker that is stored. Raises `NotFound`."""

    async def save(self, snapshot: BreakerSnapshot, now: datetime) -> bool:
        """Store a new state, unless a newer generation is stored; says whether it was.

        One that is OPEN, or that is CLOSED and was not before, goes into the outbox with it.
        """

    async def delete(self, service_id: str) -> UUID | None:
        """Remove a breaker; returns its id, None where there is none."""

    async def waiting(self, service_ids: Collection[str]) -> Mapping[str, int]:
        """For each service the number of executions with a step that waits for its breaker; zeroes are left out."""

    async def release(self, service_id: str, *, now: datetime, every: timedelta, limit: int) -> Sequence[UUID]:
        """Make steps that wait for this breaker due, one each `every`, those that wait longest first.

        No step is made due later than it was. Those of executions that a worker holds, or that are paused, are left as
        they are: they come when they would have come. Returns the executions that have changed.
        """
