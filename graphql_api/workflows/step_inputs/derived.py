"""Inputs derived from the models of configurations, for kinds of step that bring no input of their own."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

import strawberry

from domain.workflows.fields.members import Member, members_of
from domain.workflows.fields.types import DocumentModel, OneOf
from graphql_api.kit.scalars import JSON, Expression

_PLAIN = (bool, int, float, str, timedelta)


@cache
def derived_input(model: type[DocumentModel]) -> type:
    """The input of a model: `SendMailInput` for `SendMailConfig`, with the members, defaults and docstrings of it.

    Expressions are of the type Expression; texts, numbers, booleans, durations, enums, models and lists of them are
    what they are; everything else is JSON.
    """
    is_one_of = issubclass(model, OneOf)
    members = members_of(model)
    annotations: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for attribute, info in model.model_fields.items():
        member = members[str(info.alias)]
        type_ = _type_of(member, info.annotation)
        options: dict[str, Any] = {"name": member.name, "description": info.description}
        if isinstance(info.default, (*_PLAIN, Enum)) and not is_one_of:
            options["default"] = info.default
        elif not info.is_required():
            type_ |= None
        annotations[attribute] = type_
        fields[attribute] = strawberry.field(**options)
    name = f"{model.__name__.removesuffix('Config')}Input"
    described = (model.__doc__ or name).strip()
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, "__doc__": described, **fields})
    return strawberry.input(made, one_of=is_one_of, description=described)


def _type_of(member: Member, annotation: Any) -> Any:
    """The type of a member in GraphQL, as if it were required."""
    if member.expression is not None:
        return Expression
    return _plain_type(annotation)


def _plain_type(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if NoneType in arguments:
        rest = [each for each in arguments if each is not NoneType]
        return _plain_type(rest[0]) if len(rest) == 1 else JSON
    if hasattr(annotation, "__metadata__"):
        return _plain_type(annotation.__origin__)
    if origin in (tuple, list):
        return list[_plain_type(arguments[0])]  # type: ignore[misc]
    if not isinstance(annotation, type) or issubclass(annotation, Mapping):
        return JSON
    if issubclass(annotation, DocumentModel):
        return derived_input(annotation)
    if issubclass(annotation, Enum):
        return strawberry.enum(annotation)
    return annotation if annotation in _PLAIN else JSON
