"""A cache of the parts of executions that never change, for the subscriptions of this process."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionRecord
from domain.kernel.json.text import dumps

BATCH = 256
"""The number of executions that are read ahead."""

_MOST_KEPT = 16_384
"""The most characters of an input that is kept."""


class ExecutionOrigins:
    """The `size` executions that were asked for last, as they were when they were first read.

    Of such a record only what a change does not carry is to be used: input, labels, workflow, time of creation. It is
    lean: large inputs are read when they are asked for.
    Look-ups at the same moment share one SQL statement; an execution that was just started here needs none.
    """

    def __init__(self, queries: ExecutionQueries, size: int = 2 * BATCH) -> None:
        self._queries = queries
        self._size = size
        self._kept: OrderedDict[UUID, ExecutionRecord] = OrderedDict()
        self._loader: DataLoader[UUID, ExecutionRecord | None] = DataLoader(self._load, cache=False)

    async def get(self, execution_id: UUID) -> ExecutionRecord | None:
        """The execution as it was at some time; None where there is none."""
        kept = self._kept.get(execution_id)
        if kept is not None:
            self._kept.move_to_end(execution_id)
            return kept
        return await self._loader.load(execution_id)

    async def load(self, execution_ids: Sequence[UUID]) -> None:
        """Read those that are not kept, with one statement, so that `get` finds them. At most `BATCH` at a time."""
        await self._loader.load_many({id for id in execution_ids if id not in self._kept})

    def knows(self, execution_id: UUID) -> bool:
        """True when `get` needs no SQL statement for it."""
        return execution_id in self._kept

    def remember(self, execution: ExecutionRecord) -> None:
        """Keep an execution that was just started: its client is likely to follow it next."""
        if "input" not in execution.left_out and len(dumps(execution.input)) > _MOST_KEPT:
            execution = replace(execution, input=None, left_out=dict(execution.left_out) | {"input": 0})
        self._kept[execution.id] = execution
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    async def _load(self, ids: list[UUID]) -> list[ExecutionRecord | None]:
        found = await self._queries.get_many(set(ids), lean=True)
        for execution in found.values():
            self.remember(execution)
        return [found.get(id) for id in ids]
