"""What the expressions of one execution may read, kept up to date as its steps end."""

from collections.abc import Mapping
from datetime import datetime

from domain.definition import Definition
from domain.engine.state import ExecutionState, StepState
from domain.ids import IdKind, to_public
from domain.json_text import JsonValue
from domain.records import ExecutionRecord
from domain.statuses import StepStatus


class ExecutionScope:
    """`{input, vars, steps, execution, workflow, attempt}`: one object for the whole execution, changed in place.

    A step is in `steps` once it has ended: `{output, status, error}`. Ids are public ones, times RFC 3339 in UTC.
    """

    __slots__ = ("_execution", "_steps", "values")

    def __init__(self, definition: Definition, execution: ExecutionRecord, state: ExecutionState) -> None:
        self._steps: dict[str, JsonValue] = {}
        self._execution: dict[str, JsonValue] = {
            "id": to_public(IdKind.EXECUTION, execution.id),
            "createdAt": _text(execution.created_at),
            "startedAt": None if execution.started_at is None else _text(execution.started_at),
        }
        workflow_id = definition.workflow_id
        self.values: dict[str, JsonValue] = {
            "input": execution.input,
            "vars": definition.variables,
            "steps": self._steps,
            "execution": self._execution,
            "workflow": {
                "id": None if workflow_id is None else to_public(IdKind.WORKFLOW, workflow_id),
                "name": definition.name,
                "version": definition.version,
            },
            "attempt": 1,
        }
        for step in state.steps.values():
            if step.status.is_terminal:
                self.add(step)

    def start(self, at: datetime) -> None:
        """The execution has started."""
        self._execution["startedAt"] = _text(at)

    def add(self, step: StepState) -> None:
        """A step has ended."""
        self._steps[step.path] = {
            "output": step.output if step.status is StepStatus.COMPLETED else None,
            "status": step.status.value,
            "error": None if step.error is None else step.error.to_json(),
        }

    def for_attempt(self, attempt: int) -> Mapping[str, JsonValue]:
        """The scope as attempt `attempt` of some step sees it, valid until the next call."""
        self.values["attempt"] = attempt
        return self.values

    def with_error(self, attempt: int, error: JsonValue) -> Mapping[str, JsonValue]:
        """The scope of a retry policy's condition: the same, and `error`."""
        return {**self.values, "attempt": attempt, "error": error}


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
