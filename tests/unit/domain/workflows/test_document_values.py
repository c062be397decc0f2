"""Values of documents: addresses, sizes, and the limits of what can be stored."""

from typing import Any

import pytest

from domain.expressions.templates import MAX_DEPTH, TemplateError, compile_template
from domain.kernel.limits import Limits
from domain.workflows.documents.reading import CheckedDocument, check_document
from tests.builders import a_document, constant, http, step, transform
from tests.unit.domain.workflows.test_document_problems import faults, the_problem


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://a",
            "https://a.test:8080/x?y=z",
            "http://[::1]:80/",
            "{{ vars.api }}/x",
            "https://{{ input.host }}/x",
            "{{ input.u }}",
        ],
    )
    def test_an_address_is_whole_or_a_template(self, url: str) -> None:
        assert faults(a_document(steps=[http(url=url)], variables={"api": 1})) == {}

    @pytest.mark.parametrize(
        "url",
        [
            "service.test/x",
            "/x",
            "ftp://a",
            "http://",
            "http://a:port",
            "http://a b",
            "file:///etc/passwd",
            "gopher://{{ input.x }}",
        ],
    )
    def test_anything_else_is_refused(self, url: str) -> None:
        assert set(faults(a_document(steps=[http(url=url)]))) == {"steps.0.config.url"}


class TestSizes:
    def test_a_document_over_its_cap_is_refused_with_both_figures(self) -> None:
        problem = the_problem(a_document(description="x" * 1_000_000))
        assert problem.path == ()
        assert "bytes; 1,000,000 are allowed" in problem.message

    def test_too_many_steps_are_counted_over_all_blocks(self) -> None:
        inner = step("c", "CONDITIONAL", {"if": "true", "then": [constant(f"s{n}") for n in range(5)]})
        assert "There are 6 steps; 5 are allowed." in faults(a_document(steps=[inner]), Limits(max_steps=5))["steps"]

    def test_blocks_are_nested_only_so_deep(self) -> None:
        steps = [constant("leaf")]
        for depth in range(10):
            steps = [step(f"c{depth}", "CONDITIONAL", {"if": "true", "then": steps})]
        deepest = "steps" + ".0.config.then" * 10
        assert faults(a_document(steps=steps))[deepest] == "Blocks are nested more than 10 deep."

    def test_values_are_nested_only_so_deep(self) -> None:
        value: Any = []
        for _ in range(100_000):
            value = [value]
        assert "nested more than 200 levels deep" in " ".join(faults(a_document(variables={"a": value})).values())

    def test_a_template_is_nested_only_as_deep_as_it_can_be_compiled(self) -> None:
        value: Any = "x"
        for _ in range(MAX_DEPTH):
            value = [value]
        assert faults(a_document(steps=[constant("s", value)])) == {}
        compile_template(value)

        with pytest.raises(TemplateError):
            compile_template([value])
        found = faults(a_document(steps=[constant("s", [value])]))
        assert list(found.values()) == ["The value is nested more than 100 levels deep."]

    def test_very_many_problems_end_in_a_count(self) -> None:
        checked = check_document(a_document(steps=[transform("s", "nothing") for _ in range(2_000)]))
        assert len(checked.problems) == 501
        assert "more problems" in checked.problems[-1].message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": "x\0"}, "U+0000"),
        ({"\0": 1}, "U+0000"),
        ({"a": "\ud800"}, "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({"a": [float("inf")]}, "JSON has no inf"),
        ({"a": {1: 2}}, "The key 1 is not a string."),
        ({"a": b"bytes"}, "A bytes is not a JSON value."),
        ({"a": {1, 2}}, "A set is not a JSON value."),
    ],
)
def test_what_cannot_be_stored_is_refused_wherever_it_is(value: object, message: str) -> None:
    [problem] = check_document(a_document(variables=value)).problems
    assert problem.path[0] == "variables"
    assert message in problem.message
    ".".join(problem.path).encode()


def test_a_value_that_holds_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["again"] = value
    assert isinstance(check_document(a_document(variables=value)), CheckedDocument)
    assert not check_document(a_document(variables=value)).is_valid


def test_problems_come_in_the_order_of_the_document() -> None:
    steps = [transform(f"s{n}", "nothing") for n in range(12)]
    places = [problem.path[1] for problem in check_document(a_document(steps=steps)).problems]
    assert places == [str(n) for n in range(12)]
