"""Every step type has its executor, and what is prepared for a step is prepared once."""

from dataclasses import replace

from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.parts import StepParts
from actors.steps.per_step import PerStep
from actors.steps.registry import step_executors
from domain.executions.children import ChildStarter
from domain.expressions.evaluator import Evaluator
from domain.kernel.statuses import StepType
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import CompiledStep
from persistence.memory import MemoryStorage
from tests.builders import a_definition, constant
from tests.clocks import ManualClock
from tests.registered import no_webhooks


def a_step(id: str = "answer") -> CompiledStep:
    return a_definition(steps=[constant(id)]).root.steps[id]


def test_every_step_type_has_its_executor() -> None:
    storage = MemoryStorage()
    executors = step_executors(
        StepParts(
            client=HttpClient(DestinationPolicy(), user_agent="test"),
            evaluator=Evaluator(),
            children=ChildStarter(
                workflows=storage.workflows,
                executions=storage.executions,
                queries=storage.queries,
                queue=storage.queue,
                definitions=DefinitionCache(storage.workflows),
                clock=ManualClock(),
            ),
            webhooks=no_webhooks(),
            callback_key=b"key",
            public_url="http://stepgraph.test",
            max_items=100,
            max_output_bytes=1_000,
        )
    )

    assert set(executors) == set(StepType)


def test_a_step_is_prepared_once() -> None:
    built: list[str] = []

    def build(step: CompiledStep) -> str:
        built.append(step.id)
        return step.id.upper()

    prepared = PerStep(build)
    step = a_step("first")

    assert [prepared.of(step), prepared.of(step), prepared.of(a_step("second"))] == ["FIRST", "FIRST", "SECOND"]
    assert built == ["first", "second"]


def test_only_so_much_is_kept() -> None:
    built: list[CompiledStep] = []
    prepared = PerStep(built.append)
    steps = [a_step(), *(replace(a_step()) for _ in range(4_096))]
    for step in steps:
        prepared.of(step)

    prepared.of(steps[1])
    prepared.of(steps[0])

    assert built == [*steps, steps[0]]
