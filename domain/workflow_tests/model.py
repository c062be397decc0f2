"""Tests of workflows: what is asked for, what a runner needs to know, and what has happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.executions.records import ExecutionRecord, StepRecord
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue
from domain.kernel.limits import Limits
from domain.transformation_rules.model import RuleRecord
from domain.workflows.records import DefinitionRecord, WorkflowRecord

MAX_STEPS: Final = 10_000
"""The most attempts at steps that one test may make, those of its sub-workflows included."""

MAX_RESULT_BYTES: Final = 8 * 2**20
"""The most bytes that executions, steps and calls of one test may have as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTestRequest:
    """A test: a document, the input of the execution, and mocks as `domain.workflow_tests.reading` reads them.

    `now` is the time at which the execution is created, by default the present.
    """

    document: JsonValue
    input: JsonValue = None
    mocks: JsonValue = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The stored objects that documents name: workflows, with the versions asked for, and rules."""

    workflows: Sequence[WorkflowRecord] = ()
    versions: Sequence[DefinitionRecord] = ()
    rules: Sequence[RuleRecord] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTestJob:
    """A test that a runner carries out: the document is valid, and all is there that it names.

    `max_output_bytes` is the largest size of a step's output.
    """

    document: Mapping[str, JsonValue]
    input: JsonValue
    mocks: JsonValue
    now: datetime
    limits: Limits
    max_output_bytes: int
    references: References = References()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One attempt at a step that calls out, or that a mock has answered.

    `path` is as mocks have it: `ship/label` is a step of the sub-workflow that `ship` has started. `request` is the
    step's rendered input, with placeholders for secrets; `mock` the path of the mock that has answered, None for none.
    """

    execution_id: UUID
    path: str
    type: str
    attempt: int
    request: JsonValue
    mock: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTestResult:
    """The outcome of a test: the execution, those that its steps have started, the steps of all, the calls in order.

    `unused_mocks`: the paths of the mocks that no step has met. With `problems`, of the input or the mocks, nothing was
    run, and `execution` is None.
    """

    execution: ExecutionRecord | None = None
    children: Sequence[ExecutionRecord] = ()
    steps: Sequence[StepRecord] = ()
    calls: Sequence[RecordedCall] = ()
    unused_mocks: Sequence[str] = ()
    problems: Sequence[Problem] = ()
