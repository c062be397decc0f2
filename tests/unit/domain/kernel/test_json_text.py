"""JSON text: strict to read, exact to keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.json.text import JsonValue, dumps, loads

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_what_is_written_reads_back_the_same(value: JsonValue) -> None:
    assert loads(dumps(value)) == value
    assert loads(dumps(value).encode()) == value


def test_integers_of_any_size_and_the_order_of_keys_are_kept() -> None:
    text = '{"z":123456789012345678901234567890,"a":-9223372036854775809,"m":1.0}'

    assert dumps(loads(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1,]", "{'a':1}", "NaN", "Infinity", "01", '"\\ud800"', "[" * 100_000, '{"a":1} x',
     "123456789012345678901234567890 x", "[NaN, 1234567890123456789]"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
        loads(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
        loads(b'"\xff"')


def test_what_json_cannot_say_is_refused() -> None:
    circle: list[JsonValue] = []
    circle.append(circle)
    for value in ("\ud800", circle, {"a": "\udfff"}):
        with pytest.raises(ValueError, match="JSON"):
            dumps(value)
