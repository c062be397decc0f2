"""`execution.signalUrl`: there for whoever reads it by its name, and made for nobody else."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from actors.activations.activation import Activation
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.documents.reading import check_document
from tests.builders import a_definition, a_document, constant, http, step, transform
from tests.unit.actors.world import World

ADDRESS = "execution.signalUrl"


def reading(**where: Any) -> dict[str, Any]:
    """The members of a workflow that reads the address somewhere."""
    return {"steps": [constant()], **where}


@pytest.mark.parametrize(
    "members",
    [
        reading(output=ADDRESS),
        reading(steps=[transform("a", f'{ADDRESS} & "?name=x"')]),
        reading(steps=[constant("a", "{{ execution.signalUrl }}?name=x")]),
        reading(steps=[constant("a", 1, when=f'{ADDRESS} != ""')]),
        reading(steps=[constant("a", 1, retry={"when": f'{ADDRESS} != ""'})]),
        reading(steps=[step("l", "FOR_EACH", {"items": "[1]", "steps": [transform("a", ADDRESS)]})]),
        reading(steps=[step("l", "FOR_EACH", {"items": "[1]", "output": ADDRESS, "steps": [constant("a")]})]),
        reading(steps=[constant("a", 1, onError={"steps": [transform("b", ADDRESS)]})]),
        reading(onFailure=[transform("b", ADDRESS)]),
    ],
)
def test_a_definition_knows_that_it_reads_the_address(members: dict[str, Any]) -> None:
    assert check_document(a_document(**members)).problems == ()
    assert a_definition(**members).reads_signal_url


def test_a_definition_that_does_not_read_it_knows_that_too() -> None:
    assert not a_definition(steps=[transform("a", "execution.id"), transform("b", "execution")]).reads_signal_url


async def test_the_address_is_made_where_it_is_read_and_only_there() -> None:
    world, made = World(), list[UUID]()

    def address(id: UUID) -> str:
        made.append(id)
        return f"https://flows.example/hooks/{id.hex}"

    async def run(**members: Any) -> tuple[UUID, object]:
        definition = a_definition(**members)
        id = await world.execution(definition)
        await Activation(await world.claim(id), definition, replace(world.parts, signal_url=address)).run()
        record = await world.record(id)
        assert record.status is ExecutionStatus.COMPLETED, record.error
        return id, record.output

    _, seen = await run(steps=[transform("a", "execution")])
    assert isinstance(seen, dict)
    assert (sorted(seen), made) == (["createdAt", "id", "startedAt"], [])

    item = transform("a", f'{ADDRESS} & "?name=" & item')
    id, seen = await run(
        steps=[step("l", "FOR_EACH", {"items": '["x", "y"]', "output": "steps.a.output", "steps": [item]})],
        output="steps.l.output.results",
    )
    assert seen == [f"https://flows.example/hooks/{id.hex}?name={name}" for name in "xy"]
    assert made == [id]


async def test_what_is_kept_of_an_input_does_not_hold_the_address_and_what_is_called_does() -> None:
    world = World()
    token = "t0ken" * 9
    definition = a_definition(
        steps=[
            http(
                "mail",
                "http://x/?back={{ $encodeUrlComponent(execution.signalUrl) }}",
                body="{{ execution.signalUrl }}",
            )
        ]
    )
    id = await world.execution(definition)
    address = f"https://flows.example/hooks/{token}"

    await Activation(await world.claim(id), definition, replace(world.parts, signal_url=lambda _: address)).run()

    [called] = world.service.calls
    assert token in str(called.input)
    kept = world.steps(id)["mail"].state.input
    assert token not in str(kept)
    assert "https://flows.example/hooks/***" in str(kept)
