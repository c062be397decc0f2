"""The reference of workflows as tests read it: its workflows, what it says they give, and its tables.

A workflow is a `yaml` block; a `graphql` block with `createWorkflow` after it is said to be the same one. A sentence
that ends in "it gives:" or "it fails with:", perhaps with an input in backquotes, says what the `json` block below it
shows: an execution's output or error. `…` stands for any text there, and alone for any value. A `graphql` block with
`$id` before that sentence is sent to the execution while it waits.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.repository import ROOT

DOCS = ROOT / "docs"
PAGES = (DOCS / "workflows.md", *sorted((DOCS / "workflows").glob("*.md")))

_BLOCK = re.compile(r"(?P<text>.*?)^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_OUTCOME = re.compile(r"(?:with the input `(?P<input>[^`]*)`[^`]*)?\b(?P<how>gives|fails with):\s*\Z")
_TABLE = re.compile(r"^<!-- (?P<name>[^>]+) -->\n\|.*\|\n\| ---.*\|\n(?P<rows>(?:\|.*\|\n)+)", re.MULTILINE)
_ROW = re.compile(r"^\| (.*?) ?\|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """An execution as the page shows it: its input, and its output, or its error where it fails."""

    input: Any
    is_failure: bool
    expected: Any


@dataclass(slots=True)
class Example:
    """A workflow on a page. `before` are the others that stand above it."""

    page: Path
    document: dict[str, Any]
    before: tuple[dict[str, Any], ...]
    mutation: str | None = None
    calls: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The workflow's name."""
        return str(self.document["name"])


@cache
def examples() -> tuple[Example, ...]:
    """Every workflow of the reference."""
    return tuple(example for page in PAGES for example in _examples_of(page))


def tables() -> list[tuple[str, list[list[str]]]]:
    """Every table with a comment above it, by that comment: its rows, each a list of cells."""
    return [
        (found["name"], [re.split(r" ?\| ?", row) for row in _ROW.findall(found["rows"])])
        for page in PAGES
        for found in _TABLE.finditer(page.read_text())
    ]


def as_shown(value: Any, expected: Any) -> Any:
    """`value` with `…` in it wherever `expected` has one that stands for what is there."""
    if expected == "…":
        return "…"
    if isinstance(expected, str) and isinstance(value, str) and "…" in expected:
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        return expected if re.fullmatch(pattern, value) else value
    if isinstance(expected, dict) and isinstance(value, dict):
        return {name: as_shown(member, expected.get(name)) for name, member in value.items()}
    if isinstance(expected, list) and isinstance(value, list) and len(expected) == len(value):
        return [as_shown(*pair) for pair in zip(value, expected, strict=True)]
    return value


def _examples_of(page: Path) -> Iterator[Example]:
    found: list[Example] = []
    for block in _BLOCK.finditer(page.read_text()):
        body = block["body"]
        match block["language"]:
            case "yaml":
                before = tuple(example.document for example in found)
                found.append(Example(page, yaml.safe_load(body), before))
            case "graphql" if "createWorkflow(" in body:
                found[-1].mutation = body
            case "graphql" if "$id" in body and found and not found[-1].runs:
                found[-1].calls.append(body)
            case "json":
                found[-1].runs.append(_run(block["text"], body))
            case _:
                pass
    yield from found


def _run(text: str, body: str) -> Run:
    outcome = _OUTCOME.search(text)
    assert outcome is not None, f"what is this the output of? {text[-200:]!r}"
    input = json.loads(outcome["input"]) if outcome["input"] else None
    return Run(input, outcome["how"] == "fails with", json.loads(body))
