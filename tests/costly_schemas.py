"""Schemas that cost more than anybody expects of their size, and values that make them do so."""

from typing import Any


def nested(levels: int, innermost: Any = None, **members: Any) -> Any:
    """Objects within objects under the name `n`, each with these members but the innermost one."""
    value: Any = {} if innermost is None else innermost
    for _ in range(levels):
        value = {"n": value, **members}
    return value


def _two_ways(keyword: str) -> Any:
    """Every level is checked twice for each time that the one above is."""
    ways = [{"required": [name], "properties": {"n": {"$ref": "#/$defs/a"}}} for name in ("x", "y")]
    return {"$ref": "#/$defs/a", "$defs": {"a": {keyword: ways}}}


def _chain(length: int, keyword: str = "allOf") -> Any:
    links = {f"a{i}": {keyword: [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(length)}
    return {"$ref": "#/$defs/a0", "$defs": {**links, f"a{length}": {"type": "integer"}}}


_MUTUAL = {
    "$ref": "#/$defs/a",
    "$defs": {
        "a": {"allOf": [{"properties": {"n": {"$ref": "#/$defs/b"}, "z": False}}] * 2},
        "b": {"allOf": [{"properties": {"n": {"$ref": "#/$defs/a"}, "z": False}}] * 2},
    },
}
_CONDITIONAL = {
    "if": {"properties": {"n": {"$ref": "#"}}, "required": ["x"]},
    "then": {"properties": {"n": {"$ref": "#"}}},
}
_DYNAMIC = {"$dynamicAnchor": "d", "allOf": [{"properties": {"n": {"$dynamicRef": "#d"}, "z": False}}] * 2}
_UNEVALUATED = {
    "$ref": "#/$defs/a",
    "$defs": {"a": {"allOf": [{"properties": {"n": {"$ref": "#/$defs/a"}}}] * 2, "unevaluatedProperties": False}},
}
_CONTAINED = {"allOf": [{"contains": {"$ref": "#"}}] * 2}
_MANY_PATTERNS = {"allOf": [{"pattern": f"^\\p{{L}}{{1,15}}{i}$"} for i in range(500)]}
_MANY_PROPERTY_PATTERNS = {"patternProperties": {f"^\\p{{L}}{{1,15}}{i}$": True for i in range(500)}}


def _items(value: Any) -> Any:
    for _ in range(24):
        value = [value]
    return value


#: What cannot be decided within the sandbox's limits: its name, the schema, and a value.
ENDLESS: dict[str, tuple[Any, Any]] = {
    "alternatives that both lead back": (_two_ways("anyOf"), nested(30, x=1, y=1)),
    "exactly one of two that lead back": (_two_ways("oneOf"), nested(30, x=1, y=1)),
    "all of two that lead back": (_two_ways("allOf"), nested(30, x=1, y=1)),
    "a chain of pairs": (_chain(60), 1),
    "a chain of alternatives": (_chain(60, "anyOf"), "none"),
    "a chain of exactly one": (_chain(60, "oneOf"), 1),
    "two that lead to each other": (_MUTUAL, nested(30, {"z": 1})),
    "a dynamic reference": (_DYNAMIC, nested(30, {"z": 1})),
    "unevaluated members": (_UNEVALUATED, nested(30, {"z": 1})),
    "many patterns": (_MANY_PATTERNS, "a"),
    "many patterns of names": (_MANY_PROPERTY_PATTERNS, {"a": 1}),
}

#: What is decided, though nothing is known about its cost beforehand: its name, the schema, and a value that meets it.
UNKNOWN: dict[str, tuple[Any, Any]] = {
    "conditions that lead back": (_CONDITIONAL, nested(40, x=1)),
    "containing itself": (_CONTAINED, _items(1)),
    "nothing but its opposite": ({"allOf": [{"not": {"not": {"properties": {"n": {"$ref": "#"}}}}}] * 2}, nested(30)),
    "a tree": ({"type": "object", "properties": {"n": {"$ref": "#"}}}, nested(30)),
    "a pattern": ({"pattern": "^[a-z]+$"}, "abc"),
    "a pattern of names": ({"patternProperties": {"^x-": {"type": "string"}}}, {"x-a": "b"}),
    "a hostile pattern": ({"not": {"pattern": "^(a+)+$"}}, "a" * 5_000 + "!"),
    "unevaluated members of a flat object": ({"properties": {"a": True}, "unevaluatedProperties": False}, {"a": 1}),
    "an anchor": ({"$ref": "#x", "$defs": {"a": {"$anchor": "x", "type": "string"}}}, "a"),
    "a base of its own": ({"$ref": "https://e.example/b", "$defs": {"b": {"$id": "https://e.example/b"}}}, 1),
    "a reference to a member": ({"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}}, {"b": "x"}),
    "a reference with an escape": ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": True}}, 1),
    "a format that is an expression": (
        {"$schema": "http://json-schema.org/draft-07/schema#", "format": "regex"},
        "^a$",
    ),
    "old dependencies": (
        {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}},
        {"a": 1, "b": 2},
    ),
    "an unknown keyword": ({"frobnicate": {"$ref": "#"}}, 1),
    "a large enumeration": ({"enum": [f"value {i:08}" for i in range(10_000)]}, "value 00000001"),
    "very many members": ({"properties": {f"p{i}": {"type": "string"} for i in range(3_000)}}, {"p1": "a"}),
}
