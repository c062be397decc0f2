"""Histograms of durations, from which quantiles are read: the number of durations in each bin.

Bins grow by a fixed factor, as those of DDSketch do (Masson and others, 2019): any two histograms can be added, and a
quantile is never off by more than half a bin, which is 3.5 %, and half of the microsecond that it is rounded to. Below
`FIRST_GROWING`, where that would be too much, every microsecond has a bin of its own.
"""

import math
import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import Self

FIRST_GROWING = 32
"""The microseconds from which on bins grow; the bin of a shorter duration is its number of microseconds."""
GROWTH = 1.07
"""The upper end of a growing bin over its lower end. The bin of n microseconds is the logarithm of n to this base."""

_LOG_GROWTH = math.log(GROWTH)
_MIDDLE = math.sqrt(GROWTH)
_HEAD = struct.Struct("<BH")
_WIDTHS = ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))
_LANE = 64
_LANE_BYTES = 8


def bin_of(microseconds: int) -> int:
    """The bin of a duration; a longer one is never in a lower bin."""
    return microseconds if microseconds < FIRST_GROWING else int(math.log(microseconds) / _LOG_GROWTH)


def middle_of(bin: int) -> timedelta:
    """The duration that stands for a bin: as far from its lower end as from its upper one, as factors."""
    return timedelta(microseconds=bin if bin < FIRST_GROWING else GROWTH**bin * _MIDDLE)


@dataclass(slots=True)
class Histogram:
    """The number of durations in each bin.

    `lanes` has 64 bits for each bin, from bin 0 on. So two histograms are added by one addition, which makes it
    cheap to read a year of buckets.
    """

    lanes: int = 0

    def __bool__(self) -> bool:
        return self.lanes != 0

    @property
    def total(self) -> int:
        """The number of durations."""
        return sum(self._counts()[1])

    def count(self, bin: int, times: int = 1) -> None:
        """Add `times` durations to a bin."""
        self.lanes += times << (bin * _LANE)

    def add(self, other: "Histogram") -> None:
        """Add the durations of another histogram."""
        self.lanes += other.lanes

    def below(self, bins: Sequence[int]) -> list[int]:
        """For each of these bins, the number of durations in it and in lower ones."""
        first, counts = self._counts()
        sums = [0, *accumulate(counts)]
        return [sums[min(max(bin - first + 1, 0), len(counts))] for bin in bins]

    def quantiles(self, shares: Sequence[float]) -> list[timedelta]:
        """The durations that these shares of all do not exceed (nearest rank), within 5 %; zero where there is none."""
        first, counts = self._counts()
        if not counts:
            return [timedelta(0)] * len(shares)
        sums = list(accumulate(counts))
        return [middle_of(first + bisect_left(sums, math.ceil(share * sums[-1]))) for share in shares]

    def packed(self) -> bytes:
        """The histogram as it is stored: bytes per count, first bin, and counts, little-endian; empty for none."""
        if not self.lanes:
            return b""
        first, counts = self._counts()
        largest = max(counts)
        width, code = next(each for each in _WIDTHS if largest < 256 ** each[0])
        return _HEAD.pack(width, first) + struct.pack(f"<{len(counts)}{code}", *counts)

    @classmethod
    def unpacked(cls, *packed: bytes) -> Self:
        """The histogram that was packed, or the sum of several."""
        sum_of_lanes = 0
        for data in packed:
            if data:
                width, first = _HEAD.unpack_from(data)
                lanes = bytearray((len(data) - _HEAD.size) // width * _LANE_BYTES)
                for byte in range(width):
                    lanes[byte::_LANE_BYTES] = data[_HEAD.size + byte :: width]
                sum_of_lanes += int.from_bytes(lanes, "little") << (first * _LANE)
        return cls(sum_of_lanes)

    def _counts(self) -> tuple[int, Sequence[int]]:
        """The first bin that has a count, and the counts from it on to the last that has one."""
        lowest_bit = (self.lanes & -self.lanes).bit_length() - 1
        first = max(lowest_bit, 0) // _LANE
        lanes = self.lanes >> (first * _LANE)
        number = -(-lanes.bit_length() // _LANE)
        return first, struct.unpack(f"<{number}Q", lanes.to_bytes(number * _LANE_BYTES, "little"))
