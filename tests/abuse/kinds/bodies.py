"""JSON bodies: deep, wide, with numbers and escapes that are costly to read."""

import json
from random import Random
from typing import Any
from urllib.parse import quote

from tests.abuse.attack import Attack, Kind, Target, ask, http, kind, numbered, post, repeated, squeezed

BODIES: list[Kind] = []
_EVALUATE = 'query ($c: JSON!) { evaluate(expression: "1", context: $c) { value } }'
_EXECUTE = 'mutation ($c: JSON) { executeWorkflow(input: {workflowName: "none", input: $c}) { __typename } }'


def hostile_json(chance: Random, size: int) -> str:
    """A text of JSON, or nearly, of about so many bytes."""
    half = size // 2
    return chance.choice(
        [
            "[" * half + "]" * half,
            "[" * 150 + "1" + "]" * 150,
            '{"a":' * (size // 6) + "1" + "}" * (size // 6),
            "[" + repeated("{},", size) + "1]",
            "[" + repeated("[],", size) + "1]",
            "[" + repeated("1,", size) + "1]",
            "{" + numbered('"k#":1', size, ",") + "}",
            "{" + repeated('"k":1,', size) + '"k":1}',
            "9" * size,
            "-0." + "0" * size + "1",
            "1" + "0" * min(size, 5_000) + "e999999",
            "[" + repeated("1e999999,", size) + "1]",
            "[" + repeated("123456789012345678901234567890,", size) + "1]",
            "[" + repeated("0.1234567890123456789e-300,", size) + "1]",
            '"' + repeated("\\u00e9", size) + '"',
            '"' + repeated("\\ud800", size) + '"',
            '"' + repeated("\\\\", size) + '"',
            '"' + repeated("😀", size) + '"',
            '"\\u0000' + "x" * size + '"',
            " " * size + "1",
            "[NaN, Infinity]" + " " * size,
            '{"' + "k" * size + '":1}',
            '["' + '","'.join(["é" * 9] * max(1, size // 21)) + '"]',
        ]
    )


@kind(BODIES, "body: JSON in a variable")
def variable(chance: Random, target: Target, size: int) -> Attack:
    operation, role = chance.choice([(_EVALUATE, "VIEWER"), (_EXECUTE, "OPERATOR")])
    text = f'{{"query": {json.dumps(operation)}, "variables": {{"c": {hostile_json(chance, size)}}}}}'
    return post(text.encode("utf-8", "surrogatepass"), chance.choice([None, target.token(role), target.token(role)]))


@kind(BODIES, "body: JSON around the operation")
def envelope(chance: Random, target: Target, size: int) -> Attack:
    value = hostile_json(chance, size)
    text = chance.choice(
        [
            value,
            '{"query": %s}' % value,
            '{"query": "{ __typename }", "extensions": %s}' % value,
            '{"query": "{ __typename }", "operationName": %s}' % value,
            '{"query": "{ __typename }", "other": %s}' % value,
            '[{"query": "{ __typename }"}, %s]' % value,
            '{"query": "{ __typename }"}' + value,
        ]
    )
    return post(text.encode("utf-8", "surrogatepass"), chance.choice([None, target.token("VIEWER")]))


@kind(BODIES, "body: encodings and forms")
def encodings(chance: Random, target: Target, size: int) -> Attack:
    token = chance.choice([None, target.token("VIEWER")])
    query = b'{"query": "{ __typename }"}'
    packed = squeezed(query + b" " * (min(size, 20_000) * 100))
    headers, body = chance.choice(
        [
            ({"content-encoding": "gzip"}, packed[:size]),
            ({"content-encoding": "gzip"}, squeezed(b"") * (size // 21)),
            ({"content-encoding": ", ".join(["gzip"] * (min(size, 50_000) // 6))}, query),
            (
                {"content-type": "application/json; charset=utf-16"},
                query.decode().encode("utf-16") + b" \x00" * (size // 2),
            ),
            ({"content-type": "application/json; charset=idna"}, b"x." * (size // 2)),
            ({"content-type": "application/json;" + "a=b;" * (min(size, 50_000) // 4)}, query),
            ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\n" * (size // 7)),
            ({"content-type": "application/x-www-form-urlencoded"}, b"a=b&" * (size // 4)),
            ({"content-type": "application/graphql"}, b"{a}" * (size // 3)),
            ({}, b"\xff" * size),
        ]
    )
    return http("POST", "/graphql", body, headers=headers.items(), token=token)


@kind(BODIES, "body: chunks")
def chunks(chance: Random, target: Target, size: int) -> Attack:
    one = chance.choice([b"1\r\nx\r\n", b"1;" + b"e" * 50 + b"\r\nx\r\n", b"00000001\r\n \r\n", b"5\r\n     \r\n"])
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    kept = b"" if chance.random() < 0.5 else f"Authorization: Bearer {target.token('VIEWER')}\r\n".encode()
    end = chance.choice([b"0\r\n\r\n", b"0\r\n" + b"t: x\r\n" * min(2_000, size // 6) + b"\r\n", b"z\r\n"])
    return Attack(head + kept + b"Content-Type: application/json\r\n\r\n" + one * (size // len(one)) + end)


@kind(BODIES, "query by GET")
def get(chance: Random, target: Target, size: int) -> Attack:
    small = min(size, chance.choice([500, 3_000, 7_000, 60_000]))
    value = chance.choice(
        [
            quote("{" + numbered("a#: __typename", small // 2) + "}"),
            "%7B" * (small // 3),
            "%" * small,
            quote("{__typename}") + "&variables=" + quote(hostile_json(chance, small // 3)),
            "&query=" * (small // 7),
            "&a" * (small // 2),
            "+" * small,
            "%C3%28" * (small // 6),
        ]
    )
    accept = chance.choice(["*/*", "text/event-stream", "application/json", "a/b;q=0.1, " * 300])
    headers = {"accept": accept, "graphql-require-preflight": "1"}
    return http(
        "GET", f"/graphql?query={value}", headers=headers.items(), token=chance.choice([None, target.token("VIEWER")])
    )


@kind(BODIES, "reads: cursors, ids, filters and ranges")
def reads(chance: Random, target: Target, size: int) -> Attack:
    text = chance.choice(
        ["x" * size, "=" * size, "A" * size, "9" * size, "é" * (size // 2), "%_" * (size // 2), "wf_" * (size // 3)]
    )
    labels = chance.choice([{text[:20] + str(n): "x" for n in range(max(1, size // 30))}, {"a": text}, {text: {}}])
    moment = chance.choice(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+23:59", text])
    forms: list[tuple[str, dict[str, Any]]] = [
        ("query ($v: String) { workflows(after: $v) { nodes { id } } }", {"v": text}),
        ("query ($v: ID!) { node(id: $v) { id } execution(id: $v) { id } workflow(id: $v) { id } }", {"v": text}),
        (
            "query ($v: String!) { circuitBreaker(serviceId: $v) { state } workflowTemplate(name: $v) { id } }",
            {"v": text},
        ),
        ("query ($v: String!) { workflows(filter: {nameContains: $v}) { totalCount nodes { id } } }", {"v": text}),
        ("query ($v: JSON!) { workflows(filter: {labels: $v}) { nodes { id } } }", {"v": labels}),
        ("query ($v: JSON!) { executions(filter: {labels: $v}) { totalCount nodes { id } } }", {"v": labels}),
        (
            "query ($v: [ExecutionStatus!]) { executions(filter: {status: $v}) { totalCount } }",
            {"v": ["FAILED"] * (size // 10)},
        ),
        (
            "query ($v: DateTime!) { metrics(from: $v) { timeline { completed p95 } steps { failures } } }",
            {"v": moment},
        ),
        ('query ($v: DateTime!) { metrics(from: "0001-01-01T00:00:00Z", to: $v) { completed } }', {"v": moment}),
        ("query ($v: DateTime!) { executions(filter: {createdAfter: $v}) { totalCount } }", {"v": moment}),
        ("query ($v: Int) { workflows(first: $v) { nodes { id } } }", {"v": 10 ** min(size, 4_000)}),
    ]
    query, values = chance.choice(forms)
    return ask(target.token("VIEWER"), query, **values)
