"""Documents, schemas and expressions that cost much, through the whole API: it answers, and stays awake meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest

from actors.sandbox.pool import SandboxPool
from tests.costly_schemas import ENDLESS
from tests.costs import least_hold, least_seconds_awaited
from tests.integration.graphql_api.api import Api

VALIDATE = "query ($document: JSON!) { validateWorkflow(document: $document) { valid problems { path message } } }"
APPLY = """
mutation ($document: JSON!) { applyWorkflow(document: $document) {
  __typename ... on ValidationError { code problems { path message hint } }
} }
"""
EXECUTE = """
mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) {
  __typename ... on WorkflowExecution { input } ... on ValidationError { code problems { path message hint } }
} }
"""
HOOK = """
mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { ... on WebhookCreated { webhook { url } } } }
"""
SAVE_RULE = """
mutation ($input: TransformationRuleInput!) { saveTransformationRule(input: $input) {
  __typename ... on ValidationError { problems { path message } }
} }
"""
SAVE_TEMPLATE = """
mutation ($input: WorkflowTemplateInput!) { saveWorkflowTemplate(input: $input) {
  __typename ... on ValidationError { problems { path message } }
} }
"""
HANGS = "$distinct([1..99999])"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An API on memory, with the real sandbox."""
    async with SandboxPool() as pool:
        yield Api(sandbox=pool)


def a_document(output: Any = 1, **members: Any) -> dict[str, Any]:
    steps = [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": output}}]
    return {"name": "costly", "steps": steps, **members}


def depending(*lists: list[str], others: int = 0) -> dict[str, Any]:
    """A document of steps that depend on all those of a list, beside others."""
    one = {"type": "DATA_TRANSFORM", "config": {"output": 1}}
    first = [{**one, "id": f"s{i}", "dependsOn": []} for i in range(others)]
    return {"name": "costly", "steps": [*first, *({**one, "id": f"d{i}", "dependsOn": x} for i, x in enumerate(lists))]}


FULL: dict[str, dict[str, Any]] = {
    "templates": a_document([f"{{{{ input.v{i} }}}}" for i in range(40_000)]),
    "equal templates": a_document(["{{1}}"] * 100_000),
    "one text": a_document("{{1}}" * 180_000),
    "long expressions": a_document(["{{" + "+".join(["input.a"] * 900) + "}}"] * 120),
    "regular expressions": a_document([f"{{{{ $match(input.a, /^\\p{{L}}{{1,15}}{i}$/) }}}}" for i in range(20_000)]),
    "names of nothing": a_document([f"{{{{ nothing{i} }}}}" for i in range(40_000)]),
    "empty objects": a_document([{}] * 140_000),
    "steps": {
        "name": "costly",
        "steps": [
            {"id": f"s{i}", "type": "DATA_TRANSFORM", "config": {"output": f"{{{{ input.a{i} }}}}"}}
            for i in range(9_999)
        ],
    },
    "dependencies on nothing": depending([f"t{i}" for i in range(95_000)]),
    "dependencies on all others": depending(*[[f"s{i}" for i in range(3_000)]] * 35, others=3_000),
    "schemas": {
        "name": "costly",
        "steps": [
            {"id": f"s{i}", "type": "VALIDATION", "config": {"schema": {"properties": {"a": {"const": i}}}}}
            for i in range(8_000)
        ],
    },
    "schemas that are none": {
        "name": "costly",
        "steps": [{"id": f"s{i}", "type": "VALIDATION", "config": {"schema": {"type": i}}} for i in range(9_000)],
    },
    "patterns": a_document(inputSchema={"allOf": [{"pattern": f"^\\p{{L}}{{1,15}}{i}$"} for i in range(20_000)]}),
    "schemas with patterns": {
        "name": "costly",
        "steps": [
            {"id": f"s{i}", "type": "VALIDATION", "config": {"schema": {"pattern": f"^\\p{{L}}{{1,9}}{i}$"}}}
            for i in range(8_000)
        ],
    },
}


@pytest.mark.parametrize("document", FULL.values(), ids=FULL)
async def test_a_megabyte_is_checked_in_about_a_second_and_the_loop_stays_awake(
    api: Api, document: dict[str, Any]
) -> None:
    resident = psutil.Process().memory_info().rss

    async def check() -> None:
        report = await api.run(VALIDATE, document=document)
        assert isinstance(report["validateWorkflow"]["problems"], list)

    assert await least_hold(check, enough=0.5) < 0.5
    assert await least_seconds_awaited(check, enough=2) < 2
    assert psutil.Process().memory_info().rss - resident < 200 * 2**20


async def test_what_is_over_the_budget_of_expressions_says_the_number_once(api: Api) -> None:
    report = await api.run(VALIDATE, document=FULL["templates"])
    [problem] = report["validateWorkflow"]["problems"]
    assert problem["message"] == "The document has more than 6,000 expressions: this one is over."
    assert problem["path"] == ["steps", "0", "config", "output", "6000"]


@pytest.mark.parametrize("name", ["alternatives that both lead back", "a chain of pairs", "unevaluated members"])
async def test_an_input_that_nobody_can_check_is_refused(api: Api, name: str) -> None:
    schema, value = ENDLESS[name]
    applied = await api.run(APPLY, document=a_document(inputSchema=schema))
    if applied["applyWorkflow"]["__typename"] == "ValidationError":  # compiling it takes as long already
        assert "cannot be compiled" in applied["applyWorkflow"]["problems"][0]["message"]
        return

    async def execute() -> None:
        refused = (await api.run(EXECUTE, input={"workflowName": "costly", "input": value}))["executeWorkflow"]
        assert refused["code"] == "INVALID_INPUT"
        [problem] = refused["problems"]
        assert problem["path"] == ["input"]
        assert "cannot be found out" in problem["message"]  # for want of time or, on a fast machine, of memory
        assert problem["hint"]

    assert await least_seconds_awaited(execute, enough=1) < 1


async def test_a_message_that_nobody_can_check_is_refused_at_the_door(api: Api) -> None:
    schema, value = ENDLESS["alternatives that both lead back"]
    await api.run(APPLY, document=a_document(inputSchema=schema))
    workflow = (await api.run('{ workflow(name: "costly") { id } }'))["workflow"]
    given = {"name": "door", "direction": "INBOUND", "workflowId": workflow["id"], "signature": "NONE"}
    hook = (await api.run(HOOK, input=given))["createWebhook"]["webhook"]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app)) as client:

        async def send() -> None:
            refused = await client.post(hook["url"], json=value)
            assert refused.status_code == 422, refused.text
            assert "cannot be found out" in refused.text

        assert await least_seconds_awaited(send, enough=1) < 1


@pytest.mark.parametrize("name", ["alternatives that both lead back", "a chain of pairs", "unevaluated members"])
async def test_a_rule_that_nobody_can_check_is_not_saved(api: Api, name: str) -> None:
    schema, value = ENDLESS[name]
    rule = {"name": "r", "expression": "1", "inputSchema": schema, "examples": [{"input": value, "output": 1}]}

    async def save() -> None:
        refused = (await api.run(SAVE_RULE, input=rule))["saveTransformationRule"]
        assert refused["__typename"] == "ValidationError"
        assert "cannot be" in refused["problems"][0]["message"]

    assert await least_seconds_awaited(save, enough=1) < 1


@pytest.mark.parametrize("name", ["alternatives that both lead back", "a chain of pairs", "unevaluated members"])
async def test_a_template_whose_default_nobody_can_check_is_not_saved(api: Api, name: str) -> None:
    schema, value = ENDLESS[name]
    document = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "<<p>>"}}]}
    template = {"name": "t", "document": document, "parameters": [{"name": "p", "schema": schema, "default": value}]}

    async def save() -> None:
        refused = (await api.run(SAVE_TEMPLATE, input=template))["saveWorkflowTemplate"]
        assert refused["__typename"] == "ValidationError"
        assert "cannot be" in refused["problems"][0]["message"]

    assert await least_seconds_awaited(save, enough=1) < 1


async def test_defaults_are_put_into_the_input_that_is_stored(api: Api) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "default": 5}}}
    await api.run(APPLY, document=a_document(inputSchema=schema))

    started = (await api.run(EXECUTE, input={"workflowName": "costly", "input": {"b": 1}}))["executeWorkflow"]
    assert started["input"] == {"b": 1, "a": 5}
    refused = (await api.run(EXECUTE, input={"workflowName": "costly"}))["executeWorkflow"]
    assert refused["code"] == "INVALID_INPUT"


async def test_a_default_that_does_not_meet_its_schema_refuses_the_input(api: Api) -> None:
    await api.run(APPLY, document=a_document(inputSchema={"properties": {"a": {"type": "integer", "default": "b"}}}))
    refused = (await api.run(EXECUTE, input={"workflowName": "costly", "input": {}}))["executeWorkflow"]
    assert [problem["path"] for problem in refused["problems"]] == [["input", "a"]]


async def test_one_request_tries_so_many_expressions_and_says_so(api: Api) -> None:
    aliases = " ".join(f'a{i}: evaluate(expression: "1 + 1", context: {{}}) {{ value }}' for i in range(60))
    errors = await api.errors(f"{{ {aliases} }}")
    assert {error["extensions"]["code"] for error in errors} == {"LIMIT_EXCEEDED"}
    assert "50 expressions (STEPGRAPH_MAX_EVALUATIONS)" in errors[0]["message"]


async def test_an_execution_starts_while_a_key_tries_what_hangs(api: Api) -> None:
    await api.run(APPLY, document=a_document(inputSchema={"properties": {"a": {"pattern": "^b$"}}}))
    aliases = " ".join(f'a{i}: evaluate(expression: "{HANGS}", context: {{}}) {{ error }}' for i in range(6))
    trying = asyncio.ensure_future(api.run(f"{{ {aliases} }}"))
    await asyncio.sleep(0)

    took = []
    for _ in range(3):
        began = time.monotonic()
        started = await api.run(EXECUTE, input={"workflowName": "costly", "input": {"a": "b"}})
        took.append(time.monotonic() - began)
        assert started["executeWorkflow"]["__typename"] == "WorkflowExecution"
    assert min(took) < 1.9  # one trial alone takes two seconds
    assert not trying.done()
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
