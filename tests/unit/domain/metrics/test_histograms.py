"""Histograms as they are stored and as they are added; that quantiles are right is in test_metrics.py."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.metrics.histograms import FIRST_GROWING, Histogram, bin_of, middle_of

counted = st.dictionaries(st.integers(0, 640), st.one_of(st.integers(1, 300), st.integers(1, 2**40)), max_size=20)


def histogram_of(counts: dict[int, int]) -> Histogram:
    """A histogram with these counts, by bin."""
    histogram = Histogram()
    for bin, times in counts.items():
        histogram.count(bin, times)
    return histogram


@given(counted)
def test_what_is_packed_is_unpacked_again(counts: dict[int, int]) -> None:
    histogram = histogram_of(counts)
    assert Histogram.unpacked(histogram.packed()) == histogram
    assert histogram.total == sum(counts.values())
    assert bool(histogram) == bool(counts)


@given(st.lists(counted, max_size=5))
def test_several_are_added_in_any_order_packed_or_not(many: list[dict[int, int]]) -> None:
    together = Histogram()
    for counts in reversed(many):
        together.add(histogram_of(counts))
    assert Histogram.unpacked(*(histogram_of(counts).packed() for counts in many)) == together
    assert together.total == sum(sum(counts.values()) for counts in many)


@given(counted, st.lists(st.integers(0, 700), max_size=5))
def test_what_is_below_a_bin_is_counted(counts: dict[int, int], bins: list[int]) -> None:
    expected = [sum(times for bin, times in counts.items() if bin <= each) for each in bins]
    assert histogram_of(counts).below(bins) == expected


def test_a_packed_histogram_is_as_long_as_its_bins_and_counts_need() -> None:
    assert Histogram().packed() == b""
    assert len(histogram_of({100: 1}).packed()) == 3 + 1
    assert len(histogram_of({100: 1, 119: 255}).packed()) == 3 + 20
    assert len(histogram_of({100: 1, 119: 256}).packed()) == 3 + 40
    assert len(histogram_of({100: 1, 119: 2**40}).packed()) == 3 + 160


def test_a_bin_has_the_number_that_is_stored_for_ever() -> None:
    numbers = {0: 0, 1: 1, 31: 31, 32: 51, 1_000: 102, 1_000_000: 204, 60_000_000: 264, 86_400_000_000: 372}
    assert {length: bin_of(length) for length in numbers} == numbers
    assert [middle_of(bin) for bin in range(FIRST_GROWING)] == [
        timedelta(microseconds=bin) for bin in range(FIRST_GROWING)
    ]
