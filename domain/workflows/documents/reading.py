"""Workflow documents: checking all of one at once, reading it back, and writing it in its portable form."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.json.values import json_problems, too_large
from domain.kernel.labels import label_problems
from domain.kernel.limits import Limits
from domain.workflows.documents.checks import shape
from domain.workflows.documents.checks.places import with_steps
from domain.workflows.documents.checks.steps import StepChecks
from domain.workflows.documents.graph import WorkflowGraph, dependencies_of, graph_of, stages_of
from domain.workflows.documents.workflow import WorkflowDocument

__all__ = [
    "CheckedDocument",
    "WorkflowDocument",
    "canonical",
    "check_document",
    "digest",
    "mended",
    "parse_document",
    "read_document",
]

MAX_PROBLEMS = 500
_LARGE = 64_000
"""Bytes from which a document is read piece by piece, which costs a valid one about half as much again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """The result of checking a document.

    `rules` are the transformation rules that it names, each with its place; they are not looked up here.
    `raw` is the document as it was given. `schemas` are those, each with its place, that were not compiled here, as
    their cost is unknown.
    `document` is there when there are no problems; `graph` and `stages` (of the workflow's own steps) also when the
    problems left them clear.
    """

    problems: tuple[Problem, ...]
    document: WorkflowDocument | None = None
    rules: tuple[tuple[tuple[str, ...], str], ...] = ()
    schemas: tuple[tuple[tuple[str, ...], JsonValue], ...] = ()
    graph: WorkflowGraph | None = None
    stages: tuple[tuple[str, ...], ...] = ()
    raw: object = field(default=None, repr=False, compare=False)

    @property
    def is_valid(self) -> bool:
        """True when there are no problems."""
        return not self.problems

    def and_also(self, problems: Iterable[Problem]) -> "CheckedDocument":
        """This result with further problems, in the order of the document."""
        problems = _in_order([*self.problems, *with_steps(self.raw, problems)])
        return replace(self, problems=problems, document=None if problems else self.document)


def check_document(raw: object, limits: Limits | None = None) -> CheckedDocument:
    """Every problem of a raw document at once (camelCase, as JSON or YAML gave it), in the order of the document.

    Never raises. Of very many problems the first 500 are returned.
    """
    limits = limits or Limits()
    unstorable = json_problems(raw, max_values=limits.max_document_values)
    size = 0 if unstorable else len(dumps(raw).encode())  # type: ignore[arg-type]
    if size > limits.max_document_bytes:
        unstorable = [too_large(size, limits.max_document_bytes, "document")]
        return CheckedDocument(problems=tuple(unstorable))
    if any(not problem.path for problem in unstorable):
        return CheckedDocument(problems=tuple(unstorable))
    document, misshapen = shape.read(raw, MAX_PROBLEMS, is_large=size > _LARGE or bool(unstorable))
    checks = StepChecks(limits, MAX_PROBLEMS)
    if isinstance(raw, dict):
        checks.check(raw)
        labels = raw.get("labels")
        if isinstance(labels, dict):
            checks.problems += (problem.under("labels") for problem in label_problems(labels, limits))
    places = {problem.path for problem in unstorable}
    others = (problem for problem in (*misshapen, *checks.problems) if problem.path not in places)
    problems = _in_order(with_steps(raw, [*unstorable, *others]))
    if document is None or not checks.is_ordered:
        return CheckedDocument(problems=problems, rules=tuple(checks.rules), schemas=tuple(checks.schemas), raw=raw)
    return CheckedDocument(
        raw=raw,
        problems=problems,
        rules=tuple(checks.rules),
        schemas=tuple(checks.schemas),
        document=None if problems else document,
        graph=graph_of(document.steps, document.on_failure or ()),
        stages=stages_of(dependencies_of(document.steps)),
    )


def parse_document(raw: object, limits: Limits | None = None) -> WorkflowDocument:
    """The document. Raises `InvalidInput` with every problem."""
    checked = check_document(raw, limits)
    if checked.document is None:
        raise InvalidInput(checked.problems)
    return checked.document


def read_document(stored: Mapping[str, JsonValue]) -> WorkflowDocument:
    """A document that was checked when it was stored. Raises `InvalidInput` where a newer release wrote it."""
    document, problems = shape.read(stored, MAX_PROBLEMS, is_stored=True)
    if document is None:
        raise InvalidInput(problems)
    return document


def unreadable(error: InvalidInput, which: str) -> InvalidInput:
    """The error for people who did not write it that a stored document cannot be read; `which` is its version."""
    message = f"This release cannot read {which}: {error}"
    return InvalidInput([Problem(path=(), message=message, hint="Apply its document anew, or go back to the release.")])


def mended(stored: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """A stored document as this release would have written it; as it is where this release cannot read it."""
    try:
        return canonical(read_document(stored))
    except InvalidInput:
        return stored


def canonical(document: WorkflowDocument) -> dict[str, JsonValue]:
    """The portable document: camelCase, durations in their shortest form, without members that were not given.

    Steps and the members of JSON values keep their order.
    """
    value: dict[str, JsonValue] = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value


def digest(document: WorkflowDocument) -> bytes:
    """SHA-256 over the document's meaning: spelling out defaults or writing durations anew does not change it."""
    meaning: JsonValue = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return hashlib.sha256(dumps(meaning).encode()).digest()


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems sorted by place, each only once."""
    ordered = sorted(dict.fromkeys(problems), key=_place)
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    message = f"There are {len(ordered) - MAX_PROBLEMS} more problems."
    rest = Problem(path=(), message=message, hint="Mend those that are listed first.")
    return (*ordered[:MAX_PROBLEMS], rest)


def _place(problem: Problem) -> list[tuple[int, str]]:
    """A sort key for the place of a problem, which puts the tenth step after the second."""
    return [(int(part), "") if part.isdecimal() and len(part) < 8 else (-1, part) for part in problem.path]
