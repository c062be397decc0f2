"""Idempotency keys: those of clients, and those that Stepgraph makes for the executions it starts itself."""

from collections.abc import Iterable

from domain.executions.records import ExecutionRecord, NewExecution
from domain.kernel.errors import Problem
from domain.kernel.json.text import is_same

MAX_CHARACTERS = 256
CHILDREN, TICKS, MESSAGES = "child:", "schedule:", "webhook:"
"""The beginnings of the keys of children, of ticks of schedules, and of messages to inbound webhooks."""

_OWN = (CHILDREN, TICKS, MESSAGES)


def key_problems(key: str, *, is_own: bool = False) -> Iterable[Problem]:
    """The problems of a key, with the empty path. Only Stepgraph's own keys may have the beginnings reserved for them.

    So no client can take a tick's or a message's place, whatever it sends.
    """
    if not 1 <= len(key) <= MAX_CHARACTERS or not key.isprintable():
        yield Problem(path=(), message=f"A key has 1 to {MAX_CHARACTERS} characters, all of them printable.")
    elif not is_own and key.startswith(_OWN):
        starts = ", ".join(repr(prefix) for prefix in _OWN)
        message = f"Keys that start with {starts} are those of executions that Stepgraph itself starts."
        yield Problem(path=(), message=message, hint=f"Put something in front, such as my-{key[:64]}.")


def difference(new: NewExecution, known: ExecutionRecord, *, version: int | None) -> str | None:
    """The difference between an execution and the one that is asked for again under its key; None where there is none.

    These must be equal: the workflow's version where one is asked for, or the steps of an orchestration,
    and the input. Labels, priority and time of start may differ.
    """
    if new.workflow_id is None and new.definition_id != known.definition_id:
        return "with other steps"
    if version is not None and version != known.workflow_version:
        return f"with version {known.workflow_version} of the workflow"
    return None if is_same(new.input, known.input) else "with another input"
