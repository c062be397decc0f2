"""Expressions written to hang the process, to eat its memory or to get at what is not theirs.

Each is refused when it is compiled, left to the sandbox, or ends within its limits where it stands, on data of a few
megabytes.
"""

import contextlib
import resource
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from domain.expressions.expression import Expression, ExpressionError, ExpressionSyntaxError, Tier, compile_expression
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from tests.costs import least_seconds

NOW = datetime(2026, 1, 31, tzinfo=UTC)

#: Far above what is needed, where the slowest takes 0.3 s, and far below what an escape takes.
MAX_SECONDS = 2.0
MAX_GROWTH = 300 * 1024  # KiB


def nested(levels: int) -> list[JsonValue]:
    value: list[JsonValue] = []
    for _ in range(levels):
        value = [value]
    return value


DATA: Mapping[str, JsonValue] = {
    "rows": [{"id": i, "name": f"n{i}", "price": i * 1.5, "tags": ["a", "b"]} for i in range(20_000)],
    "few": [{"id": i, "zeros": [0] * 20} for i in range(2_000)],
    "object": {f"k{i}": i for i in range(50_000)},
    "zeros": [0] * 9_000,
    "numbers": list(range(9_000)),
    "text": "ab" * 500_000,
    "words": "a" * 100_000,
    "grid": [[[i] for i in range(100)] for _ in range(50)],
    "deep": nested(5_000),
    "one": 1,
}


def assert_ends_in_time(do: Callable[[], object]) -> None:
    assert least_seconds(do, enough=MAX_SECONDS, tries=3) < MAX_SECONDS


def run(expression: Expression) -> ExpressionError | None:
    """Evaluate an expression within the bounds above; returns its error, None for a success."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    failure: ExpressionError | None = None

    def evaluate() -> None:
        nonlocal failure
        try:
            expression.evaluate(DATA, now=NOW, seed=1)
        except ExpressionError as error:
            failure = error

    assert_ends_in_time(evaluate)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_GROWTH
    return failure


@pytest.mark.parametrize(
    "source",
    [
        "(" * 4_000 + "1" + ")" * 4_000,
        "[" * 4_000 + "]" * 4_000,
        '{"a":' * 1_200 + "1" + "}" * 1_200,
        "-" * 8_000 + "1",
        "1" + "+1" * 4_000,
        "a" + ".a" * 4_000,
        "a" + "[0]" * 2_700,
        "a?" * 2_700 + "1",
        "a ~> $f" + " ~> $f" * 1_000,
        "function(){1}" + "()" * 3_500,
        "*." * 4_000 + "a",
        "%" * 8_000,
        "9" * 8_000,
        "x" * 9_000,
        "$eval('1')",
        "'$' & $eval",
        "$x := $eval",
        "$env.HOME",
        "$process.exit()",
        "$import('os')",
        "$$.secrets",
        "$lookup($$, 'secrets')",
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(source: str) -> None:
    def refuse() -> None:
        with pytest.raises(ExpressionSyntaxError):
            compile_expression(source)

    assert_ends_in_time(refuse)


@pytest.mark.parametrize(
    "source",
    [
        # what never ends by itself
        "($f := function() { $f() }; $f())",
        "($f := function($n) { $f($n + 1) }; $f(0))",
        "($fib := function($n) { $n <= 1 ? $n : $fib($n - 1) + $fib($n - 2) }; $fib(40))",
        "(function($f) { $f($f) })(function($f) { $f($f) })",
        # what makes much out of little
        "[1..1000000000]",
        "[0..9][[0..9]]",
        "$reduce([1..40], function($a, $i) { $a & $a }, 'x')",
        "$map([1..9999], function($i) { [1..9999] })",
        "($a := [1..1000]; $b := $a.($a.($a)); $count($b))",
        "$string($map([1..9999], function() { $pad('', 9999) }))",
        "($x := {'l': 1}; $x := {'l': $x, 'r': $x}; $x := {'l': $x, 'r': $x}; $x = $x)",
        "$replace(words, 'a', words)",
        "$match(words, /(a+)+$/)",
        "$contains(words, /(a|a)*b/)",
        "$split(words, /(a+)+b/)",
        "words ~> /(a+)+b/",
        # what costs the square of its data
        "$distinct(numbers)",
        "$keys(object)",
        "$keys(rows)",
        "rows{name: id}",
        "rows{'all': $}",
        "$each(object, function($v) { $v })",
        "$sort(rows, function($a, $b) { true })",
        # what refers to the same data over and over, and hands that to one operation
        "$abs(few.($$.object))",
        "-(few.($$.object))",
        "few.($$.object) = few.($$.object)",
        "few.[$$.zeros] in few.[$$.zeros]",
        "few.($$.object) ? 1 : 2",
        "few.($$.object) and true",
        "few[$$.few.($$.object)]",
        "few.{'a': $$.object} > 1",
        "[few.($$.object)].($ + 1)",
        "{'a': few.[$$.object]}.$lowercase($)",
        "{'a': few.[$$.object]}[$floor($)]",
        "{'a': few.[$$.object]}.$abs()",
        "$abs(few[zeros].$$)",
        "$abs(object[$$.zeros])",
        "$abs(few[[" + "0," * 300 + "0]])",
        "$sum(one" + ".{'l': $, 'r': $}" * 30 + ")",
        "one" + ".{'l': $, 'r': $}" * 30 + ".(l = r)",
        "one" + ".[[$], [$]]" * 30 + " = one",
        "$string([" + ",".join(["$$"] * 20) + "])",
        # what writes more than it says
        "$now($pad('', 250000, '[Y,9999]'))",
        "$fromMillis(one, words)",
        "$now('" + "[Y,99999]" * 500 + "')",
        "$formatNumber(one, $pad('0.', 250000, '0'))",
        "$toMillis($pad('', 250000, '2020 '), $pad('', 250000, '[Yw] '))",
        # what is out of reach of a reader
        "**.id",
        "*.*.*",
        "few.zeros.%.id",
        "few@$f.rows@$r[$f.id = $r.id]",
        "few#$i[$i > 1]",
        "$ ~> |rows|{'id': 0}|",
        "$abs(" * 60 + "one" + ")" * 60 + " & $f(1) & " + "(λ($f) { 1 })(2)",
        "one" + " + 1" * 600,
        "[one" + ", one" * 600 + "]",
    ],
)
def test_what_might_get_out_of_hand_is_left_to_the_sandbox(source: str) -> None:
    assert compile_expression(source).tier is Tier.SANDBOX
    assert_ends_in_time(lambda: compile_expression(source))


@pytest.mark.parametrize(
    "source",
    [
        "$$",
        "$string($$)",
        "rows",
        "rows[price > 5]",
        "rows[$$.rows]",
        "rows[id in $$.rows.id]",
        "rows.{'a': id, 'b': $$.rows}",
        "few.($$.few.($$.few))",
        "few.{'a': $$.few.{'b': $$.few.{'c': $$.few}}}",
        "few.[$$.object]",
        "few.{'a': $$.object}",
        "few.($$.object)",
        "few[zeros]",
        "few[zeros].zeros",
        "$count(few.($$.object))",
        "[" + ",".join(["$$"] * 200) + "]",
        "{" + ",".join(f"'k{i}': rows" for i in range(100)) + "}",
        "one" + ".{'l': $, 'r': $}" * 80,
        "one" + ".[[$], [$]]" * 80,
        "$count(one" + ".{'l': $, 'r': $}" * 80 + ")",
        "$abs([$$, $$, $$, $$])",
        "-$$",
        "$sum($$)",
        "[$$, $$] = [$$, $$]",
        "object = object",
        "few[$$.object = $$.object]",
        "few[$$.text < $$.text]",
        "few.($$.words & $$.words)",
        "few.{'a': $$.words & '!'}",
        "few.$uppercase($$.words)",
        "few.{'x': $pad('', 250000)}",
        "$pad('', 3000000000)",
        "$pad('x', -1e18)",
        "$join(numbers.$string($), words)",
        "few.$split($$.words, '')",
        "few.$contains($$.words, $substring($$.words, 0, 50000) & 'b')",
        "$merge([object, object, object])",
        "few.$merge([$$.object, {'a': $}])",
        "few.$sort($$.numbers)",
        "few.$base64encode($$.words)",
        "few.$now('[Y,9999][Y,9999]')",
        "$string(grid)",
        "$sum(grid)",
        "grid.{'a': $}",
        "grid.[$].{'a': $}",
        "deep",
        "$string(deep)",
        "deep = deep",
        "deep.x",
        "deep.{'a': $}",
        "$power(10, 400)",
        "1 / 0",
        "$round(1e300, 100000)",
        "few ? $$ : 1",
        "one ? " * 30 + "1" + " : 2" * 30,
        "few" + "[id >= 0]" * 60,
        "few" + ".$" * 400,
    ],
)
def test_what_is_safe_ends_in_time_whatever_it_is_given(source: str) -> None:
    expression = compile_expression(source)

    assert expression.tier is not Tier.SANDBOX
    failure = run(expression)
    assert failure is None or failure.code in (FailureCode.EXPRESSION_FAILED, FailureCode.EXPRESSION_LIMIT)
    assert len(str(failure)) < 1_000


@pytest.mark.parametrize("source", ["loop", "$string(loop)", "loop = loop", "$count(loop.loop)", "loop.loop.loop"])
def test_data_that_holds_itself_does_no_harm(source: str) -> None:
    loop: dict[str, JsonValue] = {}
    loop["loop"] = loop

    with contextlib.suppress(ExpressionError):
        compile_expression(source).evaluate(loop, now=NOW, seed=1)


PATHS = ", ".join(f"a.b{index}" for index in range(240))


@pytest.mark.parametrize(
    "source", [f"[1e300, {PATHS}]", f"[9007199254740993, {PATHS}]", f"$sum([{PATHS}])", "a.b0 + a.b1", f"[{PATHS}][0]"]
)
@pytest.mark.parametrize("value", [0, 2**53 + 1, 1e300, "x", {"b0": 1}])
def test_what_is_read_by_many_paths_is_looked_through_once(source: str, value: JsonValue) -> None:
    scope: Mapping[str, JsonValue] = {"a": [value] * 480_000}

    def evaluate() -> None:
        with contextlib.suppress(ExpressionError):
            compile_expression(source).evaluate(scope, now=NOW, seed=1)

    assert_ends_in_time(evaluate)


def test_what_is_cut_out_of_an_array_is_cut_once() -> None:
    scope: Mapping[str, JsonValue] = {"a": [{"b0": 0}] * 100_000}
    expression = compile_expression(f"[1..2].[{PATHS}]")

    assert expression.pruned(scope, through_arrays=True) == scope
    assert_ends_in_time(lambda: expression.pruned(scope, through_arrays=True))
