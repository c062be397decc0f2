"""Every example in docs/expressions.md gives what the page says."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from actors.sandbox.pool import SandboxOptions, SandboxPool
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import compile_expression
from domain.expressions.templates import compile_template
from domain.kernel.ids import new_id
from tests.repository import ROOT

PAGE = ROOT / "docs/expressions.md"
NOW = datetime(2026, 1, 31, tzinfo=UTC)

_CELL = re.compile(r"`([^`]+)`")


def rows(kind: str) -> Iterator[tuple[str, str, str]]:
    """The cells of all tables whose first column is headed so."""
    for table in re.split(r"\n\n", PAGE.read_text()):
        header, *lines = table.splitlines()
        if header == f"| {kind} | input | value |":
            for line in lines[1:]:
                source, input, value = _CELL.findall(line)
                yield source, input, value


@pytest.fixture
async def evaluator() -> AsyncIterator[Evaluator]:
    async with SandboxPool(SandboxOptions(children=1)) as pool:
        yield Evaluator(pool)


def test_the_page_teaches_by_twenty_examples() -> None:
    assert len(list(rows("expression"))) >= 20
    assert len(list(rows("template"))) >= 5


@pytest.mark.parametrize(("source", "input", "value"), list(rows("expression")))
async def test_an_expression_of_the_page_gives_its_value(
    evaluator: Evaluator, source: str, input: str, value: str
) -> None:
    expression = compile_expression(source)
    given = await evaluator.evaluate(expression, {"input": json.loads(input)}, now=NOW, seed=1, owner=new_id())
    assert given == json.loads(value)


@pytest.mark.parametrize(("source", "input", "value"), list(rows("template")))
async def test_a_template_of_the_page_renders_to_its_value(
    evaluator: Evaluator, source: str, input: str, value: str
) -> None:
    template = compile_template(json.loads(source))
    given = await evaluator.render(template, {"input": json.loads(input)}, now=NOW, seed=1, owner=new_id())
    assert given == json.loads(value)
