"""Metrics: quantiles from histograms, and ranges from buckets."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metrics.histograms import bin_of
from domain.metrics.model import Tally, spans_of

SHARES = (0.5, 0.95, 0.99)
LONGEST = 9_000 * 365 * 86_400 * 10**6
"""Microseconds between any two moments of the calendar, or nearly."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

orders_of_magnitude = st.floats(0, math.log(LONGEST)).map(lambda power: int(math.exp(power)))
"""Microseconds, as often a few as years."""
durations = st.one_of(orders_of_magnitude, st.integers(0, 100), st.integers(0, LONGEST))


def tally_of(lengths: Sequence[int]) -> Tally:
    """A tally of these durations, in microseconds."""
    tally = Tally()
    for length in lengths:
        tally.add_duration(timedelta(microseconds=length))
    return tally


def assert_within_5_percent(lengths: Sequence[int]) -> None:
    """Compare every quantile with the exact one."""
    tally = tally_of(lengths)
    for share in SHARES:
        exact = timedelta(microseconds=sorted(lengths)[math.ceil(share * len(lengths)) - 1])
        found = tally.durations.quantiles([share])[0]
        assert abs(found - exact) <= 0.05 * exact, (share, exact, found)


@given(st.lists(durations, min_size=1, max_size=200))
def test_quantiles_are_within_5_percent_of_the_exact_ones_over_all_orders_of_magnitude(lengths: list[int]) -> None:
    assert_within_5_percent(lengths)


@given(orders_of_magnitude, st.lists(st.floats(0.3, 3), min_size=1, max_size=100))
def test_quantiles_of_durations_that_lie_close_are_within_5_percent(typical: int, factors: list[float]) -> None:
    assert_within_5_percent([int(typical * factor) for factor in factors])


@given(durations)
def test_one_duration_is_its_own_quantile_within_5_percent(length: int) -> None:
    assert_within_5_percent([length])


def test_the_shortest_durations_are_exact_and_the_next_ones_close() -> None:
    for length in range(20_000):
        assert_within_5_percent([length])
        assert length >= 32 or tally_of([length]).durations.quantiles([0.5])[0] == timedelta(microseconds=length)


@given(durations, durations)
def test_a_longer_duration_is_in_no_lower_bin(one: int, other: int) -> None:
    assert bin_of(min(one, other)) <= bin_of(max(one, other))


@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.lognormvariate(11, 2),
        lambda random: random.lognormvariate(1, 2),
        lambda random: random.expovariate(1 / 30_000),
        lambda random: random.uniform(0, 1_000_000),
        lambda random: random.choice((900, 5_000_000)) * random.uniform(0.9, 1.1),
        lambda random: random.choice((random.gauss(2_000, 100), random.gauss(9e8, 1e7))),
        lambda random: random.paretovariate(1.1) * 1_000,
        lambda random: 10 ** random.uniform(0, 14),
        lambda random: 123_456,
    ],
    ids=["log-normal", "tiny", "exponential", "even", "two humps", "far apart", "heavy tail", "wide", "the same"],
)
@pytest.mark.parametrize("count", [1, 2, 3, 10, 5_000])
def test_quantiles_of_any_shape_are_within_5_percent(draw: Callable[[Random], float], count: int) -> None:
    random = Random(count)
    assert_within_5_percent([min(int(draw(random)), LONGEST) for _ in range(count)])


def test_quantiles_of_merged_buckets_are_within_5_percent() -> None:
    random = Random(7)
    lengths = [int(random.lognormvariate(10, 1.5)) for _ in range(6_000)]
    together = Tally()
    for first in range(0, len(lengths), 100):
        together.add(tally_of(lengths[first : first + 100]))
    assert together == tally_of(lengths)
    assert_within_5_percent(lengths)


def test_sums_stop_at_what_a_column_holds() -> None:
    tally = tally_of([LONGEST] * 40)
    assert tally.microseconds == 2**63 - 1
    tally.add(tally_of([LONGEST] * 40))
    assert (tally.microseconds, tally.timed) == (2**63 - 1, 80)


def test_a_duration_that_the_clock_has_made_negative_is_none() -> None:
    assert tally_of([-5]) == tally_of([0])


@given(st.lists(st.integers(0, 10**13), min_size=1), st.lists(st.integers(0, 10**13)))
def test_histograms_add_up_and_the_mean_is_exact(some: list[int], more: list[int]) -> None:
    together = tally_of(some)
    together.add(tally_of(more))
    assert together == tally_of(some + more)
    assert together.mean == timedelta(microseconds=sum(some + more)) / len(some + more)


def test_where_nothing_ended_all_is_zero() -> None:
    assert Tally().durations.quantiles([0.95])[0] == Tally().mean == timedelta(0)
    assert Tally().success_rate == 1.0


@given(st.integers(0, 3 * 525_600), st.integers(0, 525_600))
def test_a_range_is_covered_exactly_and_by_few_buckets(start: int, length: int) -> None:
    first, last = EPOCH + timedelta(minutes=start), EPOCH + timedelta(minutes=start + length)
    spans = list(spans_of(first, last))
    ends = [first]
    for span in spans:
        assert span.start == ends[-1]
        assert span.start == span.resolution.floor(span.start)
        assert span.end == span.resolution.floor(span.end)
        ends.append(span.end)
    assert ends[-1] == last
    buckets = sum((span.end - span.start) // timedelta(seconds=span.resolution) for span in spans)
    assert buckets <= length // 1_440 + 2 * 23 + 2 * 59
