"""The port that reads the large values that lists leave out of rows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.kernel.large_values import LargeValue, StoredValues


class LargeValues(Protocol):
    """The values that were left out of records which were read `lean`: their `left_out` names them.

    The store decides how large a value must be to be left out; the more rows are asked for, the smaller, so that
    the size of one call's answer has a bound whatever its rows hold.
    """

    async def read(self, wanted: Sequence[LargeValue], *, max_bytes: int) -> StoredValues:
        """The present values, all of one kind. None is read where they have more than `max_bytes` together."""

    async def sizes(self, wanted: Sequence[LargeValue]) -> Mapping[LargeValue, int]:
        """The sizes of the present values, all of one kind, as JSON in UTF-8, in bytes. No value leaves the store.

        Those without a value, or whose rows are gone, are left out.
        """
