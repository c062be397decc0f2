"""Many expressions that cost little each, and much together, do not hold the event loop, whatever they are in."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.template_parts import MAX_RENDERED
from domain.expressions.templates import compile_template
from domain.expressions.turns import Turns
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from tests.costs import least_hold
from tests.sandboxes import AnsweringSandbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = new_id()
LARGE: dict[str, JsonValue] = {"n": [1] * 100_000}
MANY = [f"{{{{ $sum(n) + {number} }}}}" for number in range(100)]


async def rendered(value: JsonValue, scope: dict[str, JsonValue], evaluator: Evaluator | None = None) -> JsonValue:
    template = compile_template(value)
    return await (evaluator or Evaluator()).render(template, scope, now=NOW, seed=7, owner=OWNER)


def use_up(turns: Turns) -> None:
    """Work for as long as a turn lasts."""
    turns.begin()
    while not turns.is_over:
        pass
    turns.end()


async def test_a_rendering_of_many_expressions_lets_others_go_on_between_them() -> None:
    async def render() -> None:
        assert await rendered({"all": MANY}, LARGE) == {"all": [100_000 + number for number in range(100)]}

    assert await least_hold(render, enough=0.1) < 0.1


async def test_renderings_at_the_same_time_take_turns() -> None:
    evaluator = Evaluator()

    async def render() -> None:
        await asyncio.gather(*(rendered([text], LARGE, evaluator) for text in MANY))

    assert await least_hold(render, enough=0.15) < 0.15


async def test_expressions_of_their_own_take_turns() -> None:
    evaluator = Evaluator()
    expressions = [compile_expression(f"$sum(n) + {number}") for number in range(100)]

    async def evaluate() -> None:
        await asyncio.gather(*(evaluator.evaluate(each, LARGE, now=NOW, seed=7, owner=OWNER) for each in expressions))

    assert await least_hold(evaluate, enough=0.15) < 0.15


async def test_a_rendering_in_turns_fails_as_it_would_at_once() -> None:
    texts = [*MANY[:20], "{{ $sum(n[0].x.y) + 1 }}{{ missing.name }}", *MANY[20:]]
    with pytest.raises(ExpressionError) as at_once:
        compile_template(texts).render({"n": [1]}, now=NOW, seed=7)
    with pytest.raises(ExpressionError) as in_turns:
        await rendered(texts, LARGE)
    assert str(in_turns.value) == str(at_once.value)


async def test_what_is_rendered_in_turns_may_not_grow_beyond_what_a_rendering_may() -> None:
    count = MAX_RENDERED // 200_000 + 2
    texts = [f"{{{{ $append(n, [{number}]) }}}}" for number in range(count)]
    with pytest.raises(ExpressionError, match="renders to more than 8 MiB"):
        await rendered(texts, {"n": ["x" * 20] * 9_000})


async def test_what_costs_too_much_here_still_gets_its_second_chance_between_turns() -> None:
    costly = "$join($map([1..9], function($v) { $string($v) }))"
    sandbox = AnsweringSandbox(lambda source, data: "from the sandbox")
    assert await rendered([*MANY, f"{{{{ {costly} }}}}"], LARGE, Evaluator(sandbox)) == [
        *(100_000 + number for number in range(100)),
        "from the sandbox",
    ]
    assert [source for source, _ in sandbox.asked] == [costly]


def test_a_turn_is_never_over_for_whoever_has_not_begun_one() -> None:
    assert not Turns().is_over


async def test_those_who_gave_way_go_on_together() -> None:
    turns, rounds, ended = Turns(), [0], list[int]()

    async def count_rounds() -> None:
        while True:
            rounds[0] += 1
            await asyncio.sleep(0)

    async def take_a_turn() -> None:
        await turns.enter()
        turns.end()
        ended.append(rounds[0])

    counting = asyncio.create_task(count_rounds())
    await asyncio.sleep(0)
    use_up(turns)
    began = rounds[0]
    await asyncio.gather(*(take_a_turn() for _ in range(20)))
    counting.cancel()
    assert ended == [ended[0]] * 20
    assert ended[0] > began


async def test_a_turn_begins_anew_when_everything_else_has_gone_on() -> None:
    turns = Turns()
    use_up(turns)
    await asyncio.sleep(0)
    turns.begin()
    assert not turns.is_over
    turns.end()
