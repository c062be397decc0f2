"""Expressions: their values, their errors, and the properties that are known before they are evaluated."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest

from domain.expressions.expression import (
    EVERYTHING,
    MAX_SOURCE_BYTES,
    Expression,
    ExpressionError,
    ExpressionSyntaxError,
    Tier,
    compile_expression,
)
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue

NOW = datetime(2026, 1, 31, 8, 0, 0, 123_456, tzinfo=UTC)

ORDERS: list[JsonValue] = [
    {"id": 1, "price": 2.5, "quantity": 4, "paid": True},
    {"id": 2, "price": 1, "quantity": 1, "paid": False},
]
SCOPE: Mapping[str, JsonValue] = {
    "input": {
        "name": "Ann",
        "age": 30,
        "none": None,
        "empty": [],
        "orders": ORDERS,
        "first-name": "Ann",
        "text": "{{ input.name }}",
        "words": ["b", "a"],
        "large": 9_007_199_254_740_993,
        "huge": 2**70,
        "ids": [{"id": 9_007_199_254_740_993}, {"id": 5}],
        "whole": 1.0,
    },
    "vars": {"limit": 2},
    "steps": {"fetch": {"output": {"body": {"items": [[1, 2], [3]]}}, "status": "COMPLETED"}},
    "secrets": {"token": "s3cret"},
}


def evaluate(source: str, scope: Mapping[str, JsonValue] = SCOPE) -> JsonValue:
    return compile_expression(source).evaluate(scope, now=NOW, seed=7)


def failure(source: str, scope: Mapping[str, JsonValue] = SCOPE) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, scope)
    return caught.value


@pytest.mark.parametrize(
    ("source", "tier", "value"),
    [
        ("input.name", Tier.PATH, "Ann"),
        ("  input . name /* who */ ", Tier.PATH, "Ann"),
        ("{{ input.name }}", Tier.PATH, "Ann"),
        ("input.`first-name`", Tier.PATH, "Ann"),
        ("input.none", Tier.PATH, None),
        ("input.empty", Tier.PATH, []),
        ("input.orders[1].id", Tier.PATH, 2),
        ("input.orders[-1].id", Tier.PATH, 2),
        ("input.orders[0][0].id", Tier.PATH, 1),
        ("input.name[0]", Tier.PATH, "Ann"),
        ("input.orders.id", Tier.PATH, [1, 2]),
        ("steps.fetch.output.body.items[0]", Tier.PATH, [1, 2]),
        ("input.age > 18 and input.name = 'Ann'", Tier.SAFE, True),
        ("input.missing ?? 'nobody'", Tier.SAFE, "nobody"),
        ("input.none ?? 'nobody'", Tier.SAFE, None),
        ("input.none ?: 'nobody'", Tier.SAFE, "nobody"),
        ("input.age >= 18 ? 'adult' : 'child'", Tier.SAFE, "adult"),
        ("input.orders[paid = true].id", Tier.SAFE, 1),
        ("[input.orders[paid = true].id]", Tier.SAFE, [1]),
        ("$sum(input.orders.(price * quantity))", Tier.SAFE, 11),
        ("$uppercase(input.name) & '!'", Tier.SAFE, "ANN!"),
        ("$join($sort(input.words), ', ')", Tier.SAFE, "a, b"),
        ("$merge([vars, {'name': input.name}])", Tier.SAFE, {"limit": 2, "name": "Ann"}),
        ("input.orders.{'id': id, 'limit': $$.vars.limit}", Tier.SAFE, [{"id": 1, "limit": 2}, {"id": 2, "limit": 2}]),
        ("{{ {'a': {'b': input.age}} }}", Tier.SAFE, {"a": {"b": 30}}),
        ("[]", Tier.SAFE, []),
        ("null", Tier.SAFE, None),
        ("input.text", Tier.PATH, "{{ input.name }}"),
        ("input.text & ''", Tier.SAFE, "{{ input.name }}"),
    ],
)
def test_an_expression_gives_its_value_in_the_tier_it_belongs_to(source: str, tier: Tier, value: JsonValue) -> None:
    assert compile_expression(source).tier is tier
    assert evaluate(source) == value


@pytest.mark.parametrize(
    "source",
    ["($x := 1; $x)", "$map(input.orders, function($o) {$o.id})", "[1..3]", "input.*", "input.orders^(price)", "$sum"],
)
def test_what_only_the_sandbox_may_evaluate_is_parsed_but_not_evaluated(source: str) -> None:
    assert compile_expression(source).tier is Tier.SANDBOX
    assert failure(source).code is FailureCode.EXPRESSION_FAILED
    assert str(failure(source)) == f"`{source}` needs the sandbox, which is not available here."


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("input.email", "`input.email` yields nothing: `input` has no `email`."),
        (
            "steps.fetch.output.boddy.id",
            "`steps.fetch.output.boddy.id` yields nothing: `steps.fetch.output` has no `boddy`.",
        ),
        ("input.none.id", "`input.none.id` yields nothing: `input.none` is null."),
        ("nowhere", "`nowhere` yields nothing: there is no `nowhere`."),
        ("input.orders[7].id", "`input.orders[7].id` yields nothing."),
        ("input.missing + 1", "`input.missing + 1` yields nothing: `input` has no `missing`."),
        ("secrets.password", "`secrets.password` yields nothing: `secrets` has no `password`."),
    ],
)
def test_an_expression_that_yields_nothing_says_what_is_missing(source: str, message: str) -> None:
    assert failure(source).code is FailureCode.EXPRESSION_FAILED
    assert str(failure(source)) == message


def test_a_type_error_of_the_language_names_the_expression_and_the_fault() -> None:
    error = failure("input.name > 3")

    assert error.code is FailureCode.EXPRESSION_FAILED
    assert str(error).startswith("`input.name > 3` failed: ")
    assert error.to_step_error("fetch").to_json() == {
        "code": "EXPRESSION_FAILED",
        "message": str(error),
        "path": "fetch",
        "details": {"expression": "input.name > 3"},
    }


LINES: Mapping[str, JsonValue] = {
    "input": {"lines": [{"sku": "a", "n": 1}], "min": 5},
    "vars": {"v": 2},
    "steps": {"s": {"output": {"x": "b"}}},
}


@pytest.mark.parametrize(
    ("source", "root"),
    [
        ("input.lines[n = input.min]", "input"),
        ("input.lines[n = vars.v].sku", "vars"),
        ("input.lines[sku in [steps.s.output.x]]", "steps"),
        ("input.lines[n > 0 and (n > input.min)]", "input"),
        ("input.lines.(steps.s.output.x)", "steps"),
        ("input.lines[n > 0].{'x': input.min}.x", "input"),
        ("$sum(input.lines[n > input.min].n)", "input"),
        ("input.lines[n = $$.input.min or sku = vars.v]", "vars"),
    ],
)
def test_a_root_that_is_read_from_an_item_and_yields_nothing_is_told_with_what_to_write(source: str, root: str) -> None:
    told = str(failure(source, LINES))
    assert told.startswith(f"`{source}` yields nothing.")
    assert told.endswith(f"Inside of `[…]` and of a path, names are those of the item: the root is `$$.{root}`.")


@pytest.mark.parametrize(
    "source",
    [
        "input.lines[n = $$.input.min]",
        "input.lines.absent",
        "input.lines[n > 9][0]",
        "input.lines.input",
        "input.lines[`input` = 5]",
        "input.lines[sku = 'input']",
        "[input.lines[n > 9], input.lines[n > 8]][0]",
        "$lookup(input, 'steps')",
    ],
)
def test_what_yields_nothing_without_reading_a_root_from_an_item_gets_no_such_hint(source: str) -> None:
    assert "names are those of the item" not in str(failure(source, LINES))


def test_a_failure_does_not_quote_megabytes_of_data() -> None:
    assert len(str(failure("-input", {"input": {"text": "x" * 1_000_000}}))) < 500


def test_an_expensive_expression_ends_with_a_limit() -> None:
    numbers: list[JsonValue] = list(range(5_000))

    error = failure("$count(input[$ in $$.input])", {"input": numbers})

    assert error.code is FailureCode.EXPRESSION_LIMIT
    assert str(error).startswith("`$count(input[$ in $$.input])` costs too much: ")


@pytest.mark.parametrize("source", ["input.large", "input.huge", "input.whole", "input.ids[0].id"])
def test_a_plain_path_keeps_numbers_exactly(source: str) -> None:
    expected: object = SCOPE["input"]
    for name in source.removeprefix("input.").replace("[0]", ".0").split("."):
        expected = expected[int(name)] if isinstance(expected, list) else expected[name]  # type: ignore[index]

    value = evaluate(source)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("source", ["input.large + 0", "$sum(input.ids.id)", "2 * 1e18"])
def test_an_integer_that_the_engine_would_round_is_refused(source: str) -> None:
    assert "an integer beyond 2^53 would be rounded here" in str(failure(source))


@pytest.mark.parametrize(("source", "value"), [("1e20", 10**20), ("input.ids[id = 5].id", 5)])
def test_large_numbers_that_are_given_are_welcome(source: str, value: int) -> None:
    assert evaluate(source) == value


def test_the_clock_and_the_seed_are_given() -> None:
    def once(source: str, now: datetime = NOW, seed: int = 7) -> JsonValue:
        return compile_expression(source).evaluate({}, now=now, seed=seed)

    assert once("$now()") == "2026-01-31T08:00:00.123Z"
    assert once("$now()", NOW.astimezone(timezone(timedelta(hours=2)))) == "2026-01-31T08:00:00.123Z"
    assert once("$millis()") == 1_769_846_400_123
    assert once("$random()") == once("$random()")
    assert once("$random()", seed=8) != once("$random()")
    assert once("$random()", seed=-(2**70)) == once("$random()", seed=-(2**70))


def test_a_condition_must_be_true_or_false() -> None:
    def is_true(source: str) -> bool:
        return compile_expression(source).is_true({"yes": True, "text": "false", "none": None}, now=NOW, seed=7)

    assert is_true("yes")
    assert not is_true("yes = false")
    with pytest.raises(ExpressionError, match=r"must give true or false, but `text` gives a string"):
        is_true("text")
    with pytest.raises(ExpressionError, match=r"must give true or false, but `none` gives null"):
        is_true("none")


def test_any_mapping_will_do_as_a_scope() -> None:
    scope = MappingProxyType({"input": MappingProxyType({"a": (1, 2)})})

    assert evaluate("input.a", scope) == (1, 2)
    assert evaluate("$sum(input.a)", scope) == 3


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("steps.fetch.output", {("steps", "fetch", "output")}),
        ("input.orders[0].id", {("input", "orders", "id")}),
        (
            "input.orders[price > $$.vars.limit].id",
            {("input", "orders", "price"), ("input", "orders", "id"), ("vars", "limit")},
        ),
        ("'a'", set()),
        ("$count($$)", {EVERYTHING}),
        ("**.id", {EVERYTHING}),
        ("{{ secrets.token }}", {("secrets", "token")}),
        ("($a := input.a; $a)", {("input", "a")}),
    ],
)
def test_what_an_expression_reads_is_known_beforehand(source: str, reads: set[tuple[str, ...]]) -> None:
    assert compile_expression(source).reads == reads


@pytest.mark.parametrize(
    ("source", "position", "message"),
    [
        ("", 0, "is empty"),
        ("   ", 3, "is empty"),
        ("input.", 6, "Unexpected end"),
        ("{{ input. }}", 9, "Unexpected end"),
        ("input.name name", 11, "name"),
        ("input.name = 'Ann", 13, "string is opened here"),
        ("input.`first", 6, "backquotes is opened here"),
        ("input /* or", 6, "comment is opened here"),
        ("{{ input.name", 0, "never closed"),
        ("{{ input.age }} > {{ vars.limit }}", 0, "leave out the braces"),
        ("$input.name", 0, "Nothing defines `$input`"),
        ("1 + $foo(2)", 4, "Nothing defines `$foo`"),
        ("$eval(input.name)", 0, "`$eval` is not available"),
        ("($e := $eval; $e('1'))", 7, "`$eval` is not available"),
        ("(" * 65 + "1" + ")" * 65, 64, "nested more than 64"),
        ("'\ud800'", 1, "surrogate"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_place(source: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression(source)
    assert message in str(caught.value)
    assert caught.value.position == position


def test_a_source_has_a_longest_length_in_bytes() -> None:
    compile_expression("a" * MAX_SOURCE_BYTES)
    for too_long in ("a" * (MAX_SOURCE_BYTES + 1), "é" * (MAX_SOURCE_BYTES // 2 + 1)):
        with pytest.raises(ExpressionSyntaxError, match="8 KiB"):
            compile_expression(too_long)


def test_a_secret_is_a_plain_path_and_its_value_stays_out_of_the_engine() -> None:
    assert evaluate("secrets.token") == "s3cret"
    assert "s3cret" not in str(evaluate("$string($$)"))


@pytest.mark.parametrize(
    "source",
    [
        "secrets",
        "secrets[0]",
        "secrets.token.part",
        "secrets.token & ''",
        "$uppercase(secrets.token)",
        "$$.secrets.token",
        "$lookup($$, 'secrets')",
        "secrets.*",
        "($s := secrets; $s.token)",
        "input.orders[id = $$.secrets.token]",
    ],
)
def test_a_secret_takes_no_part_in_computing(source: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=r"A secret stands alone, as `secrets\.<name>`"):
        compile_expression(source)


def test_a_member_that_is_called_secrets_is_no_secret() -> None:
    assert evaluate("input.secrets & '!'", {"input": {"secrets": "mine"}}) == "mine!"


def test_expressions_are_values() -> None:
    first, second = compile_expression("input.name"), compile_expression("{{ input.name }}")

    assert first == second == Expression("input.name", Tier.PATH, frozenset({("input", "name")}))
    assert len({first, second}) == 1
