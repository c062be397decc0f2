"""A request as bytes on the wire, and how the usual ones are put together."""

import gzip
import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, TypeAlias

NONCE = "nonce00000000000"
"""Replaced by another text whenever the request is sent: for names that must be new."""

NOW = "now0000000"
"""Replaced by the seconds since 1970 when the request is sent."""

SMALL = 10_000
"""Bytes below which a request is small."""
LARGE = 1_000_000
"""Bytes below which a request is large; the harness sends none that has more."""

_HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"


@dataclass(frozen=True, slots=True)
class Attack:
    """Bytes that are sent on a connection of their own; the answer is read to the connection's end."""

    wire: bytes
    head: int = 0
    """Bytes that are sent first; the others follow once something has come back, as when a WebSocket is opened."""
    tail: int = 0
    """Bytes that are sent last, after an answer or a while without one, as when a WebSocket is closed."""


class Target(Protocol):
    """The parts of the attacked deployment that generators of requests refer to."""

    @property
    def workflow_id(self) -> str:
        """The id of an ACTIVE workflow."""
        ...

    @property
    def execution_id(self) -> str:
        """The id of an execution of it."""
        ...

    @property
    def hooks(self) -> Mapping[str, str]:
        """The path of an inbound webhook, by its kind of signature."""
        ...

    @property
    def schemas(self) -> Mapping[str, str]:
        """Ids of workflows whose input schemas are hostile, by what these are."""
        ...

    def token(self, role: str) -> str:
        """The token of a key with this role."""
        ...


Make: TypeAlias = Callable[[Random, Target, int], Attack]
"""A generator: makes a request of about so many bytes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that are costly for one reason."""

    name: str
    make: Make
    uses_sandbox: bool
    """True when children of the sandbox may work on the request too, for as long as an operation has of them."""
    reads_lists: bool
    """True when it asks for as many rows as an operation may, which cost up to two seconds."""

    def most_seconds(self, attack: Attack) -> float:
        """The processor time that a request may cost the API, on the reference machine."""
        if self.reads_lists:
            return 2.0
        return 1.0 if len(attack.wire) >= SMALL else 0.1


def kind(
    kinds: list[Kind], name: str, *, uses_sandbox: bool = False, reads_lists: bool = False
) -> Callable[[Make], Make]:
    """Add a generator to a list of kinds."""

    def add(make: Make) -> Make:
        kinds.append(Kind(name, make, uses_sandbox, reads_lists))
        return make

    return add


def http(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: Iterable[tuple[str, str]] = (),
    token: str | None = None,
) -> Attack:
    """A request by HTTP/1.1, the only one on its connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Length: {len(body)}"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    lines.extend(f"{name}: {value}" for name, value in headers)
    return Attack(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass") + body)


def post(body: bytes, token: str | None, **more: str) -> Attack:
    """A request to /graphql with this body; in names of headers, `_` stands for `-`."""
    headers = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in more.items()}}
    return http("POST", "/graphql", body, headers=headers.items(), token=token)


def ask(token: str | None, query: str, **variables: Any) -> Attack:
    """An operation with its variables."""
    return post(json.dumps({"query": query, "variables": variables}).encode(), token)


def frame(payload: bytes, opcode: int = 1, *, is_last: bool = True) -> bytes:
    """A WebSocket frame of a client. Its mask is of zeros, so that the payload is to be read in it."""
    first, size = (0x80 if is_last else 0) | opcode, len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


def socket(*frames: bytes, token: str | None = None, greets: bool = True) -> Attack:
    """A WebSocket that is opened, sends these frames and closes."""
    payload = {} if token is None else {"payload": {"authorization": f"Bearer {token}"}}
    greeting = frame(json.dumps({"type": "connection_init", **payload}).encode()) if greets else b""
    return Attack(_HANDSHAKE + greeting + b"".join(frames) + _CLOSE, head=len(_HANDSHAKE), tail=len(_CLOSE))


def subscribe(query: str, id: str = "1", **variables: Any) -> bytes:
    """The frame that begins an operation."""
    payload = {"query": query, "variables": variables}
    return frame(json.dumps({"id": id, "type": "subscribe", "payload": payload}).encode())


def squeezed(content: bytes) -> bytes:
    """A member of gzip, without the time of its making."""
    return gzip.compress(content, mtime=0)


def repeated(text: str, size: int) -> str:
    """A text repeated as often as it fits into `size` bytes, at least once."""
    return text * max(1, size // len(text.encode()))


def numbered(text: str, size: int, separator: str = " ", most: int = 100_000) -> str:
    """A text repeated as often as it fits into `size` bytes, at least once, with its number in place of each `#`."""
    count = min(most, max(1, size // (len(text) + len(separator) + 2)))
    return separator.join(text.replace("#", str(number)) for number in range(count))
