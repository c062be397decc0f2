"""Large values that rows leave out, read when they are selected: a chunk at a time, within the answer's budget."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.executions.large_values import LargeValues
from domain.kernel.large_values import LargeValue, ValueKind
from graphql_api.kit.answer_budget import AnswerBudget
from graphql_api.kit.shared_reads import shared

_CHUNK_BYTES = 250_000
"""The most stored bytes, perhaps compressed, that are read at once; a larger value is read alone."""
_CHUNK_ROWS = 500

Shows = Callable[[Any], object]
"""Converts a value of a record to the one that clients see."""


@dataclass(frozen=True, slots=True)
class LargeField:
    """A field that may be left out. `attribute` is the one that shows it, where that has another name."""

    kind: ValueKind
    shows: Shows | None = None
    attribute: str = ""


class DeferredValue:
    """A value that is read when it is awaited, which graphql-core does where it is selected."""

    __slots__ = ("_loader", "_shows", "_value")

    def __init__(self, loader: DataLoader[LargeValue, Any], value: LargeValue, shows: Shows | None) -> None:
        self._loader = loader
        self._value = value
        self._shows = shows

    def __await__(self) -> Generator[Any, None, Any]:
        """The value as it is now; None where its row is gone.

        Cancelling one awaiter, for an error beside it, does not cancel the read for the others.
        """
        value = yield from shared(self._loader.load(self._value)).__await__()
        return value if value is None or self._shows is None else self._shows(value)


class LargeValueLoader:
    """Loads each value once in an operation (or an event), and not more than an answer may have.

    Awaiting one raises `LimitExceeded` where all together have more bytes.
    """

    def __init__(self, store: LargeValues, answer: AnswerBudget, max_bytes: int) -> None:
        self._store = store
        self._answer = answer
        self._most = self._left = max_bytes
        self._reading = asyncio.Lock()
        self._loader: DataLoader[LargeValue, Any] = DataLoader(self._load)

    def fill(
        self, shown: object, left_out: Mapping[str, int], parts: Mapping[str, LargeField], id: UUID, path: str = ""
    ) -> None:
        """Put a `DeferredValue` in place of each field that a record has left out.

        `parts` has the fields that can be left out, by name.
        """
        for name, least in left_out.items():
            part = parts[name]
            setattr(shown, part.attribute or name, self.later(LargeValue(part.kind, id, path, least), part.shows))

    def later(self, value: LargeValue, shows: Shows | None = None) -> DeferredValue:
        """A value to be read when it is awaited."""
        return DeferredValue(self._loader, value, shows)

    def forget(self) -> None:
        """Begin anew, for the next event of a subscription."""
        self._left = self._most
        self._loader.clear_all()

    async def _load(self, wanted: list[LargeValue]) -> list[Any]:
        async with self._reading:  # so that each batch knows what the others have left
            if sum(each.least for each in wanted) > self._left:
                raise self._exceeded()
            found: dict[LargeValue, object] = {}
            for chunk in chunks(wanted):
                if self._answer.is_exceeded:
                    raise self._answer.exceeded()
                read = await self._store.read(chunk, max_bytes=self._left)
                if read.size > self._left:
                    raise self._exceeded()
                self._left -= read.size
                found.update(read.values)
            return [found.get(each) for each in wanted]

    def _exceeded(self) -> Exception:
        return self._answer.exceeded(
            f"The inputs, outputs and other JSON that this operation reads have more than {self._most:,} bytes "
            "together: ask for smaller pages, or for less of each item."
        )


def chunks(wanted: Sequence[LargeValue]) -> Iterator[Sequence[LargeValue]]:
    """Values of one kind that are read together, or measured."""
    kinds: dict[ValueKind, list[LargeValue]] = defaultdict(list)
    for each in wanted:
        kinds[each.kind].append(each)
    for values in kinds.values():
        chunk: list[LargeValue] = []
        size = 0
        for value in values:
            if chunk and (size + value.least > _CHUNK_BYTES or len(chunk) >= _CHUNK_ROWS):
                yield chunk
                chunk, size = [], 0
            chunk.append(value)
            size += value.least
        yield chunk
