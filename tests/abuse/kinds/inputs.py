"""Variables: long lists of typed inputs, values of which everything is wrong, batches of starts."""

from random import Random
from typing import Any

from tests.abuse.attack import NONCE, Attack, Kind, Target, ask, kind

INPUTS: list[Kind] = []
BATCH = "mutation ($v: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $v) { __typename } }"
BATCH_OF_PROBLEMS = """mutation ($v: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $v) {
    ... on ExecutionBatch { results { __typename ... on ValidationError { problems { path message hint } } } }
  }
}"""
RULE = """mutation ($v: TransformationRuleInput!) {
  saveTransformationRule(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
TEMPLATE = """mutation ($v: WorkflowTemplateInput!) {
  saveWorkflowTemplate(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
INSTANTIATE = """mutation ($v: JSON!) {
  instantiateTemplate(name: "saga", workflowName: "x", parameters: $v) {
    __typename ... on ValidationError { problems { path message hint } }
  }
}"""
CREATE = """mutation ($v: CreateWorkflowInput!) {
  createWorkflow(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
UPDATE = "mutation ($i: ID!, $v: UpdateWorkflowInput!) { updateWorkflow(id: $i, input: $v) { __typename } }"
ORCHESTRATE = "mutation ($v: OrchestrateInput!) { orchestrate(input: $v) { __typename } }"
WEBHOOK = """mutation ($v: CreateWebhookInput!) {
  createWebhook(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
STATUSES = "query ($v: [ExecutionStatus!]) { executions(filter: {status: $v}) { totalCount } }"
EXECUTE = """mutation ($v: ExecuteWorkflowInput!) {
  executeWorkflow(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
SCHEDULE = """mutation ($v: ScheduleInput!) {
  saveSchedule(input: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""
APPLY = """mutation ($v: JSON!) {
  applyWorkflow(document: $v) { __typename ... on ValidationError { problems { path message hint } } }
}"""


def _typed_steps(chance: Random, size: int) -> list[Any]:
    plain: dict[str, Any] = {"config": {"dataTransform": {"output": 1}}}
    more: dict[str, Any] = chance.choice([{}, {"retry": {}}, {"x": 1}, {"timeout": "P1Y"}, {"when": "x +"}])
    config = chance.choice([plain, plain, {"config": {"httpRequest": {"url": "http://a"}}}, {"config": {"wait": {}}}])
    steps: list[Any] = [{"id": f"s{number}", **config, **more} for number in range(max(1, size // 60))]
    inner: list[Any] = [{"id": f"n{number}", **plain} for number in range(max(1, size // 60))]
    for level in range(8):
        inner = [{"id": f"f{level}", "config": {"forEach": {"items": "[1]", "steps": inner}}}]
    return chance.choice([steps, [*steps, 1], inner, [1] * (size // 3), [{}] * (size // 4), [[[]]] * (size // 7)])


@kind(INPUTS, "input: long lists of typed ones", uses_sandbox=True)
def typed(chance: Random, target: Target, size: int) -> Attack:
    name = f"abuse-{NONCE}"
    events = chance.choice(["x", "execution.complted", "execution.completed"])
    examples = [{"input": number, "output": 1} for number in range(max(1, size // 26))]
    parameters = [{"name": f"p{number}", "schema": {}} for number in range(max(1, size // 32))]
    operation, value = chance.choice(
        [
            (RULE, {"name": name, "expression": "input", "examples": examples}),
            (TEMPLATE, {"name": name, "document": {"name": "x", "steps": []}, "parameters": parameters}),
            (CREATE, {"name": name, "steps": _typed_steps(chance, size)}),
            (ORCHESTRATE, {"steps": _typed_steps(chance, size)}),
            (WEBHOOK, {"name": name, "direction": "OUTBOUND", "eventTypes": [events] * (size // (len(events) + 4))}),
            (STATUSES, [chance.choice(["FAILED", "FAILD"])] * (size // 10)),
            (CREATE, {"name": name, "steps": [], **{f"unknown{number}": [{}] for number in range(size // 22)}}),
        ]
    )
    return ask(target.token("EDITOR"), operation, v=value)


@kind(INPUTS, "input: values of which everything is wrong", uses_sandbox=True)
def wrong(chance: Random, target: Target, size: int) -> Attack:
    names: dict[str, Any] = {f"k{number}": [{}] for number in range(max(1, size // 14))}
    zeros: Any = {f"k{number}": [float("1e400")] for number in range(max(1, size // 22))}
    plain = {"id": "s", "type": "DATA_TRANSFORM", "config": {"output": 1}}
    nobody = [f"t{number}" for number in range(size // 10)]
    others = [{**plain, "id": f"o{number}", "dependsOn": []} for number in range(max(1, size // 160))]
    everybody = [{**plain, "id": f"d{number}", "dependsOn": [each["id"] for each in others]} for number in range(9)]
    one = {"workflowId": target.workflow_id, "startAt": "2099-01-01T00:00:00Z"}
    document: dict[str, Any] = {"name": f"abuse-{NONCE}"}
    operation, value = chance.choice(
        [
            (INSTANTIATE, names),
            (INSTANTIATE, {"k" * min(size // 3, 300) + str(number): 1 for number in range(max(1, size // 310))}),
            (EXECUTE, {**one, "labels": names}),
            (EXECUTE, {**one, "input": zeros}),
            (EXECUTE, {**one, "unknown": names}),
            (SCHEDULE, {"name": f"abuse-{NONCE}", "cron": "* * * * *", "workflowId": "wf_none", "input": names}),
            (RULE, {"name": f"abuse-{NONCE}", "expression": "1", "examples": [{"input": zeros, "output": 1}]}),
            (RULE, {"name": f"abuse-{NONCE}", "expression": "1", "inputSchema": names, "outputSchema": zeros}),
            (APPLY, {**document, "steps": [{**plain, "dependsOn": nobody}]}),
            (APPLY, {**document, "steps": [*others, *everybody]}),
            (APPLY, {**document, "steps": [plain], "labels": names}),
            (APPLY, {**document, "steps": [plain], **names}),
            (APPLY, {**document, "steps": [{**plain, "config": names}] * 2}),
        ]
    )
    return ask(target.token("EDITOR"), operation, v=value)


@kind(INPUTS, "input: batches of starts", uses_sandbox=True)
def batches(chance: Random, target: Target, size: int) -> Attack:
    named = {"workflowId": target.workflow_id, "startAt": "2099-01-01T00:00:00Z"}
    one: dict[str, Any] = chance.choice(
        [
            named,
            {**named, "labels": {f"l{number}": [] for number in range(50)}},
            {**named, "labels": {f"l{number}": number for number in range(50)}},
            {**named, "input": [{}] * 100},
            {**named, "idempotencyKey": "k" * 200},
            {"workflowName": "none"},
            {"workflowId": target.schemas[chance.choice(sorted(target.schemas))], "input": {"c": [{"a": 1}] * 20}},
            {"x": 1},
        ]
    )
    count = max(1, size // (len(str(one)) + 2))
    count = min(count, chance.choice([1_000, 1_000, 1_000, 1_001, 100_000]))
    query = chance.choice([BATCH, BATCH_OF_PROBLEMS])
    return ask(target.token("OPERATOR"), query, v=[one] * count)


@kind(INPUTS, "input: changes of a workflow that are none", uses_sandbox=True)
def changes(chance: Random, target: Target, size: int) -> Attack:
    value: dict[str, Any] = chance.choice(
        [
            {"steps": _typed_steps(chance, size), "name": "\n"},
            {"labels": {f"l{number}": [] for number in range(size // 12)}},
            {"variables": {f"v{number}": "{{ x" for number in range(size // 16)}},
            {"inputSchema": {"allOf": [{"type": "strng"}] * (size // 18)}},
            {"note": "n" * size},
            {"output": "x" * size},
        ]
    )
    return ask(target.token("EDITOR"), UPDATE, i=target.workflow_id, v=value)
