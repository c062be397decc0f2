"""Defaults of an input schema: values of members that an input lacks."""

from collections.abc import Mapping

from domain.kernel.json.text import JsonValue

_MAX_NESTING = 64


def with_defaults(schema: JsonValue, value: JsonValue) -> JsonValue:
    """A value with the `default` of every member that it lacks, by `properties` and the `properties` within them.

    Only missing members: one that is null has its value. Nothing is looked up behind `$ref`, in `items` or within
    combinators (`allOf`, `if` and the like), where it depends on the rest of the value which schema applies. The value
    itself where nothing is missing; never changed in place.
    """
    return _filled(schema, value, 0)


def _filled(schema: JsonValue, value: JsonValue, depth: int) -> JsonValue:
    if not isinstance(schema, Mapping) or not isinstance(value, Mapping) or depth > _MAX_NESTING:
        return value
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return value
    changed: dict[str, JsonValue] = {}
    for name, member in properties.items():
        if not isinstance(member, Mapping):
            continue
        if name in value:
            before = value[name]
        elif "default" in member:
            before = changed[name] = member["default"]
        else:
            continue
        after = _filled(member, before, depth + 1)
        if after is not before:
            changed[name] = after
    return {**value, **changed} if changed else value
