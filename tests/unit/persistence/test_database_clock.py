"""The clock of all processes: the database's time, however wrong the machine's is and however it jumps."""

from datetime import UTC, datetime, timedelta

import pytest

from persistence.postgres.connections.clock import DatabaseClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = 1_000_000_000
TOLERANCE = timedelta(seconds=2)


class Machine:
    """A machine whose clock can be set, and whose ticks only go forward."""

    def __init__(self, time: datetime = NOON) -> None:
        self.time = time
        self.ticks = 5 * SECOND
        self.clock = DatabaseClock(TOLERANCE, ticks=lambda: self.ticks, machine_time=lambda: self.time)

    def passes(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.ticks += int(seconds * SECOND)

    def measure(self, answer: datetime, *, took: float = 0.0) -> None:
        asked = self.clock.asked()
        self.passes(took)
        self.clock.measured(asked, answer)


def test_before_it_has_asked_it_goes_by_the_machine() -> None:
    machine = Machine()
    machine.passes(3)
    assert machine.clock.now() == NOON + timedelta(seconds=3)
    assert not machine.clock.is_skewed


@pytest.mark.parametrize("off", [timedelta(seconds=30), timedelta(hours=-1), timedelta(days=400)], ids=str)
def test_a_machine_whose_clock_is_wrong_is_corrected(off: timedelta) -> None:
    machine = Machine(NOON + off)
    machine.measure(NOON)
    machine.passes(10)
    assert machine.clock.now() == NOON + timedelta(seconds=10)
    assert machine.clock.offset == off
    assert machine.clock.is_skewed


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=90)], ids=str)
def test_setting_the_machines_clock_moves_nothing(jump: timedelta) -> None:
    machine = Machine()
    machine.measure(NOON)
    machine.time += jump
    machine.passes(1)
    assert machine.clock.now() == NOON + timedelta(seconds=1)
    assert machine.clock.is_skewed
    machine.time -= jump
    assert not machine.clock.is_skewed


def test_the_answer_was_given_in_the_midst_of_the_round_trip() -> None:
    machine = Machine()
    machine.measure(NOON + timedelta(seconds=50), took=0.4)
    assert machine.clock.now() == NOON + timedelta(seconds=50.2)


def test_an_answer_that_agrees_changes_nothing() -> None:
    machine = Machine()
    machine.measure(NOON)
    machine.passes(2)
    machine.measure(NOON + timedelta(seconds=2.1), took=0.3)
    assert machine.clock.now() == NOON + timedelta(seconds=2.3)


def test_the_database_decides_also_when_its_own_clock_is_set() -> None:
    machine = Machine()
    machine.measure(NOON)
    machine.passes(2)
    machine.measure(NOON - timedelta(minutes=5))
    assert machine.clock.now() == NOON - timedelta(minutes=5)


def test_an_offset_within_the_tolerance_is_no_skew(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(NOON + TOLERANCE)
    machine.measure(NOON)
    assert not machine.clock.is_skewed
    assert not caplog.records


def test_the_log_is_told_once_that_the_machine_is_off(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(NOON - timedelta(seconds=30))
    machine.measure(NOON)
    assert [machine.clock.is_skewed for _ in range(3)] == [True] * 3
    [record] = caplog.records
    assert "30.0 s behind PostgreSQL's" in record.getMessage()
    assert "NTP" in record.getMessage()


def test_ids_carry_the_databases_time_and_sort_as_they_are_made() -> None:
    machine = Machine(NOON + timedelta(days=1))
    machine.measure(NOON)
    ids = []
    for _ in range(50):
        ids += [machine.clock.new_id() for _ in range(20)]
        machine.passes(0.001)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {id.version for id in ids} == {7}
    assert {id.variant for id in ids} == {ids[0].variant}
    assert ids[0].int >> 80 == int(NOON.timestamp() * 1000)
