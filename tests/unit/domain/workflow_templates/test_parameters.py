r"""`<<name>>` in texts: where parameters begin and end, and `\<<`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.workflow_templates.parameters import Parameter, ParameterError, scan_parameters

URL, ID = Parameter("url"), Parameter("id_1")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("nothing < here > at >> all", ["nothing < here > at >> all"]),
        ("<<url>>", [URL]),
        ("<<url>>/orders/<<id_1>>", [URL, "/orders/", ID]),
        ("<<url>><<url>>", [URL, URL]),
        (r"\<<url>>", ["<<url>>"]),
        (r"a \<< b <<url>>", ["a << b ", URL]),
        (r"\<<<url>>", ["<<<url>>"]),
        ("{{ steps.<<id_1>>.output }}", ["{{ steps.", ID, ".output }}"]),
        ("<<url>>>", [URL, ">"]),
    ],
)
def test_a_text_is_cut_into_literal_parts_and_parameters(text: str, parts: list[str | Parameter]) -> None:
    assert scan_parameters(text) == parts


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("cat <<EOF", "never closed", 4),
        ("<< url >>", "`<< url >>` names no parameter", 0),
        ("<<>>", "names no parameter", 0),
        ("a <<1st>>", "names no parameter", 2),
        ("<<a-b>>", "names no parameter", 0),
        ("<<" + "a" * 65 + ">>", "names no parameter", 0),
        ("<<<url>>", "names no parameter", 0),
    ],
)
def test_what_begins_like_a_parameter_and_is_none_is_refused(text: str, message: str, position: int) -> None:
    with pytest.raises(ParameterError, match=message) as refused:
        scan_parameters(text)
    assert refused.value.position == position
    assert r"\<<" in str(refused.value)


@given(st.text(alphabet="a<>\\", max_size=12))
def test_a_text_with_every_opening_escaped_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("<<", r"\<<")
    if r"\\<<" not in escaped and "<<<" not in text:
        assert "".join(map(str, scan_parameters(escaped))) == text
