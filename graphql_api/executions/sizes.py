"""Sizes of values that rows may have left out: told without reading the values, and only where they are selected."""

from collections.abc import Awaitable, Mapping
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.kernel.errors import LimitExceeded
from domain.kernel.json.text import JsonText, dumps
from domain.kernel.large_values import LargeValue, ValueKind
from graphql_api.context import Context
from graphql_api.kit.large_values import chunks
from graphql_api.kit.per_event import PerEvent
from graphql_api.kit.shared_reads import shared

_MOST_MEASURED = 256_000_000
"""The most bytes of JSON that one operation measures. PostgreSQL unpacks a value to know its size."""


class ValueSizes(PerEvent):
    """Sizes as JSON in UTF-8, in bytes. Those of values that were read cost no statement, the others share one."""

    def __init__(self, context: Context) -> None:
        self._store = context.services.large_values
        self._answer = context.answer
        self._left = _MOST_MEASURED
        self._loader: DataLoader[LargeValue, int | None] = DataLoader(self._load, cache=False)

    def forget(self) -> None:
        self._left = _MOST_MEASURED

    def size(
        self, name: str, value: object, left_out: Mapping[str, int], kind: ValueKind, id: UUID, path: str = ""
    ) -> int | Awaitable[int | None] | None:
        """The size of a record's field `name`, which has `value` or was left out; None where there is no value.

        It is to be awaited only where the value was left out: a page of steps has hundreds that were not.
        """
        if name in left_out:
            return shared(self._loader.load(LargeValue(kind, id, path, left_out[name])))
        if value is None:
            return None
        return len((value.text if isinstance(value, JsonText) else dumps(value)).encode())  # type: ignore[arg-type]

    async def _load(self, wanted: list[LargeValue]) -> list[int | None]:
        found: dict[LargeValue, int] = {}
        for chunk in chunks(wanted):
            if self._left < sum(each.least for each in chunk):
                raise self._exceeded()
            sizes = await self._store.sizes(chunk)
            self._left -= sum(sizes.values())
            found.update(sizes)
        return [found.get(each) for each in wanted]

    def _exceeded(self) -> LimitExceeded:
        return self._answer.exceeded(
            f"The values whose sizes this operation asks for have more than {_MOST_MEASURED:,} bytes together: "
            "ask for smaller pages."
        )
