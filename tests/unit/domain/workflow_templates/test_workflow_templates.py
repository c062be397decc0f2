"""Workflow templates: what is wrong with one, what is wrong with values, and what comes of both."""

from typing import Any

import pytest

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.workflow_templates.checks import MAX_PARAMETERS, check_settings
from domain.workflow_templates.model import TemplateParameter, TemplateSettings, instantiated, normalized
from domain.workflow_templates.values import value_problems
from tests.builders import constant, http, transform

ANY: JsonValue = {}
TEXT: JsonValue = {"type": "string"}


async def wrong(settings: TemplateSettings, given: JsonValue) -> list[Problem]:
    """The problems of the values of parameters."""
    return await value_problems(settings, given, SchemaChecks(), owner=new_id())


def parameter(name: str = "url", schema: JsonValue = TEXT, **members: Any) -> TemplateParameter:
    return TemplateParameter(name=name, schema=schema, **members)


def template(*parameters: TemplateParameter, steps: Any = None, **members: Any) -> TemplateSettings:
    document = members.pop("document", {"steps": steps if steps is not None else [http(url="<<url>>")]})
    return TemplateSettings(**({"name": "import", "document": document, "parameters": parameters} | members))


def faults(settings: TemplateSettings) -> dict[str, str]:
    return {".".join(problem.path): problem.message for problem in check_settings(settings).problems}


def rendered(text: JsonValue, **values: JsonValue) -> JsonValue:
    """A value of a document with these parameters put in."""
    parameters = [parameter(name, ANY) for name in values]
    return instantiated(TemplateSettings(name="t", document={"x": text}, parameters=tuple(parameters)), values)["x"]


@pytest.mark.parametrize("value", ["text", 5, 1.5, True, [1, {"a": 2}], {"a": "<<b>>"}, "<<a>>", "{{ input }}"])
def test_a_parameter_alone_keeps_its_value_as_it_is(value: JsonValue) -> None:
    assert rendered({"y": ["<<a>>"]}, a=value) == {"y": [value]}


@pytest.mark.parametrize(
    ("value", "written"),
    [("text", "text"), ('a "b"', 'a "b"'), (5, "5"), (True, "true"), ([1, {"a": "é"}], '[1,{"a":"é"}]')],
)
def test_inside_of_a_text_a_string_is_written_as_it_is_and_all_else_as_json(value: JsonValue, written: str) -> None:
    assert rendered("<- <<a>>!", a=value) == f"<- {written}!"


def test_nothing_is_put_in_twice_and_no_key_is_touched() -> None:
    document = {"<<a>>": r"\<<a>> <<a>> <<b>>"}
    assert rendered(document, a="<<b>>", b=r"\<<a>>") == {"<<a>>": r"<<a>> <<b>> \<<a>>"}


def test_what_is_left_out_has_its_default_or_is_null() -> None:
    settings = template(
        parameter("a", ANY, default=[1]),
        parameter("b", ANY, required=False),
        document={"name": "<<", "x": ["<<a>>", "<<b>>", "-<<b>>"]},
    )
    assert instantiated(settings, {}) == {"x": [[1], None, "-null"]}
    assert instantiated(settings, {"a": None, "b": 2}) == {"x": [[1], 2, "-2"]}
    assert instantiated(settings, {"a": False}) == {"x": [False, None, "-null"]}


@pytest.mark.parametrize("text", ["<<a>>", " <<a>>", "<<a>><<a>>"])
def test_what_is_put_in_may_not_come_to_more_than_a_document_may_have(text: str) -> None:
    settings = template(parameter("a", ANY), document={"x": [text] * 100_000})
    with pytest.raises(InvalidInput, match="more than 1,000,000 bytes"):
        instantiated(settings, {"a": ["x" * 1_000_000]})
    assert list(faults(template(parameter("a", ANY, default="x" * 1_000), document={"x": [text] * 2_000}))) == [
        "document"
    ]


def test_a_parameter_with_a_default_is_not_required() -> None:
    saved = normalized(template(parameter(default="x", required=True), parameter("b"), parameter("c", required=False)))
    assert [each.required for each in saved.parameters] == [False, True, False]


def test_a_good_template_has_no_problems() -> None:
    steps = [http(url="<<url>>/{{ input.id }}", retry={"maxAttempts": "<<attempts>>"}), transform("<<last>>")]
    settings = template(
        parameter(schema={"type": "string", "pattern": "^https://", "examples": ["https://api.example.com"]}),
        parameter("attempts", {"type": "integer", "minimum": 1}, default=3),
        parameter("last", TEXT),
        steps=steps,
        category="data",
        description="Imports.",
    )
    assert check_settings(settings).problems == ()


def test_everything_is_said_at_once() -> None:
    settings = template(
        parameter("1st"),
        parameter("attempts", {"type": "integr"}),
        parameter("limit", {"type": "integer"}, default="ten"),
        parameter("limit", None),
        parameter("unused", description="x" * 10_001),
        name=" import",
        category="",
        steps=[
            http(url="<<urll>>", retry={"maxAttempts": "<<attempts>>", "dealy": 1}, body="<<limit>> <<"),
            transform("b", "steps.c.output"),
        ],
    )

    found = faults(settings)

    assert found == {
        "name": "A name has 1 to 128 characters, all of them printable, and no space at its ends.",
        "category": "A name has 1 to 128 characters, all of them printable, and no space at its ends.",
        "parameters.0": "Nothing in the document is `<<1st>>`.",
        "parameters.0.name": "The name of a parameter is a letter or _, and then letters, digits and _, 64 in all.",
        "parameters.1.schema.type": "This is not a type of JSON Schema.",
        "parameters.2": "Nothing in the document is `<<limit>>`.",
        "parameters.2.default": found["parameters.2.default"],
        "parameters.3": "Nothing in the document is `<<limit>>`.",
        "parameters.3.name": "There is another parameter 'limit'.",
        "parameters.3.schema": "A JSON Schema is an object or a boolean.",
        "parameters.4": "Nothing in the document is `<<unused>>`.",
        "parameters.4.description": "A description has at most 10,000 characters.",
        "document.steps.0.config.body": "`<<` is opened here and never closed. Write `\\<<` for the two characters. "
        "(at character 11)",
        "document.steps.0.config.url": "There is no parameter 'urll'.",
    }


def test_without_required_parameters_the_whole_document_is_checked() -> None:
    settings = template(
        parameter(default="ftp://nowhere"),
        parameter("attempts", {"type": "integer"}, default=0),
        parameter("timeout", TEXT, required=False),
        steps=[
            http(url="<<url>>", retry={"maxAttempts": "<<attempts>>"}, members={"timeout": "<<timeout>>"}),
            transform("b", "steps.c.output"),
        ],
    )
    assert faults(settings) == {
        "document.steps.0.config.url": "'ftp://nowhere' is not an http or https address.",
        "document.steps.0.retry.maxAttempts": "This must be at least 1, and is 0.",
        "document.steps.1.config.expression": "There is no step 'c'.",
    }


def test_what_a_made_up_value_does_at_its_own_place_is_not_told() -> None:
    settings = template(
        parameter(),
        parameter("attempts", {"type": ["string", "integer"]}),
        parameter("steps", {"type": "array"}),
        steps=[
            http(url="<<url>>", retry={"maxAttempts": "<<attempts>>", "delay": 5}),
            {"id": "b", "type": "CONDITIONAL", "config": {"if": "inptu.a", "then": "<<steps>>"}},
        ],
    )
    assert faults(settings) == {
        "document.steps.0.retry.delay": faults(settings)["document.steps.0.retry.delay"],
        "document.steps.1.config.if": "Nothing is called `inptu` here.",
    }


@pytest.mark.parametrize(
    "schema", [{"const": "ftp://x"}, {"enum": ["ftp://x", "y"]}, {"examples": ["ftp://x"]}, {"default": "ftp://x"}]
)
def test_what_a_schema_names_as_a_value_is_checked_in_its_place(schema: JsonValue) -> None:
    assert list(faults(template(parameter(schema=schema)))) == ["document.steps.0.config.url"]


def test_an_example_that_does_not_meet_its_own_schema_is_not_used() -> None:
    assert faults(template(parameter(schema={"examples": ["ftp://x"], "minLength": 20}))) == {}


@pytest.mark.parametrize("document", [None, "text", [], 5])
def test_a_document_is_an_object(document: JsonValue) -> None:
    assert list(faults(template(document=document))) == ["document"]


def test_the_name_in_the_document_is_never_used() -> None:
    document = {"name": "<<url>> <<", "steps": [constant()]}
    assert faults(template(parameter(), document=document)) == {"parameters.0": "Nothing in the document is `<<url>>`."}


def test_there_are_only_so_many_parameters() -> None:
    parameters = [parameter(f"p{number}", default="x") for number in range(MAX_PARAMETERS + 1)]
    settings = template(
        *parameters, steps=[constant(output=[f"<<p{number}>>" for number in range(MAX_PARAMETERS + 1)])]
    )
    assert faults(settings) == {"parameters": "There are 101 parameters; 100 are allowed."}


async def test_values_are_checked_all_at_once() -> None:
    settings = template(
        parameter(description="Where to call."),
        parameter("attempts", {"type": "integer", "minimum": 1}, required=False, default=3),
        parameter("items", {"type": "array", "items": TEXT}),
        parameter("more", TEXT, required=False),
    )
    problems = await wrong(settings, {"attempts": 0, "items": ["a", 5], "urll": "x", "more": None})

    assert {problem.path: (problem.message, problem.hint) for problem in problems} == {
        ("urll",): ("There is no parameter 'urll'.", "Did you mean 'url'?"),
        ("url",): ("`url` is required.", "Where to call."),
        ("attempts",): ("0 is less than the minimum of 1.", None),
        ("items", "1"): ('5 is not of type "string".', None),
    }
    assert await wrong(settings, {"url": "x", "items": []}) == []


async def test_values_are_json() -> None:
    settings = template(parameter(), parameter("b", ANY))
    problems = await wrong(settings, {"url": "a\0", "b": [1.5, float("inf"), "\ud800"]})
    assert sorted(problem.path for problem in problems) == [("b", "1"), ("b", "2"), ("url",)]


async def test_null_is_a_value_where_a_required_parameter_takes_it() -> None:
    settings = template(parameter(schema={"type": ["string", "null"]}), parameter("b", TEXT))
    assert [problem.path for problem in await wrong(settings, {"url": None, "b": None})] == [("b",)]
    assert [problem.path for problem in await wrong(settings, [])] == [()]
