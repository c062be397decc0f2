"""Workflows that are written to keep the worker which executes them from everything else."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from tests.abuse.attack import numbered
from tests.abuse.kinds.expressions import context
from tests.abuse.kinds.schemas import hostile_schemas, hostile_value
from tests.integration.hostile_expressions import KNOWN, OWN

Document: TypeAlias = dict[str, Any]
Make: TypeAlias = Callable[[Random], tuple[list[Document], Any]]
"""Makes the steps of a workflow, and an input."""


def _step(id: str, type: str = "DATA_TRANSFORM", **config: Any) -> Document:
    return {"id": id, "type": type, "config": config}


def _expressions(chance: Random) -> tuple[list[Document], Any]:
    expression = chance.choice([*KNOWN.values(), *OWN.values()])
    place = chance.choice(["value", "condition", "items"])
    match place:
        case "value":
            return [_step("a", expression=expression)], context(chance, 9_000)
        case "condition":
            return [{**_step("a", output=1), "when": expression}], context(chance, 9_000)
        case _:
            return [_step("a", "FOR_EACH", items=expression, steps=[_step("b", output=1)])], context(chance, 9_000)


def _cheap_expressions(chance: Random) -> tuple[list[Document], Any]:
    steps = [_step(f"s{number}", output="{{ input." + "x }}{{ input.x }}" * 20) for number in range(20)]
    many = "[1e300, " + numbered("input.x.a#.b", 3_000, ", ") + "]"
    expressions = ["input.x.x.x", "$count(input.x)", many, "input.x = input.x", "input.*", "$keys(input.x)"]
    one = _step("a", expression=chance.choice(expressions))
    return [*steps, one], context(chance, chance.choice([1_000, 300_000]))


def _many_over_one_input(chance: Random) -> tuple[list[Document], Any]:
    expression = chance.choice(["$sum(input.x) + #", "$max(input.x) + #", "$count(input.x.n#)", "input.x.n#"])
    written = numbered(expression, 1_000_000, "\n", most=chance.choice([60, 200])).split("\n")
    steps = chance.choice(
        [
            [_step("a", output={f"k{number}": f"{{{{ {each} }}}}" for number, each in enumerate(written)})],
            [{**_step(f"s{number}", expression=each), "dependsOn": []} for number, each in enumerate(written)],
            [{**_step(f"s{number}", output=1), "when": f"({each}) > 0"} for number, each in enumerate(written)],
            [_step("v", "VALIDATION", rules=[{"rule": f"({each}) > 0", "message": "m"} for each in written[:50]])],
            [_step("f", "FOR_EACH", items="input.few", steps=[_step("s", output="{{ $sum(input.x) + item }}")])],
        ]
    )
    return steps, {"x": [1] * chance.choice([1_000, 250_000]), "few": [*range(60)]}


def _schemas(chance: Random) -> tuple[list[Document], Any]:
    schema = chance.choice(list(hostile_schemas().values()))
    return [_step("v", "VALIDATION", data="input", schema=schema)], hostile_value(
        chance, chance.choice([1_000, 100_000])
    )


def _loops(chance: Random) -> tuple[list[Document], Any]:
    inner = _step("b", output="{{ item }}")
    nested = _step("c", "FOR_EACH", items=f"[1..{chance.choice([10, 100])}]", steps=[inner], **{"as": "other"})
    count = chance.choice([50, 400])
    return [
        _step("a", "FOR_EACH", items=f"[1..{count}]", steps=[chance.choice([inner, nested])], maxConcurrency=100)
    ], {}


def _branches(chance: Random) -> tuple[list[Document], Any]:
    branches = [{"name": f"b{number}", "steps": [_step("s", output="{{ input }}")]} for number in range(90)]
    return [_step("p", "PARALLEL", branches=branches)], {"x": "y" * chance.choice([10, 20_000])}


def _large_values(chance: Random) -> tuple[list[Document], Any]:
    steps = [_step(f"s{number}", output={"a": "{{ input.x }}", "b": "{{ input.x }}"}) for number in range(6)]
    return steps, {"x": chance.choice(["y" * 400_000, [1] * 100_000, [{"a": 1}] * 40_000])}


def _doubling(chance: Random) -> tuple[list[Document], Any]:
    first = _step("s0", output={"v": "x" * 1_000})
    later = [
        {
            **_step(f"s{n}", output={"a": f"{{{{ steps.s{n - 1}.output }}}}", "b": f"{{{{ steps.s{n - 1}.output }}}}"}),
            "dependsOn": [f"s{n - 1}"],
        }
        for n in range(1, chance.choice([8, 16]))
    ]
    return [first, *later], {}


def _waits(chance: Random) -> tuple[list[Document], Any]:
    return [_step(f"w{number}", "WAIT", duration="PT0.001S") for number in range(chance.choice([50, 300]))], {}


def _descendants(chance: Random) -> tuple[list[Document], Any]:
    steps = [
        _step(f"w{number}", "SUB_WORKFLOW", workflow="abuse descendants") for number in range(chance.choice([1, 3]))
    ]
    return steps, {}


EXECUTIONS: dict[str, Make] = {
    "expressions": _expressions,
    "cheap expressions": _cheap_expressions,
    "many expressions over one input": _many_over_one_input,
    "schemas": _schemas,
    "loops": _loops,
    "branches": _branches,
    "large values": _large_values,
    "values that double": _doubling,
    "waits": _waits,
    "descendants": _descendants,
}
"""The kinds of workflows, by what they do."""
