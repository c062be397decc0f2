"""Lists of webhooks, events, schedules, rules and templates with large values: they are read when they are selected."""

import json
from collections.abc import Mapping
from typing import Any

from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue, dumps
from domain.schedules.model import ScheduleRecord, ScheduleSettings
from domain.transformation_rules.model import RuleExample, RuleRecord, RuleSettings
from domain.workflow_templates.model import TemplateParameter, TemplateRecord, TemplateSettings
from tests.contract.rows import NOW, created_workflow
from tests.contract.webhook_rows import arrival, inbound
from tests.integration.graphql_api.protocol.test_large_values import MB, UNEVEN, measured, refused
from tests.integration.graphql_api.protocol.test_large_values import stored as executions
from tests.integration.graphql_api.real import Real

COUNT = 40
"""Twenty megabytes of each."""


async def stored(real: Real, count: int = COUNT) -> Mapping[str, str]:
    """The ids of the newest of each."""
    storage: Any = real.api.storage
    await real.api.create_workflow("orders")
    workflow = await storage.workflows.find(name="orders")
    hook = inbound(workflow_id=workflow.id)
    await storage.webhooks.create(hook)
    schema: JsonValue = {"enum": UNEVEN}
    ids = {}
    for n in range(count):
        event = arrival(hook, payload=UNEVEN, execution_id=None)
        await storage.webhooks.record_inbound(event)
        settings = ScheduleSettings(name=f"s{n}", workflow_id=workflow.id, cron="0 3 * * *", input=UNEVEN)
        schedule = ScheduleRecord(id=new_id(), settings=settings, revision=1, created_at=NOW, updated_at=NOW)
        await storage.schedules.create(schedule)
        example = RuleExample(input=UNEVEN, output=1)
        rule = RuleRecord(
            id=new_id(),
            settings=RuleSettings(name=f"r{n}", expression="1", input_schema=schema, examples=(example,)),
            revision=1,
            created_at=NOW,
            updated_at=NOW,
        )
        await storage.rules.save(rule)
        parameter = TemplateParameter(name="p", schema=schema, default=UNEVEN)
        template = TemplateRecord(
            id=new_id(),
            settings=TemplateSettings(name=f"t{n}", document={"steps": UNEVEN}, parameters=(parameter,), category="c"),
            created_at=NOW,
            updated_at=NOW,
        )
        await storage.templates.save(template)
        kinds = {
            IdKind.WEBHOOK_EVENT: event.id,
            IdKind.SCHEDULE: schedule.id,
            IdKind.TRANSFORMATION_RULE: rule.id,
            IdKind.WORKFLOW_TEMPLATE: template.id,
        }
        ids = {kind.name: to_public(kind, id) for kind, id in kinds.items()}
    return ids


LISTS = {
    "events": ("webhooks { nodes { events(first: 100) { nodes { id status attempts %s } } } }", "payload"),
    "schedules": ("schedules(first: 100) { nodes { id name cron %s } }", "input"),
    "rules": ("transformationRules(first: 100) { nodes { id name expression %s } }", "inputSchema"),
    "examples": ("transformationRules(first: 100) { nodes { id name %s } }", "examples { input }"),
    "templates": ('workflowTemplates(category: "c", first: 100) { nodes { id name %s } }', "document"),
    "parameters": ('workflowTemplates(category: "c", first: 100) { nodes { id %s } }', "parameters { default }"),
}


async def test_lists_read_large_settings_only_where_they_are_selected_and_no_more_than_the_budget(real: Real) -> None:
    await stored(real)
    for name, (query, selected) in LISTS.items():
        with measured() as light:
            data = await real.api.run(f"{{ {query % ''} }}")
        with measured() as cost:
            message = await refused(real.api, f"{{ {query % selected} }}")

        assert data, name
        assert light.peak < 5 * MB, name
        assert cost.peak < 80 * MB, name
        assert "16,000,000 bytes" in message, name


async def test_lists_of_workflows_and_executions_read_large_labels_only_where_they_are_selected(real: Real) -> None:
    labels = {f"{n:02}" + "é" * 254: "x" * 256 for n in range(50)}
    await real.api.create_workflow("w0", labels=labels)
    for n in range(1, 100):
        await created_workflow(real.api.storage.workflows, f"w{n}", labels=labels)
    light = "workflows(first: 100) { nodes { id name } }"
    query = f"{{ {' '.join(f'a{n}: {light}' for n in range(50))} }}"
    await real.api.run(query)

    with measured() as cost:
        data = await real.api.run(query)
    shown = await real.api.run("{ workflows(first: 100) { nodes { labels } } }")
    many = " ".join(f"l{n}: labels" for n in range(9))
    message = await refused(real.api, f"{{ workflows(first: 100) {{ nodes {{ {many} }} }} }}")

    assert len(data["a49"]["nodes"]) == 100
    assert cost.peak < 30 * MB  # 5,000 workflows; their labels are two hundred megabytes
    assert [node["labels"] for node in shown["workflows"]["nodes"]] == [labels] * 100
    assert "16,000,000 bytes" in message


async def test_executions_are_cancelled_without_reading_what_is_large_of_them(real: Real) -> None:
    await executions(real, UNEVEN)
    cancel = "mutation { cancelExecutions(filter: {status: [PENDING]}) { __typename ... on BulkResult { changed } } }"

    with measured() as cost:
        data = await real.api.run(cancel)

    assert data["cancelExecutions"] == {"__typename": "BulkResult", "changed": 100}
    assert cost.peak < 10 * MB


async def test_views_with_large_filters_are_read_once_under_however_many_aliases(real: Real) -> None:
    save = "mutation($v: CreateSavedViewInput!) { createSavedView(input: $v) { __typename } }"
    filter = {f"k{n}": n for n in range(1_200)}
    for n in range(40):
        await real.api.run(save, v={"kind": "EXECUTIONS", "name": f"v{n}", "columns": [], "filter": filter})

    with measured() as cost:
        await real.api.run(f"{{ {' '.join(f'a{n}: savedViews(first: 100) {{ nodes {{ id }} }}' for n in range(90))} }}")

    assert cost.peak < 15 * MB  # read for each alias they are three hundred megabytes


NODES = {
    IdKind.WEBHOOK_EVENT: ("WebhookEvent", "payload", {"payload": UNEVEN}),
    IdKind.SCHEDULE: ("Schedule", "input", {"input": UNEVEN}),
    IdKind.TRANSFORMATION_RULE: (
        "TransformationRule",
        "expression inputSchema outputSchema examples { input output }",
        {
            "expression": "1",
            "inputSchema": {"enum": UNEVEN},
            "outputSchema": None,
            "examples": [{"input": UNEVEN, "output": 1}],
        },
    ),
    IdKind.WORKFLOW_TEMPLATE: (
        "WorkflowTemplate",
        "document parameters { name schema default }",
        {
            "document": {"steps": UNEVEN},
            "parameters": [{"name": "p", "schema": {"enum": UNEVEN}, "default": UNEVEN}],
        },
    ),
}


async def test_what_is_within_the_budget_is_answered_whole(real: Real) -> None:
    ids = await stored(real, 1)
    for kind, (type_name, selected, expected) in NODES.items():
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {selected} }} }} }}"
        data = json.loads(dumps(await real.api.run(query, id=ids[kind.name])))
        assert data["node"] == expected, type_name
    for query, selected in LISTS.values():
        data = json.loads(dumps(await real.api.run(f"{{ {query % selected} }}")))
        assert dumps(UNEVEN) in dumps(data), query


async def test_a_name_is_guessed_among_rules_of_which_nothing_large_is_read(real: Real) -> None:
    await stored(real)
    query = "query($d: JSON!) { validateWorkflow(document: $d) { valid problems { message hint } } }"
    for missing in (1, 20):
        steps = [
            {"id": f"s{n}", "type": "DATA_TRANSFORM", "config": {"rule": {"name": f"rr{n}", "input": "1"}}}
            for n in range(missing)
        ]
        with measured() as cost:
            data = await real.api.run(query, d={"name": "w", "steps": steps})

        assert data["validateWorkflow"]["valid"] is False, missing
        assert cost.peak < 10 * MB, missing
