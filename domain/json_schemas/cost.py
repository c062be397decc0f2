"""The cost of a JSON Schema, where it is known without compiling it: decides what may run in this process.

A schema without recursion applies each of its parts at most once, for each way that leads there, to each value within
the one that is checked. So the number of its parts, `$ref`s written out, times the size of a value bounds the cost of
checking. All that has another bound has no known cost: recursion, regular expressions, `unevaluated…`, `$dynamicRef`,
formats that are expressions, and every keyword that is not in the tables below.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.kernel.json.text import JsonValue, dumps

MAX_SCHEMA_BYTES = 50_000
"""The most bytes of a schema that is compiled in this process; this takes 3 ms."""

MAX_WEIGHT = 5_000
"""The most parts that a schema may have in this process, `$ref`s written out."""

MAX_WORK = 10_000_000
"""The most parts times bytes of a value checked in this process. This takes 40 ms at most, mostly 4."""

MAX_LISTED_WORK = 20_000
"""The most parts times bytes for which all faults are listed in this process: one takes 9 µs, all are made at once."""

_MAX_NESTING = 64

_DIALECTS_WITHOUT_FORMATS = tuple(f"https://json-schema.org/draft/{year}/schema" for year in ("2020-12", "2019-09"))
_PLAIN_FORMATS = frozenset(
    ["date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"]
)
_ANNOTATIONS = frozenset(
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"]
)
_LENGTHS = frozenset(
    [f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties", "Contains")]
)
_BOUNDS = frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
# Numbers are compared as fractions where one of them is none of the machine's: measured, in the weight of other parts.
_EXACT_NUMBER, _FRACTION, _DIVISION, _FINE_DIVISION = 30, 100, 80, 130
_EXTREME, _LEAST_FINE, _LEAST = 2_000, 1e-6, 1e-15
"""`_EXTREME` is the weight of a constant nearer to 0 than `_LEAST`, whose fraction has hundreds of digits."""
_HUGE_NUMBERS = 12
"""The factor by which a division costs more for numbers with an exponent, which are divided digit by digit."""
_EXPONENT = re.compile(rb"\de[-+]?\d")
_MAX_EXACT = 2**53
_SUBSCHEMA = frozenset(["additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"])
_SUBSCHEMAS = frozenset(["allOf", "anyOf", "oneOf", "prefixItems", "items"])
_MEMBERS = frozenset({"properties", "dependentSchemas"})
_DEFINITIONS = ("$defs", "definitions")
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})


@dataclass(frozen=True, slots=True)
class SchemaCost:
    """A bound on the cost of a schema.

    `weight`: its parts. `has_alternatives`: a fault may carry all the faults of each alternative, so that even one
    may be costly. `divides`: it has a `multipleOf`.
    """

    weight: int
    has_alternatives: bool = False
    divides: bool = False

    def work(self, text: bytes) -> int:
        """The parts times bytes of checking a value whose JSON is `text`."""
        work = self.weight * len(text)
        return work * _HUGE_NUMBERS if self.divides and _EXPONENT.search(text) else work


class _Unknown(Exception):
    """The cost of a schema is unknown."""


def known_cost(schema: JsonValue) -> SchemaCost | None:
    """The cost of a schema; None where it is unknown, or too high for this process."""
    if isinstance(schema, bool):
        return SchemaCost(1)
    if not isinstance(schema, Mapping):
        return None
    try:
        if len(dumps(schema)) > MAX_SCHEMA_BYTES:
            return None
        return _Weighing(schema).cost()
    except (_Unknown, ValueError):
        return None


class _Weighing:
    """One walk over one schema."""

    def __init__(self, root: Mapping[str, JsonValue]) -> None:
        self._root = root
        self._asserts_formats = root.get("$schema", _DIALECTS_WITHOUT_FORMATS[0]) not in _DIALECTS_WITHOUT_FORMATS
        self._known: dict[tuple[str, str], int] = {}
        self._open: set[tuple[str, str]] = set()
        self._has_alternatives = False
        self._divides = False

    def cost(self) -> SchemaCost:
        weight = self._weight({name: value for name, value in self._root.items() if name not in ("$schema", "$id")}, 0)
        for group in _DEFINITIONS:  # what is not referred to is compiled all the same
            definitions = self._root.get(group, {})
            if not isinstance(definitions, Mapping):
                raise _Unknown
            for name in definitions:
                self._definition(group, str(name), 0)
        return SchemaCost(weight, self._has_alternatives, self._divides)

    def _weight(self, schema: JsonValue, depth: int) -> int:
        if isinstance(schema, bool):
            return 1
        if not isinstance(schema, Mapping) or depth > _MAX_NESTING:
            raise _Unknown
        weight = 1
        for name, value in schema.items():
            weight += self._keyword(name, value, depth)
            if weight > MAX_WEIGHT:
                raise _Unknown
        return weight

    def _keyword(self, name: str, value: JsonValue, depth: int) -> int:
        if name in _ANNOTATIONS or name.startswith("x-"):
            return 0
        if name == "type" or name in _LENGTHS:
            return 1
        if name in _BOUNDS:
            return 2 if isinstance(value, int) and abs(value) < _MAX_EXACT else _fraction(value)
        if name == "multipleOf":
            self._divides = True
            return _division(value)
        if name == "required":
            return len(value) if isinstance(value, Sequence) else 1
        if name in ("const", "enum"):
            return _constant(value)
        if name in _DEFINITIONS and depth == 0:
            return 0
        if name == "uniqueItems":  # items are hashed
            return 4
        if name == "format":
            return self._format(value)
        if name == "$ref":
            return self._reference(value, depth)
        return sum(self._weight(each, depth + 1) for each in self._subschemas(name, value))

    def _subschemas(self, name: str, value: JsonValue) -> Iterator[JsonValue]:
        self._has_alternatives = self._has_alternatives or name in _ALTERNATIVES
        if name in _MEMBERS and isinstance(value, Mapping):
            yield from value.values()
        elif name in _SUBSCHEMAS and isinstance(value, Sequence) and not isinstance(value, str):
            yield from value
        elif name in _SUBSCHEMA:
            yield value
        else:
            raise _Unknown

    def _format(self, value: JsonValue) -> int:
        """The weight of a `format`: an annotation since 2019-09, and checked before."""
        if not self._asserts_formats:
            return 0
        return 4 if value in _PLAIN_FORMATS else self._give_up()

    def _reference(self, value: JsonValue, depth: int) -> int:
        if not isinstance(value, str) or "~" in value or "%" in value:
            raise _Unknown
        match value.split("/"):
            case ["#", group, name] if group in _DEFINITIONS:
                return 1 + self._definition(group, name, depth)
            case _:
                raise _Unknown

    def _definition(self, group: str, name: str, depth: int) -> int:
        """The weight of a definition, weighed once, wherever it is referred to."""
        place = group, name
        if place in self._open:  # it leads back to itself
            raise _Unknown
        if place not in self._known:
            definitions = self._root.get(group)
            if not isinstance(definitions, Mapping) or name not in definitions:
                raise _Unknown
            self._open.add(place)
            self._known[place] = self._weight(definitions[name], depth + 1)
            self._open.remove(place)
        return self._known[place]

    def _give_up(self) -> int:
        raise _Unknown


def _constant(value: JsonValue) -> int:
    """The weight of a constant that values are compared with."""
    if isinstance(value, str):
        return 1 + len(value) // 64
    if isinstance(value, Mapping):
        return 1 + sum(1 + _constant(member) for member in value.values())
    if isinstance(value, Sequence):
        return 1 + sum(map(_constant, value))
    if isinstance(value, bool) or value is None:
        return 1
    return _EXACT_NUMBER if isinstance(value, int) and abs(value) < _MAX_EXACT else _fraction(value)


def _fraction(value: JsonValue) -> int:
    """The weight of a number that others are compared with as fractions."""
    return _EXTREME if isinstance(value, float) and 0 < abs(value) < _LEAST else _FRACTION


def _division(value: JsonValue) -> int:
    if not isinstance(value, float) or abs(value) >= _LEAST_FINE:
        return _DIVISION
    return _FINE_DIVISION if abs(value) >= _LEAST else _EXTREME
