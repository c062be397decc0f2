"""JSON Schemas that are costly to compile or to check with, and values that make them so."""

from random import Random
from typing import Any

from tests.abuse.attack import Attack, Kind, Target, ask, kind

SCHEMAS: list[Kind] = []
VALIDATE = "query ($d: JSON) { validateWorkflow(document: $d) { valid problems { message } } }"
EXECUTE = "mutation ($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { __typename } }"
_NO_STEPS = [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}]


def recursive() -> dict[str, Any]:
    """Refers to itself under two branches, so that each level of a value doubles the work."""
    node = {"$ref": "#/$defs/n"}
    branches = [
        {"properties": {"c": node}, "required": ["c", "x"]},
        {"properties": {"c": node}, "required": ["c", "y"]},
        {"properties": {"c": node}, "required": ["c"]},
    ]
    return {"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": branches}}}


def chain(word: str, levels: int) -> dict[str, Any]:
    """Levels of a schema that hold the next level twice."""
    levels_of = {
        f"l{level}": {word: [{"$ref": f"#/$defs/l{level + 1}"}, {"$ref": f"#/$defs/l{level + 1}"}]}
        for level in range(levels)
    }
    return {"$ref": "#/$defs/l0", "$defs": {**levels_of, f"l{levels}": {"type": "string", "minLength": 3}}}


def hostile_schemas(levels: int = 40) -> dict[str, dict[str, Any]]:
    """Schemas of a few hundred bytes, each costly with a value of a few hundred bytes, by what they are."""
    return {
        "recursive": recursive(),
        "allOf": chain("allOf", levels),
        "anyOf": chain("anyOf", levels),
        "oneOf": chain("oneOf", levels),
        "not": {
            "$ref": "#/$defs/n",
            "$defs": {"n": {"not": {"allOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}},
        },
        "if": {
            "$ref": "#/$defs/n",
            "$defs": {
                "n": {
                    "if": {"properties": {"c": {"$ref": "#/$defs/n"}}, "required": ["c", "x"]},
                    "then": {"properties": {"c": {"$ref": "#/$defs/n"}}},
                    "else": {"properties": {"c": {"$ref": "#/$defs/n"}}},
                }
            },
        },
        "pattern": {"pattern": "^(a|a|aa)*\\p{L}{1,9}0$"},
        "patterns": {"patternProperties": {f"^\\p{{L}}{{1,9}}{n}$": {"minimum": n} for n in range(1, 30)}},
        "unique": {"type": "object", "additionalProperties": {"uniqueItems": True}},
        "contains": {"additionalProperties": {"contains": {"contains": {"const": 1}}, "maxContains": 1}},
        "unevaluated": {
            "$ref": "#/$defs/n",
            "$defs": {
                "n": {
                    "anyOf": [
                        {"properties": {"c": {"$ref": "#/$defs/n"}}},
                        {"properties": {"c": {"$ref": "#/$defs/n"}}},
                    ],
                    "unevaluatedProperties": False,
                }
            },
        },
        "multipleOf": {"additionalProperties": {"items": {"multipleOf": 1e-300}}},
        "enum": {"additionalProperties": {"enum": [{"a": [n]} for n in range(300)]}},
    }


def hostile_value(chance: Random, size: int) -> Any:
    """A value of about so many bytes that gives such schemas work."""
    depth = min(chance.choice([10, 16, 30, 90]), max(2, size // 20))
    nested: Any = {"c": 1}
    for _ in range(depth):
        nested = {"c": nested} if chance.random() < 0.5 else {"c": nested, "z": 1}
    return chance.choice(
        [
            nested,
            {"c": "a" * size},
            {"a" * min(size, 5_000): 1},
            {"c": [[number] for number in range(size // 8)]},
            {"c": [{"a": 1}] * (size // 12)},
            {f"k{number}": number for number in range(size // 12)},
            {"c": [1e300] * (size // 8)},
        ]
    )


@kind(SCHEMAS, "schema: an input against a hostile one", uses_sandbox=True)
def inputs(chance: Random, target: Target, size: int) -> Attack:
    id = chance.choice(list(target.schemas.values()))
    return ask(target.token("OPERATOR"), EXECUTE, i={"workflowId": id, "input": hostile_value(chance, size)})


@kind(SCHEMAS, "schema: inputs against a hostile one", uses_sandbox=True)
def batches(chance: Random, target: Target, size: int) -> Attack:
    id = chance.choice(list(target.schemas.values()))
    count = min(chance.choice([3, 30]), max(1, size // 200))
    inputs = [{"workflowId": id, "input": hostile_value(chance, size // count)} for _ in range(count)]
    mutation = "mutation ($i: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $i) { __typename } }"
    return ask(target.token("OPERATOR"), mutation, i=inputs)


@kind(SCHEMAS, "schema: a hostile one in a document", uses_sandbox=True)
def documents(chance: Random, target: Target, size: int) -> Attack:
    schema = chance.choice(list(hostile_schemas(min(chance.choice([10, 60, 2_000]), max(2, size // 80))).values()))
    many = max(1, size // 60)
    schema = chance.choice(
        [
            schema,
            {"properties": {f"p{n}": {"pattern": f"^\\p{{L}}{{1,15}}{n}$"} for n in range(many)}},
            {"properties": {f"p{n}": {"pattern": "^(((a{1,9}){1,9}){1,9}){1,9}$"} for n in range(many)}},
            {"allOf": [{"pattern": "[" + "a-z" * (size // 4) + "]"}]},
            {"pattern": "(" * (size // 2) + ")" * (size // 2)},
            {"pattern": "a|" * (size // 2)},
            {"enum": list(range(size // 8))},
            {"properties": {f"p{n}": {"type": "string"} for n in range(many)}},
            {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(many)}, "$ref": "#/$defs/d0"},
            {"$ref": "https://example.com/" + "x" * size},
            {"$id": "http://a/", "$defs": {f"d{n}": {"$id": f"d{n}", "$ref": f"d{n + 1}"} for n in range(many)}},
        ]
    )
    place = chance.choice(["input", "step"])
    step = {"id": "v", "type": "VALIDATION", "config": {"data": "input", "schema": schema}}
    document: dict[str, Any] = {"name": "x", "steps": [step] if place == "step" else _NO_STEPS}
    return ask(
        target.token("VIEWER"), VALIDATE, d={**document, "inputSchema": schema} if place == "input" else document
    )


@kind(SCHEMAS, "schema: in rules, with examples", uses_sandbox=True)
def rules(chance: Random, target: Target, size: int) -> Attack:
    schema = chance.choice(list(hostile_schemas().values()))
    count = min(chance.choice([1, 5, 100, 101]), max(1, size // 300))
    examples = [{"input": hostile_value(chance, size // count), "output": 1} for _ in range(count)]
    rule = {"name": "hostile", "expression": "1", "inputSchema": schema, "outputSchema": schema, "examples": examples}
    mutation = "mutation ($r: TransformationRuleInput!) { saveTransformationRule(input: $r) { __typename } }"
    return ask(target.token("EDITOR"), mutation, r=rule)
