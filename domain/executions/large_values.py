"""The port that reads what lists leave out of rows."""

from collections.abc import Sequence
from typing import Protocol

from domain.kernel.large_values import LargeValue, StoredValues


class LargeValues(Protocol):
    """The values that were left out of records which were read `lean`: their `left_out` says which.

    How large a value must be to be left out is the store's to say; the more rows are asked for, the smaller, so that
    what one call reads has a bound whatever its rows hold.
    """

    async def read(self, wanted: Sequence[LargeValue], *, max_bytes: int) -> StoredValues:
        """These values as they are now, all of one kind. None is read where they have more bytes together."""
