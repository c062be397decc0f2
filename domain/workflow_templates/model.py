"""Workflow templates: documents with parameters in their texts, and putting values into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.limits import Limits
from domain.workflow_templates.parameters import OPEN, Parameter, scan_parameters

NAME = "name"
"""The member of a document that each workflow made from a template has of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateParameter:
    """A parameter of a template. One that is not required and has no default is null where it is left out."""

    name: str
    schema: JsonValue
    description: str | None = None
    required: bool = True
    default: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings:
    """The settings of a template. The `name` in its document is never used: each workflow gets its own."""

    name: str
    document: JsonValue
    parameters: tuple[TemplateParameter, ...] = ()
    description: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """A template as it is stored, or as it is shipped. `left_out`: settings not read, as of an `ExecutionRecord`."""

    id: UUID
    settings: TemplateSettings
    created_at: datetime
    updated_at: datetime
    is_shipped: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)


def normalized(settings: TemplateSettings) -> TemplateSettings:
    """These settings, with each parameter that has a default made optional."""
    parameters = (replace(each, required=each.required and each.default is None) for each in settings.parameters)
    return replace(settings, parameters=tuple(parameters))


def value_of(parameter: TemplateParameter, given: Mapping[str, JsonValue]) -> JsonValue:
    """The value of a parameter: the one given, or its default where it is missing or null."""
    value = given.get(parameter.name)
    return parameter.default if value is None else value


def instantiated(
    settings: TemplateSettings, given: Mapping[str, JsonValue], limits: Limits | None = None
) -> Mapping[str, JsonValue]:
    """The document without its name and with every parameter put in; a missing or null one has its default.

    A text that is nothing but one parameter becomes its value; inside of a text a string is written as it is, and any
    other value as compact JSON. Keys of objects are left alone, and so are the values put in. Raises `InvalidInput`
    where the values put in are larger together than a document may be.
    """
    values = {each.name: value_of(each, given) for each in settings.parameters}
    assert isinstance(settings.document, Mapping)
    filling = Filling(values, (limits or Limits()).max_document_bytes)
    return {name: filling.value(member) for name, member in settings.document.items() if name != NAME}


class Filling:
    """Puts values into a document, by the names of its parameters.

    A value of a megabyte may be used thousands of times, so the bytes put in are counted.
    """

    def __init__(self, values: Mapping[str, JsonValue], max_bytes: int) -> None:
        self._values = values
        self._texts = {name: value if isinstance(value, str) else dumps(value) for name, value in values.items()}
        self._max_bytes = self._left = max_bytes

    def value(self, value: JsonValue) -> JsonValue:
        """A value of the document with every parameter put in."""
        if isinstance(value, str):
            return self._text(value) if OPEN in value else value
        if isinstance(value, Mapping):
            return {name: self.value(member) for name, member in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item) for item in value]
        return value

    def _text(self, text: str) -> JsonValue:
        parts = scan_parameters(text)
        self._left -= sum(len(self._texts[part.name]) for part in parts if isinstance(part, Parameter))
        if self._left < 0:
            message = f"With its parameters the document has more than {self._max_bytes:,} bytes."
            raise InvalidInput([Problem(path=(), message=message, hint="Give shorter values, or split it.")])
        if len(parts) == 1 and isinstance(parts[0], Parameter):
            return self._values[parts[0].name]
        return "".join(part if isinstance(part, str) else self._texts[part.name] for part in parts)
