"""Checks for members that are missing, unknown or of the wrong type: the models' errors, in words for people."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.kernel.errors import Problem
from domain.kernel.hints import did_you_mean, kind_of, one_of, shown
from domain.workflows.documents.checks.piecewise import PiecewiseReading
from domain.workflows.documents.step import StepDocument, model_of_config
from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.fields.members import members_of
from domain.workflows.fields.types import STORED, DocumentModel
from domain.workflows.steps.registry import step_kinds

_ELSEWHERE: Mapping[str, str] = {
    "if": "when",
    "condition": "when",
    "needs": "dependsOn",
    "after": "dependsOn",
    "json": "body",
    "data": "body",
    "payload": "body",
    "params": "query",
    "qs": "query",
    "uri": "url",
    "verb": "method",
    "backoff": "strategy",
    "attempts": "maxAttempts",
    "retries": "maxAttempts",
    "maxRetries": "maxAttempts",
    "multiplier": "factor",
    "interval": "delay",
    "catch": "onError",
    "parameters": "input",
    "args": "input",
    "seconds": "duration",
    "concurrency": "maxConcurrency",
    "list": "items",
    "inputs": "inputSchema",
    "outputs": "output",
    "vars": "variables",
    "tags": "labels",
    "next": "dependsOn",
}
"""Names of members in other workflow systems, with the names used here."""
_OR_LEAVE_OUT = re.compile(r", or leave (it|the member) out")
_FORM_HINT = "The JSON Schema of workflow documents says what may stand here."


def read(
    raw: object, max_problems: int, *, is_stored: bool = False, is_large: bool = False
) -> tuple[WorkflowDocument | None, list[Problem]]:
    """The document as a model, or its problems, a little more than `max_problems` at most.

    Of one that `is_stored`, durations are read as earlier releases have written them. One that `is_large` is read piece
    by piece, so that nothing is held up where it is wrong everywhere.
    """
    if not isinstance(raw, dict):
        message = f"A workflow document is an object, not {kind_of(raw)}."
        return None, [Problem(path=(), message=message, hint="It has a `name` and `steps`.")]
    context = STORED if is_stored else None
    if is_large:
        reading = PiecewiseReading(max_problems, context)
        document = reading.read(raw)
        return document, [*reading.oversized, *_problems(reading.faults, raw)]
    try:
        return WorkflowDocument.model_validate(raw, by_alias=True, by_name=False, context=context), []
    except ValidationError as error:
        return None, _problems(error.errors(include_url=False)[: max_problems + 1], raw)


def _problems(faults: Sequence[ErrorDetails], raw: Mapping[str, Any]) -> list[Problem]:
    return [_problem(details, raw) for details in faults if not _is_said_elsewhere(details)]


def _is_said_elsewhere(details: ErrorDetails) -> bool:
    """True for a fault that others repeat: keys that are no strings, and too short arrays whose items are wrong."""
    if details["type"] == "too_short":
        given = details["input"]
        return isinstance(given, list | tuple) and len(given) >= details.get("ctx", {})["min_length"]
    return "[key]" in details["loc"]


def _problem(details: ErrorDetails, raw: Mapping[str, Any]) -> Problem:
    location = details["loc"]
    path = tuple(str(part) for part in location)
    kind = details["type"]
    if kind == "missing":
        hint = _missing_hint(path, _model_at(location[:-1], raw))
        return Problem(path=path, message=f"`{path[-1]}` is required.", hint=hint)
    if kind == "extra_forbidden":
        return _unknown(path, _model_at(location[:-1], raw))
    if kind in ("enum", "literal_error"):
        return _not_one_of(path, details["input"], _choices(location, details))
    sentence = _SENTENCES.get(kind)
    context = details.get("ctx", {})
    message = sentence(context, details["input"]) if sentence else details["msg"]
    hint = _HINTS.get(kind, _FORM_HINT).format_map(context)
    if _is_required(location, raw):
        hint = _OR_LEAVE_OUT.sub("", hint)
    return Problem(path=path, message=message if message.endswith(".") else f"{message}.", hint=hint)


def _missing_hint(path: Sequence[str], model: type[DocumentModel] | None) -> str:
    if path[-1] == "type":
        return f"Say which of {', '.join(step_kinds())} it is."
    required = [str(info.alias) for info in model.model_fields.values() if info.is_required()] if model else []
    return f"Needed here: {', '.join(f'`{name}`' for name in required or path[-1:])}."


def _unknown(path: tuple[str, ...], model: type[DocumentModel] | None) -> Problem:
    known = list(members_of(model)) if model else []
    meant = _ELSEWHERE.get(path[-1])
    if meant in known:
        return Problem(
            path=path, message=f"There is no member {shown(path[-1])} here.", hint=f"It is called `{meant}`."
        )
    hint = did_you_mean(path[-1], known) or (one_of(known) if known else _FORM_HINT)
    return Problem(path=path, message=f"There is no member {shown(path[-1])} here.", hint=hint)


def _is_required(location: Sequence[int | str], raw: Mapping[str, Any]) -> bool:
    """True when the member at a place is required."""
    model = _model_at(location[:-1], raw) if location and isinstance(location[-1], str) else None
    fields = model.model_fields.values() if model else ()
    return any(info.alias == location[-1] and info.is_required() for info in fields)


def _not_one_of(path: tuple[str, ...], value: object, choices: Sequence[str]) -> Problem:
    if not isinstance(value, str):
        return Problem(path=path, message=_a("a string")({}, value), hint=one_of(choices))
    what = "step type" if path[-1] == "type" else f"`{path[-1]}`"
    hint = did_you_mean(value, choices) or one_of(choices)
    return Problem(path=path, message=f"There is no {what} {shown(value)}.", hint=hint)


def _choices(location: Sequence[int | str], details: ErrorDetails) -> list[str]:
    if location[-1] == "type":
        return list(step_kinds())
    expected = str(details.get("ctx", {}).get("expected", ""))
    return [choice.strip().strip("'") for choice in expected.replace(" or ", ", ").split(",") if choice.strip()]


def _model_at(location: Sequence[int | str], raw: Mapping[str, Any]) -> type[DocumentModel] | None:
    """The model that a place in the document should meet."""
    model: type[DocumentModel] | None = WorkflowDocument
    current: Any = raw
    for part in location:
        if isinstance(part, int):
            current = current[part]
            continue
        if model is StepDocument and part == "config":
            model = model_of_config(current)
        else:
            member = members_of(model).get(part) if model else None
            model = member.model if member else None
        current = current[part]
    return model


def _a(kind: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"This must be {kind}, not {kind_of(value)}."


def _bound(words: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"This must be {words} {context[key]:g}, and is {shown(value)}."


def _length(words: str, key: str, unit: str) -> Callable[[Mapping[str, Any], object], str]:
    def sentence(context: Mapping[str, Any], value: object) -> str:
        bound = context[key]
        return f"This must have {words} {bound:,} {unit}{'' if bound == 1 else 's'}."

    return sentence


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "string_type": _a("a string"),
    "int_type": _a("a whole number"),
    "int_from_float": lambda context, value: f"This must be a whole number, and is {shown(value)}.",
    "float_type": _a("a number"),
    "bool_type": _a("true or false"),
    "dict_type": _a("an object"),
    "model_type": _a("an object"),
    "model_attributes_type": _a("an object"),
    "tuple_type": _a("an array"),
    "list_type": _a("an array"),
    "finite_number": lambda context, value: f"This must be a finite number, and is {shown(value)}.",
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "greater_than": _bound("more than", "gt"),
    "less_than": _bound("less than", "lt"),
    "string_too_short": _length("at least", "min_length", "character"),
    "string_too_long": _length("at most", "max_length", "character"),
    "too_short": _length("at least", "min_length", "item"),
    "too_long": _length("at most", "max_length", "item"),
    "string_pattern_mismatch": lambda context, value: f"{shown(value)} is not a valid name.",
}

_OBJECT_HINT = "Write an object: `{{name: value}}`."
_ARRAY_HINT = "Write an array: `[…]`, also around a single item."
_NUMBER_HINT = "Write a number without quotes, for example 1.5."

_HINTS: Mapping[str, str] = {
    "string_type": "Write a string, in quotes where it looks like something else.",
    "int_type": "Write a whole number without quotes, for example 3.",
    "int_from_float": "Leave the fraction out.",
    "float_type": _NUMBER_HINT,
    "finite_number": _NUMBER_HINT,
    "bool_type": "Write true or false, without quotes.",
    "dict_type": _OBJECT_HINT,
    "model_type": _OBJECT_HINT,
    "model_attributes_type": _OBJECT_HINT,
    "tuple_type": _ARRAY_HINT,
    "list_type": _ARRAY_HINT,
    "greater_than_equal": "Write {ge:g} or more, or leave it out.",
    "less_than_equal": "Write {le:g} or less, or leave it out.",
    "greater_than": "Write more than {gt:g}, or leave it out.",
    "less_than": "Write less than {lt:g}, or leave it out.",
    "string_too_short": "Write something, or leave the member out.",
    "string_too_long": "Shorten it.",
    "too_short": "Put something in, or leave the member out.",
    "too_long": "Take some out.",
    "string_pattern_mismatch": "Letters, digits and _ only, at most 64 of them, not starting with a digit.",
    "duration": "For example PT0.5S, PT30S, PT5M or P1D.",
    "name": "Write it on one line, without spaces around it.",
    "status": 'For example [200, "2xx", "300-304"].',
    "output": "For example `steps.call.output.body`, or an object: `{{name: value}}`.",
    "one_of": "Give one of them, and leave the others out.",
}
"""Hints by pydantic's names of faults; the values in braces are its context."""
