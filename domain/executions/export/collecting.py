"""Collecting an export: everything small first, then large values as far as the size of the document allows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.executions.export.document import (
    FORMAT,
    VERSION,
    Json,
    execution_json,
    graph_json,
    shown,
    step_json,
)
from domain.executions.large_values import LargeValues
from domain.executions.pending import merged, observable_paths, pending_steps
from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionRecord, StepFilter, StepRecord
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, NotFound
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.kernel.large_values import LargeValue, ValueKind
from domain.kernel.times import time_text
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.documents.graph import graph_of
from domain.workflows.documents.reading import read_document
from domain.workflows.ports import WorkflowStore

MOST_STEPS = 10_000
"""The most steps of an export; those behind them are counted."""

_PAGE = 500
_TOGETHER = 200
_STORED_TOGETHER = 250_000
"""The most stored bytes, perhaps compressed, that are measured at once; a larger value alone."""
_MOST_MEASURED = 64_000_000
"""The most bytes of values whose sizes are asked for: a store may have to unpack them for that."""

_EXECUTION: Mapping[str, ValueKind] = {
    "error": ValueKind.EXECUTION_ERROR,
    "labels": ValueKind.EXECUTION_LABELS,
    "input": ValueKind.EXECUTION_INPUT,
    "output": ValueKind.EXECUTION_OUTPUT,
}
_STEP: Mapping[str, ValueKind] = {
    "error": ValueKind.STEP_ERROR,
    "attempts": ValueKind.STEP_ATTEMPTS,
    "input": ValueKind.STEP_INPUT,
    "output": ValueKind.STEP_OUTPUT,
}

Mask = Callable[["JsonValue | JsonText"], "JsonValue | JsonText"]


@dataclass(frozen=True, slots=True)
class _Missing:
    """A value that is not read yet, and the object of the document that it belongs into."""

    value: LargeValue
    member: str
    owner: Json


@dataclass(slots=True)
class _Room:
    """The bytes that are left for a document."""

    left: int

    def takes(self, part: object) -> bool:
        """True, with its bytes taken, where there is room for this part."""
        size = len(dumps(part))  # type: ignore[arg-type]
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionExporter:
    """Makes exports. `mask` hides what must not leave; it is applied to whatever is in the document."""

    queries: ExecutionQueries
    values: LargeValues
    workflows: WorkflowStore
    definitions: DefinitionCache
    clock: Clock
    mask: Mask
    release: str = field(default="")

    async def export(self, execution_id: UUID, *, max_bytes: int) -> Json:
        """The document of an execution, of about `max_bytes` of JSON at most. Raises `NotFound`.

        Of one that has not ended, steps may be newer than the execution.
        """
        execution = (await self.queries.get_many([execution_id], lean=True)).get(execution_id)
        if execution is None or execution.is_batch:
            raise NotFound("execution", to_public(IdKind.EXECUTION, execution_id))
        now, room = self.clock.now(), _Room(max_bytes)
        workflows = {} if execution.workflow_id is None else await self.workflows.get_many([execution.workflow_id])
        head = self._masked(execution_json(execution, workflows.get(execution.workflow_id), now))  # type: ignore[arg-type]
        room.takes(head)
        missing = _missing(execution.left_out, _EXECUTION, execution.id, "", head)
        document, graph = await self._definition(execution.definition_id, head, room)
        steps: list[Json] = []
        left_out = 0
        async for record in self._steps(execution, now):
            step = self._masked(step_json(record))
            if left_out or len(steps) >= MOST_STEPS or not room.takes(step):
                left_out += 1
                continue
            steps.append(step)
            missing += _missing(record.left_out, _STEP, execution.id, record.state.path, step)
        await self._fill(missing, room)
        return {
            "format": FORMAT,
            "version": VERSION,
            "exportedAt": time_text(now),
            "release": self.release,
            "execution": head,
            "document": document,
            "graph": graph,
            "steps": steps,
            "stepsLeftOut": left_out,
        }

    async def _definition(self, definition_id: UUID, head: Json, room: _Room) -> tuple[Any, Json | None]:
        """The document of the version that ran and its graph, as far as there is room for them."""
        found = await self.workflows.documents([definition_id], max_bytes=room.left)
        document = found.documents.get(definition_id)
        if document is None:
            _leave_out(head, "document", found.size)
            return None, None
        room.left -= found.size
        try:
            read = await asyncio.to_thread(read_document, document)
        except InvalidInput:  # of another release, or a kind of step that is not installed here
            return self._masked(dict(document)), None
        graph = graph_json(graph_of(read.steps, read.on_failure or ()))
        return self._masked(dict(document)), graph if room.takes(graph) else None

    async def _steps(self, execution: ExecutionRecord, now: datetime) -> AsyncIterator[StepRecord]:
        """Every step, reached or not, in the order of the document."""
        pending = await self._pending(execution, now)
        after: str | None = None
        while True:
            page = await self.queries.steps_page(execution.id, StepFilter(), first=_PAGE, after=after, lean=True)
            page = merged(page, pending, first=_PAGE, after=after)
            for record in page.rows:
                yield record
            if not page.has_next:
                return
            after = page.rows[-1].position
            await asyncio.sleep(0)  # so that others are served as well

    async def _pending(self, execution: ExecutionRecord, now: datetime) -> Sequence[StepRecord]:
        if execution.status.is_terminal:
            return ()
        definition = (await self.definitions.many([execution.definition_id])).get(execution.definition_id)
        if definition is None:
            return ()
        keys = [(execution.id, path) for path in observable_paths(definition)]
        statuses = {path: status for (_, path), status in (await self.queries.step_statuses(keys)).items()}
        return pending_steps(definition, execution, statuses, now)

    async def _fill(self, missing: Collection[_Missing], room: _Room) -> None:
        """Put in the values that there is room for, those of the execution and small ones first."""
        measured = _MOST_MEASURED
        for chunk in _chunks(missing):
            if measured <= 0 or chunk[0].value.least > room.left:
                for each in chunk:
                    _leave_out(each.owner, each.member, each.value.least)
                continue
            sizes = await self.values.sizes([each.value for each in chunk])
            measured -= sum(sizes.values())
            wanted = []
            for each in sorted(chunk, key=lambda each: sizes.get(each.value, 0)):
                size = sizes.get(each.value, 0)
                if size > room.left:
                    _leave_out(each.owner, each.member, size)
                else:
                    room.left -= size
                    wanted.append(each)
            await self._read(wanted, sum(sizes.values()))

    async def _read(self, wanted: Sequence[_Missing], max_bytes: int) -> None:
        if not wanted:
            return
        read = await self.values.read([each.value for each in wanted], max_bytes=max_bytes)
        for each in wanted:
            if each.value in read.values:
                text = JsonText(dumps(shown(each.member, read.values[each.value])))
                each.owner[each.member] = self.mask(text)
            else:  # it has grown since it was measured, or its row is gone
                _leave_out(each.owner, each.member, each.value.least)

    def _masked(self, part: Json) -> Json:
        masked: Any = self.mask(part)
        return dict(masked)


def _missing(
    left_out: Mapping[str, int], kinds: Mapping[str, ValueKind], id: UUID, path: str, owner: Json
) -> list[_Missing]:
    return [
        _Missing(LargeValue(kind, id, path, left_out[member]), member, owner)
        for member, kind in kinds.items()
        if member in left_out
    ]


def _chunks(missing: Collection[_Missing]) -> Iterator[list[_Missing]]:
    """Values of one kind, the execution's first, then those that are stored in the fewest bytes."""
    rank = {kind: number for number, kind in enumerate((*_EXECUTION.values(), *_STEP.values()))}
    ordered = sorted(missing, key=lambda each: (bool(each.value.path), each.value.least, rank[each.value.kind]))
    while ordered:
        kind = ordered[0].value.kind
        chunk: list[_Missing] = []
        stored = 0
        for each in ordered[: 4 * _TOGETHER]:
            if each.value.kind is kind and len(chunk) < _TOGETHER:
                stored += each.value.least
                if chunk and stored > _STORED_TOGETHER:
                    break
                chunk.append(each)
        taken = set(map(id, chunk))
        yield chunk
        ordered = [each for each in ordered if id(each) not in taken]


def _leave_out(owner: Json, member: str, size: int) -> None:
    """Say of an object that a member of it was left out, which has at least that many bytes."""
    owner.setdefault("leftOut", {})[member] = size
