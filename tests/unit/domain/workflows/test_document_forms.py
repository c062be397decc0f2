"""The portable form of a document, and when two documents mean the same."""

from typing import Any

import pytest

from domain.kernel.errors import InvalidInput
from domain.workflows.documents.reading import canonical, check_document, digest, parse_document, read_document
from tests.builders import a_document, a_workflow, constant, http, transform, wait


def test_the_portable_form_says_what_was_said_and_nothing_more() -> None:
    raw = a_document(
        steps=[
            http(
                body={"z": 1, "a": [None, 2**70, 1.0]}, expectedStatus=[200, "2xx", "200-204"], retry={"maxDelay": None}
            )
        ],
        labels={"team": "shop"},
        variables={"b": None, "a": {"y": 1, "x": 2}},
    )
    assert canonical(parse_document(raw)) == raw


def test_members_of_json_values_keep_their_order() -> None:
    raw = a_document(variables={"b": 1, "a": {"y": 1, "x": 2}})
    variables: Any = canonical(parse_document(raw))["variables"]
    assert (list(variables), list(variables["a"])) == (["b", "a"], ["y", "x"])


def test_the_portable_form_of_the_portable_form_is_the_same() -> None:
    once = canonical(a_workflow(steps=[wait("a", "PT60S"), http(after=["a"], members={"when": None})]))
    assert canonical(read_document(once)) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (http(), http(method="GET")),
        (http(), http(followRedirects=False, body=None)),
        (http(retry={}), http(retry={"maxAttempts": 3, "delay": "PT1S", "factor": 2})),
        (wait("a", "PT60S"), wait("a", "PT1M")),
        (transform(), transform(when=None)),
        (http(expectedStatus=["2xx"]), http(expectedStatus=["200-299"])),
    ],
)
def test_documents_that_mean_the_same_have_the_same_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest(a_workflow(steps=[one])) == digest(a_workflow(steps=[other]))
    assert len(digest(a_workflow(steps=[one]))) == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (http(), http(method="POST")),
        (constant("a", 1), constant("a", 1.5)),
        (constant("a", {"x": 1, "y": 2}), constant("a", {"y": 2, "x": 1})),
        (transform(), transform(after=[])),
        (http(retry={}), http(retry={"maxDelay": None})),
        (http(), http(retry={})),
        (transform("a"), transform("b")),
    ],
)
def test_documents_that_mean_something_else_have_another(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest(a_workflow(steps=[one])) != digest(a_workflow(steps=[other]))


def test_parsing_raises_every_problem() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_document({"name": "x", "steps": [], "output": "nothing"})
    assert [problem.path for problem in caught.value.problems] == [("output",), ("steps",)]


def test_a_document_of_a_newer_release_is_refused_when_it_is_read_back() -> None:
    with pytest.raises(InvalidInput, match="There is no member 'novelty' here"):
        read_document(a_document(novelty=1))


def test_a_stored_document_is_read_back_without_being_checked_again() -> None:
    assert read_document(a_document(output="nothing.at.all")).output == "nothing.at.all"
    assert not check_document(a_document(output="nothing.at.all")).is_valid
