"""The state machine of circuit breakers: every transition, and whatever order calls come back in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.circuit_breakers import machine
from actors.circuit_breakers.machine import FULL_FOR, PROBE_LOST_AFTER
from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import Permit, Refused
from domain.kernel.statuses import CircuitBreakerState

CLOSED, OPEN, HALF_OPEN = CircuitBreakerState.CLOSED, CircuitBreakerState.OPEN, CircuitBreakerState.HALF_OPEN
NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
CONFIG = BreakerConfig(failure_threshold=3, success_threshold=2, half_open_max_calls=2)


def a_snapshot(state: CircuitBreakerState, **members: Any) -> BreakerSnapshot:
    given: dict[str, Any] = {"service_id": "api:443", "state": state, "version": 7, "generation": 4}
    return BreakerSnapshot(**(given | members))


def closed(failures: int = 0) -> BreakerSnapshot:
    return a_snapshot(CLOSED, failure_count=failures)


def half_open(*probes: str, successes: int = 0, until: datetime = LATER) -> BreakerSnapshot:
    return a_snapshot(
        HALF_OPEN, failure_count=3, success_count=successes, opened_at=NOW, probes=dict.fromkeys(probes, until)
    )


OPENED = a_snapshot(OPEN, failure_count=3, opened_at=NOW, next_probe_at=LATER)
CALL, PROBE = Permit("api:443", 4), Permit("api:443", 4, "p")
OLD_CALL, OLD_PROBE = Permit("api:443", 3), Permit("api:443", 3, "p")


def happens(event: str, before: BreakerSnapshot, permit: Permit) -> BreakerSnapshot:
    match event:
        case "failed":
            return machine.failed(before, permit, CONFIG, NOW)
        case "succeeded":
            return machine.succeeded(before, permit, CONFIG, NOW)
        case _:
            return machine.abandoned(before, permit)


@pytest.mark.parametrize(
    ("before", "event", "permit", "state", "failures", "successes", "probes"),
    [
        (closed(), "failed", CALL, CLOSED, 1, 0, set()),
        (closed(1), "failed", CALL, CLOSED, 2, 0, set()),
        (closed(2), "failed", CALL, OPEN, 3, 0, set()),
        (closed(2), "succeeded", CALL, CLOSED, 0, 0, set()),
        (half_open("p"), "failed", PROBE, OPEN, 4, 0, set()),
        (half_open("p", "q", successes=1), "failed", PROBE, OPEN, 4, 0, set()),
        (half_open("p"), "succeeded", PROBE, HALF_OPEN, 3, 1, set()),
        (half_open("p", "q"), "succeeded", PROBE, HALF_OPEN, 3, 1, {"q"}),
        (half_open("p", "q", successes=1), "succeeded", PROBE, CLOSED, 0, 0, set()),
        (half_open("p", "q", successes=1), "abandoned", PROBE, HALF_OPEN, 3, 1, {"q"}),
    ],
)
def test_what_becomes_of_a_breaker(
    before: BreakerSnapshot,
    event: str,
    permit: Permit,
    state: CircuitBreakerState,
    failures: int,
    successes: int,
    probes: set[str],
) -> None:
    after = happens(event, before, permit)

    assert (after.state, after.failure_count, after.success_count, set(after.probes)) == (
        state,
        failures,
        successes,
        probes,
    )
    assert after.version == before.version + 1
    assert after.generation == before.generation + (state is not before.state)
    if state is OPEN:
        assert (after.opened_at, after.next_probe_at) == (NOW, NOW + CONFIG.reset_timeout)
    else:
        assert after.next_probe_at is None
        assert (after.opened_at is None) is (state is CLOSED)


@pytest.mark.parametrize(
    ("before", "event", "permit"),
    [
        (closed(), "succeeded", CALL),
        (closed(2), "abandoned", CALL),
        (closed(2), "failed", OLD_CALL),
        (closed(2), "succeeded", OLD_CALL),
        (closed(2), "failed", OLD_PROBE),
        (OPENED, "failed", CALL),
        (OPENED, "succeeded", CALL),
        (OPENED, "failed", OLD_CALL),
        (OPENED, "succeeded", OLD_PROBE),
        (half_open("q"), "failed", PROBE),
        (half_open("q"), "succeeded", PROBE),
        (half_open("q"), "abandoned", PROBE),
        (half_open("q"), "succeeded", CALL),
        (half_open("p"), "failed", OLD_PROBE),
        (half_open("p"), "abandoned", OLD_PROBE),
    ],
)
def test_what_changes_nothing(before: BreakerSnapshot, event: str, permit: Permit) -> None:
    assert happens(event, before, permit) is before


def test_a_closed_breaker_lets_every_call_through() -> None:
    assert machine.admit(closed(2), CONFIG, NOW, "p") == (closed(2), CALL)


def test_an_open_one_lets_none_through_until_its_time_has_come() -> None:
    assert machine.admit(OPENED, CONFIG, LATER - timedelta(microseconds=1), "p") == (OPENED, Refused("api:443", LATER))

    after, permit = machine.admit(OPENED, CONFIG, LATER, "p")

    assert permit == Permit("api:443", 5, "p")
    assert (after.state, after.generation, after.opened_at, after.next_probe_at) == (HALF_OPEN, 5, NOW, None)
    assert after.probes == {"p": LATER + PROBE_LOST_AFTER}


def test_a_half_open_one_gives_its_places_and_no_more() -> None:
    after, permit = machine.admit(half_open("a"), CONFIG, NOW, "p")
    assert permit == PROBE
    assert set(after.probes) == {"a", "p"}

    assert machine.admit(after, CONFIG, NOW, "q") == (after, Refused("api:443", NOW + FULL_FOR))


def test_the_place_of_a_probe_that_is_lost_is_given_to_another() -> None:
    before = half_open("a", "b", until=NOW)

    after, permit = machine.admit(before, CONFIG, NOW, "p")

    assert permit == PROBE
    assert set(after.probes) == {"p"}


def test_the_time_zone_of_the_clock_makes_no_difference() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    opened = machine.failed(closed(2), CALL, CONFIG, here)
    assert opened.next_probe_at == NOW + CONFIG.reset_timeout


@dataclass
class Reference:
    """A model of a breaker in the plainest form: no versions, no library."""

    config: BreakerConfig
    state: CircuitBreakerState = CLOSED
    generation: int = 0
    failures: int = 0
    successes: int = 0
    opens_again_at: datetime = NOW
    places: dict[str, datetime] = field(default_factory=dict)

    def move(self, state: CircuitBreakerState, now: datetime) -> None:
        self.state, self.generation, self.successes, self.places = state, self.generation + 1, 0, {}
        if state is OPEN:
            self.opens_again_at = now + self.config.reset_timeout
        if state is CLOSED:
            self.failures = 0

    def lets_through(self, probe: str, now: datetime) -> bool:
        if self.state is CLOSED:
            return True
        if self.state is OPEN:
            if now < self.opens_again_at:
                return False
            self.move(HALF_OPEN, now)
        free = {name: until for name, until in self.places.items() if until > now}
        if len(free) >= self.config.half_open_max_calls:
            return False
        self.places = {**free, probe: now + PROBE_LOST_AFTER}
        return True

    def renewed(self, permit: Permit, now: datetime) -> None:
        if permit.generation == self.generation and permit.probe in self.places:
            self.places[permit.probe or ""] = now + PROBE_LOST_AFTER

    def told(self, event: str, permit: Permit, now: datetime) -> None:
        if permit.generation != self.generation:
            return
        if self.state is HALF_OPEN:
            if self.places.pop(permit.probe or "", None) is None or event == "abandoned":
                return
            if event == "failed":
                self.move(OPEN, now)
            else:
                self.successes += 1
                if self.successes == self.config.success_threshold:
                    self.move(CLOSED, now)
        elif self.state is CLOSED and event == "succeeded":
            self.failures = 0
        elif self.state is CLOSED and event == "failed":
            self.failures += 1
            if self.failures == self.config.failure_threshold:
                self.move(OPEN, now)


class AnyOrder(RuleBasedStateMachine):
    """Calls that begin and end in any order, and time that passes between them."""

    @initialize(
        failures=st.integers(1, 4), successes=st.integers(1, 3), probes=st.integers(1, 3), seconds=st.integers(1, 90)
    )
    def begin(self, failures: int, successes: int, probes: int, seconds: int) -> None:
        self.config = BreakerConfig(
            failure_threshold=failures,
            success_threshold=successes,
            half_open_max_calls=probes,
            reset_timeout=timedelta(seconds=seconds),
        )
        self.now = NOW
        self.snapshot = BreakerSnapshot(service_id="api:443")
        self.reference = Reference(self.config)
        self.permits: list[Permit] = []
        self.calls = 0

    @rule()
    def call(self) -> None:
        self.calls += 1
        probe = f"p{self.calls}"
        before = self.snapshot
        self.snapshot, answer = machine.admit(before, self.config, self.now, probe)
        assert isinstance(answer, Permit) is self.reference.lets_through(probe, self.now)
        if isinstance(answer, Permit):
            assert answer.generation == self.snapshot.generation
            assert (answer.probe is None) is (self.snapshot.state is CLOSED)
            self.permits.append(answer)
        else:
            assert self.now < answer.until
            assert self.snapshot is before
        self.check_step(before)

    @rule(data=st.data(), event=st.sampled_from(["failed", "failed", "succeeded", "abandoned"]))
    def come_back(self, data: st.DataObject, event: str) -> None:
        if not self.permits:
            return
        permit = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        before = self.snapshot
        match event:
            case "failed":
                self.snapshot = machine.failed(before, permit, self.config, self.now)
            case "succeeded":
                self.snapshot = machine.succeeded(before, permit, self.config, self.now)
            case _:
                self.snapshot = machine.abandoned(before, permit)
        self.reference.told(event, permit, self.now)
        if permit.generation != before.generation:
            assert self.snapshot is before
        self.check_step(before)

    @rule(data=st.data())
    def last_long(self, data: st.DataObject) -> None:
        if not self.permits:
            return
        permit, before = data.draw(st.sampled_from(self.permits)), self.snapshot
        self.snapshot = machine.renewed(before, permit, self.now)
        self.reference.renewed(permit, self.now)
        self.check_step(before)

    @rule(seconds=st.sampled_from([0.5, 1, 10, 30, 59, 60, 61]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def check_step(self, before: BreakerSnapshot) -> None:
        """Each change has the next version; each new state has the next generation, and nothing else has."""
        after = self.snapshot
        if after is not before:
            assert after.version > before.version
        assert after.generation == before.generation + (after.state is not before.state)

    @invariant()
    def it_is_what_the_reference_says(self) -> None:
        if not hasattr(self, "snapshot"):
            return
        snapshot, reference = self.snapshot, self.reference
        assert (snapshot.state, snapshot.generation) == (reference.state, reference.generation)
        if snapshot.state is CLOSED:
            assert snapshot.failure_count == reference.failures < self.config.failure_threshold
        assert snapshot.success_count == reference.successes
        assert len(snapshot.probes) <= self.config.half_open_max_calls
        assert_same_places(snapshot.probes, reference.places, self.now)
        assert (snapshot.opened_at is None) is (snapshot.state is CLOSED)
        assert (snapshot.next_probe_at is not None) is (snapshot.state is OPEN)


def assert_same_places(found: Mapping[str, datetime], wanted: Mapping[str, datetime], now: datetime) -> None:
    assert {name: until for name, until in found.items() if until > now} == {
        name: until for name, until in wanted.items() if until > now
    }


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


def test_a_snapshot_closed_by_hand_is_of_a_new_generation() -> None:
    again = replace(OPENED).closed()
    assert (again.state, again.version, again.generation, again.failure_count) == (CLOSED, 8, 5, 0)
    assert machine.failed(again, PROBE, CONFIG, NOW) is again
