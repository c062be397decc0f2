"""The evaluator: the expressions that it hands to the sandbox, with their data, and its use of the answers."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.templates import Template, compile_template
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.sandbox.shares import SandboxUse
from tests.sandboxes import AnsweringSandbox

NOW = datetime(2026, 1, 31, tzinfo=UTC)
OWNER = new_id()
MANY: JsonValue = [{"id": i} for i in range(20_000)]
PRUNABLE: Mapping[str, JsonValue] = {
    "a": {"b": {"c": 1, "d": 2}, "e": 3},
    "rows": [{"id": 1, "n": 1}, {"id": 2}],
}


class FakeSandbox(AnsweringSandbox):
    """Gives what it is told to, or the source itself, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(lambda source, _: source)
        self.answers = answers or {}
        self.data: dict[str, Mapping[str, JsonValue]] = {}
        self.at_once = 0
        self.most_at_once = 0

    async def evaluate(
        self,
        source: str,
        data: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
        use: SandboxUse = SandboxUse.EXECUTION,
    ) -> JsonValue:
        assert (now, seed, owner) == (NOW, 7, OWNER)
        assert source not in self.data, "each is asked once"
        self.data[source] = data
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if source == "[1..0]":
            raise ExpressionError(FailureCode.EXPRESSION_FAILED, "no", source)
        return self.answers.get(source, source)


async def render(sandbox: FakeSandbox | None, template: Template, scope: Mapping[str, JsonValue]) -> JsonValue:
    return await Evaluator(sandbox).render(template, scope, now=NOW, seed=7, owner=OWNER)


async def evaluate(sandbox: FakeSandbox | None, source: str, scope: Mapping[str, JsonValue]) -> JsonValue:
    return await Evaluator(sandbox).evaluate(compile_expression(source), scope, now=NOW, seed=7, owner=OWNER)


async def test_what_is_safe_never_reaches_the_sandbox() -> None:
    sandbox = FakeSandbox()
    assert await evaluate(sandbox, "input.a + 1", {"input": {"a": 1}}) == 2
    assert await render(
        sandbox, compile_template({"a": ["{{ input.a }}", "{{ input.a * 2 }}"]}), {"input": {"a": 1}}
    ) == {"a": [1, 2]}
    assert sandbox.data == {}


async def test_a_template_asks_for_all_its_answers_at_once_and_for_each_once() -> None:
    sandbox = FakeSandbox({"[1..2]": [1, 2], "[1..3]": "x"})
    template = compile_template(
        {"list": "{{ [1..2] }}", "again": ["{{ [1..2] }}", "{{ input.a }}"], "text": "<{{ [1..2] }}{{ [1..3] }}>"}
    )

    assert [each.source for each in template.sandboxed] == ["[1..2]", "[1..3]"]
    assert await render(sandbox, template, {"input": {"a": 1}}) == {
        "list": [1, 2],
        "again": [[1, 2], 1],
        "text": "<[1,2]x>",
    }
    assert sandbox.most_at_once == 2


async def test_the_sandbox_sees_what_the_expression_reads_and_no_secret() -> None:
    scope: Mapping[str, JsonValue] = {
        "input": {"lines": [{"sku": "a", "price": 1}], "other": 1},
        "steps": {"fetch": {"output": {"big": "x"}, "status": "COMPLETED"}},
        "secrets": {"token": "s3cret"},
    }
    sandbox = FakeSandbox()
    await evaluate(sandbox, "$map(input.lines.price, function($p) { $p })", scope)
    await evaluate(sandbox, "$map($$, function($all) { $all })", scope)

    pruned, everything = sandbox.data.values()
    assert pruned == {"input": {"lines": [{"sku": "a", "price": 1}]}}
    assert everything == {name: value for name, value in scope.items() if name != "secrets"}


async def test_the_first_failure_is_that_of_the_template() -> None:
    with pytest.raises(ExpressionError, match="no"):
        await render(FakeSandbox(), compile_template(["{{ [1..9] }}", "{{ [1..0] }}", "{{ [1..8] }}"]), {})


async def test_without_a_sandbox_what_needs_it_fails() -> None:
    for failing in (evaluate(None, "[1..3]", {}), render(None, compile_template("{{ [1..3] }}"), {})):
        with pytest.raises(ExpressionError, match="needs the sandbox, which is not available here"):
            await failing


async def test_a_condition_must_be_true_or_false_there_too() -> None:
    evaluator = Evaluator(FakeSandbox({"1 in [1..3]": True, "[1..3]": [1, 2, 3]}))
    assert await evaluator.is_true(compile_expression("1 in [1..3]"), {}, now=NOW, seed=7, owner=OWNER)
    with pytest.raises(ExpressionError, match=r"must give true or false, but `\[1..3\]` gives an array"):
        await evaluator.is_true(compile_expression("[1..3]"), {}, now=NOW, seed=7, owner=OWNER)


async def test_what_is_too_costly_here_is_tried_once_in_the_sandbox() -> None:
    scope: Mapping[str, JsonValue] = {"rows": MANY, "a": 1}
    template = compile_template({"ids": "{{ rows.id }}", "a": "{{ a }}", "text": "{{ [rows[id > 1].id] }}!"})
    sandbox = FakeSandbox()

    assert await evaluate(FakeSandbox(), "rows.id", scope) == "rows.id"
    assert await render(sandbox, template, scope) == {"ids": "rows.id", "a": 1, "text": "[rows[id > 1].id]!"}
    assert set(sandbox.data) == {"rows.id", "[rows[id > 1].id]"}


async def test_what_fails_here_fails_and_is_not_tried_again() -> None:
    sandbox = FakeSandbox()
    with pytest.raises(ExpressionError, match="yields nothing"):
        await evaluate(sandbox, "rows.name", {"rows": {}})
    with pytest.raises(ExpressionError, match="costs too much"):
        await evaluate(None, "rows.id", {"rows": MANY})
    with pytest.raises(ExpressionError, match="renders to more than"):
        await render(sandbox, compile_template(["{{ a }}, {{ a }}"] * 9), {"a": "x" * 1_000_000})
    assert set(sandbox.data) <= {"a"}


async def test_a_rendering_sees_the_scope_as_it_was_when_it_began() -> None:
    scope: dict[str, JsonValue] = {"attempt": 1}
    rendering = asyncio.ensure_future(render(FakeSandbox(), compile_template(["{{ [1..2] }}", "{{ attempt }}"]), scope))
    await asyncio.sleep(0)
    scope["attempt"] = 2

    assert await rendering == ["[1..2]", 1]


def test_answers_are_used_wherever_the_expression_stands() -> None:
    answers: Mapping[str, JsonValue] = {"[1..2]": [1, 2], "1 in [1..3]": True}
    expression = compile_expression("{{ [1..2] }}")

    assert expression.needs_sandbox
    assert expression.evaluate({}, now=NOW, seed=1, answers=answers) == [1, 2]
    assert compile_expression("1 in [1..3]").is_true({}, now=NOW, seed=1, answers=answers)
    assert compile_template("{{ [1..2] }}").render({}, now=NOW, seed=1, answers=answers) == [1, 2]
    with pytest.raises(ExpressionError, match="needs the sandbox"):
        expression.evaluate({}, now=NOW, seed=1, answers={})


@pytest.mark.parametrize(
    ("source", "pruned"),
    [
        ("($f := function($x) { $x }; $f(a.b))", {"a": {"b": {"c": 1, "d": 2}}}),
        ("[1..a.b.c]", {"a": {"b": {"c": 1}}}),
        ("[a.b, 1..a.b.c]", {"a": {"b": {"c": 1, "d": 2}}}),
        ("[1..a.x.c]", {"a": {}}),
        ("[1..nowhere]", {}),
        ("[1..2]", {}),
        ("[rows.id, 1..2]", {"rows": [{"id": 1, "n": 1}, {"id": 2}]}),
    ],
)
def test_pruning_keeps_what_is_read(source: str, pruned: Mapping[str, JsonValue]) -> None:
    assert compile_expression(source).pruned(PRUNABLE) == pruned


def test_pruning_goes_through_arrays_on_demand() -> None:
    expression = compile_expression("[rows.id, 1..2]")
    assert expression.pruned(PRUNABLE, through_arrays=True) == {"rows": [{"id": 1}, {"id": 2}]}
