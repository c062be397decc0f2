"""Errors about the values of variables, with the place and the fault of each as data in `extensions`.

graphql-core has both in its message alone. So what it complained about is validated once more, by its own public
validation, which also tells the path.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_required_input_field,
    type_from_ast,
    validate_input_value,
)
from graphql.pyutils import did_you_mean, inspect, suggestion_list

Path = list[str | int]


class _Enough(Exception):
    """Every error that was reported has been found again."""


def add_problems(
    errors: Sequence[GraphQLError], schema: GraphQLSchema, variables: Mapping[str, Any], *, suggests: bool
) -> None:
    """Give each error about a variable's value `extensions.variable` and `extensions.problems`, of which it has one.

    `suggests`: unknown members may be told which known ones are like them. Changes the errors in place.
    """
    by_variable: dict[VariableDefinitionNode, list[GraphQLError]] = defaultdict(list)
    for error in errors:
        node = error.nodes[0] if error.nodes else None
        if isinstance(node, VariableDefinitionNode) and error.path is None:
            by_variable[node].append(error)
    for node, reported in by_variable.items():
        name = node.variable.name.value
        type_ = type_from_ast(schema, node.type)
        if type_ is None:
            continue
        found = _problems(variables.get(name, Undefined), type_, len(reported), suggests=suggests)
        for error, (path, message) in zip(reported, found, strict=False):
            problem = {"path": [name, *map(str, path)], "message": message, "hint": None}
            error.extensions = {**(error.extensions or {}), "variable": name, "problems": [problem]}


def _problems(value: Any, type_: Any, most: int, *, suggests: bool) -> list[tuple[Path, str]]:
    """The path and the message of the first faults of a value, `most` of them, in the order in which they are told."""
    found: list[tuple[Path, str]] = []
    faults_of_objects: dict[tuple[str | int, ...], Iterator[str]] = {}

    def report(error: GraphQLError, path: Path) -> None:
        faulty, its_type = _at(value, type_, path)
        if faulty is None or faulty is Undefined:
            message = "This must be given."
        elif isinstance(its_type, GraphQLInputObjectType) and not isinstance(faulty, dict):
            message = "This must be an object."
        elif isinstance(its_type, GraphQLInputObjectType):
            faults = faults_of_objects.setdefault(tuple(path), _faults_of(faulty, its_type, suggests=suggests))
            message = next(faults, error.message)
        elif error.original_error is not None:
            why, shown = str(error.original_error), inspect(faulty)
            message = why if shown in why else f"{shown} is {why}"
        else:
            message = error.message  # a scalar's or an enum's own words
        found.append((path, message))
        if len(found) >= most:
            raise _Enough

    with suppress(_Enough):
        validate_input_value(value, type_, report, not suggests)
    return found


def _at(value: Any, type_: Any, path: Path) -> tuple[Any, Any]:
    """The value and the type at a path, without the wrappers that the path does not tell of."""
    for name in path:
        type_ = _bare(type_, is_item=isinstance(name, int))
        value = value[name]
        type_ = type_.of_type if isinstance(name, int) else type_.fields[name].type
    return value, _bare(type_, is_item=False)


def _bare(type_: Any, *, is_item: bool) -> Any:
    """The type inside of wrappers; the list itself where an item of it is wanted. One value may stand for a list."""
    while isinstance(type_, GraphQLNonNull) or (isinstance(type_, GraphQLList) and not is_item):
        type_ = type_.of_type
    return type_


def _faults_of(value: dict[str, Any], type_: GraphQLInputObjectType, *, suggests: bool) -> Iterator[str]:
    """The faults of an object as a whole: missing members, unknown ones, and too many where one is allowed."""
    for name, field in type_.fields.items():
        if name not in value and is_required_input_field(field):
            yield f"{name} is missing."
    for name in value:
        if name not in type_.fields:
            suggestion = did_you_mean(suggestion_list(name, list(type_.fields))) if suggests else ""
            yield f"There is no {name}.{suggestion}"
    if type_.is_one_of and len(value.keys() & type_.fields.keys()) != 1:
        yield f"Exactly one of {', '.join(type_.fields)} must be given."
