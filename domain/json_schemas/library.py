"""JSON Schema by its library: checks of schemas, and of values against them.

Compiling and checking may cost anything: schemas from outside go through domain/json_schemas/schema.py, which
decides on the process for each. References are never fetched, and regular expressions may not backtrack for long.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue

MAX_PATTERNS = 500
"""The most regular expressions in one schema."""

MAX_PATTERN_CHARACTERS = 1_000

_MAX_PROBLEMS = 100
_DEFAULT_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000, size_limit=1_000_000, dfa_size_limit=1_000_000)


class InvalidSchema(ValueError):
    """The value is not a JSON Schema; `problems` give the places and the reasons."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


class SchemaValidator:
    """A schema, ready to check values with. Draft 2020-12 unless its `$schema` names another."""

    def __init__(self, schema: JsonValue) -> None:
        """Compile a schema. Raises `InvalidSchema`."""
        if not isinstance(schema, dict | bool):
            raise InvalidSchema([Problem(path=(), message="A JSON Schema is an object or a boolean.")])
        if faults := list(_pattern_faults(schema)):
            raise InvalidSchema(faults)
        try:
            self._validator: Any = jsonschema_rs.validator_for(schema, offline=True, pattern_options=_PATTERNS)
        except jsonschema_rs.ValidationError as error:
            raise InvalidSchema(_faults(schema, error)) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidSchema([Problem(path=(), message=_sentence(str(error)))]) from error

    def problems(self, value: JsonValue) -> list[Problem]:
        """The problems of a `value` that does not meet the schema, at most a hundred."""
        return [] if self._validator.is_valid(value) else _problems(self._validator, value)

    def is_met(self, value: JsonValue) -> bool:
        """True when `value` meets the schema."""
        return bool(self._validator.is_valid(value))

    def first_problem(self, value: JsonValue) -> Problem:
        """One problem of a `value` that does not meet the schema; the others are not looked for."""
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            hint = "There may be more: only the first one is looked for in so large a value."
            return Problem(path=_path(error.instance_path), message=_sentence(error.message), hint=hint)
        raise ValueError("the value meets the schema")


def _pattern_faults(schema: JsonValue) -> Iterator[Problem]:
    """The problems of regular expressions that are too long or too many: each may take a megabyte."""
    count = 0
    for path, pattern in _patterns(schema):
        count += 1
        if len(pattern) > MAX_PATTERN_CHARACTERS:
            message = f"A pattern has at most {MAX_PATTERN_CHARACTERS:,} characters; this one has {len(pattern):,}."
            yield Problem(path=path, message=message, hint="List the values in an `enum`, or check less of them.")
    if count > MAX_PATTERNS:
        message = f"A schema has at most {MAX_PATTERNS:,} patterns; this one has {count:,}."
        yield Problem(path=(), message=message, hint="Write the pattern once in `$defs`, and refer to it.")


def _patterns(schema: JsonValue) -> Iterator[tuple[tuple[str, ...], str]]:
    """The regular expressions that a validator would compile, each with its path."""
    pending: list[tuple[tuple[str, ...], JsonValue]] = [((), schema)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, Mapping):
            pattern, by_pattern = value.get("pattern"), value.get("patternProperties")
            if isinstance(pattern, str):
                yield (*path, "pattern"), pattern
            if isinstance(by_pattern, Mapping):
                yield from (((*path, "patternProperties", name), name) for name in by_pattern)
            pending += (((*path, name), member) for name, member in value.items())
        elif isinstance(value, list):
            pending += (((*path, str(index)), item) for index, item in enumerate(value))


def _faults(schema: Any, error: jsonschema_rs.ValidationError) -> list[Problem]:
    """The faults that the meta-schema finds in a schema, where it finds any; else the one fault given."""
    if error.kind.name == "$ref":
        hint = "`$ref` must lead into this schema, for no other is fetched; `$schema` must be a published draft."
        return [Problem(path=_path(error.instance_path), message=_sentence(error.message), hint=hint)]
    named = schema.get("$schema", _DEFAULT_DRAFT) if isinstance(schema, dict) else _DEFAULT_DRAFT
    if not isinstance(named, str):
        return [Problem(path=("$schema",), message="`$schema` is the address of a draft, a string.")]
    found = _problems(_meta_schema(named), schema)
    return list(dict.fromkeys(_typed(problem) for problem in found)) or [
        Problem(path=_path(error.instance_path), message=_sentence(error.message))
    ]


@lru_cache(maxsize=8)
def _meta_schema(draft: str) -> Any:
    return jsonschema_rs.validator_for({"$schema": draft, "$ref": draft}, offline=True)


def _typed(problem: Problem) -> Problem:
    """The most frequent fault, in clearer words."""
    if problem.path[-1:] != ("type",) or "anyOf" not in problem.message:
        return problem
    hint = "It is one of array, boolean, integer, null, number, object and string, or a list of these."
    return Problem(path=problem.path, message="This is not a type of JSON Schema.", hint=hint)


def _problems(validator: Any, value: JsonValue) -> list[Problem]:
    errors = islice(validator.iter_errors(value), _MAX_PROBLEMS)
    return [Problem(path=_path(error.instance_path), message=_sentence(error.message)) for error in errors]


def _path(parts: Sequence[str | int]) -> tuple[str, ...]:
    return tuple(str(part) for part in parts)


def _sentence(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "it is malformed"
    line = line if len(line) <= 300 else line[:299] + "…"
    return line if line.endswith((".", "…")) else line + "."
