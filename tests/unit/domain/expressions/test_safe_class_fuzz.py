"""Expressions made from the words of the language at random: those that are called safe cost little on hostile data.

A run of a few thousand is enough for every day; `STEPGRAPH_FUZZ=100000` makes it longer, `STEPGRAPH_FUZZ_SEED` another.
"""

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest

from domain.expressions.expression import ExpressionError, ExpressionSyntaxError, Tier, compile_expression
from domain.expressions.language.safe_functions import SAFE_FUNCTIONS
from domain.kernel.json.text import JsonValue
from tests.costs import least_seconds

EXPRESSIONS = int(os.environ.get("STEPGRAPH_FUZZ", "1500"))
SEED = int(os.environ.get("STEPGRAPH_FUZZ_SEED", "20260131"))
MOST_SECONDS = 2.0
MOST_BYTES = 600 * 2**20
"""Bytes of address space that one evaluation may add to those the process has when it starts."""

_PROGRAM = f"""
import resource, sys
from tests.unit.domain.expressions.test_safe_class_fuzz import fuzz
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 2**34
resource.setrlimit(resource.RLIMIT_AS, (size + {MOST_BYTES}, size + {MOST_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
fuzz(int(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.mark.timeout(300 + EXPRESSIONS / 10)
def test_what_is_called_safe_costs_little_on_hostile_data() -> None:
    """In a process of its own, which too much memory ends."""
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(SEED), str(EXPRESSIONS)], capture_output=True, text=True, check=False
    )
    lines = run.stdout.splitlines()
    assert run.returncode == 0, (lines[-1:], run.stderr[-2_000:])
    evaluated, seconds, source = int(lines[-3]), float(lines[-2]), lines[-1]
    assert evaluated > EXPRESSIONS / 20
    assert seconds < MOST_SECONDS, (seconds, source)


def fuzz(seed: int, count: int) -> None:
    """Print each expression before it is evaluated, then how many there were, the worst of them and its seconds."""
    grammar = _Grammar(random.Random(seed))
    evaluated, worst = 0, (0.0, "")
    for _ in range(count):
        source = grammar.expression(4)
        try:
            expression = compile_expression(source)
        except ExpressionSyntaxError:
            continue
        if expression.tier is Tier.SANDBOX:
            continue
        evaluated += 1
        sys.stdout.write(f"{source}\n")
        sys.stdout.flush()
        worst = max(worst, (_seconds(source), source))
    sys.stdout.write(f"{evaluated}\n{worst[0]}\n{worst[1]}\n")


def _seconds(source: str) -> float:
    def evaluate(data: Mapping[str, JsonValue]) -> None:
        with contextlib.suppress(ExpressionError):
            compile_expression(source).evaluate(data, now=datetime(2026, 1, 31, tzinfo=UTC), seed=1)

    return max(least_seconds(partial(evaluate, data), enough=MOST_SECONDS, tries=3) for data in HOSTILE)


class _Grammar:
    """Writes expressions, right and wrong ones alike: with any number of arguments, of any type, anywhere."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._functions = sorted(SAFE_FUNCTIONS)
        self._indifferent = [name for name in self._functions if SAFE_FUNCTIONS[name].is_indifferent]

    def expression(self, depth: int) -> str:
        if depth == 0 or self._chance.random() < 0.15:
            return self._chance.choice(LEAVES)
        rule = self._chance.choice((self._call, self._path, self._filter, self._operator, self._built, self._choice))
        return rule(depth - 1)

    def _call(self, depth: int) -> str:
        names = self._functions if self._chance.random() < 0.7 else self._indifferent
        arguments = [self._argument(depth) for _ in range(self._chance.choice((0, 1, 1, 1, 2, 2, 3, 4)))]
        return f"{self._chance.choice(names)}({', '.join(arguments)})"

    def _argument(self, depth: int) -> str:
        return self._chance.choice(HEAVY) if self._chance.random() < 0.3 else self.expression(depth)

    def _path(self, depth: int) -> str:
        right = self.expression(depth)
        return f"{self.expression(depth)}.{right if self._chance.random() < 0.5 else f'({right})'}"

    def _filter(self, depth: int) -> str:
        return f"{self.expression(depth)}[{self.expression(depth) if self._chance.random() < 0.9 else ''}]"

    def _operator(self, depth: int) -> str:
        sign = self._chance.choice(("=", "!=", "in", "<", ">=", "and", "or", "+", "-", "*", "/", "%", "&", "??", "?:"))
        left, right = self.expression(depth), self.expression(depth)
        return f"{left} {sign} {right}" if self._chance.random() < 0.5 else f"({left} {sign} {right})"

    def _built(self, depth: int) -> str:
        if self._chance.random() < 0.5:
            return f"[{', '.join(self.expression(depth) for _ in range(self._chance.randrange(4)))}]"
        return (
            "{" + ", ".join(f"'{name}': {self.expression(depth)}" for name in "lr"[: self._chance.randrange(3)]) + "}"
        )

    def _choice(self, depth: int) -> str:
        if self._chance.random() < 0.3:
            return f"-{self.expression(depth)}"
        return f"({self.expression(depth)} ? {self.expression(depth)} : {self.expression(depth)})"


HEAVY = ("n.$$", "b.($$.n)", "a.[$$]", "[n.$$]", "b.{'l': $$}", "$$.n.$$")
LEAVES = (
    *("a", "n", "b", "b.z", "c", "g", "t", "w", "k", "i", "e", "x", "q", "$", "$$", "$$.n", "$$.b", "$$.c", "$$.t"),
    *("0", "1", "-1", "1e300", "9007199254740993", "'a'", "'0'", "'[Y]'", "''", "null", "true"),
)

#: Data that go over the limits of the engine, and data that stay just within them.
HOSTILE: Sequence[Mapping[str, JsonValue]] = (
    {
        "a": [1] * 20_000,
        "n": [0] * 200_000,
        "b": [{"i": index, "z": [0] * 20, "s": "x" * 50} for index in range(4_000)],
        "c": {f"k{index}": index for index in range(30_000)},
        "g": [[0] * 100] * 100,
        "t": "y" * 300_000,
        "w": [f"{index:06}" for index in range(20_000)],
        "k": 3,
        "i": [2**63 + index for index in range(5_000)],
        "e": [1e300] * 5_000,
        "q": [],
    },
    {
        "a": [1] * 9_000,
        "n": [0] * 9_000,
        "b": [{"i": index, "z": [0] * 9} for index in range(900)],
        "c": {f"k{index}": "x" * 90 for index in range(900)},
        "g": [[0] * 90] * 90,
        "t": "y" * 200_000,
        "w": [f"{index:06}" for index in range(9_000)],
        "k": 3,
        "i": [2**63 + index for index in range(900)],
        "e": [1e300] * 900,
        "x": [0],
    },
)
