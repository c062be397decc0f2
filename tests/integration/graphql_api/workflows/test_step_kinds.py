"""Typed inputs of every kind of step become the portable document that says the same, however deep they are nested."""

from typing import Any, cast

import pytest
from graphql import GraphQLInputObjectType
from graphql.utilities import coerce_input_value

from domain.kernel.errors import Problem
from domain.kernel.statuses import StepType
from domain.workflows.documents.reading import canonical, read_document
from graphql_api.schema import build_schema
from graphql_api.workflows.documents import CONFIG_KEYS, typed_problem
from graphql_api.workflows.inputs import CreateWorkflowInput
from tests.builders import constant, step

RETRY = {
    "strategy": "LINEAR",
    "maxAttempts": 5,
    "delay": "PT2S",
    "factor": 1.5,
    "maxDelay": None,
    "jitter": "EQUAL",
    "maxElapsed": "PT1H",
    "when": "error.status = 503",
}
STEPS: list[dict[str, Any]] = [
    step(
        "call",
        "HTTP_REQUEST",
        {
            "method": "PATCH",
            "url": "{{ input.url }}/orders",
            "query": {"page": ["1", "{{ input.page }}"]},
            "headers": {"x-a": "b"},
            "body": {"z": [1, None, {"deep": True}]},
            "expectedStatus": [200, "2xx", "300-304"],
            "connectTimeout": "PT1S",
            "readTimeout": "PT2S",
            "followRedirects": True,
            "maxResponseBytes": 1000,
            "serviceId": "shop",
            "circuitBreaker": "OFF",
            "auth": {"oauth2": {"tokenUrl": "https://a.test", "clientId": "a", "clientSecret": "b", "scope": "c"}},
            "poll": {"until": "response.body.done", "interval": "PT10S", "timeout": "PT10M"},
            "paginate": {"next": "response.body.next", "items": "response.body.items", "maxPages": 7},
        },
        name="Call it",
        retry=RETRY,
        timeout="PT1M",
        when="true",
        after=[],
    ),
    step("basic", "HTTP_REQUEST", {"url": "u", "auth": {"basic": {"username": "u", "password": "p"}}}),
    step("bearer", "HTTP_REQUEST", {"url": "u", "auth": {"bearer": "t"}}),
    step("header", "HTTP_REQUEST", {"url": "u", "auth": {"header": {"name": "x-key", "value": "k"}}}),
    step("shape", "DATA_TRANSFORM", {"expression": "input.a"}),
    step("text", "DATA_TRANSFORM", {"expression": "n. {{ input.a }}"}),
    step("value", "DATA_TRANSFORM", {"output": {"a": "{{ input.a }}", "b": None}}),
    step("rule", "DATA_TRANSFORM", {"rule": {"name": "clean", "input": ["{{ input }}"]}}),
    step(
        "choose",
        "CONDITIONAL",
        {"if": "input.a > 1", "then": [constant("a")], "else": [constant("b"), constant("c", after=[])]},
        onError={"steps": [constant("h"), constant("i", onError={"continue": True})]},
    ),
    step(
        "fan",
        "PARALLEL",
        {
            "branches": [{"name": "eu", "steps": [constant("a")]}, {"name": "us", "steps": [constant("a")]}],
            "join": "ANY",
            "maxConcurrency": 1,
        },
    ),
    step(
        "loop",
        "FOR_EACH",
        {
            "items": "input.items",
            "as": "order",
            "steps": [constant("a", "{{ order }}")],
            "maxConcurrency": 3,
            "toleratedFailures": 2,
            "toleratedFailurePercent": 12.5,
            "output": "steps.a.output",
        },
    ),
    step("nap", "WAIT", {"duration": "PT5S"}),
    step("until", "WAIT", {"until": "input.at"}),
    step("signal", "WAIT", {"signal": {"name": "approved", "timeout": "P1D", "onTimeout": {"approved": False}}}),
    step(
        "tell",
        "WEBHOOK_CALL",
        {
            "url": "https://a.test",
            "eventType": "order.created",
            "payload": {"id": "{{ input.id }}"},
            "headers": {"x-a": "b"},
            "awaitCallback": "PT1H",
            "circuitBreaker": "OFF",
        },
    ),
    step("registered", "WEBHOOK_CALL", {"webhookId": "wh_01h455vb4pex5vsknk084sn02q", "eventType": "order.created"}),
    step(
        "check",
        "VALIDATION",
        {
            "data": "input.order",
            "schema": {"type": "object", "required": ["id"]},
            "rules": [{"rule": "input.a > 1", "message": "a is {{ input.a }}"}, {"rule": "true", "message": "m"}],
        },
    ),
    step("child", "SUB_WORKFLOW", {"workflow": "billing", "version": 3, "input": {"a": 1}, "wait": False}),
]


def typed(each: dict[str, Any]) -> dict[str, Any]:
    """A step of a document as GraphQL has it."""
    config = {name: _typed_member(name, value) for name, value in each["config"].items()}
    shown = {**each, "config": {CONFIG_KEYS[StepType(each["type"])]: config}}
    del shown["type"]
    if "steps" in each.get("onError", {}):
        shown["onError"] = {"steps": [typed(inner) for inner in each["onError"]["steps"]]}
    return shown


def _typed_member(name: str, value: Any) -> Any:
    if name in ("then", "else", "steps"):
        return [typed(inner) for inner in value]
    if name == "branches":
        return [{**branch, "steps": [typed(inner) for inner in branch["steps"]]} for branch in value]
    return value


def document_of(input: dict[str, Any]) -> dict[str, Any]:
    """The document that the API makes of a typed input, as a client sends it in a variable."""
    kind = build_schema()._schema.type_map["CreateWorkflowInput"]
    raw = object.__new__(CreateWorkflowInput)
    raw.given = coerce_input_value(input, cast("GraphQLInputObjectType", kind))
    return raw.members(without=("status",))


@pytest.mark.parametrize("each", STEPS, ids=lambda each: each["id"])
def test_a_step_says_the_same_in_both(each: dict[str, Any]) -> None:
    document: dict[str, Any] = {"name": "orders", "steps": [each]}
    found = document_of({"name": "orders", "steps": [typed(each)]})
    assert canonical(read_document(found)) == canonical(read_document(document))


def test_every_kind_of_step_is_among_them() -> None:
    assert {each["type"] for each in STEPS} == set(StepType)


def test_on_failure_and_the_rest_of_a_workflow_say_the_same() -> None:
    rest = {
        "description": "All of it",
        "inputSchema": {"type": "object"},
        "output": "steps.a.output",
        "variables": {"a": [1]},
        "timeout": "PT1H",
        "maxConcurrentExecutions": 3,
        "labels": {"team": "shop"},
    }
    document: dict[str, Any] = {"name": "orders", "steps": [constant("a")], "onFailure": STEPS, **rest}
    input = {"name": "orders", "steps": [typed(constant("a"))], "onFailure": [typed(each) for each in STEPS], **rest}
    assert canonical(read_document(document_of(input))) == canonical(read_document(document))


def nested(depth: int) -> dict[str, Any]:
    """A step with blocks of every sort in each other."""
    if depth == 0:
        return constant("a")
    inner = [nested(depth - 1)]
    match depth % 4:
        case 0:
            return step("choose", "CONDITIONAL", {"if": "true", "then": [constant("x")], "else": inner})
        case 1:
            return step("fan", "PARALLEL", {"branches": [{"name": "eu", "steps": inner}]})
        case 2:
            return step("loop", "FOR_EACH", {"items": "input", "steps": inner})
        case _:
            return constant("b", onError={"steps": inner})


def test_blocks_in_blocks_say_the_same_ten_levels_down() -> None:
    step = nested(9)
    found = document_of({"name": "orders", "steps": [typed(step)]})
    assert canonical(read_document(found)) == canonical(read_document({"name": "orders", "steps": [step]}))


def test_a_problem_deep_inside_is_told_at_its_place_in_the_typed_input() -> None:
    document: dict[str, Any] = {"name": "orders", "steps": [nested(9)]}
    path = ["steps", "0"]
    shown = ["steps", "0"]
    for depth in range(9, 0, -1):
        more = {
            0: (["config", "else"], ["config", "conditional", "else"]),
            1: (["config", "branches", "0", "steps"], ["config", "parallel", "branches", "0", "steps"]),
            2: (["config", "steps"], ["config", "forEach", "steps"]),
            3: (["onError", "steps"], ["onError", "steps"]),
        }[depth % 4]
        path += [*more[0], "0"]
        shown += [*more[1], "0"]
    problem = Problem(path=(*path, "config", "output"), message="…")
    assert typed_problem(problem, document).path == (*shown, "config", "dataTransform", "output")
