"""The parts of a filter of executions as conditions on a row `e`, each in the form that its index has."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from domain.executions.lists import OrderBy, statuses_of, words_of
from domain.executions.records import ExecutionFilter
from domain.kernel.ids import oldest_id_of
from domain.kernel.json.text import dumps
from domain.kernel.statuses import WaitKind
from persistence.postgres.columns.conditions import Conditions

DURATION = "COALESCE(e.finished_at - e.started_at, interval '0')"
CODE = "left(e.error ->> 'code', 64)"
PATH = "left(e.error ->> 'path', 500)"
WAIT = "(e.waiting_for ->> 'kind')"
SERVICE = "left(regexp_replace(e.waiting_for ->> 'detail', '^.*: ', ''), 500)"
"""As the indexes of `persistence.postgres.indexes` have them: no error is too long to be stored."""

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
_APART = timedelta(minutes=1)
"""The most by which the time in an id and the time of creation differ."""
_LONGEST_WORD = 255
_SEPARATOR = r"[\u0001-\u002f\u003a-\u0060\u007b-\u007f]"
_ANY_WORKFLOW = "'00000000-0000-0000-0000-000000000000'::uuid"


def conditions_of(filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED, without: Collection[str] = ()) -> Conditions:
    """All that a filter asks for, in lists by this time, but the parts of these names."""
    conditions = Conditions()
    add_conditions(conditions, filter, by, without)
    return conditions


def add_conditions(
    conditions: Conditions,
    filter: ExecutionFilter,
    by: OrderBy = OrderBy.CREATED,
    without: Collection[str] = (),
    *,
    is_look: bool = False,
) -> None:
    """Add what `conditions_of` has; for a look at one row after the other, in the form that is read off it fastest."""
    statuses = statuses_of(filter, by)
    if statuses is not None and "statuses" not in without:
        conditions.add("e.status = ANY (?::text[])", sorted(statuses))
    if "workflow" not in without:
        conditions.add("e.workflow_id = ?", filter.workflow_id)
        conditions.add("e.workflow_id IN (SELECT id FROM workflow WHERE name = ?)", filter.workflow_name)
    conditions.add("e.labels @> ?::jsonb", None if filter.labels is None else dumps(filter.labels))
    if filter.label_text is not None and is_look:
        for word in words_of(filter.label_text):
            conditions.add("lower(e.labels::text) ~ ?", f"{_SEPARATOR}{word[:_LONGEST_WORD]}")
    else:
        _add_words(conditions, filter.label_text)
    conditions.add("e.created_at > ?", filter.created_after)
    conditions.add("e.created_at < ?", filter.created_before)
    first, last = id_range(filter)
    if (first, last) != (FIRST_ID, LAST_ID):
        conditions.add("e.id >= ?", first)
        conditions.add("e.id <= ?", last)
    conditions.add("e.finished_at > ?", filter.ended_after)
    conditions.add("e.finished_at < ?", filter.ended_before)
    conditions.add(f"e.finished_at IS NOT NULL AND {DURATION} > ?::interval", filter.longer_than)
    conditions.add("e.idempotency_key = ?", filter.idempotency_key)
    if "code" not in without:
        conditions.add(f"e.error IS NOT NULL AND {CODE} = ?", filter.error_code)
    if "path" not in without:
        _add_cut(conditions, f"e.error IS NOT NULL AND {PATH} = ?", "e.error ->> 'path' = ?", filter.failed_step)
    if filter.waiting_kind is not WaitKind.PAUSED and "waiting" not in without:
        conditions.add(f"{WAIT} = ?", filter.waiting_kind)
    if "service" not in without:
        conditions.add(f"e.waiting_for ->> 'kind' = 'CIRCUIT_BREAKER' AND {SERVICE} = ?", filter.waiting_service)
    if "trigger" not in without:
        conditions.add("e.trigger = ?", filter.trigger)
    if "trigger_id" not in without:
        conditions.add("e.trigger_id = ?", filter.trigger_id)
    if by is not OrderBy.CREATED:
        conditions.require("e.finished_at IS NOT NULL")


def id_range(filter: ExecutionFilter) -> tuple[UUID, UUID]:
    """The ids between which all are that match: ids sort by creation, which is no later than the end."""
    first, last = filter.ids or (FIRST_ID, LAST_ID)
    if filter.created_after is not None:
        first = max(first, oldest_id_of(filter.created_after - _APART))
    ends = [time for time in (filter.created_before, filter.ended_before) if time is not None]
    if ends:
        last = min(last, oldest_id_of(min(ends) + _APART))
    return first, last


def _add_words(conditions: Conditions, text: str | None) -> None:
    words = [] if text is None else [word[:_LONGEST_WORD] for word in words_of(text)]
    if words:
        query = " & ".join(f"'{word}':*" for word in words)
        conditions.add("e.labels <> '{}'::jsonb AND label_words(e.labels) @@ ?::text::tsquery", query)


def _add_cut(conditions: Conditions, by_index: str, exactly: str, value: str | None) -> None:
    """Add a condition on what an index has cut, and where that may matter the one on the whole."""
    if value is not None:
        conditions.add(by_index, value[:500])
        if len(value) >= 500:
            conditions.add(exactly, value)


WORKFLOWS = f"(SELECT id FROM workflow UNION ALL SELECT {_ANY_WORKFLOW}) walk"
"""All workflows, and none: to be looked through for an idempotency key, whose index begins with the workflow."""
KEYED = f"COALESCE(e.workflow_id, {_ANY_WORKFLOW}) = walk.id"
