"""Identifiers: UUIDv7 inside, prefixed TypeIDs (`ex_01h…`) outside.

Three kinds of objects have no id of their own, and are shown by their natural keys: a step execution as
`se_<execution>.<path>`, a version as `wv_<workflow>.<number>`, a secret as `sk_<name>`.
Format of TypeIDs: https://github.com/jetify-com/typeid/tree/main/spec
"""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from typeid import TypeID
from typeid.errors import TypeIDException
from uuid_utils.compat import uuid7

_TAIL = (1 << 80) - 1
"""The bits of a UUIDv7 beside its time."""
_DIGITS = 26
"""The characters of an id behind its prefix."""
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class IdKind(StrEnum):
    """The kind of object that an id names; the value is the prefix that people see."""

    WORKFLOW = "wf"
    EXECUTION = "ex"
    STEP_EXECUTION = "se"
    WEBHOOK = "wh"
    WEBHOOK_EVENT = "we"
    TRANSFORMATION_RULE = "tr"
    WORKFLOW_TEMPLATE = "wt"
    CIRCUIT_BREAKER = "cb"
    SCHEDULE = "sc"
    API_KEY = "ak"
    WORKER = "wk"
    WORKFLOW_VERSION = "wv"
    SECRET = "sk"  # noqa: S105 - a prefix, and no password
    AUDIT_ENTRY = "ae"
    SAVED_VIEW = "sv"
    BULK_OPERATION = "bo"


class MalformedId(ValueError):
    """The text is not an id of the expected kind."""

    def __init__(self, text: str, expected: IdKind | None = None) -> None:
        what = f"an id that starts with {expected.value}_" if expected else "an id"
        super().__init__(f"{text[:80]!r} is not {what}")


def new_id() -> UUID:
    """A fresh UUIDv7: sorts by creation time. Randomness is the caller's: the decider never calls this."""
    return uuid7()


class IdSequence:
    """Fresh UUIDv7 of times that are given; those of one sequence sort in the order in which they were made."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, at: datetime) -> UUID:
        """The next id, of the time `at`."""
        milliseconds = int(at.timestamp() * 1000)
        id = milliseconds << 80 | (uuid7().int & _TAIL)
        if self._last >> 80 == milliseconds:
            id = max(id, self._last + 1)
        self._last = id
        return UUID(int=id)


def derived_id(of: UUID, name: str, at: datetime) -> UUID:
    """The UUIDv7 that belongs to an id, a name and a time: equal arguments give equal ids.

    Its first 48 bits are the time in milliseconds, as RFC 9562 section 5.7 wants it; the rest is a keyed hash.
    """
    rest = int.from_bytes(blake2b(name.encode(), key=of.bytes, digest_size=10).digest())
    milliseconds = int(at.timestamp() * 1000)
    version, variant = 0x7 << 76, 0x2 << 62
    return UUID(int=milliseconds << 80 | version | rest & ~(0xF << 76) & ~(0x3 << 62) | variant)


def oldest_id_of(at: datetime) -> UUID:
    """The smallest id that can be made at `at` or later."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def ids_that_begin(text: str, kind: IdKind) -> tuple[UUID, UUID]:
    """The smallest and the largest id of a kind whose public form begins so, with or without the prefix of the kind.

    Raises `MalformedId`.
    """
    digits = text.strip().lower().removeprefix(f"{kind.value}_")
    if len(digits) > _DIGITS or not text.strip():
        raise MalformedId(text, kind)
    return (
        from_public(f"{kind.value}_{digits.ljust(_DIGITS, '0')}", kind),
        from_public(f"{kind.value}_{(digits or '7').ljust(_DIGITS, 'z')}", kind),
    )


@lru_cache(maxsize=10_000)
def to_public(kind: IdKind, value: UUID) -> str:
    """The public form of an id: `ex_01h455vb4pex5vsknk084sn02q` for an execution's UUID.

    Remembered, for every change of an execution is shown with the same one.
    """
    return str(TypeID.from_uuid(value, kind.value))  # type: ignore[arg-type]  # it only asks for the bytes


def from_public(text: str, kind: IdKind) -> UUID:
    """The UUID in a public id of this kind. Raises `MalformedId`."""
    if not text.startswith(f"{kind.value}_"):
        raise MalformedId(text, kind)
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError, AttributeError) as error:
        raise MalformedId(text, kind) from error
    if parsed.prefix != kind.value:
        raise MalformedId(text, kind)
    return UUID(bytes=parsed.uuid_bytes)


def kind_of(text: str) -> IdKind:
    """The kind that a public id claims to be. Raises `MalformedId` for an unknown prefix."""
    prefix, _, rest = text.partition("_")
    try:
        kind = IdKind(prefix)
    except ValueError:
        raise MalformedId(text) from None
    if not rest:
        raise MalformedId(text)
    return kind


def step_execution_id(execution_id: UUID, path: str) -> str:
    """The public id of a step execution: `se_<26 characters of the execution>.<path>`; sorts by execution and path."""
    return f"{to_public(IdKind.STEP_EXECUTION, execution_id)}.{path}"


def parse_step_execution_id(text: str) -> tuple[UUID, str]:
    """The execution and the path that a step execution's id names. Raises `MalformedId`."""
    head, separator, path = text.partition(".")
    if not separator or not path:
        raise MalformedId(text, IdKind.STEP_EXECUTION)
    return from_public(head, IdKind.STEP_EXECUTION), path


def workflow_version_id(workflow_id: UUID, version: int) -> str:
    """The public id of a version: `wv_<26 characters of the workflow>.<number>`."""
    return f"{to_public(IdKind.WORKFLOW_VERSION, workflow_id)}.{version}"


def parse_workflow_version_id(text: str) -> tuple[UUID, int]:
    """The workflow and the number that a version's id names. Raises `MalformedId`."""
    head, _, number = text.partition(".")
    if not _VERSION.fullmatch(number):
        raise MalformedId(text, IdKind.WORKFLOW_VERSION)
    return from_public(head, IdKind.WORKFLOW_VERSION), int(number)


def secret_id(name: str) -> str:
    """The public id of a secret: `sk_<name>`."""
    return f"{IdKind.SECRET.value}_{name}"


def parse_secret_id(text: str) -> str:
    """The name that a secret's id holds. Raises `MalformedId`."""
    prefix = f"{IdKind.SECRET.value}_"
    if not text.startswith(prefix) or text == prefix:
        raise MalformedId(text, IdKind.SECRET)
    return text.removeprefix(prefix)
