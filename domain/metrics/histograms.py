"""Histograms of durations, from which quantiles are read: how many fell into which bin.

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
"""From so many microseconds on, bins grow; a shorter duration is the number of its bin."""
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
    """What a duration of this bin is said to be: as far from its lower end as from its upper one, as factors."""
    return timedelta(microseconds=bin if bin < FIRST_GROWING else GROWTH**bin * _MIDDLE)


@dataclass(slots=True)
class Histogram:
    """How many durations fell into which bin.

    `lanes` has 64 bits for each bin, from bin 0 on. So two histograms are added by one addition, which is what makes it
    cheap to read a year of buckets.
    """

    lanes: int = 0

    def __bool__(self) -> bool:
        return self.lanes != 0

    @property
    def total(self) -> int:
        """How many durations there are."""
        return sum(self._counts()[1])

    def count(self, bin: int, times: int = 1) -> None:
        """Count a bin."""
        self.lanes += times << (bin * _LANE)

    def add(self, other: "Histogram") -> None:
        """Count what the other has counted too."""
        self.lanes += other.lanes

    def below(self, bins: Sequence[int]) -> list[int]:
        """For each of these bins, how many fell into it or a lower one."""
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
        """As it is stored: the width of a count in bytes, the first bin, and the counts, little-endian; or nothing."""
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
