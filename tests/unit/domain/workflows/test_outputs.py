"""Outputs, which are an expression or a template: one rule tells them apart, wherever either may stand."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionSyntaxError, compile_expression
from domain.expressions.templates import compile_output, is_expression
from domain.kernel.json.text import JsonValue
from domain.workflows.documents.json_schema import document_schema
from domain.workflows.documents.reading import canonical, check_document, parse_document
from tests.builders import a_document, constant, step, transform
from tests.unit.domain.workflows.test_document_problems import faults, the_problem

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
SCOPE: Mapping[str, JsonValue] = {
    "input": {"id": 7, "name": "Ann", "large": 2**53 + 1, "none": None, "{{ id }}": 8, "rows": [{"a": "x", "n": 1}]}
}


def rendered(output: Any) -> JsonValue:
    return compile_output(output).render(SCOPE, now=NOW, seed=1)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("input.id", 7),
        ('{"id": input.id}', {"id": 7}),
        ("{{ input.id }}", 7),
        ("  {{ input.large }}\n", 2**53 + 1),
        ("{{ input.none }}", None),
        ("no. {{ input.id }}", "no. 7"),
        ("{{ input.id }}{{ input.id }}", "77"),
        ("It's \"{{ input.name }}", "It's \"Ann"),
        ({"{{ key }}": [None, "{{ input.large }}", "input.id"]}, {"{{ key }}": [None, 2**53 + 1, "input.id"]}),
        (["{{ input.rows }}"], [[{"a": "x", "n": 1}]]),
        ({}, {}),
        ([], []),
        ("\\{{ stays }}", "{{ stays }}"),
    ],
)
def test_an_output_is_an_expression_or_a_template(written: Any, value: JsonValue) -> None:
    assert rendered(written) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'{{ input.id }}'", "{{ input.id }}"),
        ('"{{" & input.id & "}}"', "{{7}}"),
        ("input.id /* {{ not }} */", 7),
        ("input.rows{{'k': a}.k: n}", {"x": 1}),
        ("input.`{{ id }}`", 8),
        ('{"a": {"b": "{{ x }}"}}', {"a": {"b": "{{ x }}"}}),
    ],
)
def test_braces_within_an_expression_make_no_template_of_it(source: str, value: JsonValue) -> None:
    assert is_expression(source)
    expression = compile_expression(source)
    assert compile_output(source).expressions == (expression,)
    if not expression.needs_sandbox:
        assert rendered(source) == value


@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{", "}", "'", '"', "`", "/*", "*/", "a", "input.id", ":", "1", " ", "\\", "$", "&"]
        ),
        max_size=12,
    ).map("".join)
)
def test_whatever_could_be_read_as_an_expression_still_is_that_expression(source: str) -> None:
    try:
        expression = compile_expression(source)
    except ExpressionSyntaxError:
        return
    assert compile_output(source).expressions == (expression,)


def outputs_in(output: Any) -> dict[str, dict[str, Any]]:
    """A document for each place where an output may stand, by the path of the place."""
    loop = {"items": "[1]", "steps": [constant("in")], "output": output}
    return {
        "output": a_document(steps=[constant("a"), constant("in")], output=output),
        "steps.1.config.output": a_document(steps=[constant("a"), step("loop", "FOR_EACH", loop)]),
        "steps.1.config.expression": a_document(
            steps=[constant("a"), transform("t", output), constant("in", after=[])]
        ),
    }


PLACES = list(outputs_in("input"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "output",
    [
        "input.id",
        "{{ input.id }}",
        "a {{ input.id }}",
        {"a": ["{{ steps.a.output.b }}", None, 2**70]},
        ["b"],
        {},
        r"\{{",
    ],
)
def test_every_output_takes_both_and_keeps_them_as_they_were_written(place: str, output: Any) -> None:
    document = outputs_in(output)[place]
    assert canonical(parse_document(document)) == document
    jsonschema_rs.validator_for(document_schema()).validate(document)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("output", "below", "message"),
    [
        ("steps.b.output", "", "There is no step 'b'."),
        ("no. {{ steps.b.output }}", "", "There is no step 'b'."),
        ({"x": ["", "{{ steps.b.output }}"]}, ".x.1", "There is no step 'b'."),
        ({"x": "{{ nothing.at.all }}"}, ".x", "Nothing is called `nothing` here."),
        (
            ["{{ secrets.key }}"],
            ".0",
            "A secret cannot be read here, where its value would be computed with or stored.",
        ),
        (
            "key {{ secrets.key }}",
            "",
            "A secret cannot be read here, where its value would be computed with or stored.",
        ),
        (5, "", "This must be an expression, or an object or an array with expressions in `{{ }}` in its texts."),
        (True, "", "This must be an expression, or an object or an array with expressions in `{{ }}` in its texts."),
        ("", "", "This must have at least 1 character."),
        ({"x": "{{ input.id"}, ".x", None),
        ({"x": "{{ input..id }}"}, ".x", None),
        ("no. {{ $nobody(1) }}", "", None),
    ],
)
def test_what_is_wrong_with_an_output_is_told_at_its_place(
    place: str, output: Any, below: str, message: str | None
) -> None:
    problem = the_problem(outputs_in(output)[place])
    assert ".".join(problem.path) == place + below
    assert problem.hint
    if message is not None:
        assert problem.message == message


def test_an_output_that_reads_an_inner_step_is_told_where_its_result_comes_out() -> None:
    loop = step("loop", "FOR_EACH", {"items": "[1]", "steps": [constant("in")]})
    problem = the_problem(a_document(steps=[loop], output={"x": "{{ steps.in.output }}"}))
    assert problem.hint is not None
    assert "`steps.loop.output.results`" in problem.hint


def test_a_bare_text_as_the_output_of_a_transform_is_that_text() -> None:
    assert check_document(a_document(steps=[constant("a", "input.id")])).is_valid
    assert faults(a_document(steps=[constant("a", "steps.absent.output")])) == {}


def test_an_output_of_many_expressions_is_within_the_budget_of_its_document() -> None:
    found = faults(a_document(output=["{{ input.a }}"] * 6_001))
    assert [path for path, told in found.items() if re.search("more than 6,000 expressions", told)] == ["output.6000"]
