"""Every error Stepgraph raises on purpose.

StepgraphError
├── NotFound            nothing has this id or name
├── InvalidInput        a document, id or value is malformed; carries every Problem at once
├── Conflict            someone else was there first, or the name is taken
│   └── WorkflowChanged a workflow is not any more as whoever starts it knows it
├── InvalidState        the thing exists, but not in a state that allows this
├── LimitExceeded       a size or a rate is over its cap
├── Unauthenticated     no key, or none that is valid
├── Forbidden           the key's role does not allow this
├── Undecipherable      the key that something was encrypted with is not known any more
├── InvalidStepKind     an installed distribution brings a kind of step that cannot be used
├── Unavailable         PostgreSQL or Redis cannot be reached just now; trying again may help
└── LeaseLost           another worker owns the execution now; stop quietly

A failing *step* raises none of these: it is a `StepError` value (domain/kernel/failures.py) that is stored and shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_MAX_SHOWN = 300


class ErrorCode(StrEnum):
    """The kind of an error, for programs."""

    NOT_FOUND = "NOT_FOUND"
    INVALID_INPUT = "INVALID_INPUT"
    CONFLICT = "CONFLICT"
    INVALID_STATE = "INVALID_STATE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a document or an input: where it is, what it is, and the next thing to try.

    `step_id` is the innermost step of a workflow document that it is in; None elsewhere.
    """

    path: tuple[str, ...]
    message: str
    hint: str | None = None
    step_id: str | None = None

    def under(self, *prefix: str) -> "Problem":
        """This problem with a path that begins further out."""
        return Problem(path=(*prefix, *self.path), message=self.message, hint=self.hint, step_id=self.step_id)


class StepgraphError(Exception):
    """The base of all errors: a sentence for people and a code for programs."""

    code: ErrorCode = ErrorCode.INTERNAL


class NotFound(StepgraphError, LookupError):
    """Nothing has this id or name."""

    code = ErrorCode.NOT_FOUND

    def __init__(self, what: str, key: str) -> None:
        shown = key if len(key) <= _MAX_SHOWN else f"{key[: _MAX_SHOWN - 1]}…"
        super().__init__(f"There is no {what} {shown!r}.")
        self.what = what
        self.key = key


_MOST_TOLD = 3
_MOST_CHARACTERS = 400


def told(problems: Sequence[tuple[str, str]], more: int = 0) -> str:
    """Problems as a sentence: the first three, each with its place where it has one, and the number of the others.

    `more` are there besides those that are given.
    """
    shown = [_short(f"{place}: {message}" if place else message) for place, message in problems[:_MOST_TOLD]]
    text = " ".join(each if each.endswith((".", "!", "?", "…")) else f"{each}." for each in shown)
    rest = len(problems) - _MOST_TOLD + more
    return f"{text} (and {rest} more {'problem' if rest == 1 else 'problems'})" if rest > 0 else text


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


class InvalidInput(StepgraphError, ValueError):
    """The input is malformed; `problems` lists everything that is wrong with it."""

    code = ErrorCode.INVALID_INPUT

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = [(".".join(problem.path) or "the input", problem.message) for problem in problems[:_MOST_TOLD]]
        super().__init__(told(shown, more=len(problems) - len(shown)))
        self.problems = tuple(problems)


class Conflict(StepgraphError):
    """Someone else was there first, or the name is taken."""

    code = ErrorCode.CONFLICT


class WorkflowChanged(Conflict):
    """A workflow has changed since it was looked up, or was deleted: look it up and decide again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The workflow {name} has changed since it was looked up. Try again.")


class InvalidState(StepgraphError):
    """The object exists, but its status does not allow this."""

    code = ErrorCode.INVALID_STATE

    def __init__(self, message: str, status: str) -> None:
        super().__init__(message)
        self.status = status


class LimitExceeded(StepgraphError):
    """A size or a rate is over its cap; the message names the setting that raises it."""

    code = ErrorCode.LIMIT_EXCEEDED


class Unauthenticated(StepgraphError):
    """There is no key, or none that is valid any more."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(StepgraphError):
    """The role of the key does not allow this."""

    code = ErrorCode.FORBIDDEN


class Unavailable(StepgraphError):
    """A part that Stepgraph depends on cannot be reached just now."""

    code = ErrorCode.UNAVAILABLE


class Undecipherable(StepgraphError):
    """Stored data cannot be decrypted: their key is not among STEPGRAPH_ENCRYPTION_KEYS, or they were tampered with."""

    def __init__(self, purpose: str) -> None:
        super().__init__(
            f"The {purpose} cannot be decrypted: put the key that it was stored with back into "
            "STEPGRAPH_ENCRYPTION_KEYS, or store it anew."
        )
        self.purpose = purpose


class InvalidStepKind(StepgraphError):
    """An installed distribution brings a kind of step that cannot be used; no process starts with it."""


class LeaseLost(StepgraphError):
    """The execution's epoch has moved on: another worker owns it, or it has ended."""

    def __init__(self, execution_id: UUID, epoch: int) -> None:
        super().__init__(f"Execution {execution_id} is no longer held at epoch {epoch}.")
        self.execution_id = execution_id
        self.epoch = epoch
