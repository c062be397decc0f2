"""The names that kinds of step from outside are written with; docs/step-kinds.md promises them."""

from actors.steps.parts import StepParts
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, StepExecutor, Succeeded
from domain.kernel.errors import Problem
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from domain.workflows.fields.types import (
    Boolean,
    DocumentModel,
    ExpressionText,
    Identifier,
    Integer,
    JsonTemplate,
    Number,
    OneOf,
    PlainText,
    PositiveDuration,
    SentJson,
    SentText,
    TextTemplate,
)
from domain.workflows.steps.kind import Effect, StepConfig, StepKind

__all__ = [
    "Boolean",
    "Deferred",
    "DocumentModel",
    "Effect",
    "ExpressionText",
    "Failed",
    "FailureCode",
    "Identifier",
    "Integer",
    "JsonTemplate",
    "JsonValue",
    "Number",
    "OneOf",
    "Outcome",
    "PlainText",
    "PositiveDuration",
    "Problem",
    "SentJson",
    "SentText",
    "StepCall",
    "StepConfig",
    "StepError",
    "StepExecutor",
    "StepKind",
    "StepParts",
    "Succeeded",
    "TextTemplate",
    "WaitKind",
    "WaitReason",
]
