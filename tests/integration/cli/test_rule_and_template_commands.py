"""`stepgraph rules …` and `stepgraph templates …` against an API on memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused
from tests.integration.graphql_api.api import LiveServer

RULE = """
name: "sum [/b]"
description: Adds up [red].
expression: $sum(input)
inputSchema: {type: array}
outputSchema: {type: number}
examples:
  - {input: [1, 2], output: 3}
"""
TEMPLATE = """
name: greet
category: talk
description: Says something [/b].
parameters:
  - {name: word, schema: {type: string, enum: ["[red]", Hello]}}
  - {name: pause, schema: {type: string}, default: PT1S}
document:
  steps:
    - {id: pause, type: WAIT, config: {duration: "<<pause>>"}}
    - {id: say, type: DATA_TRANSFORM, config: {output: "<<word>>"}}
"""


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    file = tmp_path / "rule.yaml"
    file.write_text(RULE)
    return file


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    return file


def test_a_rule_as_people_read_it(server: LiveServer, rule: Path) -> None:
    name = "sum [/b]"
    assert lines(server, "rules", "save", rule) == [f"{name}: saved, 1 example holds"]
    assert lines(server, "rules", "list") == ["name description examples", f"{name} Adds up [red]. 1"]
    shown = lines(server, "rules", "show", name)
    assert [shown[0], *shown[2:]] == [
        name,
        "description Adds up [red].",
        "expression $sum(input)",
        'input schema {"type":"array"}',
        'output schema {"type":"number"}',
        "examples [1,2] → 3",
    ]
    assert lines(server, "rules", "try", name, "--input", "[4, 5]") == ["9"]
    assert "The input does not meet the rule's schema." in refused(server, "rules", "try", name, "--input", "4")
    [deleted] = lines(server, "rules", "delete", name)
    assert deleted.startswith("deleted tr_")
    for command in ("show", "try", "delete"):
        assert name in refused(server, "rules", command, name)


def test_a_template_as_people_read_it(server: LiveServer, template: Path) -> None:
    assert lines(server, "templates", "save", template) == ["greet: saved"]
    assert lines(server, "templates", "list", "--category", "talk") == [
        "name category shipped description",
        "greet talk Says something [/b].",
    ]
    assert lines(server, "templates", "show", "greet") == [
        "Says something [/b].",
        "parameter default schema description",
        'word required {"type":"string","enum":["[red]","Hello"]}',
        'pause "PT1S" {"type":"string"}',
    ]
    given = ("--set", "word=[red]")
    assert lines(server, "templates", "instantiate", "greet", "one", *given) == ["one: version 1"]
    assert "called 'one' already" in refused(server, "templates", "instantiate", "greet", "one", *given)
    wrong = refused(server, "templates", "instantiate", "greet", "two", "--set", "word=5", "--set", "wrod=x")
    assert "parameters.word: 5 is not one of" in wrong
    assert "Did you mean 'word'?" in wrong
    [deleted] = lines(server, "templates", "delete", "greet")
    assert deleted.startswith("deleted wt_")
    for words in (("show", "greet"), ("delete", "greet"), ("instantiate", "greet", "two")):
        assert "There is no workflow template" in refused(server, "templates", *words)
    assert "comes with Stepgraph" in refused(server, "templates", "delete", "saga")


@pytest.mark.parametrize("what", ["rules", "templates"])
def test_a_file_that_is_none_is_told(server: LiveServer, tmp_path: Path, what: str) -> None:
    assert "cannot be read" in refused(server, what, "save", tmp_path / "missing.yaml", code=2)
    file = tmp_path / "wrong.yaml"
    for text, said in (
        ("a: [", "is neither JSON nor YAML"),
        ("5", "holds 5, and an object is wanted"),
        ("", "nothing"),
    ):
        file.write_text(text)
        assert said in refused(server, what, "save", file, code=2)


def test_of_several_documents_it_is_said_which_one_is_refused(server: LiveServer, rule: Path, template: Path) -> None:
    rule.write_text(f"{RULE}---\nname: wrong\nexpression: inptu\n---\n")
    said = refused(server, "rules", "save", rule)
    assert said.startswith("wrong:\n")
    assert "Nothing is called `inptu` here." in said
    template.write_text(f"{TEMPLATE}---\nname: wrong\nparametres: []\n")
    assert "There is no parametres. Did you mean 'parameters'?" in refused(server, "templates", "save", template)


def test_everything_can_be_had_as_json(server: LiveServer, rule: Path, template: Path) -> None:
    assert data(server, "rules", "save", rule)[0]["name"] == data(server, "rules", "list")[0]["name"] == "sum [/b]"
    assert data(server, "rules", "show", "sum [/b]")["examples"] == [{"input": [1, 2], "output": 3}]
    assert data(server, "rules", "try", "sum [/b]", "--input", "[1]")["value"] == 1
    assert data(server, "templates", "save", template)[0]["name"] == "greet"
    assert data(server, "templates", "show", "greet")["document"]["steps"][0]["id"] == "pause"
    assert data(server, "templates", "instantiate", "greet", "one", "--set", "word=Hello")["version"] == 1
    assert data(server, "templates", "delete", "greet")["__typename"] == "Deleted"
