"""Following executions live: the present first, then every change, none lost, none twice, in order.

The order of things is what makes this true: listen first, then read. What is committed in between is heard and then
skipped, because what was read already has its sequence; what is not heard shows as a gap, and a gap is read from the
store. Nothing is held while waiting but a place in the feed.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from domain.executions.large_values import LargeValues
from domain.executions.lists import has_words, matches, texts_of
from domain.executions.ports import ExecutionQueries
from domain.executions.progress import ProgressFeed, StatusFeed
from domain.executions.records import ExecutionChange, ExecutionFilter, ExecutionRecord, StepRecord
from domain.kernel.errors import NotFound
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.large_values import LargeValue, ValueKind
from domain.workflows.ports import WorkflowStore
from graphql_api.executions.origins import BATCH, ExecutionOrigins


@dataclass(frozen=True, slots=True)
class Update:
    """The execution as it is at `execution.sequence`, and the steps that changed on the way there.

    `is_snapshot`: `steps` holds every step, not only the changed ones.
    """

    execution: ExecutionRecord
    steps: tuple[StepRecord, ...]
    is_snapshot: bool


_LARGEST_LABELS = 1_000_000
_UNCHANGING = ("input", "labels")


def after(origin: ExecutionRecord, change: ExecutionChange) -> ExecutionRecord:
    """The execution as a change left it; `origin` is that execution at any time."""
    left_out = change.left_out
    if origin.left_out:
        left_out = {name: size for name, size in origin.left_out.items() if name in _UNCHANGING} | dict(left_out)
    return replace(
        origin,
        status=change.status,
        progress=change.progress,
        started_at=change.started_at,
        finished_at=change.finished_at,
        output=change.output,
        error=change.error,
        waiting_for=change.waiting_for,
        sequence=change.sequence,
        left_out=left_out,
    )


class Follower:
    """Follows one execution; `origin` is that execution as it was at any time.

    An update has `most` steps at most. Without `steps` none is read from the store; updates have those in the changes.
    """

    def __init__(
        self, queries: ExecutionQueries, feed: ProgressFeed, origin: ExecutionRecord, *, most: int, steps: bool = True
    ) -> None:
        self._most = most
        self._steps = steps
        self._queries = queries
        self._feed = feed
        self._origin = origin

    async def updates(self, after_sequence: int | None = None) -> AsyncGenerator[Update, None]:
        """The state as it is, or what changed since `after_sequence`; then every change, until the execution ends."""
        async with self._feed.listen(self._origin.id) as changes:
            # What a retry begins with is there from its bare start, at sequence 0.
            seen = -1 if after_sequence is None else after_sequence
            change = await self._since(seen)
            if change.sequence > seen or after_sequence is None:
                yield self._update(change, seen, is_snapshot=after_sequence is None)
            seen = change.sequence
            if change.status.is_terminal:
                return
            async for heard in changes:
                if heard is not None and heard.sequence <= seen:
                    continue
                change = heard if heard is not None and _follows(heard, seen) else await self._since(seen)
                if change.sequence > seen:
                    yield self._update(change, seen)
                    seen = change.sequence
                if change.status.is_terminal:
                    return

    def _update(self, change: ExecutionChange, seen: int, *, is_snapshot: bool = False) -> Update:
        steps = change.steps or ()
        if change.sequence - change.covers < seen:  # merged with what was shown already
            steps = tuple(step for step in steps if step.sequence > seen)
        return Update(after(self._origin, change), steps, is_snapshot)

    async def _since(self, sequence: int) -> ExecutionChange:
        change = await self._queries.changes_since(
            self._origin.id, sequence, lean=True, most=self._most, steps=self._steps
        )
        if change is None:  # retention took it while we were looking
            raise NotFound("execution", to_public(IdKind.EXECUTION, self._origin.id))
        return change


def _follows(change: ExecutionChange, seen: int) -> bool:
    """True when the change by itself holds all that happened after `seen`."""
    return change.steps is not None and change.sequence - change.covers <= seen


async def status_changes(
    feed: StatusFeed,
    origins: ExecutionOrigins,
    workflows: WorkflowStore,
    values: LargeValues,
    filter: ExecutionFilter,
) -> AsyncGenerator[ExecutionRecord, None]:
    """Every execution that matches, at each new status, from now on.

    Changes that are made while Redis is away are not seen here; listing executions shows them.
    """
    names: dict[UUID, str] = {}
    async with feed.listen_all() as changes:
        async for change in changes:
            if change is None or not _may_match(change, filter):
                continue
            if not origins.knows(change.execution_id):
                # One statement for all that waits: an end after the other would otherwise cost one each.
                waiting = (each for each in changes.waiting(BATCH - 1) if _may_match(each, filter))
                await origins.load([change.execution_id, *(each.execution_id for each in waiting)])
            origin = await origins.get(change.execution_id)
            if origin is None or not matches(now := after(origin, change), filter):
                continue
            if not await _has_labels(origin, values, filter):
                continue
            if filter.workflow_name is not None and filter.workflow_name != await _name(origin, workflows, names):
                continue
            yield now


def _may_match(change: ExecutionChange, filter: ExecutionFilter) -> bool:
    """False when the change alone, before anything is read, rules out a match."""
    return (filter.statuses is None or change.status in filter.statuses) and (
        filter.workflow_id is None or change.workflow_id == filter.workflow_id
    )


async def _has_labels(execution: ExecutionRecord, values: LargeValues, filter: ExecutionFilter) -> bool:
    if filter.labels is None and filter.label_text is None:
        return True
    labels = await _labels(execution, values)
    return _contains(labels, filter.labels or {}) and has_words(texts_of(labels), filter.label_text or "")


async def _labels(execution: ExecutionRecord, values: LargeValues) -> Mapping[str, JsonValue]:
    if "labels" not in execution.left_out:
        return execution.labels
    wanted = LargeValue(ValueKind.EXECUTION_LABELS, execution.id)
    found = await values.read([wanted], max_bytes=_LARGEST_LABELS)
    return cast("Mapping[str, JsonValue]", found.values.get(wanted, {}))


def _contains(labels: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(name in labels and _same(labels[name], value) for name, value in wanted.items())


def _same(one: object, other: object) -> bool:
    """Equal as JSON, where true is not 1."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


async def _name(execution: ExecutionRecord, workflows: WorkflowStore, names: dict[UUID, str]) -> str | None:
    workflow_id = execution.workflow_id
    if workflow_id is None:
        return None
    if workflow_id not in names:
        names.update({id: workflow.name for id, workflow in (await workflows.get_many([workflow_id])).items()})
    return names.get(workflow_id)
