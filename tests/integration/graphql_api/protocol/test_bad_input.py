"""An attack list: whatever is sent, the answer is clear, cheap and never a 5xx."""

from collections.abc import AsyncIterator
from itertools import takewhile
from typing import Any

import pytest
import pytest_asyncio

from graphql_api.context import ApiOptions
from tests.costs import least_seconds_awaited
from tests.integration.graphql_api.api import Api, LiveServer, post, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

HUGE = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="server")
async def one_server() -> AsyncIterator[LiveServer]:
    """One server for the whole list: it must survive all of it."""
    async with serving(Api()) as live:
        yield live


def bomb(fragments: int, field: str = "health { status }") -> str:
    """Every fragment spreads the next one twice: 2^fragments fields in a document of a few kilobytes."""
    chain = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(fragments))
    return f"{{ ...f0 }} {chain} fragment f{fragments} on Query {{ {field} }}"


def steps(depth: int) -> Any:
    """A typed input with blocks in blocks."""
    inner: list[Any] = [{"id": "a", "config": {"dataTransform": {"output": 1}}}]
    for _ in range(depth):
        inner = [{"id": "a", "config": {"conditional": {"if": "true", "then": inner}}}]
    return inner


VALIDATE = "query($i: CreateWorkflowInput, $d: JSON) { validateWorkflow(input: $i, document: $d) { valid } }"

BODIES: dict[str, bytes | str] = {
    "nothing": b"",
    "null": b"null",
    "a number": b"5",
    "a text": b'"x"',
    "an empty list": b"[]",
    "a batch": b'[{"query": "{__typename}"}]',
    "an empty object": b"{}",
    "broken JSON": b'{"query": ',
    "text after JSON": b'{"query": "{__typename}"} x',
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "UTF-16": '{"query": "{__typename}"}'.encode("utf-16"),
    "NaN": b'{"query": "{__typename}", "variables": {"x": NaN}}',
    "infinity": b'{"query": "{__typename}", "variables": {"x": 1e999}}',
    "deep lists": b"[" * 100_000,
    "deep variables": b'{"query": "{__typename}", "variables": {"x": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "a lone surrogate": b'{"query": "{__typename}", "variables": {"x": "\\ud800"}}',
    "U+0000 in a variable": b'{"query": "{__typename}", "variables": {"x": ["\\u0000"]}}',
    "U+0000 in a key": b'{"query": "{__typename}", "variables": {"\\u0000": 1}}',
    "U+0000 in the query": b'{"query": "{__typename} \\u0000"}',
    "query is a number": b'{"query": 5}',
    "query is null": b'{"query": null}',
    "query is empty": b'{"query": ""}',
    "variables are a list": b'{"query": "{__typename}", "variables": []}',
    "variables are a text": b'{"query": "{__typename}", "variables": "{}"}',
    "operationName is a number": b'{"query": "{__typename}", "operationName": 5}',
    "extensions are a list": b'{"query": "{__typename}", "extensions": []}',
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_malformed_body_is_refused_with_a_sentence(
    server: LiveServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def send() -> None:
        response = await post(server, content=BODIES[name])
        assert response.status_code == 400
        [error] = response.json()["errors"]
        assert error["message"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "data" not in response.json()

    assert await least_seconds_awaited(send, enough=1) < 1
    assert caplog.text == ""


OPERATIONS: dict[str, dict[str, Any]] = {
    "a fragment bomb": {"query": bomb(60)},
    "a fragment bomb of lists": {"query": bomb(60, "executions { nodes { steps { nodes { id } } } }")},
    "too many fragments": {
        "query": "{ __typename } " + "".join(f"fragment f{n} on Query {{ a{n}: __typename }} " for n in range(1_000))
    },
    "a fragment of itself": {"query": "{ ...f } fragment f on Query { ...f }"},
    "fragments in a circle": {"query": "{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }"},
    "an unknown fragment": {"query": "{ ...nowhere }"},
    "many aliases": {"query": "{ " + " ".join(f"a{n}: __typename" for n in range(900)) + " }"},
    "many fields": {"query": "{ health { " + "status " * 4_000 + "} }"},
    "many directives": {"query": "{ __typename " + "@skip(if: false) " * 900 + "}"},
    "many unknown fields": {"query": "{ " + " ".join(f"healt{n}" for n in range(900)) + " }"},
    "many unknown variables": {
        "query": "query(" + " ".join(f"$v{n}: Nothing" for n in range(900)) + ") { __typename }"
    },
    "deep selections": {
        "query": "{ executions " + "{ nodes { workflow { executions " * 100 + "{ totalCount }" + "} } }" * 100 + "}"
    },
    "deep lists in the document": {
        "query": '{ evaluate(expression: "1", context: ' + "[" * 500 + "]" * 500 + ") { value } }"
    },
    "a long document": {"query": "{ __typename }" + " " * 200_000},
    "many tokens": {"query": "{ __typename } " + "#\n" * 10 + "{ a } " * 5_000},
    "a long name": {"query": "{ " + "a" * 50_000 + " }"},
    "U+0000 in a text": {"query": '{ workflow(name: "\\u0000") { id } }'},
    "U+0000 in a text, the new way": {"query": '{ workflow(name: "\\u{0}") { id } }'},
    "a lone surrogate in a text": {"query": '{ workflow(name: "\\uD800") { id } }'},
    "two operations": {"query": "query a { __typename } query b { __typename }"},
    "an unknown operation": {"query": "query a { __typename }", "operationName": "b"},
    "only a fragment": {"query": "fragment f on Query { __typename }"},
    "a type definition": {"query": "type Query { a: Int }"},
    "no variables": {"query": "query($id: ID!) { execution(id: $id) { id } }"},
    "a variable of the wrong type": {
        "query": "query($first: Int) { executions(first: $first) { totalCount } }",
        "variables": {"first": {"x": [1]}},
    },
    "an integer of 40 bits": {
        "query": "query($first: Int) { executions(first: $first) { totalCount } }",
        "variables": {"first": 2**40},
    },
    "a malformed time": {
        "query": "query($f: ExecutionFilter) { executions(filter: $f) { totalCount } }",
        "variables": {"f": {"createdAfter": "2024-02-31T00:00:00Z"}},
    },
    "a time without an offset": {
        "query": '{ executions(filter: {createdAfter: "2024-02-01T00:00:00"}) { totalCount } }'
    },
    "a malformed duration": {
        "query": 'mutation { executeWorkflow(input: {workflowName: "x", waitFor: "1 minute"}) { __typename } }'
    },
    "an endless duration": {
        "query": 'mutation { executeWorkflow(input: {workflowName: "x", waitFor: "P99999999999D"}) { __typename } }'
    },
    "an unknown enum value": {"query": "{ executions(filter: {status: [NOTHING]}) { totalCount } }"},
    "an unknown input field": {"query": "{ executions(filter: {nothing: 1}) { totalCount } }"},
    "a step without a config": {"query": VALIDATE, "variables": {"i": {"name": "x", "steps": [{"id": "a"}]}}},
    "a step with two configs": {
        "query": VALIDATE,
        "variables": {"i": {"name": "x", "steps": [{"id": "a", "config": {"wait": {}, "validation": {}}}]}},
    },
    "a malformed id": {"query": '{ execution(id: "nonsense") { id } }'},
    "a node of no kind": {"query": '{ node(id: "nonsense") { id } }'},
    "a node with a malformed id": {"query": '{ node(id: "se_x.y") { id } }'},
    "a malformed cursor": {"query": '{ executions(after: "nonsense") { totalCount } }'},
    "a subscription as a query": {"query": 'subscription { executionProgress(id: "x") { kind } }'},
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_malformed_operation_is_a_clear_error(
    server: LiveServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def send() -> None:
        response = await post(server, OPERATIONS[name])
        assert response.status_code in (200, 400)
        errors = response.json()["errors"]
        assert all(error["message"] and error["extensions"]["code"] != "INTERNAL" for error in errors)
        assert all(len(error["message"]) < 2_000 for error in errors)
        assert len(errors) <= 101

    assert await least_seconds_awaited(send, enough=1) < 1
    assert caplog.text == ""


ACCEPTED: dict[str, dict[str, Any]] = {
    "a document of nothing": {"query": VALIDATE, "variables": {"d": None, "i": {"name": "", "steps": []}}},
    "a document in a document": {"query": VALIDATE, "variables": {"d": {"name": {"name": []}, "steps": {"steps": 1}}}},
    "deep blocks": {"query": VALIDATE, "variables": {"i": {"name": "x", "steps": steps(30)}}},
    "many steps": {
        "query": VALIDATE,
        "variables": {"i": {"name": "x", "steps": [{"id": "a", "config": {"dataTransform": {"output": 1}}}] * 2_000}},
    },
    "a long expression": {
        "query": VALIDATE,
        "variables": {
            "i": {"name": "x", "steps": [{"id": "a", "when": "(" * HUGE, "config": {"wait": {"duration": "PT1S"}}}]}
        },
    },
    "many braces": {
        "query": VALIDATE,
        "variables": {"i": {"name": "x", "steps": [{"id": "a", "config": {"httpRequest": {"url": "{{" * HUGE}}}]}},
    },
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_a_strange_document_is_answered_with_its_problems(server: LiveServer, name: str) -> None:
    async def validate() -> None:
        response = await post(server, ACCEPTED[name])
        assert response.status_code == 200
        assert response.json()["data"]["validateWorkflow"] == {"valid": False}

    assert await least_seconds_awaited(validate, enough=2) < 2


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/application/json-x",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/graphql",
    ],
)
async def test_only_json_in_utf_8_is_read(server: LiveServer, content_type: str) -> None:
    response = await post(server, content=b'{"query": "{__typename}"}', headers={"Content-Type": content_type})

    assert response.status_code == 415
    assert response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json; charset="utf-8"']
)
async def test_json_in_utf_8_is_read_however_it_is_spelled(server: LiveServer, content_type: str) -> None:
    response = await post(server, content=b'{"query": "{__typename}"}', headers={"Content-Type": content_type})

    assert response.status_code == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    api = Api(options=ApiOptions(max_body_bytes=1_000))

    async def in_chunks() -> Any:
        for _ in range(10):
            yield b" " * 500

    async with serving(api) as server:
        announced = await post(server, content=b" " * 2_000)
        unannounced = await post(server, content=in_chunks())
        fits = await post(server, {"query": "{ __typename }"})

    assert announced.status_code == unannounced.status_code == 413
    assert "1,000" in announced.json()["errors"][0]["message"]
    assert fits.status_code == 200


async def test_a_body_of_more_objects_and_lists_than_the_setting_allows_is_refused() -> None:
    api = Api(options=ApiOptions(max_body_members=1_000))

    async with serving(api) as server:
        too_many = await post(
            server, content=b'{"query": "{ __typename }", "extensions": {"x": [' + b"{}," * 999 + b"{}]}}"
        )
        fits = await post(
            server, content=b'{"query": "{ __typename }", "extensions": {"x": [' + b"{}," * 996 + b"{}]}}"
        )

    assert too_many.status_code == 413
    assert "1,000 objects and lists" in too_many.json()["errors"][0]["message"]
    assert fits.status_code == 200


async def test_a_fragment_bomb_costs_nothing(api: Api) -> None:
    sizes = iter(range(88, 93))  # none of them is in a cache

    async def send() -> None:
        [error] = await api.errors(bomb(next(sizes)))
        assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"

    assert await least_seconds_awaited(send, enough=0.1, tries=5) < 0.1


async def test_a_document_is_parsed_and_validated_once(api: Api) -> None:
    cache, schema = api.schema.documents, api.schema._schema
    prepared = [cache.prepare(f"{{ a{n}: __typename }}", schema, ()) for n in range(1_000)]
    long_one = "{ __typename }" + " " * 10_000

    kept = takewhile(lambda n: cache.prepare(f"{{ a{n}: __typename }}", schema, ()) is prepared[n], range(999, -1, -1))

    assert 300 < len(list(kept)) < 600
    assert cache.prepare(long_one, schema, ()) is not cache.prepare(long_one, schema, ())
