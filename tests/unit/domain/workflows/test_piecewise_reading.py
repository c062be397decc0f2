"""Large documents are read piece by piece: the same comes of it as of reading them whole, and nothing is held up."""

from typing import Any

import pytest

from domain.workflows.documents.checks import shape
from tests.costs import least_ratio, least_seconds

A_WAIT = {"id": "a", "type": "WAIT", "config": {}}
NESTED = {"id": "each", "type": "FOR_EACH", "config": {"items": "[1]", "steps": [{"id": "a", "type": "WAIT"}]}}
FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "steps that are none": {"name": "x", "steps": [1, {}, [], None]},
    "no array": {"name": "x", "steps": {"a": 1}},
    "unknown members": {
        "name": "x",
        "when": 1,
        "steps": [{"id": "a", "type": "WAIT", "config": {"seconds": 1}, "q": 1}],
    },
    "an unknown type": {"name": "x", "steps": [{"id": "a", "type": "HTTP", "config": {"url": 1, "x": 2}}]},
    "no type": {"name": "x", "steps": [{"id": "a", "config": {"url": 1}}]},
    "a block": {"name": "x", "steps": [NESTED]},
    "a block that is none": {"name": "x", "steps": [{**NESTED, "config": {"items": "[1]", "steps": 5}}]},
    "an empty block": {"name": "x", "steps": [{**NESTED, "config": {"items": "[1]", "steps": []}}]},
    "branches": {
        "name": "x",
        "steps": [
            {"id": "p", "type": "PARALLEL", "config": {"branches": [{"name": "!"}, 3, {"name": "b", "steps": [{}]}]}}
        ],
    },
    "one for many": {"name": "x", "steps": [{**NESTED, "config": {"items": "[1]", "steps": {"id": "a"}}}]},
    "many for one": {"name": "x", "steps": [{**A_WAIT, "retry": [{}], "config": [{}]}]},
    "retries": {
        "name": "x",
        "steps": [{**A_WAIT, "retry": {"maxAttempts": 0, "delay": "x"}}],
    },
    "handlers": {"name": "x", "steps": [{**A_WAIT, "onError": {"steps": [{"id": 5}]}}]},
    "both of two": {
        "name": "x",
        "steps": [{**NESTED, "onError": {"continue": True, "steps": [NESTED]}}],
        "onFailure": [{}],
    },
    "authentication": {
        "name": "x",
        "steps": [
            {
                "id": "a",
                "type": "HTTP_REQUEST",
                "config": {"url": "http://a", "auth": {"basic": {"username": 1}, "x": 1}},
            }
        ],
    },
    "numbers and patterns": {
        "name": "x y",
        "timeout": "1h",
        "steps": [{"id": "a-b", "type": "WAIT", "config": {"duration": 5}}],
    },
}


@pytest.mark.parametrize("raw", FAULTS.values(), ids=FAULTS)
def test_the_same_problems_are_found_either_way(raw: dict[str, Any]) -> None:
    def key(problem: Any) -> Any:
        return problem.path, problem.message, problem.hint

    document, whole = shape.read(raw, 500)
    pieces, piecewise = shape.read(raw, 500, is_large=True)
    assert (document, pieces) == (None, None)
    assert sorted(map(key, piecewise)) == sorted(map(key, whole))
    assert whole


def valid_steps(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"s{number}",
            "type": "FOR_EACH",
            "config": {
                "items": "[1, 2]",
                "steps": [
                    {"id": "call", "type": "HTTP_REQUEST", "config": {"url": f"http://a/{number}", "headers": {}}}
                ],
            },
            "retry": None,
            "onError": {"continue": True},
        }
        for number in range(count)
    ]


def test_a_valid_document_is_the_same_either_way() -> None:
    raw = {"name": "x", "steps": valid_steps(20), "onFailure": valid_steps(2), "variables": {"a": [1]}}
    assert shape.read(raw, 500, is_large=True) == shape.read(raw, 500)
    assert shape.read(raw, 500)[0] is not None


WRONG: dict[str, dict[str, Any]] = {
    "nothing in steps": {"steps": [{}] * 149_000},
    "numbers for steps": {"steps": [1] * 400_000},
    "members that nobody knows": {f"k{number}": 1 for number in range(80_000)},
    "members of a step": {"steps": [{"id": "a", **{f"k{number}": 1 for number in range(80_000)}}]},
    "members of many steps": {"steps": [{f"k{number}": 1 for number in range(160)} for _ in range(700)]},
    "patterns": {"steps": [{"id": "-", "name": "\n", "type": "WAIT", "timeout": "x", "when": 1} for _ in range(9_900)]},
    "numbers to wait for": {"steps": [{**A_WAIT, "dependsOn": [1] * 400_000}]},
    "patterns in a block": {
        "steps": [
            {"id": "a", "type": "FOR_EACH", "config": {"items": "[1]", "steps": [{"id": "-", "timeout": "x"}] * 30_000}}
        ]
    },
    "branches that are none": {"steps": [{"id": "a", "type": "PARALLEL", "config": {"branches": [1] * 400_000}}]},
    "statuses": {
        "steps": [{"id": "a", "type": "HTTP_REQUEST", "config": {"url": "x", "expectedStatus": [0] * 300_000}}]
    },
    "handlers": {"steps": [{**A_WAIT, "onError": {"steps": [{}] * 149_000}}]},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_megabyte_that_is_wrong_everywhere_is_told_of_at_once(wrong: dict[str, Any]) -> None:
    raw = {"name": "x", **wrong}

    def read() -> None:
        document, problems = shape.read(raw, 500, is_large=True)
        assert document is None
        assert problems

    assert least_seconds(read, enough=0.15) < 0.15  # these took up to five seconds, in one piece


def test_a_large_valid_document_takes_little_longer() -> None:
    raw = {"name": "x", "steps": valid_steps(3_000)}
    assert least_ratio(lambda: shape.read(raw, 500, is_large=True), lambda: shape.read(raw, 500), enough=3) < 3
