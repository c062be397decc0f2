"""Literals with a point or an exponent beyond 2^53: the integer that they write, in the process and on JSON text."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.expressions.expression import Tier, compile_expression
from domain.expressions.language.large_integers import LIMIT, Reach, look_through
from domain.expressions.templates import compile_template
from tests.unit.domain.expressions.test_exact_integers import FAILED, evaluated
from tests.unit.domain.expressions.test_expressions import NOW

_NEAR = st.builds(lambda base, step: base + step, st.sampled_from([LIMIT, 10**16, 2**63, 10**19]), st.integers(1, 5))
_ROUND = st.builds(lambda digits, zeros: digits * 10**zeros, st.integers(10, 999), st.integers(15, 18))
WRITTEN = st.one_of(_NEAR, _ROUND, st.integers(LIMIT + 1, 10**21 - 1), st.integers(10**15, 10**40))
FOLLOWING = st.integers(-3, 3)


def _shifted(number: int, places: int) -> str:
    """The number with its point moved to the left, and the exponent that makes up for it."""
    digits = str(number)
    return f"{digits[:-places]}.{digits[-places:]}e{places}"


def spelled(number: int) -> list[str]:
    digits = str(number)
    zeros = len(digits) - len(digits.rstrip("0"))
    return [
        f"{digits}.0",
        f"{digits}.00e-0",
        f"{digits}e0",
        f"{digits}E+0",
        f"{digits}0e-1",
        f"{digits[0]}.{digits[1:]}e{len(digits) - 1}",
        f"{digits[: len(digits) - zeros]}e{zeros}",
        _shifted(number, 3),
    ]


#: With `L` for the literal. Data are `a`, an integer near it, and `l`, some of them.
ANYWHERE = [
    "L",
    "-L",
    "[L, a]",
    "{'x': L}",
    "{'x': [L]} = {'x': [a]}",
    "$string(L)",
    "$string([L, -L])",
    "'n' & L",
    "a = L",
    "a != L",
    "a < L",
    "a >= L",
    "-a < -L",
    "L > a",
    "a in [L]",
    "L in l",
    "l[$ = L]",
    "l[$ >= L]",
    "$count(l[$ < L])",
    "a < L and -L < a",
    "$max([a, L])",
    "$sort([L, a])",
    "$distinct([L, a])",
    "$abs(-L)",
    "$floor(L)",
    "$lookup({$string(L): 1}, $string(a)) ?? 0",
    "a > L ? 'above' : 'not above'",
    "($x := L; a = $x)",
    "$filter(l, function($i) { $i < L })",
    "$number($string(a)) = L",
    "a + L",
    "L - a",
    "L * 2",
    "L / 4",
    "a / -L",
    "L % 1000",
    "7 + L / 1e3 * 2",
    "$sum([L, a])",
    "$power(L, 2)",
    "$round(L)",
    "[1..L]",
]
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize("source", ANYWHERE)
@settings(max_examples=25, deadline=None)
@given(number=st.one_of(_NEAR, _ROUND, st.integers(LIMIT + 1, 10**21 - 1)), step=FOLLOWING, pick=st.integers(0, 7))
def test_a_literal_means_what_its_integer_means_in_plain_digits(source: str, number: int, step: int, pick: int) -> None:
    data = {"a": number + step, "l": [number, number + step, 5]}

    written = evaluated(source.replace("L", spelled(number)[pick]), data)

    assert written == evaluated(source.replace("L", str(number)), data)
    assert (written[0] is FAILED) == (written[1] is FAILED)


@pytest.mark.parametrize("sign", COMPARED)
@settings(max_examples=100, deadline=None)
@given(number=WRITTEN, step=FOLLOWING, pick=st.integers(0, 7))
def test_a_literal_of_any_size_is_compared_exactly_with_integers(sign: str, number: int, step: int, pick: int) -> None:
    expected = COMPARED[sign](number + step, number)

    assert evaluated(f"a {sign} {spelled(number)[pick]}", {"a": number + step}) == (expected, expected)


@settings(max_examples=200, deadline=None)
@given(number=WRITTEN, pick=st.integers(0, 7))
def test_a_literal_is_given_back_as_what_it_writes(number: int, pick: int) -> None:
    literal = spelled(number)[pick]
    is_short = len(str(number).rstrip("0")) <= 15

    for value in evaluated(literal, {}):
        assert value == number or (is_short and number >= 10**21 and value == float(literal))


@settings(max_examples=200, deadline=None)
@given(number=WRITTEN, other=st.integers(1, 10**6), sign=st.sampled_from("+-*/%"), pick=st.integers(0, 7))
def test_what_is_computed_from_a_literal_is_exact_or_fails(number: int, other: int, sign: str, pick: int) -> None:
    exact = {"+": operator.add, "-": operator.sub, "*": operator.mul}
    for value in evaluated(f"{spelled(number)[pick]} {sign} a", {"a": other}):
        if value is not FAILED and sign in exact:
            assert value == exact[sign](number, other)
        elif value is not FAILED:
            assert abs(value) < LIMIT


@pytest.mark.parametrize(
    ("source", "data", "value"),
    [
        ("wei / 1e18", {"wei": 3}, 3e-18),
        ("wei / 1000000000000000000", {"wei": 3}, 3e-18),
        ("wei / 1e18", {"wei": 5e18}, 5),
        ("1e16 / 1e10", {}, 1_000_000),
        ("$formatNumber(1e18, '#,##0')", {}, "1,000,000,000,000,000,000"),
        ("$sqrt(1e18)", {}, 1_000_000_000),
        ("1.5e10 + 1", {}, 15_000_000_001),
        ("2.5e0 * 2", {}, 5),
        ("9007199254740993.5", {}, 9007199254740994.0),
        ("6.022e23", {}, 6.022e23),
        ("-1e22", {}, -1e22),
        ("$string(1e21)", {}, "1e+21"),
        ("$string([1e21, a])", {"a": LIMIT + 1}, "[1e+21,9007199254740993]"),
        ("1e-400", {}, 0),
    ],
)
def test_what_floating_point_is_right_for_stays_floating_point(source: str, data: Any, value: Any) -> None:
    assert evaluated(source, data) == (value, value)


@pytest.mark.parametrize(
    "source", ["1e18 / a & ''", "1e18 * a", "9007199254740993.0 - a", "$formatBase(1234567890123456768.0)"]
)
def test_what_would_be_rounded_fails(source: str) -> None:
    assert evaluated(source, {"a": 3}) == (FAILED, FAILED)


@pytest.mark.parametrize("beside", [5, LIMIT + 1, 10**30])
def test_a_float_of_the_data_equals_the_literal_that_it_was_read_from(beside: int) -> None:
    data = {"x": 1e25, "beside": beside}

    assert evaluated("[beside, x = 1e25, x >= 1e25, x < 1e25, -x = -1e25]", data) == (
        [beside, True, True, False, True],
        [beside, True, True, False, True],
    )


def test_an_integer_between_a_float_and_the_literal_that_it_was_read_from_fails() -> None:
    assert evaluated("[x = 1e25, y = 1e25]", {"x": 1e25, "y": 10**25}) == (FAILED, FAILED)


@pytest.mark.parametrize("paths", [[("x",), ("id",)], [("id",), ("x",)]])
def test_an_integer_is_found_beside_a_larger_float(paths: list[tuple[str, ...]]) -> None:
    assert look_through({"x": 1e300, "id": LIMIT + 1}, paths, None) is Reach.LARGE


def test_a_sum_with_floats_beyond_2_to_the_53_fails_beside_large_integers() -> None:
    data = {"id": LIMIT + 1, "x": 1e24}

    assert evaluated("[id, $sum([5, x, -x])]", data) == (FAILED, FAILED)
    assert evaluated("[id, $sum([5, 1e24, -1e24])]", data) == (FAILED, FAILED)


@pytest.mark.parametrize(
    ("literal", "expected"), [("1e16", True), ("10000000000000000.0", True), ("10000000000000001e0", False)]
)
def test_conditions_and_templates_read_literals_exactly(literal: str, expected: bool) -> None:
    condition = compile_expression(f"input.total >= {literal}")
    template = compile_template({"is": f"{{{{ input.total in [{literal}] }}}}", "text": f"n-{{{{ {literal} }}}}"})
    scope = {"input": {"total": 10**16}}

    assert condition.tier is Tier.SAFE
    assert condition.is_true(scope, now=NOW, seed=1) is expected
    assert template.render(scope, now=NOW, seed=1) == {"is": expected, "text": f"n-{int(Decimal(literal))}"}
