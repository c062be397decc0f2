"""Messages to inbound webhooks, whose senders have no key: bodies, headers, encodings and signatures."""

import json
import zlib
from random import Random

from tests.abuse.attack import NOW, Attack, Kind, Target, http, kind, squeezed
from tests.abuse.kinds.bodies import hostile_json
from tests.abuse.kinds.schemas import hostile_value

HOOKS: list[Kind] = []


def _signed(chance: Random, size: int) -> dict[str, str]:
    small = min(size, chance.choice([40, 8_000, 60_000]))
    text = chance.choice(
        [
            "x" * small,
            "v1," * (small // 3),
            "v1,x " * (small // 5),
            "t=1," * (small // 4),
            "=" * small,
            ",v1=" * (small // 4),
        ]
    )
    return chance.choice(
        [
            {"webhook-id": "m", "webhook-timestamp": NOW, "webhook-signature": text},
            {"webhook-id": text, "webhook-timestamp": NOW, "webhook-signature": "v1,x"},
            {"webhook-id": "m", "webhook-timestamp": "9" * small, "webhook-signature": "v1,x"},
            {"x-hub-signature-256": "sha256=" + text},
            {"stripe-signature": f"t={NOW}," + text},
            {"x-signature": text},
            {},
        ]
    )


def _address(chance: Random, target: Target) -> str:
    return chance.choice([*target.hooks.values(), "/hooks/none"])


@kind(HOOKS, "hook: bodies", uses_sandbox=True)
def bodies(chance: Random, target: Target, size: int) -> Attack:
    body = hostile_json(chance, size).encode("utf-8", "surrogatepass")
    content = chance.choice(
        ["application/json", "text/plain", "application/xml", "application/x-www-form-urlencoded", "x"]
    )
    return http("POST", target.hooks["NONE"], body, headers=[("content-type", content)])


@kind(HOOKS, "hook: encodings", uses_sandbox=True)
def encodings(chance: Random, target: Target, size: int) -> Attack:
    text = b'{"a": "' + b"x" * (min(size, 20_000) * 50) + b'"}'
    bomb = squeezed(text)[:size]
    headers, body = chance.choice(
        [
            ({"content-encoding": "gzip"}, bomb),
            ({"content-encoding": "gzip"}, squeezed(b"") * (size // 21)),
            ({"content-encoding": "gzip"}, squeezed(b" ") * (size // 22) + squeezed(b"1")),
            ({"content-encoding": "deflate"}, zlib.compress(text)[:size]),
            ({"content-encoding": "gzip, gzip, gzip"}, squeezed(squeezed(squeezed(text)))[:size]),
            ({"content-encoding": ",".join(["gzip"] * 4_000)}, b"x"),
            ({"content-type": "application/json; charset=utf-16"}, "[1]".encode("utf-16") + b" \x00" * (size // 2)),
            ({"content-type": "text/plain; charset=idna"}, b"xn--a." * (size // 6)),
            ({"content-type": "text/plain; charset=punycode"}, b"a-" * (size // 2)),
            ({"content-type": "text/plain; charset=" + "x" * min(size, 40_000)}, b"x"),
            ({"content-type": "application/octet-stream"}, b"\xff" * size),
            ({"content-type": "application/x-www-form-urlencoded"}, b"a=%41&" * (size // 6)),
            ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\n" * (size // 7)),
        ]
    )
    return http("POST", target.hooks["NONE"], body, headers=headers.items())


@kind(HOOKS, "hook: signatures and headers", uses_sandbox=True)
def signatures(chance: Random, target: Target, size: int) -> Attack:
    headers = list(_signed(chance, size).items())
    many = chance.choice([0, 0, 40, 90, size // 10])
    headers += [(chance.choice(["a", "x-y", "cookie", "webhook-signature"]), "b") for _ in range(many)]
    body = hostile_json(chance, max(10, size - 20 * many)).encode("utf-8", "surrogatepass")
    query = chance.choice(["", "", "?" + "a=b&" * (min(size, 7_000) // 4), "?a=%00", "?" + "a" * min(size, 7_000)])
    return http("POST", _address(chance, target) + query, body, headers=headers)


@kind(HOOKS, "hook: an expression and a schema behind it", uses_sandbox=True)
def behind(chance: Random, target: Target, size: int) -> Attack:

    body = json.dumps(hostile_value(chance, size)).encode()
    return http(
        "POST", target.hooks[chance.choice(["MAPPED", "SCHEMA"])], body, headers=[("content-type", "application/json")]
    )
