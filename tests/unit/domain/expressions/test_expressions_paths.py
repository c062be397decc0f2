"""A plain path is walked without the engine, and gives what the engine would give."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionError, Tier, compile_expression
from domain.expressions.language.jsonata import UNDEFINED, Program
from domain.kernel.json.text import JsonValue

NOW = datetime(2026, 1, 31, tzinfo=UTC)

scalars = st.sampled_from([None, True, False, 0, 1, -3, 2.5, "", "abc"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=20,
)
scopes = st.dictionaries(st.sampled_from("ab"), values)
steps = st.sampled_from([".a", ".b", ".c", ".`a`", "[0]", "[1]", "[-1]", "[2]"])
paths = st.builds("".join, st.tuples(st.sampled_from("ab"), st.lists(steps, max_size=5).map("".join)))


@settings(max_examples=300, deadline=None)
@given(path=paths, scope=scopes)
def test_a_path_gives_what_the_engine_gives(path: str, scope: dict[str, JsonValue]) -> None:
    expression = compile_expression(path)
    by_engine = Program(path).evaluate(scope)

    try:
        walked: object = expression.evaluate(scope, now=NOW, seed=1)
    except ExpressionError:
        walked = UNDEFINED

    assert expression.tier is Tier.PATH
    assert repr(walked) == repr(by_engine)
