"""Docstrings say what a thing is or does: they do not ask about it."""

import ast
import re

from tests.repository import ROOT

PARTS = ("domain", "persistence", "actors", "graphql_api", "stepgraph", "example_service", "benchmarks", "tests")
QUESTION = re.compile(r"(What|Whether|How|Which|Who|Whose|Why|Where|When|The same|As many|So)\b")
"""The beginnings of an indirect question, and of sentences that are about another docstring."""


def openings(source: str) -> list[str]:
    nodes = ast.walk(ast.parse(source))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [text for node in nodes if isinstance(node, kinds) and (text := ast.get_docstring(node))]


def test_no_docstring_begins_with_a_question() -> None:
    files = [file for part in PARTS for file in (ROOT / part).rglob("*.py") if "migrations" not in file.parts]
    texts = [(file, text) for file in files for text in openings(file.read_text())]
    assert len(texts) > 4_000
    assert [(file.name, text.partition("\n")[0]) for file, text in texts if QUESTION.match(text)] == []
