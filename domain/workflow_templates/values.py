"""Checks of the values that are given for parameters of workflow templates."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema, unreadable_problem
from domain.kernel.errors import Problem
from domain.kernel.first_problems import MAX_GUESSES, MAX_PROBLEMS, first_problems
from domain.kernel.hints import did_you_mean, kind_of, shown
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import json_problems
from domain.workflow_templates.model import TemplateParameter, TemplateSettings

_MAX_VALUES = 1_000_000


async def value_problems(
    settings: TemplateSettings, given: JsonValue, checks: SchemaChecks, *, owner: UUID
) -> list[Problem]:
    """The problems of the values that are given for a template's parameters.

    Raises `Unavailable`, and `LimitExceeded` where too much is being tried at once.
    """
    if not isinstance(given, Mapping):
        hint = 'For example {"url": "https://api.example.com"}.'
        return [Problem(path=(), message=f"Parameters are an object, not {kind_of(given)}.", hint=hint)]
    problems = json_problems(given, max_values=_MAX_VALUES)
    if problems:
        return problems
    known = {each.name: each for each in settings.parameters}
    problems = first_problems(_unknown(given, known))
    if len(problems) > MAX_PROBLEMS:
        return problems
    for name, parameter in known.items():
        if given.get(name) is None and not (name in given and parameter.required):
            if parameter.required:
                problems.append(Problem(path=(name,), message=f"`{name}` is required.", hint=parameter.description))
            continue
        faults = await schema_problems_of(parameter, given[name], checks, owner=owner)
        problems += (Problem(path=(name, *each.path), message=each.message, hint=each.hint) for each in faults)
    return problems


async def schema_problems_of(
    parameter: TemplateParameter, value: JsonValue, checks: SchemaChecks, *, owner: UUID
) -> list[Problem]:
    """The problems of a value that does not meet a parameter's schema."""
    try:
        schema = JsonSchema(parameter.schema)
    except InvalidSchema as error:
        return [unreadable_problem(error)]
    return await checks.problems_or_limit(schema, value, owner=owner)


def _unknown(given: Mapping[str, JsonValue], known: Mapping[str, TemplateParameter]) -> Iterator[Problem]:
    listed = _listed(known)
    unknown = (name for name in given if name not in known)
    for number, name in enumerate(unknown):
        hint = did_you_mean(name, known) if number < MAX_GUESSES else None
        yield Problem(path=(name,), message=f"There is no parameter {shown(name)}.", hint=hint or listed)


def _listed(names: Iterable[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    return f"The parameters are {listed}." if listed else "This template has no parameters."
