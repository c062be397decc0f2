"""PARALLEL: runs branches at the same time."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import Field

from domain.expressions.templates import Template, compile_template
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import DocumentModel, Identifier, Integer
from domain.workflows.steps.kind import Effect, StepConfig, StepKind

if TYPE_CHECKING:
    from domain.workflows.documents.step import StepDocument


class Join(StrEnum):
    """The condition under which PARALLEL is done: all branches have succeeded, one has, or all have ended."""

    ALL = "ALL"
    ANY = "ANY"
    SETTLED = "SETTLED"


class Branch(DocumentModel):
    """One of the branches of PARALLEL."""

    name: Identifier
    steps: "tuple[StepDocument, ...]"

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        if raw.get("steps") == []:
            message = "A branch has at least one step."
            yield Problem(path=("steps",), message=message, hint="Put a step in, or leave the branch out.")


class ParallelConfig(StepConfig):
    """Runs branches at the same time; the output is {branch: {id: output}}."""

    branches: tuple[Branch, ...] = Field(min_length=1)
    join: Join = Join.ALL
    max_concurrency: Integer | None = Field(default=None, ge=1)


class Parallel(StepKind[ParallelConfig]):
    """Runs branches at the same time. The input and the checkpoint are `{}`."""

    name = StepType.PARALLEL.value
    config = ParallelConfig
    executor = "actors.steps.containers:parallel"
    graphql_input = "graphql_api.workflows.step_inputs.parallel:ParallelInput"
    effect = Effect.NONE
    is_container = True

    def inputs(self, config: ParallelConfig) -> Template:
        return compile_template({})

    def stored_input(self, input: JsonValue) -> JsonValue:
        return None


PARALLEL = Parallel()
