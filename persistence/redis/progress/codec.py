"""The form of changes on Redis: channels, and a JSON array of changes a message, in the records' own field names."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import orjson

from domain.executions.records import ExecutionChange, Progress
from domain.kernel.json.text import dumps, loads
from domain.kernel.statuses import ExecutionStatus
from persistence.executions.json_codec import error_of, plain, step_of, time_of, wait_reason_of

SHARDS = 64
STATUS_CHANNEL = "stepgraph:executions"
"""The channel of status changes of all executions, without steps."""

MAX_CHANGE_BYTES = 64 * 1024
"""The most bytes of a change's text; a longer one travels without its steps and its output."""

MAX_MESSAGE_BYTES = 512 * 1024


def shard_channel(execution_id: UUID) -> str:
    """The channel on which the changes of this execution, and of a sixty-fourth of all others, are announced."""
    return f"stepgraph:progress:{execution_id.int % SHARDS}"


def encode(change: ExecutionChange) -> bytes:
    """The JSON text of one change."""
    try:
        text = orjson.dumps(change, default=_id_text)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits: the exact, slower way
        text = dumps(plain(change)).encode()
    if len(text) <= MAX_CHANGE_BYTES or change.steps is None:
        return text
    return encode(replace(change, steps=None, output=None))


def _id_text(value: Any) -> str:
    """The text of an id: asyncpg's ids are a type of their own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


def messages(changes: Iterable[bytes]) -> Iterator[bytes]:
    """As few messages as hold these encoded changes, none of them huge."""
    parts: list[bytes] = []
    size = 0
    for change in changes:
        if parts and size + len(change) > MAX_MESSAGE_BYTES:
            yield b"[" + b",".join(parts) + b"]"
            parts, size = [], 0
        parts.append(change)
        size += len(change)
    if parts:
        yield b"[" + b",".join(parts) + b"]"


def parse(message: bytes) -> list[dict[str, Any]]:
    """The changes of a message, not decoded yet: their `execution_id` tells if somebody wants them.

    Raises `ValueError` for anything but such a message.
    """
    changes = loads(message)
    if not isinstance(changes, list):
        raise ValueError("not an array of changes")
    return cast("list[dict[str, Any]]", changes)


def decode(change: dict[str, Any]) -> ExecutionChange:
    """One change of `parse`. Raises `ValueError`, `KeyError` or `TypeError` for one of another release's form."""
    execution_id, sequence, workflow_id = UUID(change["execution_id"]), change["sequence"], change["workflow_id"]
    steps = change["steps"]
    return ExecutionChange(
        execution_id=execution_id,
        workflow_id=None if workflow_id is None else UUID(workflow_id),
        sequence=sequence,
        status=ExecutionStatus(change["status"]),
        progress=Progress(**change["progress"]),
        started_at=time_of(change["started_at"]),
        finished_at=time_of(change["finished_at"]),
        output=change["output"],
        error=error_of(change["error"]),
        waiting_for=wait_reason_of(change["waiting_for"]),
        steps=None if steps is None else tuple(step_of(execution_id, step) for step in steps),
        covers=change["covers"],
    )
