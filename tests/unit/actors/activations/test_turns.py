"""An execution whose expressions cost much together does not hold the worker's event loop, wherever they stand."""

from typing import Any

import pytest

from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_definition, step
from tests.costs import least_hold
from tests.unit.actors.world import World

INPUT = {"n": [1] * 100_000, "items": [*range(40)]}
COUNT = 80


def _transform(number: int, value: Any, **more: Any) -> dict[str, Any]:
    return {**step(f"s{number}", "DATA_TRANSFORM", {"output": value}), **more}


def _sum(number: int) -> str:
    return f"$sum(input.n) + {number}"


WORKFLOWS: dict[str, list[dict[str, Any]]] = {
    "one template": [_transform(0, {f"k{number}": f"{{{{ {_sum(number)} }}}}" for number in range(COUNT)})],
    "steps in a chain": [
        _transform(number, f"{{{{ {_sum(number)} }}}}", dependsOn=[f"s{number - 1}"] if number else [])
        for number in range(COUNT)
    ],
    "steps side by side": [_transform(number, f"{{{{ {_sum(number)} }}}}", dependsOn=[]) for number in range(COUNT)],
    "conditions": [_transform(number, 1, when=f"{_sum(number)} > 0", dependsOn=[]) for number in range(COUNT)],
    "rules": [
        step("v", "VALIDATION", {"rules": [{"rule": f"{_sum(n)} > 0", "message": "no"} for n in range(50)]}),
        step("w", "VALIDATION", {"rules": [{"rule": f"{_sum(n)} > 0", "message": "no"} for n in range(50)]}),
    ],
    "a loop": [
        step(
            "f",
            "FOR_EACH",
            {
                "items": "input.items",
                "steps": [_transform(0, "{{ $sum(input.n) + item }}")],
                "output": "{{ $sum(input.n) + item }}",
            },
        )
    ],
}


@pytest.mark.parametrize("steps", WORKFLOWS.values(), ids=WORKFLOWS)
async def test_others_go_on_between_expressions(steps: list[dict[str, Any]]) -> None:
    definition = a_definition(steps=steps)

    async def run() -> None:
        execution = await World().run(definition, INPUT)
        assert execution.status is ExecutionStatus.COMPLETED, execution.error

    assert await least_hold(run, enough=0.13) < 0.13
