"""Documents that are small and costly: refused before they are validated, and never slow."""

import gc
from collections.abc import Iterator
from itertools import count, takewhile

import pytest
from graphql import get_introspection_query

from graphql_api.context import ApiOptions
from tests.costs import least_seconds
from tests.integration.graphql_api.api import Api

VALIDATING = 0.075
"""Seconds of processor time, on the reference machine, in which a document is read and validated that is within all
limits."""
READING = 0.05
"""Seconds of processor time in which a document is read that has as many tokens as it may."""
RUNS = 20


@pytest.fixture(autouse=True)
def _as_in_the_api() -> Iterator[None]:
    """Collect garbage as often as the API does."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.set_threshold(10_000, 20, 20)
    yield
    gc.set_threshold(*thresholds)


def assert_costs_at_most(seconds: float, api: Api, document: str) -> None:
    """Fail unless one of several runs takes less; each reads a document that was not read before."""
    numbers = count()
    cost = least_seconds(
        lambda: api.schema.operation_type_of(f"{document}#{next(numbers)}", None), enough=seconds, tries=RUNS
    )
    assert cost < seconds


def repeated(text: str, times: int, within: str = "{ %s }") -> str:
    return within.replace("%s", " ".join(text.replace("#", str(n)) for n in range(times)))


def fragments(count: int, body: str, on: str = "Workflow") -> str:
    return repeated(f"fragment f# on {on} {{ {body} }}", count, "%s")


NODES = "{ workflows { nodes { %s } } }"
TOO_COSTLY = {
    "one field over and over": repeated("id", 499, NODES),
    "one field with fields over and over": repeated("nodes { id }", 499, "{ workflows { %s } }"),
    "one field with fields in inline fragments": repeated("...on Workflow { executions { nodes { id } } }", 200, NODES),
    "repeated on every level": repeated(
        repeated(repeated("executions { nodes { id } }", 7, "nodes { %s }"), 6, "workflows { %s }"), 5
    ),
    "fragments beside fragments": repeated("...f#", 99, NODES) + fragments(99, "id"),
    "fragments in a chain": "{ workflows { nodes { ...f0 } } }"
    + " ".join(f"fragment f{n} on Workflow {{ id ...f{n + 1} }}" for n in range(98))
    + " fragment f98 on Workflow { id }",
    "an unused fragment": "{ __typename } fragment f on Workflow " + repeated("id", 4_900),
    "operations that share a fragment": repeated("query q# { ...f }", 400, "%s")
    + " fragment f on Query "
    + repeated("a#: __typename", 90),
    "operations that share variables": repeated("query q#($a: Int) { ...f }", 199, "%s")
    + " fragment f on Query "
    + repeated("a#: workflows(first: $a) { nodes { id } }", 90),
    "variables": repeated("$v#: Int", 1_000, "query(%s) { __typename }"),
    "directives": repeated("@skip(if: true)", 700, "{ __typename %s }"),
    "arguments": repeated("first#: 1", 1_200, "{ workflows(%s) { nodes { id } } }"),
    "a list": repeated("1", 4_900, '{ evaluate(expression: "1", context: [%s]) { value } }'),
    "an object": repeated("a#: 1", 1_600, '{ evaluate(expression: "1", context: {%s}) { value } }'),
    "lists of nothing": repeated("[]", 2_000, '{ evaluate(expression: "1", context: [%s]) { value } }'),
    "a fragment that nobody spreads, twice": "{ __typename } fragment f on Workflow { id } fragment f on Workflow "
    + repeated("id", 4_800),
    "a default": repeated("1", 4_900, "query($a: JSON = [%s]) { __typename }"),
}


@pytest.mark.parametrize("name", TOO_COSTLY)
async def test_what_would_be_slow_to_validate_is_refused_at_once(api: Api, name: str) -> None:
    name_of_first = "q0" if "query q0" in TOO_COSTLY[name] else None
    result = await api.schema.execute(TOO_COSTLY[name], context_value=api.context(), operation_name=name_of_first)

    assert result.errors is not None
    [error] = result.errors
    assert (error.extensions or {})["code"] == "OPERATION_TOO_COMPLEX"
    assert "more than" in error.message
    assert_costs_at_most(READING + VALIDATING / 2, api, TOO_COSTLY[name])


AT_THE_LIMIT = {
    "one field over and over": repeated("id", 190, NODES),
    "one field with fields over and over": repeated("nodes { id }", 55, "{ workflows { %s } }"),
    "fragments beside fragments": repeated("...f#", 45, NODES) + fragments(45, "id"),
    "types": repeated('a#: node(id: "x") { ...on Workflow { id } ...on Schedule { id } ...on Webhook { id } }', 90),
    "arguments": repeated(
        "a#: workflows(first: 1, filter: {nameContains: $v}) { nodes { id } }", 95, "query($v: String) { %s }"
    ),
    "literals": repeated("1", 900, '{ evaluate(expression: "1", context: [%s]) { value } }'),
    "variables": repeated("$v#: Int", 190, "query(%s) ") + repeated("@include(if: true) __typename", 1),
    "wrong names": repeated("executionsOfWorkflowsByStatusAndName#", 900),
    "long wrong names": repeated("workflowExecutions" * 40 + "#", 100),
    "blanks": "{ __typename }" + "\n" * 90_000,
    "commas": "{ __typename }" + ", " * 40_000,
    "a comment": "{ __typename } #" + "x" * 90_000,
    "a string": '{ evaluate(expression: "%s", context: 1) { value } }'.replace("%s", "\\u0041" * 15_000),
    "a block string": '{ evaluate(expression: """%s""", context: 1) { value } }'.replace("%s", " \n" * 45_000),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
async def test_what_is_validated_is_validated_quickly(api: Api, name: str) -> None:
    assert_costs_at_most(VALIDATING, api, AT_THE_LIMIT[name])


async def test_what_tools_and_people_ask_is_far_from_the_limits() -> None:
    half = ApiOptions(
        max_validation_work=2_000, max_tokens=1_000, max_literals=100, max_variables=20, max_directives=20
    )
    api = Api(options=half)
    fields = "id name version status labels createdAt updatedAt"

    await api.run(
        "query a($n: Int, $all: Boolean = true) {"
        " workflows(first: $n) { ...page nodes { ...f id } } health { status } }"
        " fragment page on WorkflowConnection {"
        " pageInfo { hasNextPage endCursor } nodes @include(if: $all) { id ...f } }"
        f" fragment f on Workflow {{ {fields} executions {{ nodes {{ id status }} }} }}"
    )
    await api.run(get_introspection_query())


async def test_a_fragment_that_spreads_itself_is_said_to(api: Api) -> None:
    errors = await api.errors("{ ...a } fragment a on Query { ...b __typename } fragment b on Query { ...a }")

    assert "Cannot spread fragment" in errors[0]["message"]


async def test_the_kept_documents_have_a_size_in_all(api: Api) -> None:
    texts = [f"{{ a{n}: __typename {'#' * 7_000}\n }}" for n in range(200)]
    prepared = [api.schema.documents.prepare(text, api.schema._schema, ()) for text in texts]

    def is_kept(n: int) -> bool:
        return api.schema.documents.prepare(texts[n], api.schema._schema, ()) is prepared[n]

    assert 100_000 < sum(len(texts[n]) for n in takewhile(is_kept, range(199, -1, -1))) <= 250_000
