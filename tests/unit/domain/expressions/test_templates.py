"""Templates: the values that strings with `{{ … }}` render to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.template_parts import MAX_RENDERED
from domain.expressions.templates import (
    MAX_DEPTH,
    MAX_PLACEHOLDERS,
    TemplateError,
    compile_template,
    template_object,
    template_of,
)
from domain.kernel.errors import Problem
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
SCOPE: Mapping[str, JsonValue] = {
    "input": {
        "name": "Ann",
        "age": 30,
        "share": 0.5,
        "whole": 1.0,
        "large": 2**70,
        "yes": True,
        "none": None,
        "tags": ["é", 1],
        "address": {"city": "Oslo", "lines": []},
        "evil": "{{ secrets.token }}",
    },
    "secrets": {"token": "s3cret", "key": "k"},
}


def render(value: JsonValue, scope: Mapping[str, JsonValue] = SCOPE) -> Any:
    return compile_template(value).render(scope, now=NOW, seed=1)


def problems_of(value: JsonValue) -> dict[tuple[str, ...], str]:
    with pytest.raises(TemplateError) as caught:
        compile_template(value)
    return {problem.path: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("name", ["name", "age", "share", "whole", "large", "yes", "none", "tags", "address"])
@pytest.mark.parametrize("text", ["{{{{input.{0}}}}}", "  {{{{ input.{0} }}}}\n"])
def test_an_expression_alone_keeps_its_json_type(name: str, text: str) -> None:
    inputs = SCOPE["input"]
    assert isinstance(inputs, dict)

    assert render(text.format(name)) is inputs[name]


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Dear {{ input.name }}!", "Dear Ann!"),
        ("{{input.name}}{{input.age}}", "Ann30"),
        ("{{input.share}} {{input.whole}} {{input.large}}", "0.5 1.0 1180591620717411303424"),
        ("is {{input.yes}}, is {{input.none}}", "is true, is null"),
        ("tags={{input.tags}}", 'tags=["é",1]'),
        ("{{input.address}} ", {"city": "Oslo", "lines": []}),
        ("-{{input.address}}", '-{"city":"Oslo","lines":[]}'),
        ("{{ input.age >= 18 ? 'adult' : 'child' }} {{ input.name }}", "adult Ann"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{{'a':{'b':1}}}}", {"a": {"b": 1}}),
        ("<{{ '}}' }}>", "<}}>"),
        ("<{{ input.name /* }} */ }}>", "<Ann>"),
        (r"\{{ input.name }}", "{{ input.name }}"),
        (r"\{{{{ input.name }}}}", "{{Ann}}"),
        (r"{{ input.name }} and \{{", "Ann and {{"),
        ("a } b }} { c", "a } b }} { c"),
        ("", ""),
    ],
)
def test_expressions_are_written_into_the_text_around_them(text: str, rendered: JsonValue) -> None:
    assert render(text) == rendered


def test_every_string_of_a_value_is_a_template_but_no_key_is() -> None:
    value: JsonValue = {
        "{{ input.name }}": "{{ input.name }}",
        "list": ["{{ input.age }}", 1, None, {"deep": "{{ input.tags }}"}],
        "constant": {"a": [True]},
    }

    rendered = render(value)

    assert rendered == {
        "{{ input.name }}": "Ann",
        "list": [30, 1, None, {"deep": ["é", 1]}],
        "constant": {"a": [True]},
    }
    assert list(rendered) == ["{{ input.name }}", "list", "constant"]


def test_rendering_leaves_the_template_as_it_was() -> None:
    template = compile_template({"a": ["{{ input.age }}", {"b": "{{ input.name }}"}]})
    older: Mapping[str, JsonValue] = {"input": {"age": 31, "name": "Bo"}}

    assert template.render(SCOPE, now=NOW, seed=1) == {"a": [30, {"b": "Ann"}]}
    assert template.render(older, now=NOW, seed=1) == {"a": [31, {"b": "Bo"}]}


def test_what_an_expression_gives_is_never_evaluated() -> None:
    assert render("{{ input.evil }}") == "{{ secrets.token }}"
    assert render("<{{ input.evil }}>") == "<{{ secrets.token }}>"
    assert render({"again": "{{ [input.evil] }}"}) == {"again": ["{{ secrets.token }}"]}


def test_an_expression_that_yields_nothing_is_an_error_wherever_it_stands() -> None:
    for text in ("{{ input.email }}", "mail to {{ input.email }}"):
        with pytest.raises(ExpressionError, match="`input` has no `email`"):
            render({"to": [text]})


def test_all_problems_are_reported_at_once_with_their_paths() -> None:
    problems = problems_of(
        {
            "fine": "{{ input.name }}",
            "url": "https://example.org/{{ input. }}/{{ $nothing }}",
            "headers": {"a": ["ok", "{{ 'open }}"]},
            "body": "{{ input.name",
            "empty": "{{ }}",
        }
    )

    assert list(problems) == [("url",), ("headers", "a", "1"), ("body",), ("empty",)]
    assert problems[("body",)].startswith("`{{` is opened here and never closed.")
    assert problems[("empty",)] == "The expression `{{ }}` cannot be read: The expression is empty. (at character 4)"


def test_each_expression_of_a_text_has_its_own_problem() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("{{ input. }}/{{ $nothing }}")

    assert caught.value.problems == (
        Problem(
            path=(),
            message="The expression `{{ input. }}` cannot be read: Unexpected end of expression (at character 10)",
        ),
        Problem(
            path=(),
            message="The expression `{{ $nothing }}` cannot be read: Nothing defines `$nothing`. "
            "Data is named without `$`, as in `input.name`. (at character 17)",
        ),
    )
    assert str(caught.value).startswith("the value: The expression")


def test_a_value_has_a_greatest_depth() -> None:
    value: JsonValue = "{{ input.name }}"
    for _ in range(MAX_DEPTH):
        value = [value]

    assert "Ann" in str(render(value))
    assert problems_of([value]) == {("0",) * MAX_DEPTH: "The value is nested more than 100 levels deep."}


def test_a_text_has_a_greatest_number_of_expressions() -> None:
    assert render("{{ input.age }}" * MAX_PLACEHOLDERS) == "30" * MAX_PLACEHOLDERS
    assert problems_of("{{ input.age }}" * (MAX_PLACEHOLDERS + 1)) == {(): "A text may hold 1,000 expressions."}


@pytest.mark.parametrize(
    "value",
    [
        ["{{ input.big }}"] * 40,
        {f"k{i}": "{{ input.big }}" for i in range(40)},
        "{{ input.big }}" * 40,
        ["x{{ input.big }}{{ input.big }}"] * 40,
        ["x{{ input.list }}"] * 400,
        ["{{ input.list }}"] * 400,
    ],
)
def test_a_rendering_has_a_greatest_size(value: JsonValue) -> None:
    scope: Mapping[str, JsonValue] = {"input": {"big": "x" * (MAX_RENDERED // 32), "list": [{"a": "b" * 50}] * 2_000}}

    with pytest.raises(ExpressionError, match="more than 8 MiB") as caught:
        render(value, scope)
    assert caught.value.code is FailureCode.EXPRESSION_LIMIT


def test_what_json_cannot_say_is_not_written_into_a_text() -> None:
    scope: Mapping[str, JsonValue] = {"input": {"bad": ["\ud800"]}}

    with pytest.raises(ExpressionError, match=r"`input\.bad` cannot be written into a text") as caught:
        render("<{{ input.bad }}>", scope)
    assert caught.value.code is FailureCode.EXPRESSION_FAILED


def test_a_template_knows_its_expressions_and_its_secrets() -> None:
    template = compile_template({"auth": "Bearer {{ secrets.token }}", "key": "{{secrets.key}}", "n": "{{input.age}}"})

    assert [expression.source for expression in template.expressions] == ["secrets.token", "secrets.key", "input.age"]
    assert template.secrets == {"token", "key"}
    assert template.render(SCOPE, now=NOW, seed=1) == {"auth": "Bearer s3cret", "key": "k", "n": 30}


def test_templates_are_composed_of_others() -> None:
    until = template_of(compile_expression("input.age + 1"))

    composed = template_object(
        {"until": until, "text": compile_template("I am {{ input.name }}"), "constant": compile_template([1])}
    )

    assert composed.render(SCOPE, now=NOW, seed=1) == {"until": 31, "text": "I am Ann", "constant": [1]}
    assert [expression.source for expression in composed.expressions] == ["input.age + 1", "input.name"]
    assert template_object({"a": compile_template(1)}).constant == {"a": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def holds_braces(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(holds_braces, value.values()))
    return "{{" in value if isinstance(value, str) else isinstance(value, list) and any(map(holds_braces, value))


@given(json_values.filter(lambda value: not holds_braces(value)))
def test_a_value_without_braces_renders_to_itself_for_free(value: JsonValue) -> None:
    template = compile_template(value)

    assert template.is_constant
    assert template.render({}, now=NOW, seed=1) is value


@given(st.text(alphabet=st.sampled_from("{}\\ab 'é\n"), max_size=30))
def test_any_text_can_be_said_with_its_braces_escaped(text: str) -> None:
    # A backslash before braces would take them for its own, and braces may overlap: `{{{` holds two pairs.
    escaped = text.replace("{{", "\\{{")

    assert render(escaped) == text


@given(st.lists(st.text(alphabet="ab {}'", max_size=8).filter(lambda text: "{{" not in text and text[-1:] != "{")))
def test_texts_between_expressions_are_kept(texts: list[str]) -> None:
    assert render("{{ input.name }}".join(["<", *texts, ">"])) == "Ann".join(["<", *texts, ">"])


@given(json_values)
def test_a_value_that_is_referred_to_arrives_as_it_is(value: JsonValue) -> None:
    assert render({"here": ["{{ input }}"]}, {"input": value})["here"][0] is value
