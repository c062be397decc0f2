"""Workflow documents: many steps, long ids, templates, dependencies, times, and what starts executions of them."""

import json
from random import Random
from typing import Any

from tests.abuse.attack import NONCE, Attack, Kind, Target, ask, kind
from tests.abuse.kinds.bodies import hostile_json
from tests.abuse.kinds.expressions import costly_expression, safe_expression

WORKFLOWS: list[Kind] = []
_VALIDATE = """query ($d: JSON) {
  validateWorkflow(document: $d) { valid stages problems { path message } graph { nodes { path } edges { from to } } }
}"""
_VALIDATE_INPUT = "query ($d: CreateWorkflowInput) { validateWorkflow(input: $d) { valid problems { path message } } }"
_APPLY = """mutation ($d: JSON!) {
  applyWorkflow(document: $d) { __typename ... on Workflow { id graph { nodes { path } } } }
}"""
_INSTANTIATE = """mutation ($v: JSON!) {
  instantiateTemplate(name: "saga", workflowName: "x", parameters: $v) { __typename }
}"""
_SCHEDULE = """mutation ($s: ScheduleInput!) {
  saveSchedule(input: $s) { __typename ... on Schedule { nextRuns(count: 100) } }
}"""
_SIGNAL = "mutation ($i: ID!, $n: String!, $v: JSON) { signalExecution(id: $i, name: $n, payload: $v) { __typename } }"
_SECRET = "mutation ($n: String!, $v: String!) { setSecret(name: $n, value: $v) { __typename } }"
_WEBHOOK = "mutation ($v: CreateWebhookInput!) { createWebhook(input: $v) { __typename } }"
_BREAKER = "mutation ($v: String!) { updateCircuitBreaker(serviceId: $v, config: {}) { __typename } }"
_CANCEL = "mutation ($v: ExecutionFilter!) { cancelExecutions(filter: $v) { __typename } }"
_CREATE = "mutation ($d: CreateWorkflowInput!) { createWorkflow(input: $d) { __typename } }"


def step(id: str, output: Any = 1, **more: Any) -> dict[str, Any]:
    """A step that only makes a value."""
    return {"id": id, "type": "DATA_TRANSFORM", "config": {"output": output}, **more}


def _typed(type: str, **config: Any) -> dict[str, Any]:
    return {"id": "t", "type": type, "config": config}


def _nested(levels: int, form: str) -> dict[str, Any]:
    inner = [step("s")]
    for level in range(levels):
        config: dict[str, Any]
        match form:
            case "FOR_EACH":
                config = {"items": "[1, 2]", "steps": inner}
            case "PARALLEL":
                config = {"branches": [{"name": "a", "steps": inner}, {"name": "b", "steps": [step("x")]}]}
            case _:
                config = {"if": "true", "then": inner, "else": [step("y")]}
        inner = [{"id": f"n{level}", "type": form, "config": config}]
    return inner[0]


def steps(chance: Random, size: int) -> list[Any]:
    """Steps that come to about so many bytes and are costly to check."""
    many = max(1, size // 90)
    few = max(1, min(many, 300))
    return chance.choice(
        [
            [step(f"s{n}") for n in range(many)],
            [step(f"s{n}", dependsOn=[f"s{n - 1}"] if n else []) for n in range(many)],
            [step(f"s{n}", dependsOn=[f"s{(n + 1) % many}"]) for n in range(many)],
            [step(f"s{n}", dependsOn=[f"s{m}" for m in range(max(0, n - 40), n)]) for n in range(max(1, size // 350))],
            [step("s", dependsOn=[f"t{n}" for n in range(size // 8)])],
            [step("s", dependsOn=["s"] * (size // 6))],
            [step("s") for _ in range(many)],
            [step("i" * size)],
            [step("s", "{{ input.a }}" * (size // 13))],
            [step("s", "{{" * (size // 2))],
            [step("s", ["{{ steps.s.output }}"] * (size // 25))],
            [step("s", {"{{ x }}" * 3 + str(n): "{{ x" for n in range(size // 40)})],
            [step(f"s{n}", f"{{{{ steps.s{n - 1}.output }}}}") for n in range(few)],
            [step("s", "{{ " + safe_expression(chance, size) + " }}")],
            [step(f"s{n}", "{{ " + costly_expression(chance, 100) + " }}") for n in range(max(1, size // 300))],
            [step(f"s{n}", when=safe_expression(chance, 60)) for n in range(many // 2 + 1)],
            [_nested(chance.choice([9, 10, 11, 60]), chance.choice(["FOR_EACH", "PARALLEL", "CONDITIONAL"]))],
            [_typed("PARALLEL", branches=[{"name": f"b{n}", "steps": [step("s")]} for n in range(many)])],
            [step("s", timeout="PT" + "9" * size + "S")],
            [step("s", timeout="P" + "1D" * (size // 2))],
            [step("s", timeout="PT0." + "0" * size + "1S")],
            [_typed("WAIT", duration="P" + "9" * min(size, 5_000) + "W")],
            [_typed("HTTP_REQUEST", url="http://" + "a." * (size // 2))],
            [_typed("HTTP_REQUEST", url="http://a/{{ secrets." + "s" * size + " }}")],
            [_typed("HTTP_REQUEST", url="http://a", expectedStatus=["200-299"] * (size // 12))],
            [_typed("HTTP_REQUEST", url="http://a", headers={f"h{n}": "{{ x }}" for n in range(size // 20)})],
            [_typed("VALIDATION", rules=[{"rule": "x.y", "message": "m"}] * (size // 35))],
            [{"id": f"u{n}", "type": "UNKNOWN", "config": {}, "other": 1} for n in range(many)],
            [1] * (size // 3),
            [[[]]] * (size // 7),
        ]
    )


def _document(chance: Random, size: int) -> dict[str, Any]:
    document: dict[str, Any] = {"name": f"abuse-{NONCE}", "steps": steps(chance, size)}
    extra: dict[str, Any] = chance.choice(
        [
            {},
            {},
            {},
            {},
            {},
            {"output": safe_expression(chance, min(size, 2_000))},
            {"variables": {f"v{n}": "{{ variables.v }}" for n in range(min(size, 40_000) // 30)}},
            {"labels": {f"l{n}": "x" for n in range(min(size, 40_000) // 15)}},
            {"name": "n" * min(size, 40_000)},
            {"timeout": "P99999999999D"},
            {"onFailure": steps(chance, min(size, 3_000))},
            {"description": "d" * min(size, 40_000)},
            {"k" * min(size, 40_000): 1},
        ]
    )
    return {**document, **extra}


@kind(WORKFLOWS, "workflow: validated", uses_sandbox=True)
def validated(chance: Random, target: Target, size: int) -> Attack:
    query = chance.choice([_VALIDATE, _VALIDATE, _VALIDATE_INPUT])
    return ask(target.token("VIEWER"), query, d=_document(chance, size))


@kind(WORKFLOWS, "workflow: stored", uses_sandbox=True)
def stored(chance: Random, target: Target, size: int) -> Attack:
    return ask(target.token("EDITOR"), chance.choice([_APPLY, _APPLY, _CREATE]), d=_document(chance, size))


@kind(WORKFLOWS, "workflow: any JSON as a document", uses_sandbox=True)
def anything(chance: Random, target: Target, size: int) -> Attack:
    value = hostile_json(chance, size)
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = value
    place = chance.choice(["whole", "steps", "variables", "inputSchema", "labels"])
    whole = document if place == "whole" else {"name": "x", "steps": [step("s")], place: document}
    try:
        return ask(target.token("VIEWER"), _VALIDATE, d=whole)
    except RecursionError:
        return ask(target.token("VIEWER"), _VALIDATE, d=value)


@kind(WORKFLOWS, "workflow: template", uses_sandbox=True)
def templates(chance: Random, target: Target, size: int) -> Attack:
    text = chance.choice(["<<a>>" * (size // 5), "<<" * (size // 2), "<<a" * (size // 3), "<<" + "a" * size + ">>"])
    many = [{"name": f"a{n}", "type": "STRING"} for n in range(size // 60 + 1)]
    template = {
        "name": f"abuse-{NONCE}",
        "document": {"name": "x", "steps": [step("s", text)]},
        "parameters": chance.choice([[], [{"name": "a", "type": "STRING"}], many]),
    }
    query, values = chance.choice(
        [
            ("mutation ($v: WorkflowTemplateInput!) { saveWorkflowTemplate(input: $v) { __typename } }", template),
            (_INSTANTIATE, {f"p{n}": text[:40] for n in range(size // 50)}),
        ]
    )
    return ask(target.token("EDITOR"), query, v=values)


@kind(WORKFLOWS, "schedule: cron and next runs")
def schedules(chance: Random, target: Target, size: int) -> Attack:
    cron = chance.choice(
        [
            "0 0 29 2 MON",
            "0 0 31 2 *",
            "* * * * * *",
            "59 59 23 31 12 *",
            "0 0 30 2 *",
            "*/61 * * * *",
            ",".join(["1"] * min(size, 9_000)) + " * * * *",
            "1-" * (size // 2),
            "9" * size,
            "* " * (size // 2),
        ]
    )
    value = {
        "name": f"abuse-{NONCE}",
        "workflowId": target.workflow_id,
        "cron": cron,
        "enabled": False,
        "timezone": chance.choice(["UTC", "Europe/Berlin", "../" * 50, "x" * min(size, 3_000), "Antarctica/Troll"]),
    }
    return ask(target.token("EDITOR"), _SCHEDULE, s=value)


@kind(WORKFLOWS, "execution: started", uses_sandbox=True)
def started(chance: Random, target: Target, size: int) -> Attack:
    many_keys: Any = {f"k{n}": [{}] for n in range(size // 15)}
    value: Any = chance.choice([{"x": "y" * size}, [1] * (size // 3), many_keys, "x" * size])
    one: dict[str, Any] = {"workflowId": target.workflow_id, "input": value, "startAt": "2099-01-01T00:00:00Z"}
    labelled: dict[str, Any] = {**one, "labels": value}
    keyed: dict[str, Any] = {**one, "idempotencyKey": "k" * size}
    many = [{"workflowId": target.workflow_id, "startAt": "2099-01-01T00:00:00Z"}] * min(1_001, max(1, size // 80))
    bulk = "mutation ($i: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $i) { __typename } }"
    orchestrate = "mutation ($i: OrchestrateInput!) { orchestrate(input: $i) { __typename } }"
    start = "mutation ($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { __typename } }"
    hostile = {"steps": steps(chance, size), "input": {}}
    query, sent, role = chance.choice(
        [
            (start, one, "OPERATOR"),
            (start, labelled, "OPERATOR"),
            (start, keyed, "OPERATOR"),
            (bulk, many, "OPERATOR"),
            (orchestrate, hostile, "EDITOR"),
        ]
    )
    return ask(target.token(role), query, i=sent)


@kind(WORKFLOWS, "commands: signals, secrets, webhooks, breakers", uses_sandbox=True)
def commands(chance: Random, target: Target, size: int) -> Attack:
    letters = chance.choice(["x", "é", "a/", "%00", "\u0000"])
    text = letters * (size // len(json.dumps(letters)))
    try:
        value = json.loads(hostile_json(chance, size))
        json.dumps(value)
    except (ValueError, RecursionError):
        value = text
    outbound: dict[str, Any] = {"direction": "OUTBOUND", "name": f"o-{NONCE}", "url": f"https://example.com/{text}"}
    inbound: dict[str, Any] = {"direction": "INBOUND", "name": f"i-{NONCE}", "workflowId": target.workflow_id}
    query, values = chance.choice(
        [
            (_SIGNAL, {"i": target.execution_id, "n": "s", "v": value}),
            (_SIGNAL, {"i": target.execution_id, "n": text, "v": 1}),
            (_SECRET, {"n": "abuse", "v": text}),
            (_SECRET, {"n": text, "v": "x"}),
            (_WEBHOOK, {"v": outbound}),
            (_WEBHOOK, {"v": {**inbound, "input": safe_expression(chance, size)}}),
            (_BREAKER, {"v": text}),
            (_CANCEL, {"v": {"labels": {text[:50]: text}}}),
        ]
    )
    return ask(target.token(chance.choice(["EDITOR", "ADMIN"])), query, **values)
