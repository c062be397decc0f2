"""The state machine of circuit breakers: aiobreaker's, made to work on shared snapshots and with our clock.

aiobreaker 1.2 decides what becomes of a state after a failure or a success. It cannot be shared as it is: it keeps its
state in a storage without versions, mixes local time with UTC, closes after one success, and lets any number of calls
through while it is half open. So each decision gets a machine of its own over a snapshot; times come from the caller;
the places of probes and the successes that are needed are counted here. All functions are pure.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from aiobreaker import CircuitBreaker
from aiobreaker.state import CircuitBreakerError
from aiobreaker.state import CircuitBreakerState as Machine
from aiobreaker.storage.base import CircuitBreakerStorage

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import Permit, Refused
from domain.kernel.statuses import CircuitBreakerState

PROBE_LOST_AFTER = timedelta(minutes=1)
"""The time after which a probe whose place was not renewed counts as lost with its worker: its place is free again."""

FULL_FOR = timedelta(seconds=1)
"""The time after which a refused call comes again while all places of probes are taken."""

_MACHINES = {state: Machine[state.value] for state in CircuitBreakerState}
_STATES = {machine: state for state, machine in _MACHINES.items()}


class _Failure(Exception):
    """The error that a failed call raises, for the machine."""


class _SnapshotStorage(CircuitBreakerStorage):  # type: ignore[misc]
    """A snapshot as aiobreaker wants to see it. It writes times of its own; they are not looked at."""

    def __init__(self, snapshot: BreakerSnapshot) -> None:
        super().__init__("snapshot")
        self._state = _MACHINES[snapshot.state]
        self._counter = snapshot.failure_count
        self._opened_at = datetime(1970, 1, 1)  # noqa: DTZ001 - aiobreaker compares it with times without a zone

    @property
    def state(self) -> Machine:
        return self._state

    @state.setter
    def state(self, state: Machine) -> None:
        self._state = state

    def increment_counter(self) -> None:
        self._counter += 1

    def reset_counter(self) -> None:
        self._counter = 0

    @property
    def counter(self) -> int:
        return self._counter

    @property
    def opened_at(self) -> datetime:
        return self._opened_at

    @opened_at.setter
    def opened_at(self, date_time: datetime) -> None:
        self._opened_at = date_time


def admit(
    snapshot: BreakerSnapshot, config: BreakerConfig, now: datetime, probe: str
) -> tuple[BreakerSnapshot, Permit | Refused]:
    """The state after a call asks to be made, and the answer to it. `probe` names the place that the call may take."""
    service_id = snapshot.service_id
    if snapshot.state is CircuitBreakerState.CLOSED:
        return snapshot, Permit(service_id, snapshot.generation)
    if snapshot.state is CircuitBreakerState.OPEN:
        if snapshot.next_probe_at is not None and now < snapshot.next_probe_at:
            return snapshot, Refused(service_id, snapshot.next_probe_at)
        snapshot = _after(snapshot, config, now, CircuitBreaker.half_open)
    taken = {name: until for name, until in snapshot.probes.items() if until > now}
    if len(taken) >= config.half_open_max_calls:
        return snapshot, Refused(service_id, now + min(FULL_FOR, config.reset_timeout))
    probes = {**taken, probe: now + PROBE_LOST_AFTER}
    snapshot = replace(snapshot, version=snapshot.version + 1, probes=probes)
    return snapshot, Permit(service_id, snapshot.generation, probe)


def failed(snapshot: BreakerSnapshot, permit: Permit, config: BreakerConfig, now: datetime) -> BreakerSnapshot:
    """The state after a call that has failed; unchanged where the call began in an earlier state."""
    if permit.generation != snapshot.generation or not _counts(snapshot, permit):
        return snapshot
    return _after(snapshot, config, now, _call_that_fails)


def succeeded(snapshot: BreakerSnapshot, permit: Permit, config: BreakerConfig, now: datetime) -> BreakerSnapshot:
    """The state after a call that was answered."""
    if permit.generation != snapshot.generation or not _counts(snapshot, permit) or snapshot.is_healthy:
        return snapshot
    if snapshot.state is CircuitBreakerState.HALF_OPEN and snapshot.success_count + 1 < config.success_threshold:
        snapshot = _without_probe(snapshot, permit)
        return replace(snapshot, version=snapshot.version + 1, success_count=snapshot.success_count + 1)
    return _after(snapshot, config, now, _call_that_succeeds)


def renewed(snapshot: BreakerSnapshot, permit: Permit, now: datetime) -> BreakerSnapshot:
    """The state after a call was found to be still under way: its place is kept. Unchanged where it has none."""
    probe = permit.probe
    if permit.generation != snapshot.generation or probe is None or probe not in snapshot.probes:
        return snapshot
    probes = {**snapshot.probes, probe: now + PROBE_LOST_AFTER}
    return replace(snapshot, version=snapshot.version + 1, probes=probes)


def abandoned(snapshot: BreakerSnapshot, permit: Permit) -> BreakerSnapshot:
    """The state after a call that was given up: its place is free."""
    if permit.generation != snapshot.generation or permit.probe not in snapshot.probes:
        return snapshot
    return replace(_without_probe(snapshot, permit), version=snapshot.version + 1)


def _counts(snapshot: BreakerSnapshot, permit: Permit) -> bool:
    """True when a call's result counts in this state: while it is half open, only that of a call that holds a place."""
    return snapshot.state is CircuitBreakerState.CLOSED or permit.probe in snapshot.probes


def _without_probe(snapshot: BreakerSnapshot, permit: Permit) -> BreakerSnapshot:
    return replace(snapshot, probes={name: until for name, until in snapshot.probes.items() if name != permit.probe})


def _after(
    snapshot: BreakerSnapshot, config: BreakerConfig, now: datetime, happens: Callable[[CircuitBreaker], object]
) -> BreakerSnapshot:
    """The state that aiobreaker makes of a snapshot."""
    storage = _SnapshotStorage(snapshot)
    machine = CircuitBreaker(
        fail_max=config.failure_threshold, timeout_duration=config.reset_timeout, state_storage=storage
    )
    happens(machine)
    state = _STATES[storage.state]
    version = snapshot.version + 1
    # A new state is one that aiobreaker has entered, also from itself.
    if state is snapshot.state:
        return replace(snapshot, version=version, failure_count=storage.counter)
    is_open = state is CircuitBreakerState.OPEN
    is_closed = state is CircuitBreakerState.CLOSED
    return BreakerSnapshot(
        service_id=snapshot.service_id,
        state=state,
        version=version,
        generation=snapshot.generation + 1,
        failure_count=storage.counter,
        opened_at=now if is_open else None if is_closed else snapshot.opened_at,
        next_probe_at=now + config.reset_timeout if is_open else None,
    )


def _call_that_fails(machine: CircuitBreaker) -> None:
    def call() -> None:
        raise _Failure

    with suppress(_Failure, CircuitBreakerError):
        machine.call(call)


def _call_that_succeeds(machine: CircuitBreaker) -> None:
    machine.call(lambda: None)
