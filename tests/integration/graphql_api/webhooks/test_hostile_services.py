"""Hostile input to schedules, rules, templates, secrets and keys: the answer is typed, has a path, is never a 5xx."""

from typing import Any

import httpx
import pytest

from tests.integration.graphql_api.api import serving
from tests.integration.graphql_api.real import Real

FAILURES = "__typename ... on Error { code message } ... on ValidationError { problems { path message } }"
OPERATIONS = {
    "saveSchedule": f"mutation ($i: ScheduleInput!) {{ r: saveSchedule(input: $i) {{ {FAILURES} }} }}",
    "saveRule": f"mutation ($i: TransformationRuleInput!) {{ r: saveTransformationRule(input: $i) {{ {FAILURES} }} }}",
    "saveTemplate": f"mutation ($i: WorkflowTemplateInput!) {{ r: saveWorkflowTemplate(input: $i) {{ {FAILURES} }} }}",
    "instantiate": f"""mutation ($n: String!, $w: String!, $p: JSON!) {{
      r: instantiateTemplate(name: $n, workflowName: $w, parameters: $p) {{ {FAILURES} }}
    }}""",
    "createKey": f"mutation ($n: String!) {{ r: createApiKey(name: $n, role: VIEWER) {{ {FAILURES} }} }}",
    "setSecret": f"mutation ($n: String!, $v: String!) {{ r: setSecret(name: $n, value: $v) {{ {FAILURES} }} }}",
    "delete": f"""mutation ($n: String!, $id: ID!) {{
      a: deleteTransformationRule(name: $n) {{ {FAILURES} }}
      b: deleteWorkflowTemplate(name: $n) {{ {FAILURES} }}
      c: deleteSecret(name: $n) {{ {FAILURES} }}
      d: deleteSchedule(id: $id) {{ {FAILURES} }}
      e: revokeApiKey(id: $id) {{ {FAILURES} }}
    }}""",
    "read": """query ($n: String!) {
      transformationRule(name: $n) { id }
      workflowTemplate(name: $n) { id }
      workflowTemplates(category: $n) { nodes { id } totalCount }
      schedule(by: {name: $n}) { id }
    }""",
    "readById": """query ($id: ID!) {
      schedule(by: {id: $id}) { id }
      schedules(workflowId: $id) { nodes { id } }
      node(id: $id) { id }
    }""",
    "page": """query ($n: String) {
      auditEntries(after: $n) { nodes { at } }
      apiKeys(after: $n) { nodes { id } }
      secrets(after: $n) { nodes { id } }
      schedules(after: $n) { nodes { id } }
      transformationRules(after: $n) { nodes { id } }
      workflowTemplates(after: $n) { nodes { id } }
    }""",
}
TEXTS = {
    "nothing": "",
    "a space": " ",
    "large": "x" * 300_000,
    "U+0000": "a\0b",
    "a line end": "a\nb",
    "an escape": "\x1b[2J",
    "right to left": "a\u202eb",
    "quotes": "'\";--",
    "markup": "[/red]<b>",
    "a backslash": "a\\",
    "a percent": "%s%%_",
    "astral": "\U0001f642",
    "a parameter": "<<a>>",
    "an expression": "{{ input }}",
    "an id": "wf_01h455vb4pex5vsknk084sn02q",
    "no id": "sc_!",
}


def variables_of(operation: str, text: str, workflow_id: str) -> list[dict[str, Any]]:
    """The variables of an operation: one set for each place in which the text may stand."""
    schedule = {"name": "s", "workflowId": workflow_id, "cron": "@daily"}
    rule = {"name": "r", "expression": "input"}
    document = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}]}
    template = {"name": "t", "parameters": [], "document": document}
    parameter = {"name": "p", "schema": {}}
    using = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "<<p>>"}}]}
    match operation:
        case "saveSchedule":
            places: list[dict[str, Any]] = [
                {"name": text},
                {"workflowId": text},
                {"cron": text},
                {"timezone": text},
                {"input": {text: [text]}},
            ]
            return [{"i": schedule | place} for place in places]
        case "saveRule":
            places = [
                {"name": text},
                {"expression": text},
                {"description": text},
                {"inputSchema": text},
                {"outputSchema": {"$ref": text}},
                {"inputSchema": {"pattern": text}},
                {"examples": [{"input": {text: text}, "output": text}]},
            ]
            return [{"i": rule | place} for place in places]
        case "saveTemplate":
            places = [
                {"name": text},
                {"category": text},
                {"description": text},
                {"document": text},
                {"document": {text: text}},
                {"document": {"steps": [{"id": text, "type": text, "config": {text: text}}]}},
                {"parameters": [parameter | {"name": text}]},
                {"parameters": [parameter | {"schema": text}], "document": using},
                {"parameters": [parameter | {"default": {text: text}}], "document": using},
                {"parameters": [parameter | {"description": text}], "document": using},
            ]
            return [{"i": template | place} for place in places]
        case "instantiate":
            given: dict[str, Any] = {"n": "checked-call", "w": "w", "p": {}}
            places = [
                {"n": text},
                {"w": text, "p": {"url": "http://a.example"}},
                {"p": text},
                {"p": {text: text}},
                {"p": {"url": text}},
                {"p": {"url": "http://a.example", "body": {text: text}, "headers": {text: text}}},
            ]
            return [given | place for place in places]
        case _:
            return [{"n": text, "v": text, "id": text}]


def complaints(answer: dict[str, Any]) -> list[str]:
    """The faults of an answer: wrong codes, and problems without a path."""
    found = []
    for error in answer.get("errors") or ():
        extensions = error["extensions"]
        if extensions["code"] not in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"):
            found.append(f"the code {extensions['code']}")
        if not all(problem["path"] for problem in extensions.get("problems", ())):
            found.append("a problem that is nowhere")
    for member in (answer.get("data") or {}).values():
        if isinstance(member, dict) and member.get("code") == "INTERNAL":
            found.append("INTERNAL")
        if isinstance(member, dict) and not all(problem["path"] for problem in member.get("problems", ())):
            found.append("a problem that is nowhere")
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_whatever_text_is_sent_the_answer_is_typed(real: Real, operation: str) -> None:
    workflow = await real.api.create_workflow("orders")
    async with serving(real.api) as server, httpx.AsyncClient(base_url=server.url, timeout=10) as client:
        for name, text in TEXTS.items():
            for variables in variables_of(operation, text, workflow["id"]):
                await check(client, OPERATIONS[operation], variables, name)


async def check(client: httpx.AsyncClient, query: str, variables: dict[str, Any], name: str) -> None:
    named = {key: value for key, value in variables.items() if f"${key}:" in query}
    answer = await client.post("/graphql", json={"query": query, "variables": named})
    where = f"{name}: {str(variables)[:300]}\n{answer.text[:1_000]}"
    assert answer.status_code in (200, 400), where
    assert complaints(answer.json()) == [], where
