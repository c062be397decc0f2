"""Compiling a document into a definition."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.expressions.templates import Template
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import RetryStrategy, StepType
from domain.workflows.definitions.compiler import compile_workflow
from domain.workflows.definitions.definition import RetryPolicy
from tests.builders import a_chain, a_definition, a_workflow, constant, http, step, transform, wait
from tests.costs import least_seconds

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def rendered(template: Template, **scope: JsonValue) -> JsonValue:
    return template.render(scope, now=NOW, seed=1)


def test_a_definition_knows_whose_it_is_and_what_the_workflow_says() -> None:
    document = a_workflow(name="orders", variables={"a": 1}, output="input.x", timeout="PT5M")

    definition = compile_workflow(document, definition_id=UUID(int=1), workflow_id=UUID(int=2), version=3)

    assert (definition.id, definition.workflow_id, definition.version) == (UUID(int=1), UUID(int=2), 3)
    assert (definition.name, definition.variables, definition.timeout) == ("orders", {"a": 1}, timedelta(minutes=5))
    assert definition.output is not None
    assert definition.output.render({"input": {"x": 7}}, now=NOW, seed=1) == 7
    assert definition.total_steps == 1


def test_steps_know_their_place_and_their_neighbours() -> None:
    root = a_definition(steps=[constant("a"), constant("b", after=[]), constant("c", after=["a", "b"])]).root

    assert list(root.steps) == ["a", "b", "c"]
    assert [step.position for step in root.steps.values()] == ["0000", "0001", "0002"]
    assert [step.path for step in root.steps.values()] == ["a", "b", "c"]
    assert root.steps["a"].dependants == ("c",)
    assert root.steps["c"].depends_on == ("a", "b")
    assert root.stages == (("a", "b"), ("c",))


def test_a_dependency_that_is_listed_twice_counts_once() -> None:
    root = a_definition(steps=[constant("a"), constant("b", after=["a", "a"])]).root
    assert (root.steps["b"].depends_on, root.steps["a"].dependants) == (("a",), ("b",))


def test_an_http_request_is_called_with_what_was_written_and_nothing_more() -> None:
    bare = a_definition(steps=[http(url="http://s/{{ input.id }}")]).root.steps["fetch"]
    assert rendered(bare.inputs, input={"id": 5}) == {"method": "GET", "url": "http://s/5"}

    full = http(
        url="http://s",
        method="POST",
        query={"q": ["{{ input.id }}", "b"]},
        headers={"X-Key": "{{ input.id }}"},
        body={"id": "{{ input.id }}", "{{ key }}": None},
        auth={"basic": {"username": "u", "password": "{{ input.id }}"}},
    )
    compiled = a_definition(steps=[full]).root.steps["fetch"]
    assert rendered(compiled.inputs, input={"id": 5}) == {
        "method": "POST",
        "url": "http://s",
        "query": {"q": [5, "b"]},
        "headers": {"X-Key": 5},
        "body": {"id": 5, "{{ key }}": None},
        "auth": {"basic": {"username": "u", "password": 5}},
    }


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"expression": "input.a"}, {"b": 1.0}),
        ({"expression": "{{ input.a }}"}, {"b": 1.0}),
        ({"output": {"x": "{{ input.a.b }}", "y": "= {{ input.n }}"}}, {"x": 1.0, "y": "= 9007199254740993"}),
        ({"output": False}, False),
    ],
)
def test_a_transform_is_called_with_its_output(config: dict[str, Any], output: JsonValue) -> None:
    compiled = a_definition(steps=[step("shape", "DATA_TRANSFORM", config)]).root.steps["shape"]
    assert rendered(compiled.inputs, input={"a": {"b": 1.0}, "n": 2**53 + 1}) == output


def test_a_wait_is_called_with_its_duration_or_its_time() -> None:
    root = a_definition(steps=[wait("a", "PT90S"), step("b", "WAIT", {"until": "input.at"})]).root

    assert rendered(root.steps["a"].inputs) == {"duration": "PT1M30S"}
    assert rendered(root.steps["b"].inputs, input={"at": "2030-01-01T00:00:00Z"}) == {"until": "2030-01-01T00:00:00Z"}


def test_policies_and_conditions_are_compiled() -> None:
    members = {"when": "input.ok", "timeout": "PT5S", "onError": {"continue": True}}
    fetch = http(retry={"strategy": "FIXED", "maxDelay": None, "when": "attempt < 2"}, members=members)

    compiled = a_definition(steps=[fetch, transform(onError={"continue": False})]).root.steps

    step = compiled["fetch"]
    assert step.type == StepType.HTTP_REQUEST
    assert step.when is not None and step.when.is_true({"input": {"ok": True}}, now=NOW, seed=1)
    assert step.timeout == timedelta(seconds=5)
    assert step.on_error_continue
    assert step.retry is not None and step.retry.when is not None
    assert step.retry.strategy is RetryStrategy.FIXED
    assert step.retry.max_delay is None
    assert compiled["shape"].retry is None
    assert not compiled["shape"].on_error_continue


def test_the_defaults_of_a_retry_policy_are_those_of_the_document() -> None:
    assert a_definition(steps=[http(retry={})]).root.steps["fetch"].retry == RetryPolicy()


def test_a_rule_is_applied_to_the_input_of_the_execution_unless_the_step_says_to_what() -> None:
    steps = a_definition(
        steps=[
            step("whole", "DATA_TRANSFORM", {"rule": {"name": "vat"}}),
            step("part", "DATA_TRANSFORM", {"rule": {"name": "vat", "input": {"net": "{{ input.net }}"}}}),
        ]
    ).root.steps

    scope: dict[str, JsonValue] = {"input": {"net": 5, "id": "a"}}
    assert steps["whole"].inputs.render(scope, now=NOW, seed=1) == scope["input"]
    assert steps["whole"].inputs.render({"input": None}, now=NOW, seed=1) is None
    assert steps["part"].inputs.render(scope, now=NOW, seed=1) == {"net": 5}


def test_the_steps_of_blocks_are_found_by_the_paths_of_their_executions() -> None:
    loop = step(
        "loop",
        "FOR_EACH",
        {"items": "input", "steps": [constant("a"), constant("b", onError={"steps": [constant("c")]})]},
    )
    definition = a_definition(steps=[constant("first"), loop], onFailure=[constant("say")])

    assert definition.step("loop[17].b").path == "loop[].b"
    assert definition.block("loop[17]").label == "each"
    assert definition.position("first") == "0000"
    assert definition.position("loop[17].b") == "0001.00000017.0001"
    assert definition.position("loop[17].b.onError.c") == "0001.00000017.0001.~.0000"
    assert definition.position("onFailure.say") == "~.0000"


def test_ten_thousand_steps_are_compiled_in_a_few_seconds_of_processor_time() -> None:
    document = a_workflow(steps=a_chain(10_000))

    def compiled() -> None:
        definition = compile_workflow(document, definition_id=UUID(int=1), workflow_id=None, version=None)
        assert definition.total_steps == 10_000
        assert definition.root.steps["step_9999"].position == "9999"

    assert least_seconds(compiled, enough=5) < 5  # it takes about one; a quadratic compiler takes a hundred
