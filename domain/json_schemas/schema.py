"""JSON Schemas that come from outside, with the checks of them that are known to cost little in this process."""

import orjson

from domain.json_schemas.cost import MAX_LISTED_WORK, MAX_WORK, known_cost
from domain.json_schemas.library import InvalidSchema, SchemaValidator
from domain.kernel.errors import Problem
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.sandbox.shares import SchemaTooCostly

_UNLISTED = "It does not meet the schema, and is too large to tell where."
COSTS = (
    "Without references that lead back to themselves, patterns and alternatives within alternatives, a schema costs "
    "little whatever it is asked."
)


class JsonSchema:
    """A schema, compiled here where that is known to cost little. Draft 2020-12 unless its `$schema` names another."""

    __slots__ = ("_cost", "_validator", "raw")

    def __init__(self, raw: JsonValue) -> None:
        """Compile a schema if that is known to cost little, and then raise `InvalidSchema` for an invalid one."""
        self.raw = raw
        is_schema = isinstance(raw, dict | bool)
        self._cost = known_cost(raw) if is_schema else None
        self._validator = SchemaValidator(raw) if self._cost is not None or not is_schema else None

    @property
    def is_costly(self) -> bool:
        """True when its cost is unknown, so that it has not been compiled."""
        return self._validator is None

    def is_met_here(self, value: JsonValue) -> bool | None:
        """True when a value meets it; None where only the sandbox may find out."""
        if self._validator is None or self.work_here(value) is None:
            return None
        return self._validator.is_met(value)

    def work_here(self, value: JsonValue) -> int | None:
        """The parts times bytes of checking a value in this process; None where only the sandbox may check it."""
        if self._cost is None:
            return None
        try:
            work = self._cost.work(orjson.dumps(value))
        except orjson.JSONEncodeError:  # an integer beyond 64 bits, say, which costs more than others
            return None
        return work if work <= MAX_WORK else None

    def problems_here(self, value: JsonValue) -> list[Problem] | None:
        """The problems of a value that does not meet it; None where only the sandbox may find out."""
        work = self.work_here(value)
        if self._validator is None or work is None:
            return None
        if self._validator.is_met(value):
            return []
        return self._validator.problems(value) if work <= MAX_LISTED_WORK else None

    def first_problem(self, value: JsonValue) -> Problem:
        """One problem of a value that `is_met_here` has refused."""
        assert self._validator is not None and self._cost is not None
        if self._cost.has_alternatives:
            return Problem(path=(), message=_UNLISTED, hint="Give less at once.")
        return self._validator.first_problem(value)


def limit_problem(error: SchemaTooCostly) -> Problem:
    """The problem that checking a value against a schema is too costly."""
    message = f"Whether this meets the schema cannot be found out: {error}"
    return Problem(path=(), message=message, hint=f"Give less at once, or make the schema simpler. {COSTS}")


def limit_error(error: SchemaTooCostly) -> StepError:
    """The error of a step whose data cannot be checked within the limits."""
    problem = limit_problem(error)
    return StepError(code=FailureCode.SCHEMA_LIMIT, message=f"{problem.message} {problem.hint}")


def unreadable_problem(error: InvalidSchema) -> Problem:
    """The problem that a stored schema is not valid, as far as this release can tell."""
    hint = "Store the schema anew, as validateWorkflow wants it."
    return Problem(path=(), message=f"The schema cannot be read: {error}", hint=hint)
