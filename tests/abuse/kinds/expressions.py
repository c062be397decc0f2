"""Expressions to try out: those that are evaluated in the API itself, and those that go to the sandbox."""

from random import Random
from typing import Any

from tests.abuse.attack import Attack, Kind, Target, ask, kind, numbered, repeated
from tests.integration.hostile_expressions import KNOWN, OWN

EXPRESSIONS: list[Kind] = []
_EVALUATE = "query ($e: Expression!, $c: JSON!) { evaluate(expression: $e, context: $c) { value error } }"
_FUNCTIONS = (
    "count",
    "exists",
    "string",
    "sum",
    "not",
    "boolean",
    "keys",
    "length",
    "uppercase",
    "number",
    "lookup",
    "type",
    "max",
)


def context(chance: Random, size: int) -> Any:
    """Data of about so many bytes for expressions to walk through."""
    return chance.choice(
        [
            {"x": [1] * (size // 3)},
            {"x": [{"n": {"m": 1}}] * (size // 19)},
            {"x": [[[1], [2]]] * (size // 15)},
            {"x": "ab " * (size // 3)},
            {"x": {f"k{n}": n for n in range(size // 12)}},
            {"x": [{"x": [{"x": 1}] * 9}] * max(1, size // 100)},
            {"x": 10**300},
        ]
    )


def safe_expression(chance: Random, size: int) -> str:
    """An expression of names, literals, operators and calls of cheap functions, or nearly."""
    name = chance.choice(["x", "x.n", "x.n.m", "x.x.x", "$.x", "x[0]", "x[-1]", "$$.x", "x.*", "$"])
    function = chance.choice(_FUNCTIONS)
    extra = chance.choice(["", "", f", {name}", ", n.$$", ", function($v) { $v }", ", 1, 2, 3"])
    return chance.choice(
        [
            name,
            f"${function}({name}{extra})",
            "[" + numbered("x.a#", size, ", ") + "]",
            "[1e300, " + numbered("x.a#.b", size, ", ") + "]",
            "{" + numbered(f'"k#": {name}', size, ", ") + "}",
            repeated(f"{name} & ", size) + "x",
            repeated(f"{name} = 1 or ", size) + "x",
            repeated("1 + ", size) + "1",
            repeated("x ? ", size // 2) + "1" + repeated(" : 2", size // 2),
            "x" + repeated(".x", size),
            "x" + repeated("[0]", size),
            "(" * (size // 2) + "x" + ")" * (size // 2),
            "[" * (size // 2) + "x" + "]" * (size // 2),
            "-" * size + "1",
            '"' + "a" * size + '"',
            f"${function}(" * min(200, size // 10) + name + ")" * min(200, size // 10),
            "`" + "a" * size + "`",
            "/*" + "a" * size + "*/ x",
            f"[{', '.join([name] * max(1, min(2_000, size // 10)))}]",
            f"{name} in {name}",
            f"{name} = {name}",
            "9" * min(size, 9_000),
        ]
    )


def costly_expression(chance: Random, size: int) -> str:
    """An expression that only the sandbox evaluates."""
    written = [*KNOWN.values(), *OWN.values()]
    return chance.choice(
        [*written, "$map([1..9999], function($v) { $v })", "$distinct(x)", "x^(>$)", "x[$ > 0].n", "$sort(x)", "**"]
    )


@kind(EXPRESSIONS, "expression: cheap ones, nearly", uses_sandbox=True)
def safe(chance: Random, target: Target, size: int) -> Attack:
    half = size // 2
    return ask(
        target.token("VIEWER"),
        _EVALUATE,
        e=safe_expression(chance, chance.choice([50, min(half, 8_000)])),
        c=context(chance, half),
    )


@kind(EXPRESSIONS, "expression: costly ones", uses_sandbox=True)
def costly(chance: Random, target: Target, size: int) -> Attack:
    return ask(target.token("VIEWER"), _EVALUATE, e=costly_expression(chance, size), c=context(chance, size // 2))


@kind(EXPRESSIONS, "expression: odd texts", uses_sandbox=True)
def odd(chance: Random, target: Target, size: int) -> Attack:
    words = [
        "$",
        "x",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        "*",
        "**",
        "%",
        "^",
        "@$a",
        "#$i",
        ":=",
        "~>",
        "|",
        "?",
        ":",
        "function",
        "λ",
        "and",
        "or",
        "in",
        "/a+/",
        '"',
        "'",
        "`",
        "1",
        "..",
        ",",
        ";",
        "$map",
        "$$",
        "\\",
        "&",
        "<",
        "≠",
        "e9",
    ]
    text = "".join(chance.choice(words) for _ in range(min(size // 3, 3_000)))
    whole = chance.choice(
        [
            text,
            "/" + "(a*)*" * (size // 5) + "/",
            "/" + "(" * size,
            '"' + "\\u00e9" * (size // 6) + '"',
            "((x;" * (size // 4),
        ]
    )
    return ask(target.token("VIEWER"), _EVALUATE, e=whole, c={"x": 1})


@kind(EXPRESSIONS, "expression: many in one request", uses_sandbox=True)
def many(chance: Random, target: Target, size: int) -> Attack:
    count = min(99, max(1, size // 90))
    field = chance.choice(
        [
            'a#: evaluate(expression: "$map([1..9999], function($v) { $v })", context: {}) { error }',
            'a#: evaluate(expression: "$string([1..100])", context: {x: 1}) { value }',
            'a#: evaluate(expression: "($f := function() { $f() }; $f())", context: {}) { error }',
            'a#: evaluate(expression: "x.y.z", context: {x: {y: 1}}) { value }',
        ]
    )
    return ask(
        target.token("VIEWER"), "{ " + numbered(field, 1_000_000, most=min(count, chance.choice([3, 99]))) + " }"
    )


@kind(EXPRESSIONS, "expression: many over one context", uses_sandbox=True)
def many_over_one(chance: Random, target: Target, size: int) -> Attack:
    count = min(50, max(1, size // 90))
    expression = chance.choice(
        ["x.b#", "$sum(x) + #", "$count(x.b#)", "$distinct(x.b#)", "x[#]", "x[b# = 1]", "$$.x.b#"]
    )
    fields = numbered(f'a#: evaluate(expression: "{expression}", context: $c) {{ value error }}', 1_000_000, most=count)
    data = chance.choice([[0] * (size // 3), [{"a": 1}] * (size // 12), [[1]] * (size // 6)])
    return ask(target.token("VIEWER"), f"query ($c: JSON!) {{ {fields} }}", c={"x": data})
