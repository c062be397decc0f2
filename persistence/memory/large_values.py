"""The values that lists leave out of rows, in memory: rows without their large values, and those values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from domain.executions.records import ExecutionChange, ExecutionRecord, StepRecord
from domain.kernel.json.text import dumps
from domain.kernel.large_values import LargeValue, StoredValues, ValueKind
from domain.schedules.model import ScheduleRecord
from domain.transformation_rules.model import RuleRecord
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord, WebhookRecord, attempts_to_json
from domain.workflow_templates.model import TemplateRecord
from domain.workflows.summaries import WorkflowSummary
from persistence.executions.json_codec import plain
from persistence.executions.large_values import packed, share_of
from persistence.memory.tables import MemoryTables


def lean_execution(row: ExecutionRecord, rows: int) -> ExecutionRecord:
    """An execution as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row, ("input", "output", "error", "labels"), rows)
    emptied: dict[str, Any] = {name: {} if name == "labels" else None for name in left_out}
    return replace(row, signals=(), left_out=left_out, **emptied)


def lean_step(row: StepRecord, rows: int) -> StepRecord:
    """A step as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row.state, ("attempts", "input", "output", "error"), rows)
    emptied: dict[str, Any] = {name: () if name == "attempts" else None for name in left_out}
    return replace(row, state=replace(row.state, checkpoint=None, **emptied), left_out=left_out)


def lean_change(change: ExecutionChange, rows: int) -> ExecutionChange:
    """A change of at most `rows` steps, without its large values."""
    left_out = _left_out(change, ("output", "error"), rows)
    steps = None if change.steps is None else tuple(lean_step(step, rows) for step in change.steps)
    emptied: dict[str, Any] = dict.fromkeys(left_out)
    return replace(change, steps=steps, left_out=left_out, **emptied)


def lean_workflow(row: WorkflowSummary, rows: int) -> WorkflowSummary:
    """A workflow as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row, ("labels",), rows)
    return replace(row, labels={}, left_out=left_out) if left_out else row


def lean_webhook(row: WebhookRecord, rows: int) -> WebhookRecord:
    """A webhook as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row, ("input",), rows)
    return replace(row, input=None, left_out=left_out) if left_out else row


def lean_event(row: WebhookEventRecord, rows: int) -> WebhookEventRecord:
    """An event as a list of `rows` rows holds it: without its large values."""
    shown: dict[str, Any] = {"payload": row.payload, "attempts": attempts_to_json(row.attempts)}
    left_out = _left_out(SimpleNamespace(**shown), tuple(shown), rows)
    emptied: dict[str, Any] = {name: () if name == "attempts" else None for name in left_out}
    unread = len(row.attempts) if "attempts" in left_out else 0
    return replace(row, left_out=left_out, unread_attempts=unread, **emptied)


def lean_schedule(row: ScheduleRecord, rows: int) -> ScheduleRecord:
    """A schedule as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row.settings, ("input",), rows)
    return replace(row, settings=replace(row.settings, input=None), left_out=left_out) if left_out else row


def lean_rule(row: RuleRecord, rows: int) -> RuleRecord:
    """A rule as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row.settings, ("expression", "input_schema", "output_schema", "examples"), rows)
    emptied: dict[str, Any] = {name: _EMPTY.get(name) for name in left_out}
    return replace(row, settings=replace(row.settings, **emptied), left_out=left_out)


def lean_template(row: TemplateRecord, rows: int) -> TemplateRecord:
    """A template as a list of `rows` rows holds it: without its large values."""
    left_out = _left_out(row.settings, ("document", "parameters"), rows)
    emptied: dict[str, Any] = {name: _EMPTY.get(name) for name in left_out}
    return replace(row, settings=replace(row.settings, **emptied), left_out=left_out)


_EMPTY: Mapping[str, object] = {"expression": "", "examples": (), "parameters": ()}


def _left_out(row: object, names: Sequence[str], rows: int) -> dict[str, int]:
    most = share_of(rows)
    sizes = {name: _size(value) for name in names if (value := getattr(row, name)) is not None}
    return {name: size for name, size in sizes.items() if size > most}


def _size(value: object) -> int:
    return len(_text(value).encode())


def _text(value: object) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], WebhookAttempt):
        value = attempts_to_json(value)
    return dumps(plain(value))


_TEXTS = {ValueKind.WEBHOOK_INPUT, ValueKind.RULE_EXPRESSION}
_UNPACKED = {*_TEXTS, ValueKind.EXECUTION_LABELS, ValueKind.WORKFLOW_LABELS}


class MemoryLargeValues:
    """Implements `domain.executions.large_values.LargeValues`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._kinds: Mapping[ValueKind, tuple[Callable[[LargeValue], object], str]] = {
            ValueKind.EXECUTION_INPUT: (self._execution, "input"),
            ValueKind.EXECUTION_OUTPUT: (self._execution, "output"),
            ValueKind.EXECUTION_ERROR: (self._execution, "error"),
            ValueKind.EXECUTION_LABELS: (self._execution, "labels"),
            ValueKind.STEP_INPUT: (self._step, "input"),
            ValueKind.STEP_OUTPUT: (self._step, "output"),
            ValueKind.STEP_ERROR: (self._step, "error"),
            ValueKind.STEP_ATTEMPTS: (self._step, "attempts"),
            ValueKind.WORKFLOW_LABELS: (self._workflow, "labels"),
            ValueKind.WEBHOOK_INPUT: (self._webhook, "input"),
            ValueKind.EVENT_PAYLOAD: (self._event, "payload"),
            ValueKind.EVENT_ATTEMPTS: (self._event, "attempts"),
            ValueKind.SCHEDULE_INPUT: (self._schedule, "input"),
            ValueKind.RULE_EXPRESSION: (self._rule, "expression"),
            ValueKind.RULE_INPUT_SCHEMA: (self._rule, "input_schema"),
            ValueKind.RULE_OUTPUT_SCHEMA: (self._rule, "output_schema"),
            ValueKind.RULE_EXAMPLES: (self._rule, "examples"),
            ValueKind.TEMPLATE_DOCUMENT: (self._template, "document"),
            ValueKind.TEMPLATE_PARAMETERS: (self._template, "parameters"),
        }

    async def read(self, wanted: Sequence[LargeValue], *, max_bytes: int) -> StoredValues:
        values = dict(self._found(wanted))
        size = sum(_size_of(each, value) for each, value in values.items())
        if size > max_bytes:
            return StoredValues(size=size, values={})
        shown = {each: value if each.kind in _UNPACKED else packed(value) for each, value in values.items()}
        return StoredValues(size=size, values=shown)

    async def sizes(self, wanted: Sequence[LargeValue]) -> Mapping[LargeValue, int]:
        return {each: _size_of(each, value) for each, value in self._found(wanted) if value is not None}

    def _found(self, wanted: Sequence[LargeValue]) -> Iterator[tuple[LargeValue, object]]:
        for each in wanted:
            find, name = self._kinds[each.kind]
            row = find(each)
            if row is not None:
                yield each, getattr(row, name)

    def _execution(self, value: LargeValue) -> object:
        return self._tables.executions.get(value.id)

    def _step(self, value: LargeValue) -> object:
        row = self._tables.steps.get(value.id, {}).get(value.path)
        return None if row is None else row.state

    def _workflow(self, value: LargeValue) -> object:
        return self._tables.workflows.get(value.id)

    def _webhook(self, value: LargeValue) -> object:
        return self._tables.webhooks.get(value.id)

    def _event(self, value: LargeValue) -> object:
        return self._tables.webhook_events.get(value.id)

    def _schedule(self, value: LargeValue) -> object:
        row = self._tables.schedules.get(value.id)
        return None if row is None else row.schedule.settings

    def _rule(self, value: LargeValue) -> object:
        return next((each.settings for each in self._tables.rules.values() if each.id == value.id), None)

    def _template(self, value: LargeValue) -> object:
        return next((each.settings for each in self._tables.templates.values() if each.id == value.id), None)


def _size_of(place: LargeValue, value: object) -> int:
    if value is None:
        return 0
    return len(cast("str", value).encode()) if place.kind in _TEXTS else _size(value)
