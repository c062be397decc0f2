"""JSON that clients send as arguments, and the shapes that it must have."""

from collections.abc import Mapping
from typing import cast

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue
from graphql_api.kit.scalars import JSON


def json_value(given: JSON | None) -> JsonValue:
    """The value as the domain takes it."""
    return cast("JsonValue", given)


def labels_filter(given: JSON | None) -> Mapping[str, JsonValue] | None:
    """The labels to look for. Raises `InvalidInput` unless it is an object or null."""
    if given is None or isinstance(given, Mapping):
        return cast("Mapping[str, JsonValue] | None", given)
    problem = Problem(path=("filter", "labels"), message='Labels are an object, such as {"team": "billing"}.')
    raise InvalidInput([problem])
