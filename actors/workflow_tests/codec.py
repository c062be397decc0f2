"""The form in which tests go to the process that runs them, and results come back: JSON in the records' own names."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson

from domain.kernel.durations import format_duration, parse_duration
from domain.kernel.errors import Problem
from domain.kernel.json.text import dumps, loads
from domain.kernel.limits import Limits
from domain.kernel.statuses import WorkflowStatus
from domain.transformation_rules.model import RuleRecord, RuleSettings
from domain.workflow_tests.model import RecordedCall, References, WorkflowTestJob, WorkflowTestResult
from domain.workflows.records import DefinitionRecord, WorkflowRecord
from persistence.executions.json_codec import execution_of, plain, step_of

EXECUTION, CHILD, STEP, CALL, END = b"x", b"c", b"s", b"l", b"e"
"""The kinds of the parts of a result; END is the last one, with problems and unused mocks."""

EXCEEDED, BROKEN = b"m", b"f"
"""The kinds of the one part where there is no result, with the reason: the job exceeds what it may, or a fault."""

Part = tuple[bytes, bytes]


def encode_job(job: WorkflowTestJob) -> bytes:
    """The job as JSON. Raises `ValueError` for what JSON cannot say."""
    references = job.references
    return _text(
        {
            "document": job.document,
            "input": job.input,
            "mocks": job.mocks,
            "now": job.now,
            "limits": {
                field.name: format_duration(value) if isinstance(value, timedelta) else value
                for field in fields(Limits)
                for value in (getattr(job.limits, field.name),)
            },
            "max_output_bytes": job.max_output_bytes,
            "workflows": references.workflows,
            "versions": references.versions,
            "rules": [{"id": rule.id, "revision": rule.revision, "settings": _rule(rule)} for rule in references.rules],
        }
    )


def decode_job(text: bytes) -> WorkflowTestJob:
    """The job that `encode_job` wrote."""
    given = cast("dict[str, Any]", loads(text))
    now = datetime.fromisoformat(given["now"])
    limits: dict[str, Any] = {
        name: parse_duration(value) if isinstance(value, str) else value for name, value in given["limits"].items()
    }
    return WorkflowTestJob(
        document=given["document"],
        input=given["input"],
        mocks=given["mocks"],
        now=now,
        limits=Limits(**limits),
        max_output_bytes=given["max_output_bytes"],
        references=References(
            workflows=tuple(_workflow_of(each) for each in given["workflows"]),
            versions=tuple(_version_of(each) for each in given["versions"]),
            rules=tuple(_rule_of(each, now) for each in given["rules"]),
        ),
    )


def encode_result(result: WorkflowTestResult) -> Iterator[Part]:
    """The parts of a result, each small enough to be read between two others' turns."""
    if result.execution is not None:
        yield EXECUTION, _text(result.execution)
    for child in result.children:
        yield CHILD, _text(child)
    for step in result.steps:
        yield STEP, _text(step)
    for call in result.calls:
        yield CALL, _text(call)
    yield END, _text({"problems": result.problems, "unused_mocks": result.unused_mocks})


class ResultReader:
    """Puts a result together from its parts."""

    def __init__(self) -> None:
        self._execution: Any = None
        self._children: list[Any] = []
        self._steps: list[Any] = []
        self._calls: list[RecordedCall] = []

    def add(self, kind: bytes, text: bytes) -> WorkflowTestResult | None:
        """Add a part; gives the result with the last one. Raises `ValueError`, `KeyError` or `TypeError`."""
        given = cast("dict[str, Any]", loads(text))
        if kind == EXECUTION:
            self._execution = execution_of(given)
        elif kind == CHILD:
            self._children.append(execution_of(given))
        elif kind == STEP:
            self._steps.append(step_of(UUID(given["execution_id"]), given))
        elif kind == CALL:
            self._calls.append(RecordedCall(**{**given, "execution_id": UUID(given["execution_id"])}))
        else:
            return WorkflowTestResult(
                execution=self._execution,
                children=self._children,
                steps=self._steps,
                calls=self._calls,
                unused_mocks=given["unused_mocks"],
                problems=[_problem_of(each) for each in given["problems"]],
            )
        return None


def _text(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_id_text)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits: the exact, slower way
        return dumps(plain(value)).encode()


def _id_text(value: Any) -> str:
    if isinstance(value, UUID):  # asyncpg's ids are a type of their own
        return str(value)
    raise TypeError


def _problem_of(given: Mapping[str, Any]) -> Problem:
    return Problem(path=tuple(given["path"]), message=given["message"], hint=given["hint"], step_id=given["step_id"])


def _workflow_of(given: Mapping[str, Any]) -> WorkflowRecord:
    return WorkflowRecord(
        id=UUID(given["id"]),
        name=given["name"],
        status=WorkflowStatus(given["status"]),
        version=given["version"],
        definition_id=UUID(given["definition_id"]),
        labels=given["labels"],
        created_at=datetime.fromisoformat(given["created_at"]),
        updated_at=datetime.fromisoformat(given["updated_at"]),
        document=given["document"],
    )


def _version_of(given: Mapping[str, Any]) -> DefinitionRecord:
    workflow_id = given["workflow_id"]
    return DefinitionRecord(
        id=UUID(given["id"]),
        workflow_id=None if workflow_id is None else UUID(workflow_id),
        version=given["version"],
        document=given["document"],
        created_at=datetime.fromisoformat(given["created_at"]),
    )


def _rule(rule: RuleRecord) -> Mapping[str, Any]:
    settings = rule.settings
    return {
        "name": settings.name,
        "expression": settings.expression,
        "input_schema": settings.input_schema,
        "output_schema": settings.output_schema,
    }


def _rule_of(given: Mapping[str, Any], now: datetime) -> RuleRecord:
    return RuleRecord(
        id=UUID(given["id"]),
        settings=RuleSettings(**given["settings"]),
        revision=given["revision"],
        created_at=now,
        updated_at=now,
    )
