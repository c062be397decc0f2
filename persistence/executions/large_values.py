"""The sizes up to which values are read with their rows and parsed, the same in every store."""

from dataclasses import replace
from typing import Any, cast

from domain.engine.state import Attempt
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonText, JsonValue, dumps, loads
from domain.transformation_rules.model import RuleExample
from domain.workflow_templates.model import TemplateParameter

_TOGETHER = 16_384


_SMALLEST = 64


PASSED_ON = 32_768
"""The most characters of JSON that are parsed; longer texts are shown as they are stored."""


def shown_json(text: str) -> "JsonValue | JsonText":
    """The JSON value of a text, only to be shown; a long text stays unparsed."""
    return loads(text) if len(text) <= PASSED_ON else JsonText(text)


def packed(value: object) -> Any:
    """A value of a record, only to be shown: large JSON in it becomes text again."""
    match value:
        case StepError(details=details):
            return replace(value, details=packed(details))
        case Attempt(error=error):
            return replace(value, error=packed(error))
        case RuleExample(input=input, output=output):
            return RuleExample(input=packed(input), output=packed(output))
        case TemplateParameter(schema=schema, default=default):
            return replace(value, schema=packed(schema), default=packed(default))
        case tuple():
            return tuple(packed(each) for each in value)
        case dict() | list() | str():
            text = dumps(cast("JsonValue", value))
            return JsonText(text) if len(text) > PASSED_ON else value
        case _:
            return value


def share_of(rows: int) -> int:
    """The most bytes that each column's value may have to be read with its row, where `rows` rows are read."""
    return max(_SMALLEST, _TOGETHER // max(1, rows))
