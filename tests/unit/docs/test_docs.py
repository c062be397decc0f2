"""The documentation says what is true: links lead somewhere, examples are valid, commands exist."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.language import ExecutableDefinitionNode, FragmentDefinitionNode
from typer import Context
from typer.main import get_command

from domain.workflows.documents.reading import check_document
from stepgraph.cli.main import app
from tests.repository import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
STARTERS = sorted((ROOT / "console/graphiql/src/starter").glob("*.graphql"))

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
_STEPGRAPH = re.compile(
    r"(?:^|`)(?:\.venv/bin/)?stepgraph ([a-z]+(?:-[a-z]+)*(?: [a-z]+){0,2})((?: [^`\n]*)?)", re.MULTILINE
)
_OPTION = re.compile(r"(?<= )--[a-z-]+")


def blocks(*languages: str) -> list[Any]:
    """Every fenced block in one of these languages, as a parameter of a test."""
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}:{number}")
        for page in PAGES
        for number, (language, text) in enumerate(_FENCE.findall(page.read_text()), start=1)
        if language in languages
    ]


@cache
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "graphql_api/schema.graphql").read_text())


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page, made from its headings as code hosts do."""
    text = _FENCE.sub("", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in _HEADING.findall(text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors_of(target), f"{link} names no heading of that page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_section_of_a_page_is_there_twice(page: Path) -> None:
    sections: list[str] = []
    around: dict[int, str] = {}
    for marks, heading in re.findall(r"^(#+) (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE):
        around = {level: name for level, name in around.items() if level < len(marks)} | {len(marks): heading}
        sections.append(" / ".join(around.values()))

    assert sorted(sections) == sorted(set(sections))


@pytest.mark.parametrize("text", blocks("graphql"))
def test_every_graphql_example_is_valid_against_the_schema(text: str) -> None:
    assert_valid(text)


@pytest.mark.parametrize("starter", STARTERS, ids=lambda path: path.name)
def test_what_the_playground_starts_with_is_valid_against_the_schema(starter: Path) -> None:
    assert_valid(starter.read_text())


@pytest.mark.parametrize("text", blocks("sh"))
def test_the_graphql_in_shell_examples_is_valid_against_the_schema(text: str) -> None:
    for operation in re.findall(r'"query": "((?:[^"\\]|\\.)+)"', text):
        assert_valid(operation.replace('\\"', '"'))


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_workflow_document_is_accepted(text: str) -> None:
    document = yaml.safe_load(text)
    if isinstance(document, dict) and {"name", "steps"} <= document.keys():
        assert check_document(document).problems == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(_MAKE.findall(text)) <= targets

    commands = commands_with_options()
    for words, rest in _STEPGRAPH.findall(text):
        named = words.split()
        name = next((name for count in (3, 2, 1) if (name := " ".join(named[:count])) in commands), None)
        assert name is not None, f"stepgraph {words} is not a command"
        assert set(_OPTION.findall(rest)) <= commands[name], f"stepgraph {words}{rest} has an option that is not there"


def assert_valid(text: str) -> None:
    """Operations must be valid; excerpts of the schema itself must only be well written."""
    document = parse(text)
    if not any(isinstance(definition, ExecutableDefinitionNode) for definition in document.definitions):
        return
    assert not all(isinstance(definition, FragmentDefinitionNode) for definition in document.definitions)
    # One block may hold several anonymous operations for one reader after another.
    for definition in document.definitions:
        alone = type(document)(definitions=(definition,))
        assert [error.message for error in validate(schema(), alone)] == []


def commands_with_options() -> dict[str, set[str]]:
    """`executions list` and the like, each with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        found[name] = {"--help", *(option for each in command.params for option in each.opts + each.secondary_opts)}
        if hasattr(command, "list_commands"):
            context = Context(command, info_name="stepgraph")
            for word in command.list_commands(context):
                walk(command.get_command(context, word), f"{name} {word}".strip())

    walk(get_command(app), "")
    return found
