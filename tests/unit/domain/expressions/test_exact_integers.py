"""Integers of any size through every operator and function: exact, or the step fails; never another integer.

Each rule stands beside what Python's own integers make of it. `Program` is what evaluates in the process and in the
sandbox's children alike, there on JSON text.
"""

import contextlib
import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.language.jsonata import UNDEFINED, EvaluationError, Program
from domain.expressions.language.large_integers import LIMIT
from domain.expressions.templates import compile_template
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue, dumps, loads
from tests.unit.domain.expressions.test_expressions import NOW

FAILED = object()
Data = Mapping[str, Any]

_NEAR = st.builds(lambda base, step: base + step, st.sampled_from([LIMIT, 10**15, 2**63, 10**21]), st.integers(-3, 3))
INTEGERS = st.one_of(st.integers(-9, 9), _NEAR, _NEAR.map(int.__neg__), st.integers(), st.integers(-(10**40), 10**40))


def _data(a: int, b: int, integers: list[int]) -> Data:
    return {"a": a, "b": b, "l": integers, "o": [{"id": each, "n": n} for n, each in enumerate([*integers, a])]}


DATA = st.builds(_data, INTEGERS, INTEGERS, st.lists(INTEGERS, min_size=2, max_size=6))


def several(values: list[Any]) -> Any:
    """A sequence as JSONata gives it: nothing, the only value, or the array."""
    return UNDEFINED if not values else values[0] if len(values) == 1 else values


def unique(values: list[int]) -> list[int]:
    return list(dict.fromkeys(values))


def groups(data: Data) -> dict[str, Any]:
    return {str(key): several([o["n"] for o in data["o"] if o["id"] == key]) for key in [o["id"] for o in data["o"]]}


#: Those that are exact whatever the integers are.
EXACT: Mapping[str, Callable[[Data], Any]] = {
    "a": lambda d: d["a"],
    "[a, b]": lambda d: [d["a"], d["b"]],
    "{'a': a, 'l': l}": lambda d: {"a": d["a"], "l": d["l"]},
    "o.id": lambda d: [o["id"] for o in d["o"]],
    "**.id": lambda d: [o["id"] for o in d["o"]],
    "'id-' & a": lambda d: f"id-{d['a']}",
    "$string(a)": lambda d: str(d["a"]),
    "$string(l)": lambda d: dumps(d["l"]),
    "$string({'a': a, 'o': o})": lambda d: dumps({"a": d["a"], "o": d["o"]}),
    "l.$string()": lambda d: [str(each) for each in d["l"]],
    "$map(l, $string)": lambda d: [str(each) for each in d["l"]],
    "l ~> $map($string) ~> $join(',')": lambda d: ",".join(map(str, d["l"])),
    "$join(l.('<' & $ & '>'))": lambda d: "".join(f"<{each}>" for each in d["l"]),
    "$length($string(a))": lambda d: len(str(d["a"])),
    "$substring($string(a), -3)": lambda d: str(d["a"])[-3:],
    "a = b": lambda d: d["a"] == d["b"],
    "a != b": lambda d: d["a"] != d["b"],
    "a < b": lambda d: d["a"] < d["b"],
    "a >= b": lambda d: d["a"] >= d["b"],
    "a > 5": lambda d: d["a"] > 5,
    "a < 9007199254740993": lambda d: d["a"] < 9007199254740993,
    "a = 9007199254740993": lambda d: d["a"] == 9007199254740993,
    "a = -9223372036854775807": lambda d: d["a"] == -9223372036854775807,
    "9007199254740993 & ''": lambda d: "9007199254740993",
    "a in l": lambda d: d["a"] in d["l"],
    "{'x': [a]} = {'x': [b]}": lambda d: d["a"] == d["b"],
    "o[id = $$.a].n": lambda d: several([o["n"] for o in d["o"] if o["id"] == d["a"]]),
    "o[id > $$.a].n": lambda d: several([o["n"] for o in d["o"] if o["id"] > d["a"]]),
    "o[$string(id) = $string($$.b)].n": lambda d: several([o["n"] for o in d["o"] if o["id"] == d["b"]]),
    "o@$x.l[$ = $x.id]": lambda d: several([each for o in d["o"] for each in d["l"] if each == o["id"]]),
    "$filter(l, function($i) { $i <= $$.a })": lambda d: several([each for each in d["l"] if each <= d["a"]]),
    "$single(o, function($i) { $i.n = 0 }).id": lambda d: d["l"][0],
    "o{$string(id): n}": groups,
    "$lookup({'9007199254740993': 1}, $string(a)) ?? 0": lambda d: int(d["a"] == 9007199254740993),
    "$distinct(l)": lambda d: unique(d["l"]),
    "$count($distinct(l))": lambda d: len(set(d["l"])),
    "$sort(l)": lambda d: sorted(d["l"]),
    "$sort(l, function($x, $y) { $x < $y })": lambda d: sorted(d["l"], reverse=True),
    "l^(>$)": lambda d: sorted(d["l"], reverse=True),
    "o^(id, >n).n": lambda d: [o["n"] for o in sorted(d["o"], key=lambda o: (o["id"], -o["n"]))],
    "$reverse(l)": lambda d: d["l"][::-1],
    "$append(l, a)": lambda d: [*d["l"], d["a"]],
    "$zip(l, l)": lambda d: [[each, each] for each in d["l"]],
    "$max(l)": lambda d: max(d["l"]),
    "$min(l)": lambda d: min(d["l"]),
    "$reduce(l, function($x, $y) { $x > $y ? $x : $y })": lambda d: max(d["l"]),
    "$abs(a)": lambda d: abs(d["a"]),
    "-a": lambda d: -d["a"],
    "$floor(a)": lambda d: d["a"],
    "$ceil(a)": lambda d: d["a"],
    "$number(a)": lambda d: d["a"],
    "$boolean(a)": lambda d: d["a"] != 0,
    "a ? 'y' : 'n'": lambda d: "y" if d["a"] else "n",
    "$not(a)": lambda d: d["a"] == 0,
    "$type(a)": lambda d: "number",
    "$merge([{'a': a}, {'b': b}])": lambda d: {"a": d["a"], "b": d["b"]},
    "$spread({'a': a})": lambda d: {"a": d["a"]},
    "$each({'a': a}, function($v) { $v })": lambda d: d["a"],
    "$sift({'a': a, 'b': b}, function($v) { $v >= $$.a }).a": lambda d: d["a"],
    "($x := a; [$x, $x])": lambda d: [d["a"], d["a"]],
    "$ ~> |o|{'id': $$.a}|": lambda d: {**d, "o": [{**o, "id": d["a"]} for o in d["o"]]},
    "l[$ = $$.l[0]][0]": lambda d: d["l"][0],
}

#: Those that may fail where the integers are large.
EXACT_OR_FAILED: Mapping[str, Callable[[Data], Any]] = {
    "a + b": lambda d: d["a"] + d["b"],
    "a - b": lambda d: d["a"] - d["b"],
    "a * b": lambda d: d["a"] * d["b"],
    "a * b = b * a + 1": lambda d: False,
    "a + 1 = b": lambda d: d["a"] + 1 == d["b"],
    "a + 1 > a": lambda d: True,
    "'n' & (a + b)": lambda d: f"n{d['a'] + d['b']}",
    "$string(a * b)": lambda d: str(d["a"] * d["b"]),
    "(a * b).($ * $)": lambda d: (d["a"] * d["b"]) ** 2,
    "a % 10": lambda d: int(math.fmod(d["a"], 10)) if abs(d["a"]) < LIMIT else FAILED,
    "$sum(l)": lambda d: sum(d["l"]),
    "$string($sum(l))": lambda d: str(sum(d["l"])),
    "$sum([a, b, -a])": lambda d: d["b"],
    "$sum(o.(id * n))": lambda d: sum(o["id"] * o["n"] for o in d["o"]),
    "$reduce(l, function($x, $y) { $x + $y })": lambda d: sum(d["l"]),
    "$reduce(l, function($x, $y) { $x * $y })": lambda d: reduce(int.__mul__, d["l"]),
    "($f := function($n) { $n * $n }; $string($f($f(a))))": lambda d: str(d["a"] ** 4),
    "$average([a, a])": lambda d: d["a"],
    "$power(a, 2)": lambda d: d["a"] ** 2,
    "$number($string(a))": lambda d: d["a"],
    "$number($string(a)) = $number($string(b))": lambda d: d["a"] == d["b"],
    "$string($number($string(a) & '1'))": lambda d: f"{d['a']}1".removeprefix("0") if d["a"] else "1",
    "$round(a)": lambda d: d["a"],
    "$formatBase(a, 10)": lambda d: str(d["a"]),
    "$formatNumber($abs(a), '0')": lambda d: str(abs(d["a"])),
    "$formatInteger($abs(a), '0')": lambda d: str(abs(d["a"])),
    "$parseInteger($formatInteger($abs(a), '0'), '0')": lambda d: abs(d["a"]),
    "$count([a..a + 2])": lambda d: 3,
    "[a..b][0] ?? a": lambda d: d["a"],
    "9007199254740991 + 2": lambda d: 9007199254740993,
    "'' & (94906267 * 94906267)": lambda d: "9007199515875289",
    "$power(3, 40)": lambda d: 3**40,
    "$string($sum([9007199254740991, 2]))": lambda d: "9007199254740993",
}


def evaluated(source: str, data: Data) -> tuple[Any, Any]:
    """The values of an expression in the process and on JSON text, or FAILED."""
    program = Program(source)
    in_process: Any = FAILED
    with contextlib.suppress(EvaluationError):
        in_process = program.evaluate(data)
    try:
        text = program.evaluate_text(dumps(data), 0, 1)
    except EvaluationError:
        return in_process, FAILED
    return in_process, UNDEFINED if text is None else loads(text)


@pytest.mark.parametrize("source", EXACT)
@settings(max_examples=60, deadline=None)
@given(data=DATA)
def test_integers_of_any_size_are_passed_on_compared_sorted_and_written_exactly(source: str, data: Data) -> None:
    expected = EXACT[source](data)

    assert evaluated(source, data) == (expected, expected)


@pytest.mark.parametrize("source", EXACT_OR_FAILED)
@settings(max_examples=60, deadline=None)
@given(data=DATA)
def test_what_is_computed_from_integers_is_exact_or_fails(source: str, data: Data) -> None:
    expected = EXACT_OR_FAILED[source](data)

    for given_back in evaluated(source, data):
        assert given_back is FAILED or given_back == expected


@pytest.mark.parametrize("source", ["a + b", "a * b", "$sum(l)", "$power(a, 2)", "$number($string(a))", "$round(a)"])
@settings(max_examples=30, deadline=None)
@given(st.integers(-(10**5), 10**5), st.integers(-(10**5), 10**5))
def test_what_is_computed_from_small_integers_does_not_fail(source: str, first: int, second: int) -> None:
    data = {"a": first, "b": second, "l": [first, second]}
    expected = EXACT_OR_FAILED[source](data)

    assert evaluated(source, data) == (expected, expected)


@pytest.mark.parametrize("source", ["input.id + 1", "$sum(input.list)", "$formatNumber(input.id, '0')", "2 * 1e18"])
def test_a_failure_says_that_an_integer_would_be_rounded(source: str) -> None:
    scope: dict[str, JsonValue] = {"input": {"id": 7615917337495251231, "list": [7615917337495251231, 1]}}

    with pytest.raises(ExpressionError) as caught:
        compile_expression(source).evaluate(scope, now=NOW, seed=1)

    assert caught.value.code is FailureCode.EXPRESSION_FAILED
    assert "an integer beyond 2^53 would be rounded here" in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_every_value_survives_a_template_an_object_and_the_engine(value: JsonValue) -> None:
    scope: dict[str, JsonValue] = {"input": {"value": value}}
    template = compile_template({"path": "{{ input.value }}", "object": "{{ {'v': input.value}.v ?? null }}"})

    rendered = template.render(scope, now=NOW, seed=1)
    assert rendered == {"path": value, "object": value}
    passed_on = Program("{'v': v}").evaluate_text(dumps({"v": value}), 0, 1)
    assert passed_on is not None
    assert loads(passed_on) == {"v": value}


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_every_value_is_equal_to_itself_and_to_nothing_near_it(value: JsonValue) -> None:
    near = value + 1 if type(value) is int else "another"

    assert evaluated("v = w", {"v": value, "w": value}) == (True, True)
    assert evaluated("v = w", {"v": value, "w": near}) == (value == near, value == near)
    assert evaluated("[v] = [w]", {"v": [value], "w": [near]}) == (value == near, value == near)


class TestLongArrays:
    """That an array was looked through is remembered: never for another array, expression or column."""

    @staticmethod
    def rows(**members: Any) -> Data:
        return {"rows": [{"id": n, "n": n, "other": 1, **members} for n in range(600)]}

    @staticmethod
    def value(program: Program, data: Data) -> Any:
        """The value of an expression, tried again on a busy machine: its limits count the clock's time."""
        for _ in range(100):
            try:
                return program.evaluate(data)
            except EvaluationError as error:
                if not error.is_limit:
                    raise
        raise TimeoutError

    def test_an_array_that_takes_the_place_of_another_is_looked_through_anew(self) -> None:
        program = Program("rows[id = 9007199254740993].n")
        for _ in range(20):
            assert self.value(program, self.rows()) is UNDEFINED
            assert self.value(program, self.rows(id=LIMIT + 1)) == list(range(600))
            assert self.value(program, self.rows(id=LIMIT)) is UNDEFINED

    def test_an_array_without_large_integers_in_one_column_may_have_some_in_another(self) -> None:
        data = self.rows(id=LIMIT + 1)
        assert self.value(Program("rows[n = 7].other"), data) == 1
        assert self.value(Program("rows[n = 7].id"), data) == LIMIT + 1
        assert self.value(Program("rows[n = 7].other"), data) == 1

    def test_what_an_expression_makes_of_an_array_is_looked_at_for_each_expression(self) -> None:
        data = self.rows(n=10**15 + 1)
        assert self.value(Program("$count(rows[n > 5])"), data) == 600
        with pytest.raises(EvaluationError, match="would be rounded"):
            self.value(Program("$sum(rows.n) + $sum(rows.n) * $sum(rows.n)"), data)
        with pytest.raises(EvaluationError, match="would be rounded"):
            self.value(Program("$sum(rows.(n * 1000))"), data)
        assert self.value(Program("$sum(rows.other)"), data) == 600

    def test_what_stands_beside_a_remembered_array_counts_each_time(self) -> None:
        program = Program("$sum(rows.n) * a")
        data = self.rows()
        assert [self.value(program, {**data, "a": a}) for a in (1, 2)] == [179_700, 359_400]
        assert self.value(program, {**data, "a": 0.5}) == 89_850
        for large in (LIMIT + 1, 10**12):
            with pytest.raises(EvaluationError, match="would be rounded"):
                self.value(program, {**data, "a": large})
        assert self.value(program, {**data, "a": 3}) == 539_100

    def test_an_array_that_has_grown_is_looked_through_again(self) -> None:
        data = self.rows()
        program = Program("rows[n = 599].id")
        assert self.value(program, data) == 599
        data["rows"].append({"id": LIMIT + 1, "n": 599})
        assert self.value(program, data) == [599, LIMIT + 1]
