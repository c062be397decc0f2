"""The portable workflow document as a model."""

from typing import Any

from pydantic import Field

from domain.workflows.documents.step import StepDocument
from domain.workflows.fields.types import (
    DocumentModel,
    Integer,
    LabelObject,
    OutputTemplate,
    PositiveDuration,
    ShownName,
)


class WorkflowDocument(DocumentModel):
    """A workflow as data: its steps, its input and its output."""

    name: ShownName
    description: str | None = Field(default=None, max_length=10_000)
    input_schema: Any | None = None
    """A JSON Schema that every execution's input must meet."""
    variables: dict[str, Any] | None = None
    """Constants that expressions see as `vars`."""
    steps: tuple[StepDocument, ...] = Field(min_length=1)
    output: OutputTemplate | None = None
    """The output of an execution, an expression or a template; default: the output of the last step."""
    timeout: PositiveDuration | None = None
    """The time limit of a whole execution."""
    max_concurrent_executions: Integer | None = Field(default=None, ge=1)
    on_failure: tuple[StepDocument, ...] | None = Field(default=None, min_length=1)
    """Steps that run once when an execution fails."""
    labels: LabelObject | None = None
    """A flat object of strings, numbers and booleans to find the workflow by."""
