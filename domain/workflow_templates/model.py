"""Workflow templates: documents with parameters in their texts, and what comes of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.limits import Limits
from domain.workflow_templates.parameters import OPEN, Parameter, scan_parameters

NAME = "name"
"""The member of a document that each workflow has of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateParameter:
    """What a template asks for. One that is not required and has no default is null where it is left out."""

    name: str
    schema: JsonValue
    description: str | None = None
    required: bool = True
    default: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings:
    """What somebody says about a template. The `name` in its document is never used: each workflow gets its own."""

    name: str
    document: JsonValue
    parameters: tuple[TemplateParameter, ...] = ()
    description: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """A template as it is stored, or as it is shipped. `left_out`: the settings that were not read, as elsewhere."""

    id: UUID
    settings: TemplateSettings
    created_at: datetime
    updated_at: datetime
    is_shipped: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)


def normalized(settings: TemplateSettings) -> TemplateSettings:
    """The same, in which no parameter is required that has a default."""
    parameters = (replace(each, required=each.required and each.default is None) for each in settings.parameters)
    return replace(settings, parameters=tuple(parameters))


def value_of(parameter: TemplateParameter, given: Mapping[str, JsonValue]) -> JsonValue:
    """What is put in for a parameter: what is left out, or null, has its default."""
    value = given.get(parameter.name)
    return parameter.default if value is None else value


def instantiated(
    settings: TemplateSettings, given: Mapping[str, JsonValue], limits: Limits | None = None
) -> Mapping[str, JsonValue]:
    """The document without its name and with every parameter put in; what is left out, or null, has its default.

    A text that is nothing but one parameter becomes its value; inside of a text a string is written as it is, and any
    other value as compact JSON. Keys of objects are left alone, and so is what has been put in. Raises `InvalidInput`
    where all that is put in comes to more than a document may have.
    """
    values = {each.name: value_of(each, given) for each in settings.parameters}
    assert isinstance(settings.document, Mapping)
    filling = Filling(values, (limits or Limits()).max_document_bytes)
    return {name: filling.value(member) for name, member in settings.document.items() if name != NAME}


class Filling:
    """Puts values into a document, by the names of its parameters.

    A megabyte may be named thousands of times, so what is put in is counted.
    """

    def __init__(self, values: Mapping[str, JsonValue], max_bytes: int) -> None:
        self._values = values
        self._texts = {name: value if isinstance(value, str) else dumps(value) for name, value in values.items()}
        self._max_bytes = self._left = max_bytes

    def value(self, value: JsonValue) -> JsonValue:
        """A value of the document with everything put in."""
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
