"""WebSockets and streams: frames before and after connection_init."""

import json
from random import Random

from tests.abuse.attack import Attack, Kind, Target, frame, kind, numbered, post, socket, subscribe
from tests.abuse.kinds.bodies import hostile_json
from tests.abuse.kinds.operations import execution_filter

SOCKETS: list[Kind] = []
_EVALUATED = """{"type":"subscribe","id":"1","payload":{
  "query":"query($c: JSON!){evaluate(expression:\\"1\\",context:$c){value}}","variables":{"c":%s}
}}"""


@kind(SOCKETS, "socket: before connection_init")
def before(chance: Random, target: Target, size: int) -> Attack:
    value = hostile_json(chance, size)
    message = chance.choice(
        [
            '{"type":"ping","payload":{"a":%s}}' % value,
            '{"type":"connection_init","payload":%s}' % value,
            '{"type":"subscribe","id":"1","payload":%s}' % value,
            value,
        ]
    ).encode("utf-8", "surrogatepass")
    return socket(frame(message), token=None, greets=False)


@kind(SOCKETS, "socket: messages")
def after(chance: Random, target: Target, size: int) -> Attack:
    value = hostile_json(chance, size)
    message = chance.choice(
        [
            '{"type":"ping","payload":{"a":%s}}' % value,
            '{"type":"pong","payload":%s}' % value,
            '{"type":"complete","id":%s}' % value,
            '{"type":"subscribe","id":%s,"payload":{"query":"{__typename}"}}' % value,
            '{"type":"subscribe","id":"1","payload":{"query":%s}}' % value,
            _EVALUATED % value,
            value,
        ]
    ).encode("utf-8", "surrogatepass")
    return socket(frame(message), token=target.token("VIEWER"))


@kind(SOCKETS, "socket: many small frames")
def many(chance: Random, target: Target, size: int) -> Attack:
    count = min(900, size // 10)
    one = chance.choice(
        [
            frame(b'{"type":"ping"}'),
            frame(b"", 9),
            frame(b"x" * 125, 9),
            frame(b"", 2),
            frame(b'{"type":"complete","id":"1"}'),
            frame(b"{}"),
        ]
    )
    pieces = [frame(b'{"type":"ping"', is_last=False), *([frame(b"", 0, is_last=False)] * count), frame(b"}", 0)]
    few = [one] * min(count, size // len(one))
    return socket(*chance.choice([few, pieces]), token=target.token("VIEWER"))


@kind(SOCKETS, "socket: operations at once", reads_lists=True)
def operations(chance: Random, target: Target, size: int) -> Attack:
    query = chance.choice(
        [
            "subscription { executionUpdates { id status } }",
            f'subscription {{ executionProgress(id: "{target.execution_id}") {{ kind }} }}',
            "{ __typename }",
            "{ health { status } }",
            "subscription { executionUpdates(filter: {labels: {a: 1}}) { id } }",
        ]
    )
    # Each is an operation, which has a budget of its own: so many as are about one request of this size.
    count = min(chance.choice([2, 5, 10]), max(1, size // 100))
    return socket(*(subscribe(query, str(number)) for number in range(count)), token=target.token("VIEWER"))


@kind(SOCKETS, "socket: lists that are watched", reads_lists=True)
def watched(chance: Random, target: Target, size: int) -> Attack:
    query = chance.choice(
        [
            "subscription ($f: ExecutionFilter, $a: String) { executionListUpdates(filter: $f, after: $a) { cursor } }",
            "subscription ($f: ExecutionFilter) { executionCountUpdates(filter: $f) { statuses { status count } } }",
        ]
    )
    count = min(chance.choice([1, 5, 10]), max(1, size // 400))
    given = {
        "f": execution_filter(chance, target, size // count),
        "a": chance.choice(["9" * min(size, 9_000), "x", None]),
    }
    return socket(*(subscribe(query, str(number), **given) for number in range(count)), token=target.token("VIEWER"))


@kind(SOCKETS, "socket: a document", reads_lists=True)
def documents(chance: Random, target: Target, size: int) -> Attack:
    query = chance.choice(
        [
            "subscription {" + numbered("a#: executionUpdates { id }", size) + "}",
            "subscription { executionUpdates {" + "id " * (size // 3) + "} }",
            "{" + numbered("a#: workflows { nodes { id } }", size) + "}",
            "{" * size,
        ]
    )
    return socket(subscribe(query), token=target.token("VIEWER"))


@kind(SOCKETS, "stream of events", reads_lists=True)
def streams(chance: Random, target: Target, size: int) -> Attack:
    query = chance.choice(
        [
            "{ __typename }",
            'subscription { executionProgress(id: "ex_none") { kind } }',
            f'subscription {{ executionProgress(id: "{target.execution_id}") {{ kind steps {{ id output }} }} }}',
            "{" + numbered("a#: __typename", size) + "}",
        ]
    )
    last = chance.choice(["", "9" * min(size, 40_000), "x", "-1"])
    body = json.dumps({"query": query}).encode()
    return post(body, target.token("VIEWER"), accept="text/event-stream", last_event_id=last)
