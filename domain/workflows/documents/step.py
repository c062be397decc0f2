"""The step of a document: its id, its kind and configuration, and what is the same for all kinds."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, SerializeAsAny, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from domain.kernel.errors import Problem
from domain.kernel.statuses import Jitter, RetryStrategy
from domain.workflows.fields.types import (
    Boolean,
    DocumentModel,
    ExpressionText,
    Identifier,
    Integer,
    Number,
    OneOf,
    PositiveDuration,
    RetryExpression,
    ShownName,
)
from domain.workflows.steps.conditional import ConditionalConfig
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.kind import StepConfig
from domain.workflows.steps.parallel import Branch, ParallelConfig
from domain.workflows.steps.registry import CONTAINERS, step_kinds


class RetryPolicyDocument(DocumentModel):
    """The number and the delays of the attempts of a failing step."""

    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL
    max_attempts: Integer = Field(default=3, ge=1, le=1000)
    """Calls in all, the first included."""
    delay: PositiveDuration = timedelta(seconds=1)
    factor: Number = Field(default=2.0, ge=1, le=1000)
    max_delay: PositiveDuration | None = timedelta(minutes=1)
    jitter: Jitter = Jitter.FULL
    max_elapsed: PositiveDuration | None = None
    when: RetryExpression | None = None
    """Retry only when true; sees `error` {code, status, message} and `attempt`."""


class OnErrorDocument(OneOf):
    """The effect of a step's final failure: fail the block (default), carry on, or run these steps."""

    continue_: Boolean | None = Field(default=None, alias="continue")
    steps: "tuple[StepDocument, ...] | None" = Field(default=None, min_length=1)


def _name_of_kind(value: Any) -> str:
    kind = step_kinds().get(value) if isinstance(value, str) else None
    if kind is None:
        raise PydanticKnownError("enum", {"expected": ", ".join(step_kinds())})
    return kind.name


class StepDocument(DocumentModel):
    """One step. No `dependsOn`: after the step written before it; []: at once."""

    is_step: ClassVar[bool] = True

    id: Identifier
    name: ShownName | None = None
    type: Annotated[str, PlainValidator(_name_of_kind), WithJsonSchema({"type": "string"})]
    config: SerializeAsAny[StepConfig]
    depends_on: tuple[str, ...] | None = None
    when: ExpressionText | None = None
    """The step is SKIPPED when this is false."""
    retry: RetryPolicyDocument | None = None
    timeout: PositiveDuration | None = None
    """The time limit of one attempt."""
    on_error: OnErrorDocument | None = None

    @field_validator("config", mode="plain")
    @classmethod
    def _config_of_the_kind(cls, value: Any, info: ValidationInfo) -> StepConfig:
        kind = info.data.get("type")
        if kind is None:  # the type itself is wrong, and that is said
            return StepConfig()
        model: type[StepConfig] = step_kinds()[kind].config
        if isinstance(value, StepConfig) and not isinstance(value, model):
            raise PydanticCustomError("config", "This is not the configuration of {kind}.", {"kind": kind})
        return model.model_validate(value, by_alias=True, by_name=False, context=info.context)

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        kind = raw.get("type")
        if raw.get("retry") is not None and isinstance(kind, str) and kind in CONTAINERS:
            message = f"A {kind} is not retried: what fails are the steps in it."
            yield Problem(path=("retry",), message=message, hint="Move `retry` to the steps inside.")


def model_of_config(step: Mapping[Any, Any]) -> type[StepConfig] | None:
    """The model that the configuration of a raw step should meet; None when its kind is unknown."""
    name = step.get("type")
    kind = step_kinds().get(name) if isinstance(name, str) else None
    return None if kind is None else kind.config


for _model in (ConditionalConfig, Branch, ParallelConfig, ForEachConfig, OnErrorDocument, StepDocument):
    _model.model_rebuild(_types_namespace={"StepDocument": StepDocument})  # they are defined in a circle
