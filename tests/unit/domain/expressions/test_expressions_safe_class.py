"""The safe class: expressions that the process evaluates itself, and the reasons for which others are not in it."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionError, ExpressionSyntaxError, Tier, compile_expression
from domain.expressions.language.safe_class import MAX_OPERAND, MAX_TOKENS, is_safe
from domain.expressions.language.safe_functions import SAFE_FUNCTIONS
from domain.expressions.language.tokens import tokenize
from domain.kernel.json.text import JsonValue
from tests.costs import least_seconds

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "source",
    [
        "input.total > 100 and input.country in ['NO', 'SE']",
        "steps.a.output.n + steps.b.output.n",
        "input.items[price > $$.vars.limit][0].name",
        "input.items[active]",
        "$count(input.items[active])",
        "input.items.{'id': id, 'order': $$.input.order}",
        "input.items[active].{'id': id, 'order': $$.input.order}",
        "[input.items.{'id': id}]",
        "input.items.{'id': id}[]",
        "$sum(input.items.(price * quantity * $$.vars.rate))",
        "{'total': $sum(input.items.price), 'names': [input.items.name], 'first': input.items[0]}",
        "input.a ?? input.b ?: 'none'",
        "input.a ? {'a': 1} : {'b': 2}",
        "$merge([input, {'at': $now('[Y0001]-[M01]-[D01]')}])",
        "$join([input.a, input.b, input.c], '-')",
        "input.items.tags[$contains($, 'x')]",
        "-(input.a - -1) % 2",
        "and and or or in",
        "input.\"first\".'second'",
        "$now() & $string($millis()) & $fromMillis(0, '[Y]', '+0100')",
    ],
)
def test_what_people_write_is_evaluated_in_the_process(source: str) -> None:
    assert compile_expression(source).tier is Tier.SAFE


@pytest.mark.parametrize(
    ("why", "source"),
    [
        ("a call of something that is not a function's name", "(input.f)(1)"),
        ("a function as a value", "$map(input, $uppercase)"),
        ("a key that is computed", "{input.key: 1}"),
        ("a key that is computed, after one that is not", "{'a': 1, 'b' & 'c': 2}"),
        ("an object that groups", "input.items{'all': name}"),
        ("an object that groups, after a filter", "input.items[0]{'all': name}"),
        ("a range", "[1..2]"),
        ("a wildcard", "input.*"),
        ("a wildcard that multiplies", "input.* * 2"),
        ("a sequence", "(1; 2)"),
        ("a regular expression", "$contains(input, /a/)"),
        ("a name that only looks like a string", 'a"+$f(1)+b" & (λ($f){1})(2)'),
        ("a picture that is not written down", "$now(input.picture)"),
        ("a picture that is not written down, after one that is", "$fromMillis(0, '[Y]', input.zone)"),
        ("a picture that is computed", "$now('[Y]' & '')"),
        ("a picture that is long", "$now('" + "[Y]" * 30 + "')"),
        ("more data than an operation may get", "$sum([" + ", ".join(["$$"] * (MAX_OPERAND + 1)) + "])"),
        ("data once for each item, in one operation", "$abs(input.items.($$.input.order))"),
        ("data once for each index, in one operation", "$sum(input.items[indexes].price)"),
        ("data once for each index of a list that is built", "$sum(input[[0, 0, 0]].price)"),
        ("data once for each index of a mapped list", "$sum(input.items[numbers.(0)].price)"),
        ("an argument too many, which the failure quotes", "$count(a, n.$$)"),
        ("an argument too many, after others", "$exists(a, n.$$)"),
        ("an argument too few", "n.$$.$count()"),
        ("more arguments than the function takes", "$abs(1, 2)"),
        ("a context that holds too much", "{'a': input.items.[$$.input]}.$lowercase(a)"),
    ],
)
def test_what_may_cost_more_than_its_data_is_not(why: str, source: str) -> None:
    assert compile_expression(source).tier is Tier.SANDBOX, why


def test_the_number_of_tokens_is_bounded() -> None:
    assert is_safe(tokenize("1" + "+1" * (MAX_TOKENS // 2 - 1)))
    assert not is_safe(tokenize("1" + "+1" * (MAX_TOKENS // 2)))


@pytest.mark.parametrize("name", sorted(SAFE_FUNCTIONS))
def test_every_safe_function_is_one_that_the_language_has(name: str) -> None:
    assert compile_expression(f"$exists({name})").tier is Tier.SANDBOX  # a function as a value


@pytest.mark.parametrize("name", sorted(SAFE_FUNCTIONS))
def test_a_call_with_a_wrong_number_of_arguments_is_not_safe(name: str) -> None:
    function = SAFE_FUNCTIONS[name]
    taken = range(function.least, function.most + 1)
    for count in range(6):
        arguments = ["a"] * min(count, function.max_data) + ["'[Y]'"] * (count - function.max_data)
        assert is_safe(tokenize(f"{name}({', '.join(arguments)})")) is (count in taken), count


@pytest.mark.parametrize("name", sorted(name for name, function in SAFE_FUNCTIONS.items() if function.is_indifferent))
def test_a_function_that_takes_anything_takes_exactly_one_argument(name: str) -> None:
    assert (SAFE_FUNCTIONS[name].least, SAFE_FUNCTIONS[name].most) == (1, 1)


MANY: Mapping[str, JsonValue] = {
    "a": [1] * 2_000,
    "b": [{"i": i, "z": [0] * 20, "s": "x" * 50} for i in range(2_000)],
    "c": {f"k{i}": i for i in range(10_000)},
    "z": [0] * 5_000,
    "g": [[0] * 50] * 50,
    "t": "y" * 100_000,
    "n": 3,
}

_LEAVES = st.sampled_from(
    ["a", "b", "c", "z", "g", "t", "n", "i", "s", "k1", "$", "$$", "$$.b", "$$.c", "$$.z", "0", "'a'"]
)
_NAMES = st.sampled_from(sorted(SAFE_FUNCTIONS))


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["=", "!=", "in", "<", "and", "or", "+", "*", "&", "??", "?:"])
    return st.one_of(
        st.builds("{}.({})".format, inner, inner),
        st.builds("{}.{{'l': {}, 'r': {}}}".format, inner, inner, inner),
        st.builds("{}.[{}, {}]".format, inner, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}({})".format, _NAMES, inner),
        st.builds("{}({}, {})".format, _NAMES, inner, inner),
        st.builds("{}.{}($)".format, inner, _NAMES),
        st.builds("-{}".format, inner),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.recursive(_LEAVES, _grown, max_leaves=12))
def test_nothing_that_is_safe_takes_long(source: str) -> None:
    try:
        expression = compile_expression(source)
    except ExpressionSyntaxError:
        return
    if expression.tier is Tier.SANDBOX:
        return

    def evaluate() -> None:
        with contextlib.suppress(ExpressionError):
            expression.evaluate(MANY, now=NOW, seed=1)

    assert least_seconds(evaluate, enough=2) < 2
