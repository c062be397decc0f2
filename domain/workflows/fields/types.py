"""The building blocks of a document's models: a strict base, and the types of their fields.

The markers give the meaning of strings, so that every expression and template of a document can be found by walking its
models (domain/workflows/documents/checks/): a field that is marked is parsed when a workflow is stored, and any other
is plain data.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, PydanticKnownError

from domain.kernel.durations import format_duration, parse_duration, without_years
from domain.kernel.errors import Problem

IDENTIFIER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
MAX_NAME_CHARACTERS = 128

_STATUS_CLASS = re.compile(r"([1-5])xx", re.ASCII)
_STATUS_RANGE = re.compile(r"([1-5]\d\d)-([1-5]\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExpressionField:
    """The string is a bare expression. `roots` are names that it sees beyond the usual ones."""

    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateField:
    """The strings in the value may hold `{{ … }}`, and these may read secrets where the value `is_sent` to a service.

    What is sent is not stored as it was sent, nor given to other steps.
    """

    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class OutputField:
    """An expression or a template, told apart as `domain.expressions.templates.compile_output` does."""


@dataclass(frozen=True, slots=True)
class SchemaField:
    """The value is a JSON Schema."""


@dataclass(frozen=True, slots=True)
class RuleNameField:
    """The string is the name of a transformation rule, which has to exist when the workflow is stored."""


class StatusCodes(NamedTuple):
    """HTTP status codes from `low` to `high`, both included."""

    low: int
    high: int


class DocumentModel(BaseModel):
    """The base of all models: frozen, camelCase in documents, snake_case in Python; unknown members are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )
    is_step: ClassVar[bool] = False
    """True of the model of a step, a list of which is a block."""

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        """The problems of a raw object that should meet this model, beyond those of each member by itself.

        Their paths are relative to the object. The object is as it was sent: any member may be of any type.
        """
        return iter(())

    def model_post_init(self, context: Any, /) -> None:
        """Count a null member as one that was not given, except where null overrides a default."""
        fields = type(self).model_fields
        given = self.__pydantic_fields_set__
        given.difference_update(
            [name for name in given if getattr(self, name) is None and fields[name].default is None]
        )


class OneOf(DocumentModel):
    """A model of which exactly one member is given, and not null (GraphQL's `@oneOf`)."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="wrap")
    @classmethod
    def _exactly_one(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report a wrong number of members beside the problems of the members, not instead of them."""
        wrong = _not_one(cls, value)
        try:
            model = handler(value)
        except ValidationError as error:
            if wrong is None or error.error_count() == 0:
                raise
            details = [*map(_again, error.errors()), InitErrorDetails(type=wrong, loc=(), input=value)]
            raise ValidationError.from_exception_data(cls.__name__, details) from error
        if wrong is not None:
            raise wrong
        return model


def _again(error: ErrorDetails) -> InitErrorDetails:
    context = {**error.get("ctx", {}), "sentence": error["msg"]}
    kind = PydanticCustomError(error["type"], "{sentence}", context)
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"])


def _not_one(model: type[OneOf], value: Any) -> PydanticCustomError | None:
    if not isinstance(value, dict):
        return None
    names = {key for name, info in model.model_fields.items() for key in (name, info.alias)}
    given = [key for key, member in value.items() if key in names and member is not None]
    if len(given) == 1:
        return None
    choices = ", ".join(f"`{info.alias}`" for info in model.model_fields.values())
    count = "none is" if not given else " and ".join(f"`{key}`" for key in given) + " are"
    return PydanticCustomError(
        "one_of", "Exactly one of {choices} must be given, but {count}.", {"choices": choices, "count": count}
    )


STORED = "stored"
"""The validation context of a document that was checked when it was stored."""


def _duration(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "A duration is a string in ISO 8601, such as PT5M.")
    try:
        return parse_duration(without_years(value) if info.context == STORED else value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{sentence}", {"sentence": str(error)}) from error


def _positive_duration(value: Any, info: ValidationInfo) -> Any:
    length = _duration(value, info)
    if length <= timedelta(0):
        raise PydanticCustomError("duration", "The duration must be longer than zero.")
    return length


def _name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise PydanticCustomError("name", "A name has no control characters, and no space at its ends.")
    return value


def _output(value: Any) -> Any:
    if value == "":
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    if not isinstance(value, str | dict | list | tuple):
        message = "This must be an expression, or an object or an array with expressions in `{{ }}` in its texts."
        raise PydanticCustomError("output", message)
    return value


def _status_range(value: Any) -> StatusCodes:
    if isinstance(value, StatusCodes):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return StatusCodes(value, value)
    if isinstance(value, str):
        if found := _STATUS_CLASS.fullmatch(value):
            return StatusCodes(int(found[1]) * 100, int(found[1]) * 100 + 99)
        if (found := _STATUS_RANGE.fullmatch(value)) and found[1] <= found[2]:
            return StatusCodes(int(found[1]), int(found[2]))
    raise PydanticCustomError("status", 'A status is a code like 200, a class like "2xx" or a range like "200-204".')


def _status_text(value: StatusCodes) -> int | str:
    if value.low == value.high:
        return value.low
    if value.low % 100 == 0 and value.high == value.low + 99:
        return f"{value.low // 100}xx"
    return f"{value.low}-{value.high}"


StatusRange = Annotated[
    StatusCodes,
    PlainValidator(_status_range),
    PlainSerializer(_status_text, return_type=int | str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": r"^([1-5]xx|[1-5]\d\d-[1-5]\d\d)$"},
            ]
        }
    ),
]
PositiveDuration = Annotated[
    timedelta,
    BeforeValidator(_positive_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["PT0.5S", "PT5M", "P1D"]}),
]
Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
Integer = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Boolean = Annotated[bool, Field(strict=True)]
ShownName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS), AfterValidator(_name)]
PlainText = Annotated[str, Field(min_length=1, max_length=2048)]
TextTemplate = Annotated[str, Field(min_length=1), TemplateField()]
SentText = Annotated[str, Field(min_length=1), TemplateField(is_sent=True)]
JsonTemplate = Annotated[Any, TemplateField()]
SentJson = Annotated[Any, TemplateField(is_sent=True)]
SchemaValue = Annotated[Any, SchemaField()]
RuleName = Annotated[str, Field(min_length=1, max_length=2048), RuleNameField()]
LabelObject = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
]
ExpressionText = Annotated[str, Field(min_length=1), ExpressionField()]
RetryExpression = Annotated[str, Field(min_length=1), ExpressionField(("error",))]
ResponseExpression = Annotated[str, Field(min_length=1), ExpressionField(("response",))]
PageExpression = Annotated[str, Field(min_length=1), ExpressionField(("response", "page"))]
OutputTemplate = Annotated[
    Any,
    BeforeValidator(_output),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}, {"type": "array"}]}),
    OutputField(),
]
