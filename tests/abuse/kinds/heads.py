"""Heads of requests: long, many, odd or endless ones, hostile paths, and malformed keys."""

from random import Random

from tests.abuse.attack import Attack, Kind, Target, http, kind, post

HEADS: list[Kind] = []
_QUERY = b'{"query": "{ __typename }"}'
_PATHS = ("/livez", "/readyz", "/graphql", "/hooks/x", "/metrics", "/graphiql/", "/")


@kind(HEADS, "head: long, many or odd")
def heads(chance: Random, target: Target, size: int) -> Attack:
    method = chance.choice(["GET", "POST", "PUT", "X" * 9])
    first = f"{method} {chance.choice(_PATHS)} HTTP/1.1\r\nHost: localhost\r\n".encode()
    line = chance.choice(
        [
            b"a: b\r\n",
            b"cookie: a=b\r\n",
            b"accept: */*, a/b;q=0.5\r\n",
            b"x-forwarded-for: 1.2.3.4\r\n",
            b"authorization: Bearer x\r\n",
            b"content-length: 0\r\n",
            b"transfer-encoding: chunked\r\n",
            b"connection: close, upgrade\r\n",
            b"origin: http://localhost\r\n",
            b": \r\n",
            b"a\r\n",
            b" folded\r\n",
            b"x" * 500 + b": y\r\n",
            b"a: " + b"," * 900 + b"\r\n",
        ]
    )
    many = line * max(1, size // len(line))
    long = b"%b: %b\r\n" % (chance.choice([b"accept", b"cookie", b"x", b"host", b"origin"]), b"a, " * (size // 3))
    end = chance.choice([b"\r\n", b"\r\n", b"", b"\n"])
    return Attack(
        (first + chance.choice([many, many[: 50 * len(line)], long]) + b"Connection: close\r\n" + end)[:999_000]
    )


@kind(HEADS, "head: what never ends")
def endless(chance: Random, target: Target, size: int) -> Attack:
    return Attack(
        chance.choice([b"GET /", b"GET / HTTP/1.1\r\na: ", b"\r\n", b"\x00", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n"])
        + chance.choice([b"x", b"\r\n", b" ", b"\xff", b"a:b\r\n"]) * (size // 5)
    )


@kind(HEADS, "head: many requests at once")
def pipelined(chance: Random, target: Target, size: int) -> Attack:
    one = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % chance.choice(_PATHS).encode()
    last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    return Attack(one * chance.choice([2, 10, 30, max(2, min(9_000, size) // len(one))]) + last)


@kind(HEADS, "path: long and odd")
def paths(chance: Random, target: Target, size: int) -> Attack:
    small = min(size, chance.choice([1_000, 7_900, 60_000]))
    root = chance.choice(["/", "/hooks/", "/graphiql/", "/graphql/", "/graphiql/assets/"])
    tail = chance.choice(["a/", "../", "%2e%2e/", "%00", "//", "?a=b&", ";x", "%", "é"])
    return http(chance.choice(["GET", "POST", "OPTIONS", "DELETE"]), root + tail * (small // len(tail)))


@kind(HEADS, "key: none of ours")
def wrong_keys(chance: Random, target: Target, size: int) -> Attack:
    small = min(size, chance.choice([20, 40, 200, 8_000, 50_000]))
    key = chance.choice(
        ["x" * small, f"sg_{chance.getrandbits(128):032x}", target.token("VIEWER") + "x", target.token("VIEWER")[:-1]]
    )
    form = chance.choice(["Bearer {}", "bearer  {}", "Basic {}", "{}", "Bearer Bearer {}"])
    return post(_QUERY, None, authorization=form.format(key))
