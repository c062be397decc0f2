"""Checks of workflow templates: the parameters, the document, and how the two fit together.

A template is checked before its parameters have values, as far as that goes.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.json_schemas.schema import JsonSchema
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.first_problems import MAX_GUESSES, first_problems
from domain.kernel.hints import did_you_mean, kind_of
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.json.values import json_problems, too_large
from domain.kernel.limits import Limits
from domain.kernel.names import description_problems, name_problems
from domain.transformation_rules.model import schema_problems
from domain.workflow_templates.model import NAME, Filling, TemplateParameter, TemplateSettings, value_of
from domain.workflow_templates.parameters import OPEN, Parameter, ParameterError, scan_parameters
from domain.workflows.documents.reading import CheckedDocument, check_document
from domain.workflows.fields.types import IDENTIFIER

MAX_PARAMETERS = 100

_SAMPLES: Mapping[str, JsonValue] = {
    "string": "sample",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "object": {},
    "array": [],
    "null": None,
}

Path = tuple[str, ...]


@dataclass(slots=True)
class _Walk:
    """The findings of a walk over a template's document."""

    uses: dict[Path, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    schemas: list[tuple[Path, JsonValue]] = field(default_factory=list)


def check_settings(settings: TemplateSettings, limits: Limits | None = None) -> CheckedDocument:
    """The problems of a template, and its schemas that are not compiled here. A large one takes a second.

    The document is checked with the defaults of its parameters, and with an example or a value that their schemas name.
    For a parameter that has none of these, a value is made up, and problems at its places are left out.
    """
    limits = limits or Limits()
    problems = [*name_problems(settings.name, "For example order-import."), *description_problems(settings.description)]
    if settings.category is not None:
        faults = name_problems(settings.category, "For example integration.")
        problems += (Problem(path=("category",), message=each.message, hint=each.hint) for each in faults)
    problems += first_problems(_parameter_problems(settings.parameters))
    if len(settings.parameters) > MAX_PARAMETERS:
        return CheckedDocument(problems=tuple(problems))
    document = settings.document
    unusable = _unusable(document, limits)
    if unusable or not isinstance(document, Mapping):
        return CheckedDocument(problems=(*problems, *(fault.under("document") for fault in unusable)))
    walk = _walked(document)
    problems += first_problems(fault.under("document") for fault in walk.problems)
    problems += first_problems(_use_problems(settings.parameters, walk.uses))
    if not walk.problems:
        problems += (
            fault.under("document") for fault in _document_problems(settings.parameters, document, walk, limits)
        )
    own: list[tuple[Path, JsonValue]] = [
        (("parameters", str(index), "schema"), each.schema)
        for index, each in enumerate(settings.parameters)
        if each.schema is not None
    ]
    costly = [(path, schema) for path, schema in own if not schema_problems(schema) and JsonSchema(schema).is_costly]
    costly += ((("document", *path), schema) for path, schema in walk.schemas)
    return CheckedDocument(problems=tuple(problems), schemas=() if problems else tuple(costly))


def problems_despite(
    settings: TemplateSettings,
    given: Mapping[str, JsonValue],
    wrong: Collection[str],
    workflow_name: str,
    limits: Limits | None = None,
) -> list[Problem]:
    """The problems of the document that a template becomes with these values, apart from the `wrong` ones.

    Values are made up for those, and problems at their places are left out.
    """
    limits = limits or Limits()
    document = settings.document
    assert isinstance(document, Mapping)
    values = {
        each.name: _sample(each)[0] if each.name in wrong else value_of(each, given) for each in settings.parameters
    }
    walk = _walked(document)
    filling = Filling(values, limits.max_document_bytes)
    return list(_filled_problems({**document, NAME: workflow_name}, filling, wrong, walk, limits))


def _unusable(document: JsonValue, limits: Limits) -> list[Problem]:
    """The problems for which the document cannot even be walked, or stored."""
    if not isinstance(document, Mapping):
        message = f"A workflow document is an object, not {kind_of(document)}."
        return [Problem(path=(), message=message, hint="It has `steps`.")]
    faults = json_problems(document, max_values=limits.max_document_values)
    if not faults and (size := len(dumps(document).encode())) > limits.max_document_bytes:
        return [too_large(size, limits.max_document_bytes, "document")]
    return faults


def _walked(document: Mapping[str, JsonValue]) -> _Walk:
    """The places of parameters in a document, except in its name."""
    walk = _Walk()
    pending: list[tuple[Path, JsonValue]] = [((name,), value) for name, value in document.items() if name != NAME]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            if OPEN in value:
                _read_text(value, path, walk)
        elif isinstance(value, Mapping):
            pending += (((*path, name), member) for name, member in value.items())
        elif isinstance(value, Sequence):
            pending += (((*path, str(index)), item) for index, item in enumerate(value))
    return walk


def _read_text(text: str, path: Path, walk: _Walk) -> None:
    try:
        parts = scan_parameters(text)
    except ParameterError as error:
        message = f"{error} (at character {error.position + 1})"
        walk.problems.append(Problem(path=path, message=message, hint="A parameter is written as `<<name>>`."))
    else:
        names = frozenset(part.name for part in parts if isinstance(part, Parameter))
        if names:
            walk.uses[path] = names


def _parameter_problems(parameters: Sequence[TemplateParameter]) -> Iterator[Problem]:
    if len(parameters) > MAX_PARAMETERS:
        message = f"There are {len(parameters):,} parameters; {MAX_PARAMETERS} are allowed."
        yield Problem(path=("parameters",), message=message, hint="Let one of them be an object.")
        return
    counts: Counter[str] = Counter()
    for index, parameter in enumerate(parameters):
        path = ("parameters", str(index))
        counts[parameter.name] += 1
        if not IDENTIFIER.fullmatch(parameter.name):
            message = "The name of a parameter is a letter or _, and then letters, digits and _, 64 in all."
            yield Problem(path=(*path, "name"), message=message, hint="For example baseUrl.")
        elif counts[parameter.name] == 2:
            message = f"There is another parameter {parameter.name!r}."
            yield Problem(path=(*path, "name"), message=message, hint="Give each a name of its own.")
        yield from (fault.under(*path) for fault in description_problems(parameter.description))
        faults = schema_problems(parameter.schema)
        if parameter.schema is None:
            faults = [Problem(path=(), message="A JSON Schema is an object or a boolean.", hint="{} takes any value.")]
        yield from (fault.under(*path, "schema") for fault in faults)
        if parameter.default is not None and not faults:
            unstorable = json_problems(parameter.default, max_values=100_000)
            unfit = unstorable or JsonSchema(parameter.schema).problems_here(parameter.default) or ()
            yield from (fault.under(*path, "default") for fault in unfit)


def _use_problems(parameters: Sequence[TemplateParameter], uses: Mapping[Path, frozenset[str]]) -> Iterator[Problem]:
    """The problems of parameters that are used and not declared, or declared and not used."""
    declared = {each.name for each in parameters}
    guesses = MAX_GUESSES
    for path, names in sorted(uses.items()):
        for name in sorted(names - declared):
            guesses -= 1
            nearest = did_you_mean(name, declared) if guesses >= 0 else None
            hint = nearest or "Declare it in `parameters`, or write `\\<<` for the two characters."
            yield Problem(path=("document", *path), message=f"There is no parameter {name!r}.", hint=hint)
    used = frozenset[str]().union(*uses.values())
    for index, parameter in enumerate(parameters):
        if parameter.name not in used:
            message = f"Nothing in the document is `<<{parameter.name}>>`."
            yield Problem(path=("parameters", str(index)), message=message, hint="Use it, or leave it out.")


def _document_problems(
    parameters: Sequence[TemplateParameter], document: Mapping[str, JsonValue], walk: _Walk, limits: Limits
) -> Iterator[Problem]:
    """The problems of the document that do not depend on the values of its parameters."""
    values: dict[str, JsonValue] = {}
    made_up: set[str] = set()
    for parameter in parameters:
        value, is_known = _sample(parameter)
        values[parameter.name] = value
        if not is_known:
            made_up.add(parameter.name)
    unknown = frozenset[str]().union(*walk.uses.values()) - values.keys()
    values.update(dict.fromkeys(unknown, _SAMPLES["string"]))
    made_up |= unknown
    yield from _filled_problems(
        {**document, NAME: "sample"}, Filling(values, limits.max_document_bytes), made_up, walk, limits
    )


def _filled_problems(
    document: Mapping[str, JsonValue], filling: Filling, made_up: Collection[str], walk: _Walk, limits: Limits
) -> Iterator[Problem]:
    """The problems of a document that is filled in, without those at places of made-up values."""
    try:
        raw = filling.value(document)
    except InvalidInput as error:
        yield from error.problems
        return
    doubtful = [path for path, names in walk.uses.items() if not names.isdisjoint(made_up)]
    checked = check_document(raw, limits)
    walk.schemas += (
        (path, schema) for path, schema in checked.schemas if not any(_touches(path, place) for place in doubtful)
    )
    for problem in checked.problems:
        if not any(_touches(problem.path, path) for path in doubtful):
            yield problem


def _touches(problem: Path, place: Path) -> bool:
    """True when one of the two is inside of the other."""
    common = min(len(problem), len(place))
    return problem[:common] == place[:common]


def _sample(parameter: TemplateParameter) -> tuple[JsonValue, bool]:
    """A value to check the document with, and True when the template's author has given it."""
    if parameter.default is not None or not parameter.required:
        return parameter.default, True
    schema = parameter.schema if isinstance(parameter.schema, Mapping) else {}
    for value in _named_values(schema):
        if _fits(schema, value):
            return value, True
    kind = schema.get("type", "string")
    if isinstance(kind, list | tuple) and kind:
        kind = kind[0]
    return _SAMPLES.get(kind if isinstance(kind, str) else "string"), False


def _named_values(schema: Mapping[str, Any]) -> Iterator[JsonValue]:
    if "const" in schema:
        yield schema["const"]
    for name in ("examples", "enum"):
        named = schema.get(name)
        if isinstance(named, list | tuple):
            yield from named
    if "default" in schema:
        yield schema["default"]


def _fits(schema: Mapping[str, Any], value: JsonValue) -> bool:
    """True when a value certainly meets a schema, as far as this process may check."""
    return not schema_problems(schema) and JsonSchema(schema).problems_here(value) == []
