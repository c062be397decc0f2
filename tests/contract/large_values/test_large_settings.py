"""Contract of what is read `lean` of webhooks, events, schedules, rules and templates: large values are read apart."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonText, JsonValue, loads
from domain.kernel.large_values import LargeValue, ValueKind
from domain.schedules.model import ScheduleRecord, ScheduleSettings
from domain.transformation_rules.model import RuleExample, RuleRecord, RuleSettings
from domain.webhooks.model import WebhookAttempt, judge
from domain.workflow_templates.model import TemplateParameter, TemplateRecord, TemplateSettings
from domain.workflows.records import WorkflowFilter
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, created_workflow
from tests.contract.webhook_rows import LEASE, arrival, claim_one, end_execution, inbound, queued, registered

LARGE: JsonValue = {"text": "é" * 40_000}
EVEN = {"text": "y" * 300_000}


class Row(Protocol):
    """A record that knows what it has left out."""

    @property
    def left_out(self) -> Mapping[str, int]: ...


async def value_of(storage: Storage, kind: ValueKind, id: UUID) -> Any:
    wanted = LargeValue(kind, id)
    return unpacked((await storage.large_values.read([wanted], max_bytes=1_000_000)).values[wanted])


def unpacked(value: Any) -> Any:
    """A value in which nothing is text that may be parsed."""
    if isinstance(value, JsonText):
        return loads(value.text)
    if isinstance(value, tuple):
        return tuple(unpacked(each) for each in value)
    if isinstance(value, RuleExample | TemplateParameter):
        return replace(value, **{each.name: unpacked(getattr(value, each.name)) for each in fields(value)})
    return value


def is_lean(row: Row | None, *names: str) -> bool:
    return row is not None and row.left_out.keys() == set(names)


async def test_large_payloads_of_events_and_inputs_of_webhooks_are_left_out(storage: Storage) -> None:
    webhook = inbound(input="'" + "x" * 40_000 + "'")
    await storage.webhooks.create(webhook)
    event, small = arrival(webhook, payload=LARGE), arrival(webhook)
    await storage.webhooks.record_inbound(event)
    await storage.webhooks.record_inbound(small)

    page = await storage.webhooks.events_page(webhook.id, first=2, after=None, lean=True)
    pages = await storage.webhooks.events_pages([webhook.id], first=2, lean=True)
    many = await storage.webhooks.events([event.id, small.id], lean=True)
    hooks = await storage.webhooks.page(None, first=1, after=None, lean=True)

    for rows in (page.rows, pages[webhook.id].rows, many.values()):
        found = {row.id: row for row in rows}
        assert is_lean(found[event.id], "payload")
        assert found[event.id].payload is None
        assert (found[small.id].payload, found[small.id].left_out) == ({"order": 7}, {})
    assert await value_of(storage, ValueKind.EVENT_PAYLOAD, event.id) == LARGE
    assert is_lean(hooks.rows[0], "input")
    assert is_lean((await storage.webhooks.find_many([webhook.id], lean=True))[webhook.id], "input")
    assert await value_of(storage, ValueKind.WEBHOOK_INPUT, webhook.id) == webhook.input
    whole = await storage.webhooks.events_page(webhook.id, first=2, after=None)
    assert {row.id: row.payload for row in whole.rows} == {event.id: LARGE, small.id: {"order": 7}}
    assert await storage.webhooks.find_many([webhook.id]) == {webhook.id: webhook}


async def test_a_long_log_of_attempts_is_left_out_and_counted(storage: Storage) -> None:
    webhook = await registered(storage)
    await end_execution(storage)
    event = (await queued(storage, webhook))[0]
    endpoint = await claim_one(storage)
    attempt = WebhookAttempt(at=NOW, duration=timedelta(seconds=1), status_code=500, error="no", excerpt="x" * 1_000)
    verdict = judge(attempt, endpoint, event, retry_after=None, chance=0.5, now=NOW)
    await storage.deliveries.record(endpoint, event, attempt, verdict, lease_until=NOW + LEASE, now=NOW)

    few = (await storage.webhooks.events([event.id], lean=True))[event.id]
    many = await storage.webhooks.events_page(webhook.id, first=100, after=None, lean=True)

    [left] = [row for row in many.rows if row.id == event.id]
    assert (few.attempts, few.attempt_count) == ((attempt,), 1)
    assert (left.attempts, left.attempt_count) == ((), 1)
    assert "attempts" in left.left_out
    assert await value_of(storage, ValueKind.EVENT_ATTEMPTS, event.id) == (attempt,)


async def test_large_labels_of_workflows_are_left_out(storage: Storage) -> None:
    labels = {f"l{n}": "x" * 400 for n in range(50)}
    large = await created_workflow(storage.workflows, "large", labels=labels)
    small = await created_workflow(storage.workflows, "small", labels={"team": "a"})

    page = await storage.workflows.page(WorkflowFilter(), first=10, after=None)
    labelled = await storage.workflows.page(WorkflowFilter(labels={"l0": "x" * 400}), first=10, after=None)
    many = await storage.workflows.get_many([large.id, small.id])
    found = await storage.workflows.find_summary(name="large")

    for row in (page.rows[1], many[large.id], found):
        assert is_lean(row, "labels")
        assert row is not None
        assert (row.name, row.labels) == ("large", {})
    assert page.rows[0] == many[small.id] == small.summary
    assert [row.id for row in labelled.rows] == [large.id]
    assert await value_of(storage, ValueKind.WORKFLOW_LABELS, large.id) == labels


async def test_large_inputs_of_schedules_are_left_out(storage: Storage) -> None:
    settings = ScheduleSettings(name="nightly", workflow_id=new_id(), cron="0 3 * * *", input=EVEN)
    schedule = ScheduleRecord(id=new_id(), settings=settings, revision=1, created_at=NOW, updated_at=NOW)
    await storage.schedules.create(schedule)

    page = await storage.schedules.page(None, first=10, after=None, lean=True)
    many = await storage.schedules.get_many([schedule.id], lean=True)

    for found in (page.rows[0], many[schedule.id], await storage.schedules.find("nightly", lean=True)):
        assert is_lean(found, "input")
        assert found is not None
        assert (found.settings.input, found.settings.cron) == (None, "0 3 * * *")
    assert await value_of(storage, ValueKind.SCHEDULE_INPUT, schedule.id) == EVEN
    assert await storage.schedules.find("nightly") == schedule


async def test_large_settings_of_rules_are_left_out(storage: Storage) -> None:
    examples = (RuleExample(input=LARGE, output=1), RuleExample(input=2, output=EVEN))
    expression = "input." + "x" * 40_000
    settings = RuleSettings(
        name="total", expression=expression, input_schema=LARGE, output_schema=EVEN, examples=examples
    )
    rule = RuleRecord(id=new_id(), settings=settings, revision=1, created_at=NOW, updated_at=NOW)
    await storage.rules.save(rule)

    page = await storage.rules.page(first=10, after=None, lean=True)
    many = await storage.rules.get_many([rule.id], lean=True)
    named = await storage.rules.find_many(["total"], lean=True)

    for found in (page.rows[0], many[rule.id], named["total"]):
        assert is_lean(found, "expression", "input_schema", "output_schema", "examples")
        assert (found.settings.expression, found.settings.examples) == ("", ())
    assert await value_of(storage, ValueKind.RULE_EXPRESSION, rule.id) == expression
    assert await value_of(storage, ValueKind.RULE_INPUT_SCHEMA, rule.id) == LARGE
    assert await value_of(storage, ValueKind.RULE_OUTPUT_SCHEMA, rule.id) == EVEN
    assert await value_of(storage, ValueKind.RULE_EXAMPLES, rule.id) == examples
    assert await storage.rules.find_many(["total"]) == {"total": rule}


async def test_large_documents_and_parameters_of_templates_are_left_out(storage: Storage) -> None:
    parameters = (TemplateParameter(name="url", schema=LARGE, default="x"),)
    settings = TemplateSettings(name="call", document=EVEN, parameters=parameters, category="http")
    template = TemplateRecord(id=new_id(), settings=settings, created_at=NOW, updated_at=NOW)
    await storage.templates.save(template)

    page = await storage.templates.page("http", first=10, after=None, lean=True)
    many = await storage.templates.get_many([template.id], lean=True)

    for found in (page.rows[0], many[template.id], await storage.templates.find("call", lean=True)):
        assert is_lean(found, "document", "parameters")
        assert found is not None
        assert (found.settings.name, found.settings.parameters) == ("call", ())
    assert await value_of(storage, ValueKind.TEMPLATE_DOCUMENT, template.id) == EVEN
    assert await value_of(storage, ValueKind.TEMPLATE_PARAMETERS, template.id) == parameters
    assert await storage.templates.find("call") == template
